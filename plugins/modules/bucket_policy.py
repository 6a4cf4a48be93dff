#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bucket_policy
short_description: The policy of a bucket, compared by what it means
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes a bucket's policy say what you want, no more and no less.
  - Stores rewrite the policies they are given. So policies are compared as sets of single statements about one effect,
    one principal, one action, one resource and one condition. Order, C(Sid), text or list, the case of actions and
    split, merged or repeated statements make no difference; anything else does.
extends_documentation_fragment:
  - fediops.mastodon.s3
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: Nothing is verified in check mode, as the policy to verify may not be there yet.
  diff_mode:
    support: full
    details: The diff lists what anybody may do, line by line, not the document.
  idempotent:
    support: full
options:
  bucket:
    description: Name of the bucket. It must exist.
    type: str
    required: true
  state:
    description:
      - V(present) makes the policy say what O(preset) or O(policy) says.
      - V(absent) removes the policy. With O(purge=false) only the statements of O(preset) or O(policy) are removed.
    type: str
    choices: [present, absent]
    default: present
  preset:
    description:
      - V(mastodon_public_read) lets anybody read the objects below O(public_prefixes), and nothing else.
        Nobody can list the bucket, and users' archives below C(backups/) stay closed.
      - V(private) means no policy at all, so that nobody gets in without a key.
    type: str
    choices: [mastodon_public_read, private]
  policy:
    description: A policy of your own, as a mapping or as JSON.
    type: json
  public_prefixes:
    description:
      - What O(preset=mastodon_public_read) opens, each with its trailing slash.
      - The default is everything that Mastodon shows to the world. A prefix that would open C(backups/) is refused.
    type: list
    elements: str
    default:
      - accounts/
      - cache/
      - custom_emojis/
      - media_attachments/
      - preview_card_providers/
      - preview_cards/
      - site_uploads/
  key_prefix:
    description: Folder in which the instance keeps everything (C(S3_KEY_PREFIX) of Mastodon).
    type: str
    default: ''
  purge:
    description:
      - V(true) removes everything else that the bucket's policy says.
      - V(false) keeps the statements of others. A statement counts as ours when it has a C(Sid) of ours,
        or when it says nothing that ours do not say.
    type: bool
    default: true
  verify:
    description:
      - Prove the result by requests without a key. Objects below the public prefixes must be readable; any other key,
        listing, writing, deleting, and the policy and ACL themselves must be refused.
      - Needs O(preset), or O(state=absent).
    type: bool
    default: false
seealso:
  - module: fediops.mastodon.bucket
  - name: What a policy can say
    description: Reference of the policy language.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

EXAMPLES = r"""
- name: Let anybody read what Mastodon publishes, and prove it
  fediops.mastodon.bucket_policy:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    bucket: mastodon-media
    preset: mastodon_public_read
    verify: true

- name: Close a bucket
  fediops.mastodon.bucket_policy:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    bucket: database-backups
    preset: private

- name: Add a statement and keep those of others
  fediops.mastodon.bucket_policy:
    endpoint_url: https://s3.example.org
    access_key: "{{ admin_access_key }}"
    secret_key: "{{ admin_secret_key }}"
    bucket: shared
    purge: false
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: Mascots
          Effect: Allow
          Principal: "*"
          Action: s3:GetObject
          Resource: arn:aws:s3:::shared/mascots/*
"""

RETURN = r"""
added:
  description: What the policy did not say before.
  returned: success
  type: list
  elements: str
  sample: ["allow anybody s3:getobject arn:aws:s3:::mastodon-media/accounts/*"]
removed:
  description: What the policy does not say any more.
  returned: success
  type: list
  elements: str
  sample: ["allow anybody s3:listbucket arn:aws:s3:::mastodon-media"]
policy:
  description: The document that was, or would be, written; V(null) when there is none. Only its meaning is compared.
  returned: success
  type: dict
  sample:
    Version: "2012-10-17"
    Statement: []
unproven:
  description: With O(verify=true), public prefixes of which nothing could be proven, because there is no object below
    them yet and the store answers 403 for what does not exist.
  returned: when verified
  type: list
  elements: str
  sample: []
"""

import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _anonymous,
    _media,
    _policy,
    _policy_presets,
    _s3,
)

REREADS = 10  # AWS shows a new policy some seconds later


