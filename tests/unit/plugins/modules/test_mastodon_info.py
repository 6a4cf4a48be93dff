# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on made-up hosts: its programs and files are replaced, its judgement is real."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fediops.mastodon.plugins.modules import mastodon_info


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without anything: no packages, no docker."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs / "dpkg-query", "exit 1")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(mastodon_info, "DAEMON_CONFIG", str(tmp_path / "daemon.json"))
    monkeypatch.setattr(
        mastodon_info.AnsibleModule,
        "get_bin_path",
        lambda _self, name: str(programs / name) if (programs / name).exists() else None,
    )
    return tmp_path


def program(path: Path, body: str) -> None:
    """Write a small program."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(host: Path, capsys: pytest.CaptureFixture[str], code: int = 0, **options: Any) -> dict[str, Any]:
    options = {
        "uid": os.getuid(),
        "user": "no-such-user",
        "state_file": str(host / "state.json"),
        "env_file": str(host / "common.env"),
        "tmp_dir": str(host / "tmp"),
        **options,
    }
    with patch_module_args(options), pytest.raises(SystemExit) as ended:
        mastodon_info.main()
    assert ended.value.code == code
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_a_bare_host(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(host, capsys, uid=54321)
    assert result["changed"] is False
    assert "ansible_facts" not in result
    assert result["host"] == {
        "state": {},
        "local_domain": "",
        "uid_user": "",
        "gid_group": "",
        "user_uid": None,
        "daemon_config": None,
        "tmp_device": "",
        "tmp_in_fstab": False,
        "engine": {"package": "", "version": "", "compose": "", "foreign": [], "tools": ""},
        "missing_packages": [],
    }


def test_packages(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["docker.io", "apparmor", "e2fsprogs"]
    assert run(host, capsys, packages=wanted)["host"]["missing_packages"] == wanted
    program(
        host / "bin/dpkg-query",
        r"""test "$1" = --show || exit 1
        printf 'installed\tapparmor\nhalf-configured\te2fsprogs\nconfig-files\tdocker.io\n'""",
    )
    assert run(host, capsys, packages=wanted)["host"]["missing_packages"] == ["docker.io", "e2fsprogs"]


def test_a_converged_host(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (host / "state.json").write_text('{"database": "ready"}')
    (host / "common.env").write_text("LOCAL_DOMAIN=social.example.org\n")
    (host / "daemon.json").write_text('{"bridge": "none"}')
    program(host / "bin/dpkg-query", "echo docker.io: /usr/sbin/dockerd; exit 1")
    program(
        host / "bin/docker",
        'case "$1" in version) echo 26.1.5;; compose) echo 2.26.1;;\n'
        r"ps) printf 'mastodon-web-1\tmastodon\trunning\ncats\t\texited\n';; esac",
    )
    found = run(host, capsys, uid=0, user="root")["host"]
    assert found["state"] == {"database": "ready"}
    assert found["local_domain"] == "social.example.org"
    assert (found["uid_user"], found["gid_group"], found["user_uid"]) == ("root", "root", 0)
    assert found["daemon_config"] == {"bridge": "none"}
    assert found["engine"] == {
        "package": "docker.io",
        "version": "26.1.5",
        "compose": "2.26.1",
        "foreign": ["cats"],
        "tools": "",
    }


def test_an_engine_that_does_not_answer_has_no_version(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(host / "bin/docker", "echo; echo Cannot connect >&2; exit 1")
    assert run(host, capsys)["host"]["engine"]["version"] == ""


def test_no_compose_plugin(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(host / "bin/docker", 'test "$1" = compose && exit 1; test "$1" = version && echo 26.1.5; exit 0')
    engine = run(host, capsys)["host"]["engine"]
    assert (engine["version"], engine["compose"]) == ("26.1.5", "")


@pytest.mark.parametrize("file", ["state.json", "daemon.json"])
def test_a_damaged_file_needs_a_human(host: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    (host / file).write_text("{")
    message = run(host, capsys, code=1)["msg"]
    assert str(host / file) in message
    assert "Repair it" in message
