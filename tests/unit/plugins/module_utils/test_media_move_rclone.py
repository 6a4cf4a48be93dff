# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rclone is told, and what it says."""

from __future__ import annotations

import configparser
import json

from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move_rclone as rclone
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_places import Place
from hypothesis import given
from hypothesis import strategies as st

TARGET = Place("target", endpoint_url="http://10.0.0.1:9000", bucket="media", access_key="app", secret_key="s3cret")
OLD = Place("old", endpoint_url="https://s3.test", bucket="old", prefix="system", access_key="k", secret_key="other")
DISK = Place("disk", directory="/srv/old")
FILES = {"config": "/x/rclone.conf", "list": "/x/job0.list", "log": "/x/job0.log", "result": "/x/job0.result", "ca": ""}


def command(kind: str, source: Place, content_type: str = "", **options: str) -> list[str]:
    batch = rclone.Batch(kind, source.name, content_type, options.pop("acl", ""))
    return rclone.command(batch, source, "from0", TARGET, FILES, {"transfers": 8, **options})


def test_secrets_are_in_the_settings_and_in_no_command() -> None:
    text = rclone.config([("target", TARGET), ("from0", OLD), ("from1", DISK)])
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    assert parsed.sections() == ["target", "from0"]
    assert parsed["from0"]["secret_access_key"] == "other"
    for kind in ("copy", "again", "hash", "download"):
        assert not [word for word in command(kind, OLD) if "s3cret" in word or "other" in word]


def test_what_is_there_is_copied_over_only_on_purpose() -> None:
    assert "--ignore-existing" in command("copy", OLD)
    assert "--ignore-existing" not in command("again", OLD)
    assert command("copy", OLD)[1:4] == ["copy", "from0:old/system", "target:media"]
    assert command("download", OLD)[1] == "check"
    assert "--download" in command("download", OLD)
    assert "--download" not in command("hash", DISK)


def test_headers_are_carried_or_made() -> None:
    assert "--metadata" in command("copy", OLD)
    made = command("copy", DISK, "video/mp4")
    assert "--header-upload=Content-Type: video/mp4" in made
    assert "--header-upload=Cache-Control: public, max-age=315576000, immutable" in made
    assert made[2] == "/srv/old"
    assert "--bwlimit=20M" in command("copy", OLD, bandwidth="20M")


def test_acls_are_carried_where_there_are_any() -> None:
    assert not [word for word in command("copy", OLD) if "acl" in word]
    for kind, source in (("copy", OLD), ("again", OLD), ("copy", DISK)):
        assert "--s3-acl=public-read" in command(kind, source, acl="public-read")


def test_types_follow_from_the_ending() -> None:
    assert rclone.content_type("a/b.JPEG") == "image/jpeg"
    assert rclone.content_type("a/b.mp4") == "video/mp4"
    assert rclone.content_type("a.png/b") == rclone.UNKNOWN_TYPE


def test_the_unit_says_when_it_is_done_and_is_not_run_again_after_that() -> None:
    text = rclone.unit([["/usr/bin/rclone", "copy", 'a "b" 100% $c']], "/x", "/x/job.done")
    assert 'ExecStart="/usr/bin/rclone" "copy" "a \\"b\\" 100%% $$c"' in text
    assert "ConditionPathExists=!/x/job.done" in text
    assert "ExecStartPost=/usr/bin/touch /x/job.done" in text
    assert "SuccessExitStatus" not in text
    assert "SuccessExitStatus=1" in rclone.unit([["/usr/bin/rclone", "check"]], "/x", "/x/job.done")


def test_progress_is_the_last_that_a_log_says() -> None:
    lines = [
        json.dumps({"stats": {"bytes": 5, "transfers": 1, "checks": 2}}),
        json.dumps({"level": "error", "object": "a", "msg": "no"}),
        json.dumps({"stats": {"bytes": 50, "transfers": 10, "checks": 2}}),
        '{"stats": {"bytes": 5',
    ]
    assert rclone.progress("\n".join(lines)) == (12, 50)
    assert rclone.progress("") == (0, 0)
    assert rclone.complaints("\n".join(lines * 2)) == ["a: no"]


def test_a_comparison_that_was_cut_off_tells_only_of_whole_lines() -> None:
    text = "= a/b.png\n* c d.png\n! e\n- f\n= cut"
    assert list(rclone.comparison(text)) == [("a/b.png", True), ("c d.png", False), ("e", None), ("f", None)]


@given(st.text())
def test_nothing_that_rclone_says_breaks_us(text: str) -> None:
    rclone.progress(text)
    rclone.complaints(text)
    list(rclone.comparison(text))
