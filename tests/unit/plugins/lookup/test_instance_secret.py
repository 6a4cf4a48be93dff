# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup that hands secrets to the wiring."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible_collections.fediops.mastodon.plugins.module_utils import _secrets, _store
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _vaulted

VALUES = _secrets.generate(_secrets.KINDS)
VAULT = [("default", VaultSecret(b"correct horse"))]


def look(path: Path | None, *names: str, vault: Any = None, check: bool = False, **options: Any) -> list[str]:
    loader = DataLoader()
    loader.set_vault_secrets(vault)
    variables: dict[str, Any] = {"ansible_check_mode": check}
    if path:
        variables["instance_secrets_file"] = str(path)
    plugin = lookup_loader.get("fediops.mastodon.instance_secret", loader=loader, templar=Templar(loader, variables))
    found: list[str] = plugin.run(list(names), variables=variables, **options)
    return found


def test_values_in_the_order_of_the_names(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.write_bytes(_vaulted.encode(VALUES, [], None, None))
    names = ("redis_password", "database_password")
    assert look(path, *names) == look(None, *names, store=str(path)) == [VALUES[name] for name in names]


def test_an_encrypted_store(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.write_bytes(_vaulted.encode(VALUES, VAULT, None, None))
    assert look(path, "redis_password", vault=VAULT) == [VALUES["redis_password"]]


def test_a_store_is_read_once_and_again_when_it_was_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store"
    path.write_bytes(_vaulted.encode(VALUES, [], None, None))
    reads: list[Path] = []
    read = _store.read

    def counted(path: Path) -> bytes | None:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(_store, "read", counted)
    for name in VALUES:
        look(path, name)
    assert reads == [path]
    other = _secrets.generate(_secrets.KINDS)
    fresh = tmp_path / "fresh"
    fresh.write_bytes(_vaulted.encode(other, [], None, None))
    os.utime(fresh, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
    fresh.replace(path)
    assert look(path, "redis_password") == [other["redis_password"]]


def test_placeholders_only_in_check_mode_and_only_for_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "store"
    assert look(path, "redis_password", check=True) == [_secrets.placeholder("redis_password")]
    with pytest.raises(AnsibleLookupError, match=r"does not exist\. Run the site playbook"):
        look(path, "redis_password")
    # One of an older release holds all but what came later.
    path.write_text("database_password: right-password-of-the-app")
    assert look(path, "redis_password", check=True) == [_secrets.placeholder("redis_password")]
    assert look(path, "database_password", check=True) == ["right-password-of-the-app"]
    path.write_text("redis_password: [")
    with pytest.raises(AnsibleLookupError, match="damaged"):
        look(path, "redis_password", check=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{}", "holds no redis_password"),
        ("redis_password: changeme-changeme", "is a placeholder"),
        ("redis_password: 1234567890123456", "is not text"),
    ],
)
def test_a_bad_value_is_not_handed_out(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "store"
    path.write_text(content)
    with pytest.raises(AnsibleLookupError, match=reason):
        look(path, "redis_password")


def test_an_unknown_name_and_a_missing_variable_are_told(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="'redis_pasword' is no secret"):
        look(tmp_path / "store", "redis_pasword")
    with pytest.raises(AnsibleLookupError, match="instance_secrets_file is not set"):
        look(None, "redis_password")
