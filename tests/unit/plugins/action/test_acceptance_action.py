# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance as `ansible-playbook` runs it: the table, the exit code, the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
ROW = {"area": "web", "name": "Health", "status": "ok", "detail": "answered 200", "cure": ""}
BACKUP = {"host": "-", "area": "backup", "name": "Backup", "status": "warn", "detail": "none", "cure": "Make one"}


def play(folder: Path, look: dict[str, Any] | None, *flags: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a play in which `look` is what was registered on the host."""
    task = {"questions": [{"register": "look", "hosts": ["fedi"], "what": "Look at the host"}], **options}
    playbook = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"fediops.mastodon.acceptance": {"title": "Acceptance", **task}, "run_once": True, "register": "told"},
                {"ansible.builtin.assert": {"that": "told.counts == {'ok': 1, 'warn': 1, 'fail': 0}"}},
            ],
        }
    ]
    inventory = {"all": {"hosts": {"fedi": {} if look is None else {"look": look}}}}
    (folder / "ansible.cfg").write_text("")
    (folder / "play.yml").write_text(yaml.safe_dump(playbook))
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.yml", "play.yml", *flags],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "COLUMNS": "120",
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        },
    )


@pytest.mark.parametrize("flags", [(), ("--check",)])
def test_nothing_red(tmp_path: Path, flags: tuple[str, ...]) -> None:
    done = play(tmp_path, {"rows": [ROW]}, *flags, rows=[BACKUP], json=str(tmp_path / "deep" / "rows.json"))
    assert done.returncode == 0, done.stdout
    assert "\n✔ OK    fedi  Health  answered 200\n" in done.stdout
    assert "\n▲ WARN  -     Backup  none\n                      → Make one\n" in done.stdout
    assert "\n▲ 1 ok, 1 warning\n" in done.stdout
    written = json.loads((tmp_path / "deep" / "rows.json").read_text())
    assert written["counts"] == {"ok": 1, "warn": 1, "fail": 0}
    assert written["rows"] == [{"host": "fedi", **ROW}, BACKUP]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["rows.json"]


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ({"rows": [{**ROW, "status": "fail", "detail": "answered 502"}]}, "Health (fedi)"),
        ({"unreachable": True, "msg": "no route"}, "Look at the host (fedi)"),
        (None, "Look at the host (fedi)"),
    ],
)
def test_something_red(tmp_path: Path, look: dict[str, Any] | None, said: str) -> None:
    done = play(tmp_path, look, json=str(tmp_path / "rows.json"))
    assert done.returncode == 2
    assert f"✘ 0 ok, 1 failed: {said}" in done.stdout
    assert json.loads((tmp_path / "rows.json").read_text())["counts"]["fail"] == 1


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = play(tmp_path, {"rows": [ROW]}, json=str(tmp_path / "file" / "rows.json"))
    assert done.returncode == 2
    assert "cannot write" in done.stdout + done.stderr
