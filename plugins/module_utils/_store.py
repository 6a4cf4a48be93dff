# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small secret file that is always either absent, old or new, whatever kills its writer.

PRIVATE to the collection: no other code may rely on it.
What the bytes mean is not known here.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

LOCK_SECONDS = 60.0


class StoreError(Exception):
    """The store cannot be used; the text says why and what to do."""


def read(path: Path) -> bytes | None:
    """Return the bytes of the store, None when there is none; anything but a plain file of ours is refused."""
    try:
        # NONBLOCK: somebody's named pipe in this place must not hang the run.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            # Writing would replace the link, and leave an old store behind that somebody takes for the current one.
            raise StoreError(f"{path} is a symbolic link; name the file that it points to instead") from error
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StoreError(f"{path} is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as handle:
            return handle.read()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def is_private(path: Path) -> bool:
    """Say whether the mode is exactly what a new store has: readable and writable for its owner, nothing more."""
    return stat.S_IMODE(path.lstat().st_mode) == 0o600


def make_private(path: Path) -> None:
    """Close an existing store to everyone but its owner; a checkout from git is often too open."""
    try:
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{path} is open to others and its mode cannot be changed: {error.strerror}") from error


@contextlib.contextmanager
def locked(directory: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Keep other runs away from the stores of a directory; the lock goes when its holder dies, however it dies."""
    # The directory itself is locked: a lock file would stay behind and turn up in the admin's version control.
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"the directory {directory} of the store cannot be opened: {error.strerror}") from error
    try:
        _wait_for_lock(descriptor, directory, time.monotonic() + seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, directory: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise StoreError(f"another run holds the lock on {directory}; wait until it has ended") from error
            time.sleep(0.05)
        except OSError as error:
            raise StoreError(f"{directory} cannot be locked: {error.strerror}; use a local disk") from error
        else:
            return


def replace(path: Path, data: bytes) -> None:
    """Put the bytes in place of the store in one step. The caller holds the lock of the directory."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        # Whoever left one behind is dead, or he would hold the lock.
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(descriptor)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