def wanted_document(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document that the options name."""
    if options["policy"] is not None:
        return _policy.load(options["policy"])
    if options["preset"] == "mastodon_public_read":
        return _policy_presets.public_read(options["bucket"], options["public_prefixes"], options["key_prefix"])
    return None


def decide(options: Mapping[str, Any], current: Mapping[str, Any] | None) -> _policy.Plan:
    """Return what has to change."""
    named = wanted_document(options)
    if options["state"] == "present" and options["preset"] != "private":
        return _policy.plan(current, named, purge=options["purge"])
    # Closing a bucket without touching others' statements still takes back what the preset once opened.
    ours = named or _policy_presets.public_read(options["bucket"])
    return _policy.plan(current, None, purge=options["purge"], ours=ours)


def read(store: _s3.Store, bucket: str, *, closing: bool, module: AnsibleModule) -> dict[str, Any] | None:
    """Return the policy. A store without policies is fine for a bucket that shall have none."""
    try:
        return store.policy(bucket)
    except _s3.NotFoundError:
        if not module.check_mode:
            raise
        return None  # an earlier task would have created the bucket
    except _s3.UnsupportedError as error:
        if not closing:
            raise
        module.warn(f"The store knows no bucket policies, so there is none to remove ({error}).")
        return None


def apply(store: _s3.Store, bucket: str, plan: _policy.Plan) -> None:
    """Write the policy, and wait until the store says the same."""
    store.set_policy(bucket, plan.document)
    for attempt in range(REREADS):
        after = _policy.atoms(store.policy(bucket))
        if after == plan.after:
            return
        time.sleep(attempt / 5)
    missing, surplus = _policy.describe(plan.after - after), _policy.describe(after - plan.after)
    raise _s3.StoreError(
        f"the store accepted the policy of {bucket} but says something else: missing {missing}, too much {surplus}. "
        "If both mean the same, such as a user by another of its names, write it as the store does"
    )


def verify(options: Mapping[str, Any], store: _s3.Store) -> list[str]:
    """Try everything without a key; return the prefixes of which nothing could be proven."""
    bucket, folder = options["bucket"], options["key_prefix"].strip("/")
    folder = f"{folder}/" if folder else ""
    opened = options["public_prefixes"] if options["preset"] == "mastodon_public_read" else []
    opened = opened if options["state"] == "present" else []
    public = {f"{folder}{prefix}": store.first_key(bucket, f"{folder}{prefix}") for prefix in opened}
    stranger = _anonymous.Stranger(options, bucket)
    verdicts = _anonymous.try_all(stranger.ask, _anonymous.probes(public, folder))
    for verdict in verdicts:
        if verdict.probe.method == "PUT" and verdict.status < 300:
            store.delete_object(bucket, verdict.probe.key)
    wrong = _anonymous.failures(verdicts)
    if wrong:
        raise _s3.StoreError(f"the policy of {bucket} does not do what it says: " + "; ".join(wrong))
    return [verdict.probe.key for verdict in verdicts if verdict.ok is None]


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, decide, act, read again, prove."""
    options = module.params
    bucket = options["bucket"]
    store = _s3.Store(options)
    closing = options["state"] == "absent" or options["preset"] == "private"
    plan = decide(options, read(store, bucket, closing=closing, module=module))
    if plan.changed and not module.check_mode:
        apply(store, bucket, plan)
    result: dict[str, Any] = {
        "changed": plan.changed,
        "added": plan.added,
        "removed": plan.removed,
        "policy": plan.document,
        "diff": {
            "before": "\n".join([*_policy.describe(plan.before), ""]),
            "after": "\n".join([*_policy.describe(plan.after), ""]),
        },
    }
    if options["verify"] and not module.check_mode:
        result["unproven"] = verify(options, store)
    return result


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={
            **_s3.CONNECTION,
            "bucket": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "preset": {"type": "str", "choices": ["mastodon_public_read", "private"]},
            "policy": {"type": "json"},
            "public_prefixes": {"type": "list", "elements": "str", "default": list(_media.PUBLIC_PREFIXES)},
            "key_prefix": {"type": "str", "default": "", "no_log": False},
            "purge": {"type": "bool", "default": True},
            "verify": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("preset", "policy")],
        required_if=[("state", "present", ("preset", "policy"), True)],
        supports_check_mode=True,
    )
    if _s3.BOTO3_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=_s3.BOTO3_ERROR)
    if module.params["verify"] and module.params["policy"] is not None and module.params["state"] == "present":
        module.fail_json(msg="verify knows what a preset promises, not what a policy of your own does. Use preset.")
    try:
        result = run(module)
    except (_s3.StoreError, _policy.PolicyError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
