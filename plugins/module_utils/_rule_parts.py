# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that the rules of several roles are made of. PRIVATE to the collection: no other code may rely on it.

Rules see values as people wrote them: any may be absent or of a wrong type. What the argument specification already
refuses (a text where a list belongs) is passed over here without a word.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

# Below it, somebody who reads a hash or a verifier guesses the password at home.
PASSWORD_LENGTH = 16
_PASSWORD = re.compile(r"[!-~]+")


def whole_number(value: Any) -> int | None:
    """Return a whole number, None for anything else; True is a number only to Python."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def records(variables: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the dictionaries in a list, leaving out everything else."""
    value = variables.get(name)
    return [member for member in value if isinstance(member, Mapping)] if isinstance(value, (list, tuple)) else []


def texts(value: Any) -> list[str]:
    """Return the texts in a list, leaving out everything else."""
    return [member for member in value if isinstance(member, str)] if isinstance(value, (list, tuple)) else []


def fact(variables: Mapping[str, Any], name: str) -> Any:
    """Return a fact of the host, None when it has not been gathered."""
    facts = variables.get("ansible_facts")
    return facts.get(name) if isinstance(facts, Mapping) else None


def port(variables: Mapping[str, Any], name: str) -> Iterator[Fault]:
    """A daemon that is not root listens on 1024 or above."""
    if name not in variables:
        return
    number = whole_number(variables[name])
    if number is None or not 1024 <= number <= 65535:
        yield Fault(name, "it is not a port from 1024 to 65535", "Give a whole number in that range, without quotes")


def listen_addresses(variables: Mapping[str, Any], name: str) -> Iterator[Fault]:
    """A data store listens where it was told to: a wildcard would open it to networks that come later."""
    for address in texts(variables.get(name)):
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            yield Fault(
                name,
                f"{address!r} is not an IP address",
                "Write the addresses of this host, such as 127.0.0.1 and its private address",
            )
            continue
        if parsed.is_unspecified:
            yield Fault(
                name,
                f"{address} would listen on every network of the host",
                "Name the private address on which the other hosts reach it",
            )
        elif parsed.is_multicast:
            yield Fault(name, f"{address} is a multicast address", "Name an address of this host")


def duplicates(variables: Mapping[str, Any], name: str) -> Iterator[Fault]:
    """Of two entries with one name the second would silently win."""
    seen: set[str] = set()
    for record in records(variables, name):
        entry = record.get("name")
        if isinstance(entry, str) and entry in seen:
            yield Fault(name, f"{entry!r} is there twice", "Keep one of the two entries")
        elif isinstance(entry, str):
            seen.add(entry)


def passwords(variables: Mapping[str, Any], name: str) -> Iterator[Fault]:
    """A null or short password is worse than none, because it looks like one."""
    for record in records(variables, name):
        user = record.get("name")
        password = record.get("password")
        if not isinstance(password, str) or len(password) < PASSWORD_LENGTH:
            yield Fault(
                name,
                f"the password of {user!r} is shorter than {PASSWORD_LENGTH} characters",
                "Let fediops.mastodon.instance_secrets make one, or take a longer one",
            )
        elif not _PASSWORD.fullmatch(password):
            yield Fault(
                name,
                f"the password of {user!r} has characters besides visible ASCII",
                "Use letters, digits and the punctuation of a US keyboard, without blanks",
            )


def memory_share(variables: Mapping[str, Any], name: str, least: int) -> Iterator[Fault]:
    """A share of memory that the host does not have ends with the kernel killing something."""
    if name not in variables:
        return
    share = whole_number(variables[name])
    if share is None or share < least:
        yield Fault(
            name, f"it is not a whole number of at least {least} (megabytes)", f"Give {least} or more, without quotes"
        )
        return
    total = whole_number(fact(variables, "memtotal_mb"))
    if total is not None and share > total:
        yield Fault(
            name,
            f"{share} MB are more than the {total} MB that the host has",
            "Give a part of the host's memory; other services need theirs",
        )


def platform(variables: Mapping[str, Any], variable: str, releases: Collection[str]) -> Iterator[Fault]:
    """The role knows the packages and paths of some releases of Debian only."""
    distribution = fact(variables, "distribution")
    release = fact(variables, "distribution_major_version")
    if distribution is None or release is None:
        return
    if distribution != "Debian" or release not in releases:
        yield Fault(
            variable,
            f"the host runs {distribution} {release}, which this role does not know",
            f"Use a host with Debian {' or '.join(sorted(releases, reverse=True))}",
        )
