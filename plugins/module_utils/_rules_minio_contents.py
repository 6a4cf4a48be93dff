# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role minio refuses about buckets and users. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _rule_parts
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

PRESETS = ("mastodon_public_read", "private")
ACCESS = ("read_write", "read_only")
# Of root's and of everybody else's.
KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,127}")
SECRET = re.compile(r"[!-~]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def buckets(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What a store would refuse half-way through a run."""
    for bucket in _rule_parts.records(variables, "minio_buckets"):
        name = bucket.get("name")
        if not isinstance(name, str) or not _BUCKET.fullmatch(name) or ".." in name:
            yield Fault(
                "minio_buckets",
                f"{name!r} is not a name for a bucket",
                "Use 3 to 63 lower-case letters, digits and hyphens",
            )
        preset = bucket.get("policy_preset", "private")
        if preset not in PRESETS:
            yield Fault(
                "minio_buckets", f"the preset {preset!r} of {name!r} is not known", f"Give {' or '.join(PRESETS)}"
            )
    yield from _rule_parts.duplicates(variables, "minio_buckets")


def public_prefixes(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """One prefix too many, and users' archives are open to the world."""
    for bucket in _rule_parts.records(variables, "minio_buckets"):
        for prefix in _rule_parts.texts(bucket.get("public_prefixes")):
            if not prefix.endswith("/") or prefix.startswith("/") or set(prefix) & set("*?"):
                yield Fault(
                    "minio_buckets",
                    f"the public prefix {prefix!r} is not a folder",
                    "Write it without a slash at its beginning and with one at its end, such as accounts/",
                )
            elif _media.exposes_private(prefix):
                yield Fault(
                    "minio_buckets",
                    f"the public prefix {prefix!r} would open users' archives",
                    "Leave it out; archives are downloaded with a signature",
                )


def canaries(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Checks read the canary as a stranger; where a stranger may not read, it would always look broken."""
    for bucket in _rule_parts.records(variables, "minio_buckets"):
        key = bucket.get("canary_key") or ""
        if bucket.get("policy_preset") != "mastodon_public_read" or not isinstance(key, str) or not key:
            continue
        prefixes = _rule_parts.texts(bucket.get("public_prefixes")) or list(_media.PUBLIC_PREFIXES)
        if not any(key.startswith(prefix) and key != prefix for prefix in prefixes):
            yield Fault(
                "minio_buckets",
                f"the canary {key!r} is not below a public prefix",
                f"Put it below one of {' '.join(prefixes)}",
            )


def users(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What the store would refuse, or what would give a user more than it needs."""
    known = [bucket.get("name") for bucket in _rule_parts.records(variables, "minio_buckets")]
    seen = [variables.get("minio_root_user")]
    for user in _rule_parts.records(variables, "minio_users"):
        name, bucket = user.get("access_key"), user.get("bucket")
        if not isinstance(name, str) or not KEY_NAME.fullmatch(name):
            yield Fault("minio_users", f"{name!r} is not an access key", "Use at least three letters, digits and . _ -")
        elif name in seen:
            yield Fault(
                "minio_users", f"{name!r} is there twice, or is the root user", "Give each user a key of its own"
            )
        seen.append(name)
        if bucket not in known:
            yield Fault(
                "minio_users",
                f"the bucket {bucket!r} of {name!r} is not in minio_buckets",
                "Add it there, or correct the name",
            )
        if user.get("access", "read_write") not in ACCESS:
            yield Fault("minio_users", f"the access of {name!r} is not known", f"Give {' or '.join(ACCESS)}")


def user_secrets(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A user with the root password is the root user by another name."""
    for user in _rule_parts.records(variables, "minio_users"):
        name, secret = user.get("access_key"), user.get("secret_key")
        if not isinstance(secret, str) or len(secret) < _rule_parts.PASSWORD_LENGTH or not SECRET.fullmatch(secret):
            yield Fault(
                "minio_users",
                f"the secret of {name!r} is not {_rule_parts.PASSWORD_LENGTH} or more visible ASCII characters",
                "Let fediops.mastodon.instance_secrets make one, or take a longer one",
            )
        elif secret == variables.get("minio_root_password"):
            yield Fault("minio_users", f"the secret of {name!r} is the root password", "Take another one")


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    buckets,
    public_prefixes,
    canaries,
    users,
    user_secrets,
)
