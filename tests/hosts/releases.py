# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that roles download: the real release where its site answers, else a program made of what does answer.

Every file is an archive that holds one program, as the real ones are, and reaches the roles through the same three
variables as in production: URL, sum, member.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.hosts import standins
from tests.hosts.layout import Layout
from tests.hosts.pins import Pin
from tests.hosts.progress import HarnessError, lock, say, step

ANSWER_SECONDS = 4
BASE = "http://depot.test/releases"


@dataclass(frozen=True)
class Release:
    """One file of the depot's file server."""

    file: str
    checksum: str
    member: str
    title: str

    def variables(self, prefix: str) -> dict[str, str]:
        """The role's three variables."""
        return {
            f"{prefix}_url": f"{BASE}/{self.file}",
            f"{prefix}_checksum": self.checksum,
            f"{prefix}_member": self.member,
        }


def folder(layout: Layout) -> Path:
    """Where the files are kept, for all checkouts."""
    return layout.cache / "releases"


def ensure(layout: Layout, programs: Mapping[str, Pin], architecture: str) -> dict[str, Release]:
    """Every program's release, fetched or made once."""
    folder(layout).mkdir(parents=True, exist_ok=True)
    with lock(layout.cache / "releases.lock"):
        return {name: _ensure(layout, name, pin, architecture) for name, pin in programs.items()}


def _ensure(layout: Layout, name: str, pin: Pin, architecture: str) -> Release:
    real = real_release(pin)
    if (folder(layout) / real.file).exists():
        return real
    if not answers(pin.url):
        return _stand_in(layout, name, pin, architecture)
    with step(f"Download {real.file}"):
        download(pin, folder(layout) / real.file)
    return real


def real_release(pin: Pin) -> Release:
    """The release that a pin means."""
    file = pin.url.rsplit("/", 1)[-1]
    return Release(file, pin.checksum, pin.member, f"the release {file}")


def answers(url: str) -> bool:
    """Whether the site has the file and answers within a few seconds."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=ANSWER_SECONDS) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def download(pin: Pin, target: Path) -> None:
    """Fetch a file; it gets its name only when its sum is right."""
    kind, _, wanted = pin.checksum.partition(":")
    part = target.with_suffix(".part")
    with urllib.request.urlopen(pin.url, timeout=60) as reply, part.open("wb") as handle:
        shutil.copyfileobj(reply, handle)
    with part.open("rb") as handle:
        found = hashlib.file_digest(handle, kind).hexdigest()
    if found != wanted:
        part.unlink()
        raise HarnessError(
            f"{pin.url} has the {kind} sum {found}, the role's default says {wanted}",
            "do not trust that file: compare with what its project publishes",
        )
    part.replace(target)


def _stand_in(layout: Layout, name: str, pin: Pin, architecture: str) -> Release:
    source = standins.choose(name, pin.url)
    file = f"{source.name}_linux_{architecture}.tar.gz"
    note = folder(layout) / f"{file}.json"
    if not note.exists():
        say(f"  {pin.url.split('/')[2]} does not answer: {source.title} takes the place of the release")
        with tempfile.TemporaryDirectory(dir=layout.cache) as scratch, step(source.effort):
            program = source.make(layout, architecture, Path(scratch))
            checksum = pack(program, source.member, folder(layout) / file)
        release = Release(file, f"sha256:{checksum}", source.member, source.title)
        note.write_text(json.dumps(asdict(release)), encoding="utf-8")
    return Release(**json.loads(note.read_text(encoding="utf-8")))


def pack(program: Path, member: str, target: Path) -> str:
    """An archive with one program; its sha256 sum depends on the program alone."""
    part = target.with_suffix(".part")
    with (
        part.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, filename="", mode="wb", compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
        program.open("rb") as handle,
    ):
        entry = tarfile.TarInfo(member)
        entry.size, entry.mode = program.stat().st_size, 0o755
        archive.addfile(entry, handle)
    part.replace(target)
    with target.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
