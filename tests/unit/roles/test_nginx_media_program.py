# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How role nginx_media writes the programs beside nginx: all files in one call, and only when it must."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).resolve().parents[3] / "roles" / "nginx_media"


def value(name: str, times: dict[str, float]) -> Any:
    """Return a variable of the role on a host where these files have changed at these times."""
    loader = DataLoader()
    known: dict[str, Any] = {"ansible_search_path": [str(ROLE)]}
    for part in ("defaults", "vars"):
        known |= loader.load_from_file(str(ROLE / part / "main.yml"), trusted_as_template=True)
    known["__nginx_media_found"] = {path: [path, "root", str(time), ""] for path, time in times.items()}
    return Templar(loader=loader, variables=known).template(trust_as_template(f"{{{{ {name} }}}}"))


def test_all_files_are_written_by_one_call(tmp_path: Path) -> None:
    texts = value("__nginx_media_programs_texts", {})
    source = ROLE / "files" / "programs"
    assert set(texts) == {str(file.relative_to(source)) for file in source.rglob("*.py")}
    words = [
        sys.executable,
        "-c",
        value("__nginx_media_programs_write", {}),
        str(tmp_path / "a"),
        str(tmp_path / "a" / "b"),
    ]
    for _ in range(2):
        subprocess.run(words, input=json.dumps(texts), text=True, check=True)
    assert (tmp_path / "a" / "b").exists()
    for name in texts:
        first = "" if "/" in name else "#!/usr/bin/python3 -IB\n"
        assert (tmp_path / "a" / name).read_text() == first + (source / name).read_text()
    said = subprocess.run([tmp_path / "a" / "gone.py", "--help"], check=True, capture_output=True, text=True).stdout
    assert said.startswith("usage: nginx-media-gone")


def test_it_is_written_when_it_is_another_or_not_whole() -> None:
    last, files = value("__nginx_media_programs_written", {}), value("__nginx_media_programs_sources", {})
    whole = {**dict.fromkeys(files, 5.0), last: 5.5}
    assert value("__nginx_media_programs_are_written", whole) is True
    for wrong in ({**whole, files[3]: 6.0}, dict.fromkeys(files, 5.0), {last: 5.5, files[0]: 5.0}, {}):
        assert value("__nginx_media_programs_are_written", wrong) is False
