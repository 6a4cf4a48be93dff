# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rclone is told and what it says, for 1.60 and later. PRIVATE to the collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _media
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_places import Place

RCLONE = "/usr/bin/rclone"
PROVIDERS = {"aws": "AWS", "minio": "Minio", "ceph": "Ceph", "wasabi": "Wasabi", "seaweedfs": "SeaweedFS"}
# What Mastodon stores, as it calls it, and the endings; files in a directory have no type of their own.
_TYPES = """
image/jpeg jpg jpeg
image/png png
image/gif gif
image/webp webp
image/avif avif
image/heic heic
image/heif heif
image/svg+xml svg
image/x-icon ico
video/mp4 mp4 m4v
video/webm webm
video/quicktime mov
video/3gpp 3gp
audio/mpeg mp3
audio/ogg ogg oga opus
audio/wav wav
audio/flac flac
audio/aac aac
audio/mp4 m4a
audio/x-ms-wma wma
application/zip zip
application/gzip gz
"""
CONTENT_TYPES = {ending: line.split()[0] for line in _TYPES.strip().splitlines() for ending in line.split()[1:]}
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Batch:
    """Keys of one place that one command works through."""

    kind: str  # copy: what is not there; again: over what is there; hash, download: compare the contents
    source: str
    content_type: str = ""  # for files of a directory
    acl: str = ""


def content_type(key: str) -> str:
    """Return the type of a file by the ending of its name."""
    return CONTENT_TYPES.get(PurePosixPath(key).suffix[1:].lower(), UNKNOWN_TYPE)


def config(places: Iterable[tuple[str, Place]]) -> str:
    """Return rclone's configuration: a remote for each bucket, by the name that is given with it."""
    lines = []
    for remote, place in places:
        if place.directory:
            continue
        values = {
            "type": "s3",
            "provider": PROVIDERS.get(place.store_kind, "Other"),
            "endpoint": place.endpoint_url,
            "region": place.region,
            "access_key_id": place.access_key,
            "secret_access_key": place.secret_key,
            "force_path_style": str(place.path_style).lower(),
            "list_version": "2",
            # The key may not create buckets, and each copy is proven afterwards.
            "no_check_bucket": "true",
            "no_head": "true",
            "disable_checksum": "true",
            # A tag that is an MD5 saves reading the copy again. Nothing of Mastodon's is larger.
            "upload_cutoff": "1G",
        }
        lines += [f"[{remote}]", *(f"{name} = {value}" for name, value in values.items()), ""]
    return "\n".join(lines)


def command(
    batch: Batch, source: Place, remote: str, target: Place, files: Mapping[str, str], options: Mapping[str, Any]
) -> list[str]:
    """Return the command for a batch; `files` says where the list, the log, the result and the settings are."""
    common = [
        *(f"--config={files['config']}", f"--files-from-raw={files['list']}", "--no-traverse"),
        *("--use-json-log", f"--log-file={files['log']}", "--log-level=NOTICE"),
        *("--stats=2s", "--stats-log-level=NOTICE", "--retries=3", "--contimeout=10s"),
        *(f"--transfers={options['transfers']}", f"--checkers={options['transfers']}"),
    ]
    if options.get("bandwidth"):
        common.append(f"--bwlimit={options['bandwidth']}")
    if files.get("ca"):
        common.append(f"--ca-cert={files['ca']}")
    if not (source.tls_verify and target.tls_verify):
        common.append("--no-check-certificate")
    begin = source.directory or _path(remote, source)
    end = _path("target", target)
    if batch.kind in ("hash", "download"):
        how = ["--download"] if batch.kind == "download" else []
        return [RCLONE, "check", begin, end, "--one-way", *how, f"--combined={files['result']}", *common]
    headers = ["--metadata"]
    if source.directory:
        cache = f"Cache-Control: {_media.CANARY_CACHE_CONTROL}"
        headers = [f"--header-upload={cache}", f"--header-upload=Content-Type: {batch.content_type}"]
    if batch.acl:
        headers.append(f"--s3-acl={batch.acl}")
    # What is there is never copied over by accident: it may be an upload of a moment ago.
    how = ["--ignore-existing"] if batch.kind == "copy" else ["--no-check-dest"]
    return [RCLONE, "copy", begin, end, *how, *headers, *common]


def _path(remote: str, place: Place) -> str:
    return f"{remote}:{place.bucket}" + (f"/{place.prefix}" if place.prefix else "")


def unit(commands: Sequence[Sequence[str]], directory: str, done: str) -> str:
    """Return a systemd unit that works through commands, survives a restart of the host, and says when it is done."""
    return "\n".join(
        [
            "# Written by fediops.mastodon.media_move, and removed by it.",
            "[Unit]",
            "Description=Move media to their new store",
            "Wants=network-online.target",
            "After=network-online.target",
            f"ConditionPathExists=!{done}",
            "StartLimitIntervalSec=1h",
            "StartLimitBurst=4",
            "",
            "[Service]",
            "Type=oneshot",
            *(f"ExecStart={' '.join(map(_quoted, argv))}" for argv in commands),
            f"ExecStartPost=/usr/bin/touch {done}",
            # Comparing ends with 1 when it finds a difference; what could not be copied is seen by the next listing.
            *(["SuccessExitStatus=1"] if any("check" in argv[1:2] for argv in commands) else []),
            "Restart=on-failure",
            "RestartSec=5s",
            "TimeoutStartSec=infinity",
            "Nice=10",
            "IOSchedulingPriority=7",
            "UMask=0077",
            "Environment=HOME=/nonexistent",
            # Files of a directory belong to somebody else.
            "CapabilityBoundingSet=CAP_DAC_READ_SEARCH",
            "NoNewPrivileges=true",
            "ProtectSystem=strict",
            f"ReadWritePaths={directory}",
            "ProtectHome=read-only",
            "PrivateTmp=true",
            "PrivateDevices=true",
            "ProtectClock=true",
            "ProtectHostname=true",
            "ProtectControlGroups=true",
            "ProtectKernelLogs=true",
            "ProtectKernelModules=true",
            "ProtectKernelTunables=true",
            "LockPersonality=true",
            "MemoryDenyWriteExecute=true",
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
            "RestrictNamespaces=true",
            "RestrictRealtime=true",
            "RestrictSUIDSGID=true",
            "SystemCallArchitectures=native",
            "SystemCallFilter=@system-service",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _lines(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:  # the first line of a tail, or the last one of a program that was killed
            continue
        if isinstance(value, Mapping):
            yield value


def progress(text: str) -> tuple[int, int]:
    """Return the objects and bytes that a log says are done; what was found to be there already is done, too."""
    objects = size = 0
    for line in _lines(text):
        stats = line.get("stats")
        if isinstance(stats, Mapping):
            objects = int(stats.get("transfers") or 0) + int(stats.get("checks") or 0)
            size = int(stats.get("bytes") or 0)
    return objects, size


def complaints(text: str, most: int = 5) -> list[str]:
    """Return the last different errors of a log."""
    found: dict[str, None] = {}
    for line in _lines(text):
        if line.get("level") in ("error", "critical", "fatal"):
            thing = f"{line['object']}: " if line.get("object") else ""
            found[f"{thing}{line.get('msg', '')}".strip()] = None
    return list(found)[-most:]


def comparison(text: str) -> Iterator[tuple[str, bool | None]]:
    """Return the keys of a comparison with whether both sides are equal; None when one could not be read."""
    for line in text.split("\n")[:-1]:
        sign, separator, key = line[:1], line[1:2], line[2:]
        if separator == " " and key and sign in "=*+-!":
            yield key, {"=": True, "*": False}.get(sign)
