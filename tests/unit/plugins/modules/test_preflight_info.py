# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe on the machine that runs the test: it must agree with what Python itself knows."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fediops.mastodon.plugins.modules import preflight_info


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args(options), pytest.raises(SystemExit) as ended:
        preflight_info.main()
    assert ended.value.code == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert result["changed"] is False
    assert "ansible_facts" not in result
    probe: dict[str, Any] = result["probe"]
    return probe


def test_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    probe = run(capsys)
    assert "127.0.0.1" in probe["addresses"]
    assert probe["users"]["0"] == "root"
    assert probe["cpus"] == os.cpu_count()
    assert probe["memory_mb"] > 100
    assert probe["disks"]["/"]["size_mb"] > probe["disks"]["/"]["free_mb"] >= 0
    assert probe["clock_skew"] is None


def test_a_listener_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listeners = run(capsys, ports=[port])["listeners"]
    assert listeners == {str(port): [Path("/proc/self/comm").read_text().strip()]}


def test_skew(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, controller_time=0)["clock_skew"] > 1_700_000_000


def test_identity_of_an_installed_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.env").write_text("LOCAL_DOMAIN=fediops.dev\nWEB_DOMAIN='www.fediops.dev'\nDB_PASS=hidden\n")
    monkeypatch.setattr(preflight_info, "ENV_FILES", (str(tmp_path), "*.env"))
    probe = run(capsys)
    assert (probe["local_domain"], probe["web_domain"]) == ("fediops.dev", "www.fediops.dev")
    assert "hidden" not in json.dumps(probe)


def test_an_interrupted_dpkg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preflight_info, "DPKG", tmp_path)
    assert run(capsys)["unfinished_packages"] == []
    (tmp_path / "status").write_text("Package: one\nStatus: install ok unpacked\n")
    (tmp_path / "updates").mkdir()
    # While there is a journal apt refuses to work, whatever its entries say.
    (tmp_path / "updates" / "0001").write_text("Package: two\nStatus: install ok installed\n")
    (tmp_path / "updates" / "tmp.i").write_text("Package: three\n")
    assert run(capsys)["unfinished_packages"] == ["one", "two"]
