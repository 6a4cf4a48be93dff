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
  - Makes a bucket exist, with versioning, lifecycle, CORS, public access block and object ownership as you want them,
    and keeps an object with known bytes in it that checks can read.
  - Works with every store that speaks S3. What you do not set is neither asked for nor changed. What a store does not
    have is an error only when you set it, and with O(unsupported=skip) not even then.
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
  lifecycle:
    description:
      - What the store deletes by itself. These rules replace all that the bucket has; an empty list removes them.
      - Not touched when it is not set.
    type: list
    elements: dict
    suboptions:
      prefix:
        description: Where the rule holds. An empty text means the whole bucket, and must be written.
        type: str
        required: true
      objects_days:
        description: Age in days at which objects are deleted.
        type: int
      old_versions_days:
        description: Days after which a version that was replaced or deleted is gone for good.
        type: int
      uploads_days:
        description: Days after which an upload that was never finished is dropped. MinIO does so by itself after one.
        type: int
      delete_markers:
        description: Whether delete markers go with the last version behind them.
        type: bool
        default: false
  cors:
    description:
      - What pages of other hosts may do with the bucket in a browser. These rules replace all that the bucket has, and
        their order counts; an empty list removes them.
      - A media proxy that sends the headers by itself needs none. Not touched when it is not set.
    type: list
    elements: dict
    suboptions:
      origins:
        description: Where such pages come from, such as V(https://social.example.org), or V(*).
        type: list
        elements: str
        required: true
      methods:
        description: What they may do.
        type: list
        elements: str
        choices: [GET, HEAD, PUT, POST, DELETE]
        default: [GET, HEAD]
      headers:
        description: Headers that they may send.
        type: list
        elements: str
      expose:
        description: Headers that they may read.
        type: list
        elements: str
      max_age:
        description: Seconds for which a browser remembers the answer.
        type: int
  public_access:
    description:
      - V(policy) lets a policy open the bucket, which new buckets at AWS do not allow. ACLs never open anything.
      - V(none) blocks public access of every kind.
      - Not touched when it is not set.
    type: str
    choices: [policy, none]
  object_ownership:
    description:
      - V(BucketOwnerEnforced) turns ACLs off, which is what a bucket with a policy wants.
      - Not touched when it is not set.
    type: str
    choices: [BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter]
  unsupported:
    description:
      - What to do about an option for which the store has no feature.
      - V(fail) stops there; some stores say so only when the bucket exists. V(skip) warns and goes on with the others.
    type: str
    choices: [fail, skip]
    default: fail
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

- name: Keep old versions of backups for a month
  fediops.mastodon.bucket:
    endpoint_url: https://s3.example.org
    access_key: "{{ backup_access_key }}"
    secret_key: "{{ backup_secret_key }}"
    name: database-backups
    versioning: true
    lifecycle:
      - prefix: ""
        old_versions_days: 30
        delete_markers: true

- name: Make a bucket at AWS ready for a public policy
  fediops.mastodon.bucket:
    store_kind: aws
    endpoint_url: https://s3.eu-central-1.amazonaws.com
    region: eu-central-1
    access_key: "{{ aws_access_key }}"
    secret_key: "{{ aws_secret_key }}"
    name: mastodon-media
    public_access: policy
    object_ownership: BucketOwnerEnforced

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
      description: V(enabled), V(suspended), V(never enabled); V(null) when you did not ask.
      type: str
      sample: enabled
    lifecycle:
      description: What the store deletes by itself, line by line; V(null) when you did not ask.
      type: list
      elements: str
      sample: ["whole bucket: versions 30 days after they were replaced"]
    cors:
      description: Who may do what in a browser, line by line; V(null) when you did not ask.
      type: list
      elements: str
      sample: ["GET, HEAD from *"]
    public_access:
      description: V(policy), V(none), or what is blocked; V(null) when you did not ask.
      type: str
      sample: policy
    object_ownership:
      description: Who owns objects, or V(not set); V(null) when you did not ask.
      type: str
      sample: BucketOwnerEnforced
    canary:
      description: V(right), V(missing) or V(different); V(null) when there is no O(canary_key).
      type: str
      sample: right
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import _bucket, _media, _s3, _s3_settings, _stores

CANARY = _s3.StoredObject(_media.CANARY_BODY, _media.CANARY_CACHE_CONTROL, _media.CANARY_CONTENT_TYPE)
VERSIONING = {"Enabled": "enabled", "Suspended": "suspended", "": "never enabled"}


@dataclass(frozen=True)
class Bucket:
    """What this module knows of a bucket; None is what it was not asked about."""

    state: str
    versioning: str | None = None
    object_ownership: str | None = None
    public_access: str | None = None
    lifecycle: list[str] | None = None
    cors: list[str] | None = None
    canary: str | None = None


# An option, what S3 calls the setting, and how it reads. Ownership and blocks come first, as AWS wants.
SETTINGS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "object_ownership": ("ownership", _bucket.ownership),
    "public_access": ("public_access_block", _bucket.public_access),
    "lifecycle": ("lifecycle", _bucket.lifecycle_lines),
    "cors": ("cors", _bucket.cors_lines),
}
Missing = Callable[[str, _s3.UnsupportedError], None]


