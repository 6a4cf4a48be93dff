# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the missing secrets of an instance, on the controller. Documented in plugins/modules/instance_secrets.py."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import is_encrypted
from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _secrets, _secrets_import, _store
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _vaulted

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "vault_id": {"type": "str"},
    "import_env": {"type": "path"},
    "rotate": {
        "type": "list",
        "elements": "str",
        "default": [],
        "no_log": False,
        "choices": [name for name, kind in _secrets.KINDS.items() if not kind.durable],
    },
}


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Read the store, make what is missing, write it in one step. No value ever enters a result."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the task; every reason to refuse is one readable message."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        path = Path(self._loader.path_dwim(options["path"]))
        dry = self._task.check_mode
        try:
            # A dry run writes nothing, so it has nothing to keep others away from.
            with contextlib.nullcontext() if dry else _store.locked(path.parent):
                result.update(self._converge(path, options, dry))
        except _store.StoreError as error:
            text = str(error)
            raise AnsibleActionFail(text if text.startswith(str(path)) else f"{path}: {text}") from error
        return result

    def _converge(self, path: Path, options: dict[str, Any], dry: bool) -> dict[str, Any]:
        vault = _vaulted.vault_secrets(self._loader)
        raw = _store.read(path)
        old = {} if raw is None else _checked(_vaulted.decode(raw, vault))
        imported = self._imported(options["import_env"], old) if options["import_env"] else {}
        rotated = [name for name in _secrets.names_to_rotate(options["rotate"]) if name in old]
        kept = {name: value for name, value in {**imported, **old}.items() if name not in rotated}
        new = _checked({**kept, **_secrets.generate(name for name in _secrets.KINDS if name not in kept)})
        encrypt = raw is not None and bool(vault) and not is_encrypted(raw)
        tighten = raw is not None and not _store.is_private(path)
        rewrite = new != old or encrypt
        if rewrite and not dry:
            _store.replace(path, _vaulted.encode(_ordered(new), vault, raw, options["vault_id"]))
        elif tighten and not dry:
            _store.make_private(path)
        sealed = bool(vault) if rewrite else is_encrypted(raw)
        return {
            "changed": rewrite or tighten,
            "path": str(path),
            "encrypted": sealed,
            "created": [name for name in _secrets.KINDS if name not in old and name not in imported],
            "imported": [name for name in imported if name not in old],
            "rotated": rotated,
            # What a dry run has drawn is thrown away: only what was there before can be named.
            "fingerprints": _secrets.fingerprints(kept if dry else new),
            "diff": {
                "before_header": str(path),
                "after_header": str(path),
                "before": _listing(raw, old, rotated=[], private=not tighten, sealed=is_encrypted(raw or b"")),
                "after": _listing(b"", new, rotated=rotated, private=True, sealed=sealed),
            },
        }

    def _imported(self, env_path: str, old: dict[str, str]) -> dict[str, str]:
        path = Path(self._loader.path_dwim(env_path))
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _store.StoreError(f"import_env {path} cannot be read: {error}") from error
        imported = _secrets_import.from_env_file(text)
        bad = _secrets.problems(imported)
        if bad:
            raise _store.StoreError(
                f"import_env {path} cannot be taken over: {'; '.join(bad)}."
                " Remove a line from it to have that secret made anew"
            )
        clash = _secrets_import.conflicts(old, imported)
        if clash:
            raise _store.StoreError(
                f"import_env {path} and the store differ in {', '.join(clash)}."
                " Existing secrets are never changed: remove them from one of the two files"
            )
        return imported


def _checked(values: dict[str, Any]) -> dict[str, str]:
    bad = _secrets.problems(values)
    if bad:
        raise _store.StoreError(f"nothing was changed, the secrets are not usable: {'; '.join(bad)}")
    return {name: str(value) for name, value in values.items()}


def _ordered(values: dict[str, str]) -> dict[str, str]:
    return {name: values[name] for name in _secrets.KINDS}


def _listing(raw: bytes | None, values: dict[str, str], *, rotated: list[str], private: bool, sealed: bool) -> str:
    """Describe a store for the diff: its names and its protection, no values."""
    if raw is None:
        return ""
    lines = [f"encrypted: {'yes' if sealed else 'no'}", f"open to other users: {'no' if private else 'yes'}"]
    lines += [f"{name}: {'a new value' if name in rotated else 'present'}" for name in _secrets.KINDS if name in values]
    return "\n".join(lines) + "\n"
