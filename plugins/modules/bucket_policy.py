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
  grants:
    description:
      - With O(preset), users of the store who may work with the objects of the bucket and with nothing else. For stores
        whose users get their rights from the bucket's policy, such as Versity and Ceph.
      - MinIO's users get theirs from M(fediops.mastodon.s3_user).
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The user, by the name that the store has for him; the ARN at AWS and Ceph.
        type: str
        required: true
      access:
        description: As O(fediops.mastodon.s3_user#module:access).
        type: str
        choices: [read_write, read_only, read_write_versions]
        default: read_write
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
      - Where there is nothing to read yet, a small object is put there for the proof and taken away again.
      - Needs O(preset), or O(state=absent).
    type: bool
    default: false
  unsupported:
    description:
      - What to do when the store has no bucket policies. Not having one to remove is no fault.
      - V(fail) says how else objects become public with this store, as far as it is known.
        V(skip) warns, changes and proves nothing.
    type: str
    choices: [fail, skip]
    default: fail
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

- name: The same at a store whose users get their rights here, with a key for backups
  fediops.mastodon.bucket_policy:
    store_kind: versity
    endpoint_url: https://s3.example.org
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    bucket: mastodon-media
    preset: mastodon_public_read
    grants:
      - principal: mastodon
      - principal: backup
        access: read_only

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
verified:
  description: With O(verify=true), how many requests without a key were answered as they must be.
  returned: when verified
  type: int
  sample: 33
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _anonymous,
    _media,
    _policy,
    _policy_presets,
    _s3,
    _stores,
)

PROBE = _s3.StoredObject(b"For a moment, to prove who can read it.\n", "no-store", "text/plain")
PROBE_KEY = "fediops-probe"
# AWS shows a new policy some seconds later, and obeys it some seconds later.
REREADS = 10
PATIENCE = 3


def wanted_document(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document that the options name."""
    if options["policy"] is not None:
        return _policy.load(options["policy"])
    said = _policy_presets.grants(options["bucket"], options["grants"])
    if options["preset"] == "mastodon_public_read":
        public = _policy_presets.public_read(options["bucket"], options["public_prefixes"], options["key_prefix"])
        said = [*public["Statement"], *said]
    return {"Version": _policy.VERSION, "Statement": said} if said else None


def decide(options: Mapping[str, Any], current: Mapping[str, Any] | None) -> _policy.Plan:
    """Return what has to change."""
    named = wanted_document(options)
    mark = _policy_presets.GRANT_SID if options["preset"] else ""
    if options["state"] == "absent":
        return _policy.plan(current, None, purge=options["purge"], ours=named, mark=mark)
    # Closing a bucket without touching others' statements still takes back what the preset once opened.
    opened = _policy_presets.public_read(options["bucket"]) if options["preset"] == "private" else None
    return _policy.plan(current, named, purge=options["purge"], ours=opened, mark=mark)


def read(store: _s3.Store, options: Mapping[str, Any], module: AnsibleModule) -> dict[str, Any] | None:
    """Return the policy; UnsupportedError says how else objects become public."""
    kind = options["store_kind"]
    lacking = _stores.lacks(kind, "policy")
    try:
        if lacking:
            raise _s3.UnsupportedError(f"{lacking}; instead, {_stores.KINDS[kind].instead}")
        return store.policy(options["bucket"])
    except _s3.NotFoundError:
        if not module.check_mode:
            raise
        return None  # an earlier task would have created the bucket


def apply(store: _s3.Store, bucket: str, plan: _policy.Plan) -> None:
    """Write the policy, and wait until the store says the same."""
    try:
        store.set_policy(bucket, plan.document)
    except _s3.AccessDeniedError as error:
        if not any(atom.principal == "*" for atom in plan.after - plan.before):
            raise
        text = f"{error}. A public access block, which buckets at AWS come with, refuses every policy that opens one"
        raise _s3.AccessDeniedError(f"{text}: see public_access of module bucket", error.code) from error
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


@contextmanager
def readable_keys(store: _s3.Store, bucket: str, prefixes: Sequence[str]) -> Iterator[dict[str, str]]:
    """Give a key below each prefix; where there is none, put an object there and take it away again."""
    placed: dict[str, str] = {}
    try:
        found = {}
        for prefix in prefixes:
            key = store.first_key(bucket, prefix)
            if key is None:
                key = f"{prefix}{PROBE_KEY}"
                placed[key] = store.write_object(bucket, key, PROBE)
            found[prefix] = key
        yield found
    finally:
        for key, version in placed.items():
            store.delete_object(bucket, key, version)


def verify(options: Mapping[str, Any], store: _s3.Store, *, has_policies: bool, patience: int) -> int:
    """Try everything without a key, again while a store needs its time to obey; return the number of requests."""
    bucket, folder = options["bucket"], options["key_prefix"].strip("/")
    folder = f"{folder}/" if folder else ""
    opens = options["state"] == "present" and options["preset"] == "mastodon_public_read"
    public = [f"{folder}{prefix}" for prefix in (options["public_prefixes"] if opens else ())]
    # Besides what is private there is a folder that nobody has a reason to open.
    closed = [f"{folder}{prefix}" for prefix in (*_media.PRIVATE_PREFIXES, f"{PROBE_KEY}/")]
    stranger = _anonymous.Stranger(options, bucket)
    with readable_keys(store, bucket, [*public, *closed]) as keys:
        tries = _anonymous.probes(
            [keys[prefix] for prefix in public], [keys[prefix] for prefix in closed], has_policies=has_policies
        )
        for attempt in range(patience + 1):
            time.sleep(attempt)
            verdicts = _anonymous.try_all(stranger.ask, tries)
            for verdict in verdicts:
                if verdict.probe.method == "PUT" and verdict.probe.key and verdict.status < 300:
                    store.delete_object(bucket, verdict.probe.key)
            wrong = _anonymous.failures(verdicts)
            if not wrong:
                return len(verdicts)
    raise _s3.StoreError(f"the policy of {bucket} does not do what it says: " + "; ".join(wrong))


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, decide, act, read again, prove."""
    options = module.params
    store = _s3.Store(options)
    closing = options["state"] == "absent" or (options["preset"] == "private" and not options["grants"])
    has_policies = True
    try:
        current = read(store, options, module)
    except _s3.UnsupportedError as error:
        if not closing and options["unsupported"] == "fail":
            raise
        what = "there is no policy to remove" if closing else "nothing is opened, and nothing proven"
        module.warn(f"The store knows no bucket policies, so {what} ({error}).")
        current, has_policies = None, False
    plan = decide(options, current) if has_policies else _policy.plan(None, None, purge=True)
    if plan.changed and not module.check_mode:
        apply(store, options["bucket"], plan)
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
    if options["verify"] and not module.check_mode and (has_policies or closing):
        patience = PATIENCE if plan.changed else 0
        result["verified"] = verify(options, store, has_policies=has_policies, patience=patience)
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
            "grants": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "principal": {"type": "str", "required": True},
                    "access": {"type": "str", "choices": list(_policy_presets.ACCESS), "default": "read_write"},
                },
            },
            "purge": {"type": "bool", "default": True},
            "verify": {"type": "bool", "default": False},
            "unsupported": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
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
