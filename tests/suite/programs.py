# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that the depot serves to hosts, unpacked for tests that run beside them on this machine."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from tests.hosts import releases
from tests.hosts.layout import here
from tests.suite.steps import BUILD


def unpack(prefix: str) -> Path:
    """Unpack the release behind a role's three variables (`minio_server`, `minio_client`); the path of the program."""
    layout = here()
    offer = json.loads((layout.build / "depot.json").read_text())["variables"]
    archive = releases.folder(layout) / Path(offer[f"{prefix}_url"]).name
    member = str(offer[f"{prefix}_member"])
    target = BUILD / "programs" / archive.name.removesuffix(".tar.gz")
    with tarfile.open(archive) as files:
        files.extract(member, target, filter="data")
    return target / member