def requests(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the options ask for, as S3 has them."""
    owner, access = options["object_ownership"], options["public_access"]
    wanted = {
        "object_ownership": [{"ObjectOwnership": owner}] if owner else None,
        "public_access": _bucket.PUBLIC_ACCESS[access] if access else None,
        "lifecycle": None if options["lifecycle"] is None else _bucket.lifecycle_rules(options["lifecycle"]),
        "cors": None if options["cors"] is None else _bucket.cors_rules(options["cors"]),
    }
    return {option: value for option, value in wanted.items() if value is not None}


def known_to_lack(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options for which a store of this kind is known to have nothing, and the words for it."""
    needed = {option: SETTINGS[option][0] for option in requests(options)}
    if options["versioning"]:
        needed["versioning"] = "versioning"
    if any(rule["uploads_days"] for rule in options["lifecycle"] or ()):
        needed["lifecycle"] = "lifecycle_of_uploads"
    found = {option: _stores.lacks(options["store_kind"], feature) for option, feature in needed.items()}
    return {option: text for option, text in found.items() if text}


def read(store: _s3.Store, options: Mapping[str, Any], missing: Missing) -> Bucket:
    """Ask the store for what the options are about, and for nothing else."""
    name = options["name"]
    if not store.bucket_exists(name):
        return Bucket("absent")
    found = Bucket("present")
    if options["canary_key"]:
        stored = store.read_object(name, options["canary_key"])
        found = replace(found, canary="missing" if stored is None else "right" if stored == CANARY else "different")
    for option in [*(["versioning"] if options["versioning"] is not None else []), *requests(options)]:
        try:
            if option == "versioning":
                found = replace(found, versioning=VERSIONING[store.versioning(name)])
            else:
                setting, text = SETTINGS[option]
                found = replace(found, **{option: text(_s3_settings.read(store, name, setting))})
        except _s3.UnsupportedError as error:
            missing(option, error)
    return found


def wish(found: Bucket, options: Mapping[str, Any]) -> Bucket:
    """Return the bucket as the options want it."""
    if options["state"] == "absent":
        return Bucket("absent")
    settings = {option: SETTINGS[option][1](value) for option, value in requests(options).items()}
    wanted = Bucket("present", canary="right" if options["canary_key"] else None, **settings)
    if options["versioning"] is None:
        return wanted
    never = not options["versioning"] and found.versioning in (None, "never enabled")
    return replace(wanted, versioning="never enabled" if never else "enabled" if options["versioning"] else "suspended")


def asked(bucket: Bucket, options: Mapping[str, Any]) -> Bucket:
    """Return the bucket without what turned out to be missing in the store."""
    lost: dict[str, Any] = {option: None for option in ("versioning", *SETTINGS) if options[option] is None}
    return replace(bucket, **lost)


def first_content(store: _s3.Store, name: str) -> str | None:
    """Return a key that the bucket still holds, in whatever version."""
    try:
        return store.first_key(name) or store.first_version(name)
    except _s3.UnsupportedError:
        return None  # no versions in this store, and the listing was empty


def apply(store: _s3.Store, found: Bucket, options: Mapping[str, Any], missing: Missing) -> None:
    """Do what is missing."""
    name, wanted = options["name"], wish(found, options)
    if wanted.state == "absent":
        store.delete_bucket(name)
        return
    if found.state == "absent":
        store.create_bucket(name)
        # What a store lacks it says when it is read; asked to write it, MinIO finds fault with something else.
        found = read(store, options, missing)
        wanted = wish(found, options)
    if options["canary_key"] and found.canary != wanted.canary:
        store.write_object(name, options["canary_key"], CANARY)
    values = requests(options)
    for option in ("versioning", *SETTINGS):
        value = getattr(wanted, option)
        if value in (None, "never enabled", getattr(found, option)):
            continue
        try:
            if option == "versioning":
                store.set_versioning(name, value.capitalize())
            else:
                _s3_settings.write(store, name, SETTINGS[option][0], values[option])
        except _s3.UnsupportedError as error:
            missing(option, error)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, decide, act, read again."""
    options = dict(module.params)
    name, store = options["name"], _s3.Store(options)

    def missing(option: str, error: _s3.UnsupportedError) -> None:
        if options["unsupported"] == "fail":
            raise error
        module.warn(f"{option} is left alone: {error}")
        options[option] = None

    for option, text in known_to_lack(options).items():
        missing(option, _s3.UnsupportedError(text))
    found = read(store, options, missing)
    wanted = wish(found, options)
    if wanted.state == "absent" and found.state == "present":
        content = first_content(store, name)
        if content is not None:
            module.fail_json(msg=f"The bucket {name} is not deleted, because it is not empty: it holds {content!r}.")
    if found != wanted and not module.check_mode:
        apply(store, found, options, missing)
        after = read(store, options, missing)
        found = asked(found, options)
        wanted = wish(found, options)
        if after != wanted:
            module.fail_json(
                msg=f"The store accepted the changes to the bucket {name} but does not show them: "
                f"it says {asdict(after)}, wanted was {asdict(wanted)}."
            )
    diff = {"before": asdict(found), "after": asdict(wanted)}
    return {"changed": found != wanted, "bucket": asdict(wanted), "diff": diff}


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={
            **_s3.CONNECTION,
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "versioning": {"type": "bool"},
            "lifecycle": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "prefix": {"type": "str", "required": True},
                    "objects_days": {"type": "int"},
                    "old_versions_days": {"type": "int"},
                    "uploads_days": {"type": "int"},
                    "delete_markers": {"type": "bool", "default": False},
                },
            },
            "cors": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "origins": {"type": "list", "elements": "str", "required": True},
                    "methods": {
                        "type": "list",
                        "elements": "str",
                        "choices": ["GET", "HEAD", "PUT", "POST", "DELETE"],
                        "default": ["GET", "HEAD"],
                    },
                    "headers": {"type": "list", "elements": "str"},
                    "expose": {"type": "list", "elements": "str"},
                    "max_age": {"type": "int"},
                },
            },
            "public_access": {"type": "str", "choices": list(_bucket.PUBLIC_ACCESS)},
            "object_ownership": {
                "type": "str",
                "choices": ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"],
            },
            "unsupported": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "canary_key": {"type": "str", "no_log": False},
        },
        supports_check_mode=True,
    )
    if _s3.BOTO3_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=_s3.BOTO3_ERROR)
    faults = _bucket.faults(module.params["lifecycle"])
    if faults:
        module.fail_json(msg="; ".join(faults) + ".")
    try:
        result = run(module)
    except _s3.StoreError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
