# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that makes the secrets: what it creates, keeps, refuses, and never tells."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, parse_vaulttext_envelope
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible_collections.fediops.mastodon.plugins.action.instance_secrets import ActionModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _secrets

NAMES = list(_secrets.KINDS)
VAULT = [("default", VaultSecret(b"correct horse"))]


class Store:
    """A store on disk and the runs of the action over it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "secrets.yml"
        self.vault: list[tuple[str, VaultSecret]] = []

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        loader = DataLoader()
        loader.set_vault_secrets(self.vault)
        task = Task()
        task.action = "fediops.mastodon.instance_secrets"
        task.args = {"path": str(self.path), **options}
        task.check_mode = check
        task.async_val = 0
        # The base class asks the connection for a remote folder; this action never uses one.
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"))
        action = ActionModule(
            task=task,
            connection=connection,
            play_context=None,
            loader=loader,
            templar=Templar(loader, {}),
            shared_loader_obj=None,
        )
        result: dict[str, Any] = action.run(task_vars={})
        return result

    def refused(self, **options: Any) -> str:
        before = self.path.read_bytes() if self.path.exists() else None
        with pytest.raises(AnsibleActionFail) as caught:
            self.run(**options)
        assert (self.path.read_bytes() if self.path.exists() else None) == before, "a refused store must not change"
        return str(caught.value)

    def values(self) -> dict[str, str]:
        raw = self.path.read_bytes()
        if VaultLib.is_encrypted(raw):
            raw = VaultLib(self.vault).decrypt(raw)
        values: dict[str, str] = yaml.safe_load(raw)
        return values

    def write(self, values: dict[str, Any]) -> None:
        self.path.write_text(yaml.safe_dump(values))
        self.path.chmod(0o600)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_four_runs(store: Store) -> None:
    dry = store.run(check=True)
    assert dry["changed"]
    assert dry["created"] == NAMES
    assert dry["fingerprints"] == {}
    assert not store.path.exists()
    real = store.run()
    assert real["changed"]
    assert real["created"] == NAMES
    assert _secrets.problems(store.values()) == []
    for check in (True, False):
        again = store.run(check=check)
        assert (again["changed"], again["created"], again["imported"], again["rotated"]) == (False, [], [], [])
        assert again["fingerprints"] == real["fingerprints"]
        assert again["diff"]["before"] == again["diff"]["after"]


@pytest.mark.parametrize("vault", [[], VAULT])
def test_mode_is_private_and_nothing_else_is_left(store: Store, vault: list[Any]) -> None:
    store.vault = vault
    store.run()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert list(store.path.parent.iterdir()) == [store.path]


def test_no_value_is_ever_told(store: Store) -> None:
    texts = [json.dumps(store.run(**options)) for options in ({"check": True}, {}, {"rotate": ["redis_password"]})]
    values = store.values()
    store.write({**values, "redis_password": values["database_password"]})
    texts.append(store.refused())
    assert not [name for name, value in values.items() if any(value in text for text in texts)]
    assert all("ansible_facts" not in text for text in texts)


def test_what_exists_stays(store: Store) -> None:
    store.run()
    before = store.values()
    store.write({name: value for name, value in before.items() if name not in ("s3_access_key", "owner_password")})
    result = store.run()
    assert result["created"] == ["s3_access_key", "owner_password"]
    after = store.values()
    assert {name: after[name] for name in before if name not in result["created"]} == {
        name: value for name, value in before.items() if name not in result["created"]
    }


@pytest.mark.parametrize("missing", [("cache_buster_secret", "media_database_password"), ("redis_password",)])
def test_a_store_of_an_older_release_gets_what_is_missing_and_keeps_the_rest(store: Store, missing: tuple[str]) -> None:
    store.run()
    old = {name: value for name, value in store.values().items() if name not in missing}
    store.write(old)
    result = store.run()
    assert (result["changed"], result["created"]) == (True, list(missing))
    assert {name: value for name, value in store.values().items() if name not in missing} == old
    assert list(store.values()) == NAMES
    assert not store.run()["changed"]


def test_encrypted_when_a_vault_password_is_loaded(store: Store) -> None:
    store.vault = VAULT
    assert store.run()["encrypted"] is True
    assert store.path.read_bytes().startswith(b"$ANSIBLE_VAULT;")
    before = store.path.read_bytes()
    assert store.run()["changed"] is False
    assert store.path.read_bytes() == before


def test_a_plain_store_is_encrypted_in_place(store: Store) -> None:
    store.run()
    before = store.values()
    store.vault = VAULT
    assert store.run(check=True)["changed"] is True
    assert not VaultLib.is_encrypted(store.path.read_bytes())
    result = store.run()
    assert (result["changed"], result["encrypted"], result["created"]) == (True, True, [])
    assert VaultLib.is_encrypted(store.path.read_bytes())
    assert store.values() == before


def test_the_label_is_kept(store: Store) -> None:
    store.vault = [("home", VaultSecret(b"one")), ("work", VaultSecret(b"two"))]
    assert "choose the one" in store.refused()
    store.run(vault_id="work")
    store.vault.reverse()
    store.run(rotate=["redis_password"])
    assert parse_vaulttext_envelope(store.path.read_bytes())[3] == "work"
    store.vault = [("work", VaultSecret(b"two"))]
    assert store.run()["changed"] is False


def test_an_encrypted_store_needs_the_right_password(store: Store) -> None:
    store.vault = VAULT
    store.run()
    store.vault = [("default", VaultSecret(b"wrong"))]
    assert "cannot be decrypted" in store.refused()
    store.vault = []
    assert "without a vault password" in store.refused()


@pytest.mark.parametrize("vault", [[], VAULT])
def test_a_truncated_store_is_refused_wherever_it_ends(store: Store, vault: list[Any]) -> None:
    store.vault = vault
    store.run()
    whole = store.path.read_bytes()
    for length in [*range(0, len(whole) - 2, 97), len(whole) - 2]:
        store.path.write_bytes(whole[:length])
        store.refused()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a YAML mapping"),
        (b"- a\n- b\n", "not a YAML mapping"),
        (b"redis_password: [\n", "not a YAML mapping of names to values in line"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"redis_password: aaaaBBBBccccDDDD1\nredis_password: aaaaBBBBccccDDDD2\n", "not a YAML mapping"),
        (b"# Secrets of one fediops.mastodon instance, format 2\n{}\n...\n", "format is unknown"),
        (b"something_else: 1\n", "something_else is not a secret"),
        (b"redis_password:\n", "redis_password is blank"),
        (b"redis_password: changeme-changeme\n", "redis_password is a placeholder"),
    ],
)
def test_a_damaged_store_is_refused(store: Store, content: bytes, reason: str) -> None:
    store.path.write_bytes(content)
    assert reason in store.refused()
    assert str(store.path) in store.refused()


def test_every_fault_of_a_store_is_told_at_once(store: Store) -> None:
    store.write({"redis_password": "", "database_password": "x", "unknown": "y"})
    text = store.refused()
    assert all(name in text for name in ("redis_password", "database_password", "unknown"))


def test_an_open_store_is_closed(store: Store) -> None:
    store.run()
    store.path.chmod(0o644)
    dry = store.run(check=True)
    assert dry["changed"]
    assert "-open to other users: yes" in f"-{dry['diff']['before'].splitlines()[1]}"
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o644
    assert store.run()["changed"]
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_rotation_changes_what_it_is_told(store: Store) -> None:
    store.run()
    before = store.values()
    assert store.run(check=True, rotate=["vapid_public_key"])["rotated"] == ["vapid_private_key", "vapid_public_key"]
    assert store.values() == before
    result = store.run(rotate=["vapid_public_key", "redis_password"])
    after = store.values()
    assert result["rotated"] == ["vapid_private_key", "vapid_public_key", "redis_password"]
    assert [name for name in NAMES if before[name] != after[name]] == result["rotated"]
    assert "redis_password: a new value" in result["diff"]["after"]


def test_encryption_keys_cannot_be_rotated(store: Store) -> None:
    store.run()
    with pytest.raises(Exception, match="must be one or more of"):
        store.run(rotate=["active_record_encryption_primary_key"])


def test_import_of_an_older_instance(store: Store, tmp_path: Path) -> None:
    old = _secrets.generate(NAMES)
    env = tmp_path / ".env.production"
    env.write_text(
        f"LOCAL_DOMAIN=example.org\nSECRET_KEY_BASE={old['secret_key_base']}\nREDIS_PASSWORD=\n"
        f"DB_PASS='{old['database_password']}'\n"
    )
    result = store.run(import_env=str(env))
    assert result["imported"] == ["secret_key_base", "database_password"]
    assert "redis_password" in result["created"]
    values = store.values()
    assert values["secret_key_base"] == old["secret_key_base"]
    assert values["database_password"] == old["database_password"]
    assert store.run(import_env=str(env))["changed"] is False
    env.write_text(f"SECRET_KEY_BASE={_secrets.generate(['secret_key_base'])['secret_key_base']}\n")
    assert "differ in secret_key_base" in store.refused(import_env=str(env))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("DB_PASS=short", "database_password is malformed"),
        ("VAPID_PRIVATE_KEY=AbCd", "vapid_private_key is malformed"),
    ],
)
def test_a_bad_import_is_refused(store: Store, tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "env").write_text(line)
    assert reason in store.refused(import_env=str(tmp_path / "env"))
    assert "cannot be read" in store.refused(import_env=str(tmp_path / "missing"))


def test_a_link_and_a_missing_directory_are_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    store.path.symlink_to("elsewhere")
    assert "symbolic link" in store.refused()
    store.path = tmp_path / "missing" / "secrets.yml"
    assert "cannot be opened" in store.refused()
