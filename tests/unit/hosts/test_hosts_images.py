# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes of host images, and the pins of what the depot serves."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.hosts import images, pins, releases, standins
from tests.hosts.progress import HarnessError


def recipe(folder: Path) -> images.Recipe:
    """A small recipe of one part."""
    (folder / "part" / "files" / "sbin").mkdir(parents=True)
    (folder / "part" / "packages").write_text("# why\nsystemd\n\nsudo # how\n")
    (folder / "part" / "setup.sh").write_text("true\n")
    program = folder / "part" / "files" / "sbin" / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    return images.Recipe("try", "debian13", ("part",), folder)


def test_packages_are_read_without_comments(tmp_path: Path) -> None:
    assert recipe(tmp_path).packages == ["systemd", "sudo"]


def test_the_key_depends_on_content_and_on_nothing_else(tmp_path: Path) -> None:
    one, two = recipe(tmp_path / "one"), recipe(tmp_path / "two")
    (two.folder / "part" / "setup.sh").chmod(0o664)  # another umask
    assert one.key == two.key
    (two.folder / "part" / "setup.sh").write_text("false\n")
    assert one.key != two.key


def test_the_key_depends_on_who_may_run_a_file(tmp_path: Path) -> None:
    one, two = recipe(tmp_path / "one"), recipe(tmp_path / "two")
    (two.folder / "part" / "files" / "sbin" / "tool").chmod(0o644)
    assert one.key != two.key


def test_the_two_debians_are_different_images() -> None:
    assert images.host_recipe("debian12").key != images.host_recipe("debian13").key
    assert images.host_recipe("debian12").tag.startswith("fediops-testhost/debian12:")
    with pytest.raises(HarnessError, match="debian11"):
        images.host_recipe("debian11")


def test_the_archive_keeps_the_order_of_parts() -> None:
    with tarfile.open(fileobj=io.BytesIO(images.DEPOT.archive())) as archive:
        parts = {name.split("/")[0] for name in archive.getnames()}
    assert sorted(parts) == ["0-host", "1-depot"]


def test_a_packed_program_has_the_same_sum_each_time(tmp_path: Path) -> None:
    program = tmp_path / "minio"
    program.write_bytes(b"program" * 1000)
    sums = {releases.pack(program, "minio", tmp_path / f"{name}.tar.gz") for name in ("one", "two")}
    assert len(sums) == 1
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        member = archive.getmember("minio")
        assert (member.size, member.mode) == (7000, 0o755)


def test_a_real_release_keeps_the_roles_sum() -> None:
    pin = pins.Pin("https://example.org/v1/silo_1_linux_amd64.tar.gz", "sha256:aa", "silo")
    assert releases.real_release(pin).variables("minio_server") == {
        "minio_server_url": "http://depot.test/releases/silo_1_linux_amd64.tar.gz",
        "minio_server_checksum": "sha256:aa",
        "minio_server_member": "silo",
    }


def test_a_download_with_a_wrong_sum_is_refused_and_thrown_away(tmp_path: Path) -> None:
    source = tmp_path / "source.tar.gz"
    source.write_bytes(b"not what was published")
    target = tmp_path / "target.tar.gz"
    with pytest.raises(HarnessError, match="the role's default says 00"):
        releases.download(pins.Pin(source.as_uri(), "sha256:00", "silo"), target)
    assert not list(tmp_path.glob("target*"))


def test_commits_are_shown_as_versions() -> None:
    source = standins.GoModule("example.org/x", "v0.0.0-20260212201848-7aac2a2c5b7c")
    assert source.commit == "7aac2a2c5b7c"
    assert source.date == "2026-02-12T20:18:48Z"
    assert "-X example.org/x/cmd.ReleaseTag=DEVELOPMENT.2026-02-12T20-18-48Z" in source.flags


def test_stand_ins_follow_the_roles_version_and_say_what_they_are() -> None:
    caddy = standins.choose("caddy", "https://example.org/download/v2.11.7/caddy_2.11.7_linux_amd64.tar.gz")
    assert (caddy.name, caddy.member) == ("caddy-2.11.7-pypi", "caddy")
    assert "stand-in" in standins.choose("minio_server", "https://example.org/silo").title


@pytest.mark.parametrize(("version", "good"), [("go1.24", True), ("go1.26.8", True), ("go1.23.9", False), ("", False)])
def test_an_old_go_is_not_used(version: str, good: bool) -> None:
    assert standins.good_enough(version) is good


def test_pins_are_what_ansible_says() -> None:
    program = {"url": "https://example.org/a", "checksum": "sha256:00", "member": ""}
    found = pins.parse({"caddy": program, "mastodon": {"version": "4.7.6", "image": "a/b", "streaming_image": "a/c"}})
    assert found.programs == {"caddy": pins.Pin(**program)}
    assert found.mastodon_version == "4.7.6"
