#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: s3_user
short_description: A user of a MinIO with no more rights than it needs
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes a user exist with a given secret and with exactly one policy, which lets it work with the objects of some
    buckets. It cannot change the buckets, their policies or other users.
  - For MinIO and its forks only, whose admin API it uses through the client program. For other stores, create the key
    with the provider's own means.
extends_documentation_fragment:
  - fediops.mastodon.s3
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows whether the secret is right, never the secret.
  idempotent:
    support: full
    details: Whether the user has the wanted secret is found out by one request with the user's own key.
requirements:
  - C(mcli) or C(mc), the client of MinIO
options:
  access_key:
    description: Access key of an administrator, such as the root user.
  name:
    description: Access key of the user.
    type: str
    required: true
  secret:
    description:
      - Secret key of the user. Needed with O(state=present).
      - The client reads it as one line from its standard input, so it cannot contain a line break.
    type: str
  state:
    description: Whether the user exists. V(absent) removes its policy, too.
    type: str
    choices: [present, absent]
    default: present
  buckets:
    description: The buckets that the user may work with. Needed with O(state=present).
    type: list
    elements: str
  access:
    description:
      - V(read_write) is what Mastodon needs. List the buckets; read, write and delete objects; upload in parts.
      - V(read_only) is for making copies. List the buckets and read objects.
      - V(read_write_versions) may also read and delete old versions, for what empties a bucket with versioning.
        With V(read_write) alone, what such a bucket once held cannot be destroyed.
    type: str
    choices: [read_write, read_only, read_write_versions]
    default: read_write
  policy_name:
    description: Name of the user's policy in the store. C(user-) and O(name) when it is not set.
    type: str
  client:
    description: The client program, as a path or as a name in the search path.
    type: str
    default: mcli
seealso:
  - module: fediops.mastodon.bucket
  - module: fediops.mastodon.bucket_policy
"""

EXAMPLES = r"""
- name: Give Mastodon its own key
  fediops.mastodon.s3_user:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    name: "{{ s3_access_key }}"
    secret: "{{ s3_secret_key }}"
    buckets: [mastodon-media]
    client: /opt/minio/bin/mc

- name: Give the backup a key that cannot change anything
  fediops.mastodon.s3_user:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    name: "{{ backup_access_key }}"
    secret: "{{ backup_secret_key }}"
    buckets: [mastodon-media]
    access: read_only

- name: Take a key back
  fediops.mastodon.s3_user:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    name: former-backup
    state: absent
"""

RETURN = r"""
user:
  description: The user as it is, or as it would be in check mode. Never a secret.
  returned: success
  type: dict
  contains:
    state:
      description: Whether the user exists.
      type: str
      sample: present
    status:
      description: Whether it may log in.
      type: str
      sample: enabled
    secret:
      description: Whether the user has the wanted secret.
      type: str
      sample: right
    attached:
      description: Names of its policies.
      type: list
      elements: str
      sample: [user-mastodon]
    rights:
      description: What its own policy says, line by line.
      type: list
      elements: str
      sample: ["allow s3:getobject arn:aws:s3:::mastodon-media/*"]
"""

import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _minio_admin,
    _policy,
    _policy_presets,
    _s3,
    _stores,
)


@dataclass(frozen=True)
class User:
    """What this module knows of a user."""

    state: str
    status: str = ""
    secret: str = ""
    attached: list[str] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)


def client(module: AnsibleModule) -> _minio_admin.Admin:
    """Return the admin side of the store; the client's own configuration lives and dies with this run."""
    options = module.params
    folder = Path(mkdtemp(dir=module.tmpdir))
    if options["ca_bundle"]:
        trusted = folder / "certs" / "CAs"
        trusted.mkdir(parents=True)
        shutil.copy(options["ca_bundle"], trusted / "store.pem")
    command = [module.get_bin_path(options["client"], required=True), "--config-dir", str(folder), "--json"]
    if not options["validate_certs"]:
        command.append("--insecure")
    environment = _minio_admin.environment(options["endpoint_url"], options["access_key"], options["secret_key"])

    def run(words: list[str], stdin: str) -> tuple[int, str, str]:
        code, out, err = module.run_command(
            [*command, "admin", *words], data=stdin, binary_data=True, environ_update=environment
        )
        return code, out, err

    return _minio_admin.Admin(run)


