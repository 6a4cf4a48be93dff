# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What media_bust.yml refuses before it asks a host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAYBOOK = Path(__file__).resolve().parents[3] / "playbooks" / "media_bust.yml"


def run(tmp_path: Path, *given: str) -> subprocess.CompletedProcess[str]:
    """Run it for this host, as a check: nothing is asked for real."""
    hosts = tmp_path / "hosts.yml"
    here = f"ansible_connection: local, ansible_become: false, ansible_python_interpreter: {sys.executable}"
    hosts.write_text(f"nginx_media: {{hosts: {{here: {{{here}}}}}}}")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    words = [program, "--check", "-i", str(hosts), str(PLAYBOOK), *(word for one in given for word in ("-e", one))]
    return subprocess.run(
        words, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "Say one of"),
        (("media_all=false",), "Say one of"),
        (("media_key=a/b", "media_prefix=a/"), "Say one of"),
        (("media_prefix=accounts/avatars",), "media_prefix is a folder"),
        (("media_all=true", "media_delete=true"), "one file at a time"),
    ],
)
def test_what_is_refused(tmp_path: Path, given: tuple[str, ...], said: str) -> None:
    done = run(tmp_path, *given)
    assert done.returncode != 0
    assert "Nothing was changed." in done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Bust them" not in done.stdout


@pytest.mark.parametrize("given", [("media_key=a/b", "media_delete=true"), ("media_all=true",)])
def test_what_is_not(tmp_path: Path, given: tuple[str, ...]) -> None:
    done = run(tmp_path, *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing: this is a check" in done.stdout
