#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bucket
short_description: A bucket in any S3 store
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes a bucket exist, sets its versioning, and keeps an object with known bytes in it that checks can read.
  - Works with every store that speaks S3. What a store cannot do is an error only when you asked for it.
extends_documentation_fragment:
  - fediops.mastodon.s3
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  state:
    description:
      - V(present) makes the bucket exist.
      - V(absent) deletes an empty bucket. A bucket that holds anything, old versions included, is never deleted.
    type: str
    choices: [present, absent]
    default: present
  versioning:
    description:
      - Whether the store keeps the old versions of objects.
      - Not touched when it is not set.
    type: bool
  canary_key:
    description:
      - Key of a small object with known bytes and the caching header of Mastodon's uploads.
        It is created when it is missing and corrected when it differs.
      - Reading it back through the media host proves that the store, the policy and the proxy work together,
        so put it below a public prefix.
    type: str
seealso:
  - module: fediops.mastodon.bucket_policy
  - module: fediops.mastodon.s3_user
"""

EXAMPLES = r"""
- name: Create the bucket for media
  fediops.mastodon.bucket:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    name: mastodon-media
    canary_key: site_uploads/canary.txt

- name: Keep old versions of backups
  fediops.mastodon.bucket:
    endpoint_url: https://s3.example.org
    access_key: "{{ backup_access_key }}"
    secret_key: "{{ backup_secret_key }}"
    name: database-backups
    versioning: true

- name: Remove a bucket that is empty
  fediops.mastodon.bucket:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    name: old-media
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket as it is, or as it would be in check mode.
  returned: success
  type: dict
  contains:
    state:
      description: Whether it exists.
      type: str
      sample: present
    versioning:
      description: V(enabled), V(suspended), V(never enabled); V(unknown) when you did not ask for it.
      type: str
      sample: unknown
    canary:
      description: V(right), V(missing) or V(different); V(not wanted) when there is no O(canary_key).
      type: str
      sample: right
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _s3

CANARY = _s3.StoredObject(_media.CANARY_BODY, _media.CANARY_CACHE_CONTROL, _media.CANARY_CONTENT_TYPE)
VERSIONING = {"Enabled": "enabled", "Suspended": "suspended", "": "never enabled"}


@dataclass(frozen=True)
class Bucket:
    """What this module knows of a bucket."""

    state: str
    versioning: str = "unknown"
    canary: str = "not wanted"


def read(store: _s3.Store, name: str, versioning: bool | None, canary_key: str | None) -> Bucket:
    """Ask the store for what the options are about, and for nothing else."""
    if not store.bucket_exists(name):
        return Bucket("absent")
    found = Bucket("present")
    if versioning is not None:
        found = replace(found, versioning=VERSIONING[store.versioning(name)])
    if canary_key:
        stored = store.read_object(name, canary_key)
        found = replace(found, canary="missing" if stored is None else "right" if stored == CANARY else "different")
    return found


def wish(found: Bucket, state: str, versioning: bool | None, canary_key: str | None) -> Bucket:
    """Return the bucket as the options want it."""
    if state == "absent":
        return Bucket("absent")
    wanted = Bucket("present", canary="right" if canary_key else "not wanted")
    if versioning is None:
        return wanted
    if not versioning and found.versioning in ("unknown", "never enabled"):
        return replace(wanted, versioning="never enabled")
    return replace(wanted, versioning="enabled" if versioning else "suspended")


def first_content(store: _s3.Store, name: str) -> str | None:
    """Return a key that the bucket still holds, in whatever version."""
    try:
        return store.first_key(name) or store.first_version(name)
    except _s3.UnsupportedError:
        return None  # no versions in this store, and the listing was empty


def apply(store: _s3.Store, name: str, found: Bucket, wanted: Bucket, canary_key: str | None) -> None:
    """Do what is missing."""
    if wanted.state == "absent":
        store.delete_bucket(name)
        return
    if found.state == "absent":
        store.create_bucket(name)
    if wanted.versioning not in ("unknown", "never enabled", found.versioning):
        store.set_versioning(name, wanted.versioning.capitalize())
    if canary_key and found.canary != wanted.canary:
        store.write_object(name, canary_key, CANARY)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, decide, act, read again."""
    options = module.params
    name, canary_key, versioning = options["name"], options["canary_key"], options["versioning"]
    store = _s3.Store(options)
    found = read(store, name, versioning, canary_key)
    wanted = wish(found, options["state"], versioning, canary_key)
    if wanted.state == "absent" and found.state == "present":
        content = first_content(store, name)
        if content is not None:
            module.fail_json(msg=f"The bucket {name} is not deleted, because it is not empty: it holds {content!r}.")
    changed = found != wanted
    if changed and not module.check_mode:
        apply(store, name, found, wanted, canary_key)
        after = read(store, name, versioning, canary_key)
        if after != wanted:
            module.fail_json(
                msg=f"The store accepted the changes to the bucket {name} but does not show them: "
                f"it says {asdict(after)}, wanted was {asdict(wanted)}."
            )
    return {"changed": changed, "bucket": asdict(wanted), "diff": {"before": asdict(found), "after": asdict(wanted)}}


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={
            **_s3.CONNECTION,
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "versioning": {"type": "bool"},
            "canary_key": {"type": "str", "no_log": False},
        },
        supports_check_mode=True,
    )
    if _s3.BOTO3_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=_s3.BOTO3_ERROR)
    try:
        result = run(module)
    except _s3.StoreError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
