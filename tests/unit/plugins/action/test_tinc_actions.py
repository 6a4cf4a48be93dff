# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of tinc: what they keep on the controller, and what they send to a host."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible_collections.fediops.mastodon.plugins.module_utils import _rsa

PUBLIC = {name: _rsa._encode((1 << 2047) + number, 65537) for number, name in enumerate(["a", "b", "lap"], 1)}
NET: dict[str, Any] = {
    "name": "admin",
    "address": "10.9.0.1",
    "network": "10.9.0.0/24",
    "nodes": [
        {"name": "a", "endpoints": ["a.example.org"], "subnets": ["10.9.0.1/32"]},
        {"name": "b", "endpoints": ["b.example.org"], "subnets": ["10.9.0.2/32"]},
        {"name": "lap", "guest": True, "subnets": ["10.9.0.50/32"]},
    ],
}
SHARED = {"cipher": "aes-256-cbc", "digest": "sha256", "ping_interval": 5, "ping_timeout": 3, "mtu": 1400}
FILES = {"node": "a", "user": "tinc", "unit": "UNIT", "guard": "GUARD", "sysctl": "SYSCTL", **SHARED}


def run(name: str, answer: Any = None, check: bool = False, **options: Any) -> dict[str, Any]:
    """Run an action; a module that it wants to run on the host gives the answer."""
    loader, task = DataLoader(), Task()
    task.action = f"fediops.mastodon.{name}"
    task.args, task.check_mode, task.async_val = options, check, 0
    module = importlib.import_module(f"ansible_collections.fediops.mastodon.plugins.action.{name}")
    action = module.ActionModule(
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused")),
        play_context=None,
        loader=loader,
        templar=Templar(loader, {}),
        shared_loader_obj=None,
    )
    action._execute_module = lambda **sent: {"changed": False, "sent": sent, "diff": {"after": ""}, **(answer or {})}
    result: dict[str, Any] = action.run(task_vars={})
    return result


def keep(folder: Path, *names: str) -> None:
    (folder / "admin").mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / "admin" / f"{name}.pub").write_text(PUBLIC[name])


def keys(folder: Path, key: str | None, check: bool = False) -> dict[str, Any]:
    answer = {"public": {"admin": key}, "created": []}
    return run("tinc_keys", answer, check, node="a", nets=["admin"], keys_dir=str(folder), user="tinc")


def test_public_halves_are_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "of" / "keys"
    first = keys(folder, PUBLIC["a"])
    assert (first["changed"], first["published"]) == (True, ["admin"])
    assert (folder / "admin/a.pub").read_text() == PUBLIC["a"]
    assert [path.stat().st_mode & 0o7777 for path in (folder, folder / "admin", folder / "admin/a.pub")] == [
        0o755,
        0o755,
        0o644,
    ]
    assert keys(folder, PUBLIC["a"])["changed"] is False
    assert keys(folder, PUBLIC["b"])["published"] == ["admin"]
    assert [path.name for path in (folder / "admin").iterdir()] == ["a.pub"]


@pytest.mark.parametrize("key", [None, PUBLIC["a"]])
def test_a_check_writes_nothing(tmp_path: Path, key: str | None) -> None:
    assert keys(tmp_path / "keys", key, check=True)["published"] == ["admin"]
    assert not (tmp_path / "keys").exists()


def test_a_module_that_fails_is_the_end(tmp_path: Path) -> None:
    assert run("tinc_keys", {"failed": True}, keys_dir=str(tmp_path), node="a")["failed"]


def test_files_of_a_host(tmp_path: Path) -> None:
    keep(tmp_path, "a", "b")
    result = run("tinc_config", nets=[NET], keys_dir=str(tmp_path), **FILES)
    assert result["missing"] == {"admin": ["lap"]}
    sent = result["sent"]["module_args"]
    assert result["sent"]["module_name"] == "fediops.mastodon.tinc_files"
    assert sent["nets"] == ["admin"]
    assert sent["networks"] == ["10.9.0.0/24"]
    assert sent["exclusive"] == ["/etc/tinc/admin/conf.d", "/etc/tinc/admin/hosts"]
    assert sorted(sent["files"]) == [
        "/etc/sysctl.d/60-tinc-vpn.conf",
        "/etc/systemd/system/tinc-vpn-guard.service",
        "/etc/systemd/system/tinc@admin.service",
        "/etc/tinc/admin/conf.d/peers.conf",
        "/etc/tinc/admin/hosts/a",
        "/etc/tinc/admin/hosts/b",
        "/etc/tinc/admin/interface-down",
        "/etc/tinc/admin/interface-up",
        "/etc/tinc/admin/tinc.conf",
    ]
    assert sent["files"]["/etc/tinc/admin/hosts/b"]["text"].endswith(PUBLIC["b"])
    assert sent["files"]["/etc/tinc/admin/interface-up"]["mode"] == "0755"


def test_a_key_in_the_inventory_comes_first(tmp_path: Path) -> None:
    keep(tmp_path, "a", "b")
    net = {**NET, "nodes": [*NET["nodes"][:2], {**NET["nodes"][2], "public_key": PUBLIC["lap"]}]}
    result = run("tinc_config", nets=[net], keys_dir=str(tmp_path), **FILES)
    assert result["missing"] == {}
    assert "/etc/tinc/admin/hosts/lap" in result["sent"]["module_args"]["files"]


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    keep(tmp_path, "a")
    (tmp_path / "admin/b.pub").write_text("<<<<<<< HEAD")
    with pytest.raises(AnsibleActionFail, match=r"admin/b\.pub: it is not a public RSA key"):
        run("tinc_config", nets=[NET], keys_dir=str(tmp_path), **FILES)


def test_folders_of_guests(tmp_path: Path) -> None:
    keep(tmp_path, "a", "b")
    folder = tmp_path / "admin/lap"
    foreseen = run("tinc_guests", nets=[NET], keys_dir=str(tmp_path), check=True, **SHARED)
    assert not folder.exists()
    written = run("tinc_guests", nets=[NET], keys_dir=str(tmp_path), **SHARED)
    assert written["files"] == foreseen["files"]
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        *("tinc.conf", "tinc-up", "tinc-down", "README"),
        *("hosts/a", "hosts/b", "hosts/lap"),
    }
    assert run("tinc_guests", nets=[NET], keys_dir=str(tmp_path), **SHARED)["changed"] is False
    (tmp_path / "admin/b.pub").unlink()
    again = run("tinc_guests", nets=[NET], keys_dir=str(tmp_path), **SHARED)
    assert sorted(Path(path).name for path in again["files"]) == ["b", "tinc.conf"]
    assert not (folder / "hosts/b").exists()
