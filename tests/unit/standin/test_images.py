# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are named after what is in them, so that they are made again when, and only when, that changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.standin.debian import DebianImage
from tests.standin.engine import Engine, EngineError
from tests.standin.images import FOLDER, RELEASES

IMAGE = DebianImage("example/image", ("bash", "curl"), hooks=("true",))


@pytest.mark.parametrize(
    "other",
    [
        replace(IMAGE, packages=("bash",)),
        replace(IMAGE, hooks=()),
        replace(IMAGE, suite="bookworm"),
    ],
)
def test_another_content_has_another_tag(other: DebianImage) -> None:
    assert other.tag != IMAGE.tag
    assert IMAGE.tag == replace(IMAGE).tag


def test_an_engine_that_does_not_answer_is_no_reason_to_build() -> None:
    with pytest.raises(EngineError, match="nowhere"):
        IMAGE.ensure(Engine("unix:///nowhere"))


@pytest.mark.parametrize("name", RELEASES)
def test_a_release_calls_itself_a_stand_in(name: str) -> None:
    release = RELEASES[name]
    version = (FOLDER / "releases" / release.folder / "lib/mastodon/version.rb").read_text()
    assert f"'{release.version}+stand-in'" in version
