# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the images themselves say."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.bed import Bed


def configuration(bed: Bed, image: str) -> dict[str, Any]:
    """Return what the image bakes."""
    baked: dict[str, Any] = json.loads(bed.engine.run("image", "inspect", "--format={{json .Config}}", image))
    return baked


def inside(bed: Bed, image: str, script: str) -> str:
    """Run a shell script in the image, with nothing but the image."""
    return bed.engine.run("run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", script)


def test_image_user(bed: Bed) -> None:
    for image in (bed.image, bed.streaming_image):
        assert inside(bed, image, "id -u; id -g; pwd").split() == ["991", "991", "/opt/mastodon"]


def test_image_entrypoint(bed: Bed) -> None:
    baked = configuration(bed, bed.image)
    assert baked["Entrypoint"] == ["/usr/bin/tini", "--"]
    assert not baked.get("Cmd")


def test_image_streaming_command(bed: Bed) -> None:
    command = configuration(bed, bed.streaming_image)["Cmd"]
    assert " ".join(command).removeprefix("/bin/sh -c ") == "node ./streaming/index.js"


def test_image_environment(bed: Bed) -> None:
    web = set(configuration(bed, bed.image)["Env"])
    ready = "MASTODON_SIDEKIQ_READY_FILENAME=sidekiq_process_has_started_and_will_begin_processing_jobs"
    assert {"BIND=0.0.0.0", "RAILS_ENV=production", "RAILS_SERVE_STATIC_FILES=true", ready} <= web
    assert {"BIND=0.0.0.0", "PORT=4000"} <= set(configuration(bed, bed.streaming_image)["Env"])


def test_image_tools(bed: Bed) -> None:
    inside(bed, bed.image, "command -v curl && command -v ps && command -v tini")
    inside(bed, bed.streaming_image, "command -v curl")


def test_image_ownership(bed: Bed) -> None:
    inside(bed, bed.image, "test -w tmp && test -w public/system")
    inside(bed, bed.image, "! test -w config && ! test -w app && ! test -w public && ! test -w config/puma.rb")


def test_image_error_page(bed: Bed) -> None:
    assert "/packs/" in inside(bed, bed.image, "cat public/assets/500.html")


def test_secrets_without_environment(bed: Bed) -> None:
    assert re.search(r"^[0-9a-f]{128}$", inside(bed, bed.image, "bin/rails secret"), re.MULTILINE)
    keys = inside(bed, bed.image, "bin/rails db:encryption:init")
    assert len(re.findall(r"\b[A-Za-z0-9]{32}\b", keys)) == 3
