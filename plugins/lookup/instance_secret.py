# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read secrets of the instance from its store on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: instance_secret
short_description: Read a secret of the instance from its store on the controller
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Returns values from the store that M(fediops.mastodon.instance_secrets) keeps.
  - An encrypted store is decrypted with the vault passwords that the run was started with.
  - In check mode it returns placeholders of the right form for what the store lacks, or when there is no store yet,
    so that a dry run of a whole playbook works on a bare machine, and with a store of an older release.
options:
  _terms:
    description: Names of the secrets.
    type: list
    elements: str
    required: true
  store:
    description: The store to read. The default is the value of the variable C(instance_secrets_file).
    type: path
notes:
  - A task that uses a secret should set C(no_log).
seealso:
  - module: fediops.mastodon.instance_secrets
"""

EXAMPLES = r"""
- name: Set the database password
  ansible.builtin.set_fact:
    postgres_users:
      - name: mastodon
        password: "{{ lookup('fediops.mastodon.instance_secret', 'database_password') }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: The values, in the order of the names.
  type: list
  elements: str
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _secrets, _store
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _vaulted

# Per process. A play reads a dozen secrets in each of many tasks; the file's identity tells when it was replaced.
_cache: dict[tuple[str, int, int, int], dict[str, object]] = {}


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible carries no types
    """Look names up in the store."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return one value for each name."""
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        path = self._path(variables)
        for name in terms:
            if name not in _secrets.KINDS:
                raise AnsibleLookupError(
                    f"{name!r} is no secret of an instance. There are: {', '.join(_secrets.KINDS)}"
                )
        try:
            values = self._values(path)
        except _store.StoreError as error:
            text = str(error)
            raise AnsibleLookupError(text if text.startswith(str(path)) else f"{path}: {text}") from error
        if values is None:
            if variables.get("ansible_check_mode"):
                return [_secrets.placeholder(name) for name in terms]
            raise AnsibleLookupError(
                f"the secret store {path} does not exist. Run the site playbook, which creates it,"
                " or set instance_secrets_file to where it is"
            )
        dry = bool(variables.get("ansible_check_mode"))
        return [
            _secrets.placeholder(name) if dry and name not in values else self._value(path, values, name)
            for name in terms
        ]

    def _path(self, variables: Mapping[str, Any]) -> Path:
        store = self.get_option("store")
        if not store:
            if "instance_secrets_file" not in variables:
                raise AnsibleLookupError("instance_secrets_file is not set, and the option store was not given")
            store = self._templar.template(variables["instance_secrets_file"])
        return Path(self._loader.path_dwim(str(store)))

    def _values(self, path: Path) -> dict[str, object] | None:
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _store.StoreError(f"{path} cannot be read: {error.strerror}") from error
        key = (str(path), status.st_ino, status.st_mtime_ns, status.st_size)
        if key not in _cache:
            raw = _store.read(path)
            if raw is None:
                return None
            _cache[key] = _vaulted.decode(raw, _vaulted.vault_secrets(self._loader))
        return _cache[key]

    def _value(self, path: Path, values: Mapping[str, object], name: str) -> str:
        if name not in values:
            raise AnsibleLookupError(f"{path} holds no {name}. Run the site playbook, which adds what is missing")
        value = values[name]
        problem = _secrets.value_problem(name, value)
        if problem or not isinstance(value, str):
            raise AnsibleLookupError(f"{path}: {name} {problem}")
        return value
