# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module with an engine that is a small program; what it makes is real."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fediops.mastodon.plugins.modules import app_assets

ENGINE = r"""#!/bin/sh
echo "$@" >>{folder}/calls
case "$1" in
image) if [ -e {folder}/id ]; then cat {folder}/id; else echo "Error: No such image: x" >&2; exit 1; fi ;;
cp) tar -C "$3" -xf {folder}/public.tar ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine that has the image."""
    program = tmp_path / "docker"
    program.write_text(ENGINE.replace("{folder}", str(tmp_path)))
    program.chmod(0o755)
    monkeypatch.setattr(app_assets.AnsibleModule, "get_bin_path", lambda _self, _name: str(program))
    (tmp_path / "id").write_text("sha256:" + "0123456789abcdef" * 4 + "\n")
    with tarfile.open(tmp_path / "public.tar", "w") as made:
        for name, content in (("public/packs/x-1.js", b"one"), ("public/system/secret", b"no"), ("public/a", b"no")):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1_700_000_000
            made.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("public/500.html")
        link.type, link.linkname = tarfile.SYMTYPE, "assets/500.html"
        made.addfile(link)
    return tmp_path


def run(folder: Path, capsys: pytest.CaptureFixture[str], *, code: int = 0, check: bool = False) -> dict[str, Any]:
    """Run the module, and return its result."""
    options = {"image": "depot:5000/mastodon:v4.7.6", "path": str(folder / "out"), "_ansible_check_mode": check}
    with patch_module_args(options), pytest.raises(SystemExit) as ended:
        app_assets.main()
    assert ended.value.code == code
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_the_archive_holds_what_the_front_serves(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(engine, capsys)
    assert (result["changed"], result["release"]) == (True, "v4.7.6-0123456789ab")
    path = Path(result["archive"])
    assert path == engine / "out" / "v4.7.6-0123456789ab.tar.gz"
    assert path.stat().st_mode & 0o777 == 0o644
    with tarfile.open(path) as made:
        assert [(entry.name, entry.mtime) for entry in made] == [("packs/x-1.js", 1_700_000_000)]
    calls = (engine / "calls").read_text()
    assert calls.count("rm --force mastodon-assets") == 2, "before and after"
    assert "--network none" in calls


def test_once_for_an_image(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(engine, capsys)
    (engine / "calls").unlink()
    assert run(engine, capsys)["changed"] is False
    assert (engine / "calls").read_text().splitlines() == ["image inspect --format {{.Id}} depot:5000/mastodon:v4.7.6"]
    (engine / "id").write_text("sha256:" + "f" * 64)
    assert run(engine, capsys)["release"] == "v4.7.6-ffffffffffff"
    assert [path.name for path in (engine / "out").iterdir()] == ["v4.7.6-ffffffffffff.tar.gz"]


def test_no_image_no_archive(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (engine / "id").unlink()
    result = run(engine, capsys)
    assert (result["changed"], result["release"], result["archive"]) == (False, "", "")


def test_check_mode_asks_only(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(engine, capsys, check=True)
    assert (result["changed"], result["archive"]) == (True, "")
    assert not (engine / "out").exists()


def test_an_image_without_files_is_a_fault(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open(engine / "public.tar", "w"):
        pass
    assert "could not be read" in run(engine, capsys, code=1)["msg"]
    assert not list((engine / "out").iterdir()), "nothing half done"
