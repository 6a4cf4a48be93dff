# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store is absent, old or new, whatever happens to its writer."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Callable

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _store


def in_child(work: Callable[[], None]) -> int:
    """Run in a process of its own; return how it ended, as waitpid tells."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def killing_at(line: int, work: Callable[[], None]) -> Callable[[], None]:
    """Return work that is killed just before it executes a certain line of the store's code."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != _store.__file__:
            return None
        if event == "line":
            count += 1
            if count == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    def traced() -> None:
        sys.settrace(trace)
        work()

    return traced


@pytest.mark.parametrize("old", [None, b"old"])
def test_killed_at_every_line_the_store_is_old_or_new(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "store"
    seen: list[bytes | None] = []

    def write() -> None:
        with _store.locked(tmp_path):
            _store.replace(path, b"new" * 1000)

    for line in range(1, 100):
        if old is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(old)
        status = in_child(killing_at(line, write))
        seen.append(_store.read(path))
        assert seen[-1] in (old, b"new" * 1000)
        assert all(stat.S_IMODE(left.stat().st_mode) & 0o077 == 0 for left in tmp_path.iterdir() if left != path)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
    else:
        pytest.fail("the work never came to its end")
    # Both sides of the rename were hit, and the last run cleared up after the dead.
    assert seen[0] == old
    assert seen[-2] == seen[-1] == b"new" * 1000
    assert list(tmp_path.iterdir()) == [path]


def test_mode_is_private_from_birth_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        _store.replace(tmp_path / "store", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o600


def test_only_one_of_many_creates(tmp_path: Path) -> None:
    path = tmp_path / "store"

    def create() -> None:
        with _store.locked(tmp_path):
            if _store.read(path) is None:
                (tmp_path / f"made-by-{os.getpid()}").touch()
                _store.replace(path, str(os.getpid()).encode())

    children = []
    for _ in range(12):
        pid = os.fork()
        if pid == 0:
            try:
                create()
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    assert [found.name for found in tmp_path.glob("made-by-*")] == [f"made-by-{path.read_text()}"]


def test_a_lock_that_is_held_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    with (
        _store.locked(tmp_path),
        pytest.raises(_store.StoreError, match="another run"),
        _store.locked(tmp_path, seconds=0.1),
    ):
        pass
    with _store.locked(tmp_path, seconds=0.1):
        pass


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "store").symlink_to("real")
    with pytest.raises(_store.StoreError, match="symbolic link"):
        _store.read(tmp_path / "store")


def test_a_dangling_link_is_no_missing_store(tmp_path: Path) -> None:
    (tmp_path / "store").symlink_to("nowhere")
    with pytest.raises(_store.StoreError, match="symbolic link"):
        _store.read(tmp_path / "store")


def test_a_directory_and_a_pipe_are_refused(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("directory", "pipe"):
        with pytest.raises(_store.StoreError, match="not a regular file"):
            _store.read(tmp_path / name)


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(_store.StoreError, match="cannot be opened"), _store.locked(tmp_path / "missing"):
        pass


def test_an_open_mode_is_seen_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.write_bytes(b"x")
    for mode in (0o644, 0o640, 0o606, 0o700):
        path.chmod(mode)
        assert not _store.is_private(path)
    _store.make_private(path)
    assert _store.is_private(path)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with pytest.raises(_store.StoreError, match="cannot be written"):
        _store.replace(tmp_path / "store", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