def has_secret(options: dict[str, Any]) -> bool:
    """Tell whether the store accepts the user's own key. That it may not do this or that is a yes."""
    try:
        _s3.Store(options, access_key=options["name"], secret_key=options["secret"]).list_buckets()
    except _s3.AccessDeniedError:
        return True
    except _s3.KeyRefusedError:
        return False
    return True


def read(admin: _minio_admin.Admin, options: dict[str, Any], policy_name: str) -> User:
    """Ask the store for the user, its policy, and whether the secret is the wanted one."""
    rights = _policy.describe(_policy.atoms(admin.policy(policy_name)))
    user = admin.user(options["name"])
    if user is None:
        return User("absent", rights=rights)
    secret = ""
    if options["state"] == "present":
        secret = "right" if has_secret(options) else "different"
    return User("present", user["status"], secret, user["policies"], rights)


def apply(admin: _minio_admin.Admin, found: User, wanted: User, options: dict[str, Any], policy_name: str) -> None:
    """Do what is missing; the policy comes first, so that a new user never has more than it says."""
    name = options["name"]
    if wanted.state == "absent":
        if found.state == "present":
            admin.remove_user(name)
        admin.remove_policy(policy_name)
        return
    if found.rights != wanted.rights:
        admin.set_policy(policy_name, _policy_presets.bucket_access(options["buckets"], options["access"]))
    if (found.state, found.status, found.secret) != (wanted.state, wanted.status, wanted.secret):
        admin.set_user(name, options["secret"])
    for policy in sorted({*found.attached} - {*wanted.attached}):
        admin.detach(policy, name)
    for policy in sorted({*wanted.attached} - {*found.attached}):
        admin.attach(policy, name)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, decide, act, read again."""
    options = module.params
    policy_name = options["policy_name"] or f"user-{options['name']}"
    admin = client(module)
    found = read(admin, options, policy_name)
    wanted = User("absent")
    if options["state"] == "present":
        rights = _policy.atoms(_policy_presets.bucket_access(options["buckets"], options["access"]))
        wanted = User("present", "enabled", "right", [policy_name], _policy.describe(rights))
    changed = found != wanted
    if changed and not module.check_mode:
        apply(admin, found, wanted, options, policy_name)
        after = read(admin, options, policy_name)
        if after != wanted:
            raise _s3.StoreError(
                f"the store accepted the changes to user {options['name']} but does not show them: "
                f"it is {asdict(after)}, wanted was {asdict(wanted)}"
            )
    return {"changed": changed, "user": asdict(wanted), "diff": {"before": asdict(found), "after": asdict(wanted)}}


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={
            **_s3.CONNECTION,
            "name": {"type": "str", "required": True},
            "secret": {"type": "str", "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "buckets": {"type": "list", "elements": "str"},
            "access": {
                "type": "str",
                "choices": list(_policy_presets.ACCESS),
                "default": "read_write",
            },
            "policy_name": {"type": "str"},
            "client": {"type": "str", "default": "mcli"},
        },
        required_if=[("state", "present", ("secret", "buckets"))],
        supports_check_mode=True,
    )
    if _s3.BOTO3_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=_s3.BOTO3_ERROR)
    kind = module.params["store_kind"]
    if kind != _stores.OTHER and not _stores.KINDS[kind].minio_admin:
        module.fail_json(
            msg=f"{_stores.KINDS[kind].title} has no admin API of MinIO. Create the key with its own means."
        )
    if "\n" in (module.params["secret"] or "") or module.params["buckets"] == []:
        module.fail_json(msg="secret must be a single line, and buckets must name at least one bucket.")
    try:
        result = run(module)
    except (_s3.StoreError, _policy.PolicyError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
