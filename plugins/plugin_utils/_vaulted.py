# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of the secret store: a flat YAML mapping, in an Ansible Vault envelope when a vault secret is loaded.

PRIVATE to the collection: no other code may rely on it.
No error tells a value: what YAML or the vault say about damage may quote the file, so it is not passed on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret, parse_vaulttext_envelope
from ansible_collections.fediops.mastodon.plugins.module_utils._store import StoreError

HEADER = "# Secrets of one fediops.mastodon instance, format "
FORMAT = "1"
# A document end marker: without it the tail of the file is missing, and what is missing must not be made anew.
FOOTER = "..."


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, where YAML would silently take the last one."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a name stands twice", node.start_mark)
        return mapping


def vault_secrets(loader: Any) -> list[Any]:
    """Return the (id, secret) pairs that the run was started with."""
    # The loader offers no public way to encrypt; ansible-core's own plugins look here as well.
    return list(loader._vault.secrets or [])


def decode(raw: bytes, secrets: list[Any]) -> dict[str, object]:
    """Return what the store holds; what cannot be read to the last byte is refused."""
    if is_encrypted(raw):
        raw = _decrypted(raw, secrets)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoreError("it is damaged: not UTF-8 text") from error
    header = re.search(rf"^{re.escape(HEADER)}(.*)$", text, re.MULTILINE)
    if header and header[1].strip() != FORMAT:
        raise StoreError("its format is unknown; it was written by a newer release of the collection")
    if header and text.rstrip().rpartition("\n")[2] != FOOTER:
        raise StoreError(f"it is damaged: its last line is not {FOOTER!r}, so its end is missing")
    try:
        values = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise StoreError(f"it is damaged: not a YAML mapping of names to values{where}") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise StoreError("it is damaged: not a YAML mapping of names to values")
    return values


def _decrypted(raw: bytes, secrets: list[Any]) -> bytes:
    if not secrets:
        raise StoreError(
            "it is encrypted with Ansible Vault, and this run was started without a vault password;"
            " add --vault-password-file or --ask-vault-pass"
        )
    try:
        plain: bytes = VaultLib(secrets).decrypt(raw)
    except AnsibleError as error:
        raise StoreError("it cannot be decrypted: none of the given vault passwords fits, or it is damaged") from error
    return plain


def encode(values: Mapping[str, str], secrets: list[Any], previous: bytes | None, vault_id: str | None) -> bytes:
    """Return the bytes of a store; encrypted when a vault secret is there, under the label that it had before."""
    lines = [
        "---",
        f"{HEADER}{FORMAT}",
        "# Keep a copy in a safe place. Change nothing by hand while the instance runs.",
        *(f"{name}: {json.dumps(value)}" for name, value in values.items()),
        FOOTER,
        "",
    ]
    plain = "\n".join(lines).encode()
    if not secrets:
        return plain
    lib = VaultLib(secrets)
    try:
        if previous is not None and is_encrypted(previous):
            label = parse_vaulttext_envelope(previous)[3]
            # Whatever opened it closes it again, also where the label is not that of a loaded secret.
            secret = lib.decrypt_and_get_vault_id(previous)[2]
        else:
            wanted = vault_id or constants.DEFAULT_VAULT_ENCRYPT_IDENTITY
            if not wanted and len({label for label, _secret in secrets}) > 1:
                raise StoreError("several vault passwords are loaded; choose the one for the store with vault_id")
            label, secret = match_encrypt_secret(secrets, wanted)
        sealed: bytes = lib.encrypt(plain, secret, vault_id=label)
    except AnsibleError as error:
        raise StoreError(f"it cannot be encrypted: {error.message}") from error
    return sealed
