# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on real directories and archives."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fediops.mastodon.plugins.modules import static_releases


def archive(folder: Path, name: str, files: dict[str, str], kind: bytes = tarfile.REGTYPE) -> str:
    """An archive with these files, all of one kind."""
    path = folder / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        for file, content in files.items():
            entry = tarfile.TarInfo(file)
            entry.type, entry.size, entry.mtime, entry.mode = kind, len(content), 1_700_000_000, 0o4777
            entry.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            made.addfile(entry, io.BytesIO(content.encode()))
    return str(path)


def run(
    folder: Path, capsys: pytest.CaptureFixture[str], release: str, *, code: int = 0, check: bool = False, **more: Any
) -> dict[str, Any]:
    """Run the module, and return its result."""
    options = {"path": str(folder / "assets"), "release": release, "_ansible_check_mode": check, **more}
    with patch_module_args(options), pytest.raises(SystemExit) as ended:
        static_releases.main()
    assert ended.value.code == code
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def served(folder: Path) -> dict[str, str]:
    """All files that a web server would find."""
    root = folder / "assets" / "current"
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


A = {"packs/x-1.js": "one", "emoji/1.svg": "old", "500.html": "A"}
B = {"packs/x-2.js": "two", "emoji/1.svg": "new", "500.html": "B"}


def test_an_unknown_release_is_only_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, capsys, "a")["missing"] is True
    assert not (tmp_path / "assets").exists()


def test_old_files_stay_beside_the_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(tmp_path, capsys, "a", archive=archive(tmp_path, "a", A))
    assert (first["changed"], first["missing"], first["releases"]) == (True, False, ["a"])
    assert served(tmp_path) == A
    assert run(tmp_path, capsys, "a")["changed"] is False
    assert run(tmp_path, capsys, "b", archive=archive(tmp_path, "b", B))["releases"] == ["b", "a"]
    assert served(tmp_path) == {**A, **B}
    file = tmp_path / "assets" / "current" / "packs" / "x-1.js"
    assert (file.stat().st_mode & 0o7777, int(file.stat().st_mtime)) == (0o644, 1_700_000_000)


def test_way_back_needs_no_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, files in (("a", A), ("b", B)):
        run(tmp_path, capsys, name, archive=archive(tmp_path, name, files))
    assert run(tmp_path, capsys, "a")["releases"] == ["a", "b"]
    assert served(tmp_path) == {**B, **A}


def test_the_oldest_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcd":
        run(tmp_path, capsys, name, keep=2, archive=archive(tmp_path, name, {f"packs/{name}.js": name}))
    assert served(tmp_path) == {"packs/d.js": "d", "packs/c.js": "c"}
    assert sorted(path.name for path in (tmp_path / "assets" / "releases").iterdir()) == ["c", "d"]
    assert len(list((tmp_path / "assets" / "trees").iterdir())) == 1


def test_check_mode_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, capsys, "a", check=True, archive=archive(tmp_path, "a", A))["changed"] is True
    assert not (tmp_path / "assets").exists()


@pytest.mark.parametrize("leftover", ["releases/.a/packs/half.js", "trees/.half/x", "releases/old/y", ".current"])
def test_a_killed_run_is_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str], leftover: str) -> None:
    file = tmp_path / "assets" / leftover
    file.parent.mkdir(parents=True)
    file.write_text("half")
    run(tmp_path, capsys, "a", archive=archive(tmp_path, "a", A))
    assert served(tmp_path) == A
    assert not file.exists()


def test_a_run_that_was_killed_before_the_last_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, files in (("a", A), ("b", B)):
        run(tmp_path, capsys, name, archive=archive(tmp_path, name, files))
    current = tmp_path / "assets" / "current"
    current.unlink()
    current.symlink_to("trees/of-old")
    assert run(tmp_path, capsys, "b")["changed"] is True
    assert served(tmp_path) == {**A, **B}


def test_a_damaged_order_is_no_obstacle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, capsys, "a", archive=archive(tmp_path, "a", A))
    (tmp_path / "assets" / "order.json").write_text("{")
    assert run(tmp_path, capsys, "a")["releases"] == ["a"]
    shutil.rmtree(tmp_path / "assets" / "releases" / "a")
    assert run(tmp_path, capsys, "a")["missing"] is True


@pytest.mark.parametrize("name", ["../escaped", "/etc/escaped", "packs/../../escaped"])
def test_an_archive_stays_below(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    result = run(tmp_path, capsys, "a", code=1, archive=archive(tmp_path, "a", {name: "x"}))
    assert "no plain file" in result["msg"]
    assert not list(tmp_path.rglob("escaped"))
    assert not (tmp_path / "assets" / "current").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_only_plain_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: bytes) -> None:
    assert "no plain file" in run(tmp_path, capsys, "a", code=1, archive=archive(tmp_path, "a", {"x": ""}, kind))["msg"]


def test_an_archive_that_was_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(archive(tmp_path, "a", {f"packs/{n}.js": str(n) * 1000 for n in range(50)}))
    path.write_bytes(path.read_bytes()[:200])
    assert "cannot be used" in run(tmp_path, capsys, "a", code=1, archive=str(path))["msg"]
    assert not (tmp_path / "assets" / "releases" / "a").exists()


@pytest.mark.parametrize("options", [{"release": "../a"}, {"release": ".a"}, {"release": "a", "keep": 0}])
def test_options_that_make_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any]
) -> None:
    assert run(tmp_path, capsys, code=1, **options)["msg"]
