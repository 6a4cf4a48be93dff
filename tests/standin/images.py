# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of the stand-in: what they are made of, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .debian import DebianImage
from .engine import Engine, stage

FOLDER = Path(__file__).resolve().parent

# Mastodon's uid and gid. One base for both images: they share its layer on every disk and in every registry.
BASE = DebianImage(
    name="fediops-standin/base",
    packages=(
        "ca-certificates",
        "curl",
        "procps",
        "tini",
        "bundler",
        "puma",
        "ruby-actionmailer",
        "ruby-actionpack",
        "ruby-activerecord",
        "ruby-aws-sdk-s3",
        "ruby-bcrypt",
        "ruby-bootsnap",
        "ruby-doorkeeper",
        "ruby-pg",
        "ruby-rack-attack",
        "ruby-railties",
        "ruby-redis",
        "ruby-sidekiq",
        "node-pg",
        "node-redis",
        "node-ws",
        "nodejs",
    ),
    hooks=(
        'chroot "$1" groupadd --gid 991 mastodon',
        'chroot "$1" useradd --uid 991 --gid mastodon --home-dir /opt/mastodon --no-create-home mastodon',
        'install --directory --owner=991 --group=991 "$1/opt/mastodon"',
        'ln -s /opt/mastodon "$1/mastodon"',
    ),
)


@dataclass(frozen=True)
class Release:
    """One of the two releases: its folder of differences and the Mastodon version it stands in for."""

    folder: str
    version: str


# B migrates the database before and after its deployment and has other assets.
RELEASES = {"A": Release("a", "4.7.6"), "B": Release("b", "4.7.7")}


# Dockerfile, and the image's name.
IMAGES = {"mastodon.Dockerfile": "mastodon", "streaming.Dockerfile": "mastodon-streaming"}


def build(engine: Engine, names: list[str], base_image: str = "") -> list[str]:
    """Build both images of the named releases and return their tags."""
    base = base_image or BASE.ensure(engine)
    return [_build(engine, dockerfile, RELEASES[name], base) for name in names for dockerfile in IMAGES]


def _build(engine: Engine, dockerfile: str, release: Release, base: str) -> str:
    tag = f"fediops-standin/{IMAGES[dockerfile]}:v{release.version}"
    arguments = {"BASE": base, "RELEASE": release.folder, "VERSION": release.version}
    before = engine.call("image", "inspect", "--format={{.Id}}", tag).stdout.strip()
    with stage(f"Image {tag}"):
        settings = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        recipe = ("--tag", tag, "--file", str(FOLDER / dockerfile), str(FOLDER))
        engine.run("build", "--network=none", *settings, *recipe)
    if before and before != engine.run("image", "inspect", "--format={{.Id}}", tag):
        engine.call("image", "rm", before)  # stays while a container uses it, which is as it should be
    return tag
