# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written in one step, and a daemon that is older than them is found, however it came to be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _tinc_files
from ansible_collections.fediops.mastodon.plugins.module_utils._tinc_files import Change, Daemon


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host in a folder, as seen by its root."""
    for name in ("CONFIG", "UNITS", "BOOT", "RUN", "PROC", "GUARD", "SYSCTL"):
        there = tmp_path / str(getattr(_tinc_files, name)).lstrip("/")
        monkeypatch.setattr(_tinc_files, name, there)
        (there.parent if name in {"GUARD", "SYSCTL"} else there).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    real = Path.lstat

    def as_root(path: Path) -> Any:
        found = list(real(path))
        found[4] = found[5] = 0
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", as_root)
    return tmp_path


def touch(path: Path, when: float, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (when, when))
    return path


def settle(root: Path) -> None:
    """A net whose daemon has read all at time 100."""
    net = root / "etc/tinc/data"
    for name in (
        "tinc.conf",
        "interface-up",
        "interface-down",
        "rsa_key.priv",
        "hosts/a",
        "hosts/b",
        "conf.d/peers.conf",
    ):
        touch(net / name, 50)
    for folder in ("hosts", "conf.d"):
        os.utime(net / folder, (50, 50))
    touch(_tinc_files.UNITS / "tinc@data.service", 50)
    for stamp in ("started", "loaded"):
        touch(root / "run/tinc-data" / stamp, 100)
    (_tinc_files.BOOT / "tinc@data.service").symlink_to("../tinc@data.service")


def state(foreseen: list[Path] | None = None) -> tuple[bool, bool, bool]:
    daemon = Daemon("data")
    return daemon.is_up(), daemon.needs_restart(foreseen or []), daemon.needs_reload(foreseen or [])


def test_a_settled_net_needs_nothing(root: Path) -> None:
    settle(root)
    assert state() == (True, False, False)


@pytest.mark.parametrize(
    "name", ["tinc.conf", "interface-up", "rsa_key.priv", "../../systemd/system/tinc@data.service"]
)
def test_what_is_read_at_the_start_needs_a_restart(root: Path, name: str) -> None:
    settle(root)
    touch(root / "etc/tinc/data" / name, 101)
    assert state() == (True, True, False)


@pytest.mark.parametrize("name", ["hosts/b", "hosts", "conf.d/peers.conf", "conf.d"])
def test_peers_need_a_reload(root: Path, name: str) -> None:
    settle(root)
    os.utime(root / "etc/tinc/data" / name, (101, 101))
    assert state() == (True, False, True)


def test_a_reload_is_noted(root: Path) -> None:
    settle(root)
    os.utime(root / "etc/tinc/data/hosts", (101, 101))
    os.utime(root / "run/tinc-data/loaded", (102, 102))
    assert state() == (True, False, False)


def test_a_net_that_is_down_or_not_wanted_at_boot_needs_a_start(root: Path) -> None:
    settle(root)
    (_tinc_files.BOOT / "tinc@data.service").unlink()
    assert state() == (False, False, False)
    (root / "run/tinc-data/started").unlink()
    touch(root / "etc/tinc/data/tinc.conf", 101)
    assert state() == (False, False, False)


def test_a_check_foresees(root: Path) -> None:
    settle(root)
    net = root / "etc/tinc/data"
    assert state([net / "hosts/c"]) == (True, False, True)
    assert state([net / "hosts/c", net / "tinc.conf"]) == (True, True, False)


def test_only_what_differs_changes(root: Path) -> None:
    net = root / "etc/tinc/data"
    settle(root)
    (net / "hosts/a").write_text("same")
    (net / "hosts/a").chmod(0o644)
    before = (net / "hosts/a").stat()
    wanted = {net / "hosts/a": ("same", 0o644), net / "hosts/c": ("new", 0o644), net / "tinc.conf": ("x", 0o644)}
    changes = _tinc_files.differences(wanted, [net / "hosts"])
    assert [(change.path.name, change.before, change.after) for change in changes] == [
        ("c", None, "new"),
        ("tinc.conf", "", "x"),
        ("b", "", None),
    ]
    _tinc_files.apply(changes)
    assert sorted(path.name for path in (net / "hosts").iterdir()) == ["a", "c"]
    assert (net / "hosts/a").stat().st_mtime == before.st_mtime
    assert (net / "hosts/a").stat().st_ino == before.st_ino
    assert _tinc_files.differences(wanted, [net / "hosts"]) == []


def test_a_mode_that_was_loosened_is_a_change(root: Path) -> None:
    path = touch(root / "etc/tinc/data/interface-up", 1, "x")
    path.chmod(0o777)
    (change,) = _tinc_files.differences({path: ("x", 0o755)}, [])
    assert "owner or mode" in change.diff()["before_header"]
    _tinc_files.apply([change])
    assert path.stat().st_mode & 0o7777 == 0o755


def test_new_text_is_never_made_among_the_peers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = root / "etc/tinc/data/hosts"
    (change,) = _tinc_files.differences({hosts / "a": ("x", 0o644)}, [hosts])

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        _tinc_files.apply([change])
    assert list(hosts.iterdir()) == []


def guard(root: Path) -> None:
    touch(_tinc_files.GUARD, 50)
    touch(_tinc_files.SYSCTL, 50, "# x\nnet.ipv4.ip_nonlocal_bind = 1\n")
    touch(root / "proc/sys/net/ipv4/ip_nonlocal_bind", 1, "1\n")
    touch(root / "run/tinc-vpn/guarded", 60)
    (_tinc_files.BOOT / _tinc_files.GUARD.name).symlink_to("x")


ROUTES = "unreachable 10.8.0.0/24 proto kernel metric 4278198272 \nunreachable fd42:8::/64 dev lo proto kernel\n"
NETWORKS = ["10.8.0.0/24", "fd42:8::/64"]


def test_guarded(root: Path) -> None:
    guard(root)
    assert _tinc_files.is_guarded(ROUTES, NETWORKS, [])
    assert not _tinc_files.is_guarded(ROUTES, [*NETWORKS, "10.9.0.0/24"], [])
    assert not _tinc_files.is_guarded("unreachable default dev lo\n", NETWORKS, [])
    assert not _tinc_files.is_guarded(ROUTES, NETWORKS, [_tinc_files.SYSCTL])


@pytest.mark.parametrize("fault", ["setting", "unit", "stamp", "boot"])
def test_not_guarded(root: Path, fault: str) -> None:
    guard(root)
    if fault == "setting":
        touch(root / "proc/sys/net/ipv4/ip_nonlocal_bind", 1, "0\n")
    elif fault == "unit":
        touch(_tinc_files.GUARD, 61)
    elif fault == "stamp":
        (root / "run/tinc-vpn/guarded").unlink()
    else:
        (_tinc_files.BOOT / _tinc_files.GUARD.name).unlink()
    assert not _tinc_files.is_guarded(ROUTES, NETWORKS, [])


def test_a_change_tells_what_it_does() -> None:
    assert Change(Path("/x"), None, "new").diff() == {
        "before_header": "/x",
        "after_header": "/x",
        "before": "",
        "after": "new",
    }
