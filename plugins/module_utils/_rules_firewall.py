# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role firewall that cannot work. PRIVATE to the collection: no other code may rely on it.

What passes here is written into nft's language as it is, so every text has a shape that cannot leave its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _rule_parts, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

DIRECTIONS = ("in", "out", "forward")
WITH_PORTS = ("tcp", "udp", "sctp")
PROTOCOLS = (*WITH_PORTS, "icmp", "icmpv6", "gre", "esp", "ah")

# The kernel keeps 127 bytes of a comment; nft's language has no way to write a quote inside quotes.
_COMMENT_BYTES = 127
_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}\*?")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PORTS = re.compile(r"([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?")
_UIDS = 2**32 - 1  # the last one means "nobody was named" to the kernel
_SHORTEST, _LONGEST = 5, 600


def platform(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The role knows Debian's nftables."""
    return _rule_parts.platform(variables, "firewall_rules", {"12", "13"})


def somebody_may_come_in(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Without one rule for tcp there is no ssh, and no way to change the rules again."""
    if "firewall_rules" not in variables:
        return
    rules = _rule_parts.records(variables, "firewall_rules")
    if not any(rule.get("direction") == "in" and rule.get("protocol") == "tcp" for rule in rules):
        yield Fault("firewall_rules", "no rule lets anything in by tcp, so not even ssh", "Add a rule for the ssh port")


def directions_and_protocols(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The words that a rule begins with."""
    for rule in _rule_parts.records(variables, "firewall_rules"):
        if rule.get("direction") not in DIRECTIONS:
            yield _of(rule, f"direction {rule.get('direction')!r} is not known", f"Give {' or '.join(DIRECTIONS)}")
        if rule.get("protocol") not in PROTOCOLS:
            yield _of(rule, f"protocol {rule.get('protocol')!r} is not known", f"Give one of {', '.join(PROTOCOLS)}")


def comments(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The comment says at 3 a.m. why a port is open, and stands in quotes in the table."""
    for name in ("firewall_rules", "firewall_confined"):
        for record in _rule_parts.records(variables, name):
            if not is_comment(record.get("comment")):
                yield Fault(
                    name,
                    f"the comment {record.get('comment')!r} is not one short line of text",
                    f"Say what it is for, in at most {_COMMENT_BYTES} bytes, without quotes and backslashes",
                )


def ports(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A port is a number, a range two; only some protocols have any."""
    for rule in _rule_parts.records(variables, "firewall_rules"):
        named = rule.get("ports") or []
        for value in _syntax.listed(named):
            if not is_ports(value):
                yield _of(rule, f"{value!r} is neither a port nor a range", "Write 443, or a range such as 8000-8010")
        if named and rule.get("protocol") in PROTOCOLS and rule.get("protocol") not in WITH_PORTS:
            yield _of(rule, f"{rule['protocol']} has no ports", "Leave ports out")


def peers(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A peer is an address or a network; a name may mean another host tomorrow."""
    for rule in _rule_parts.records(variables, "firewall_rules"):
        for value in _syntax.listed(rule.get("peers")):
            network = _syntax.network(value) if "%" not in str(value) else None
            if network is None:
                yield _of(
                    rule,
                    f"the peer {value!r} is neither an address nor a network",
                    "Write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64, with no bits set behind the prefix",
                )
            elif rule.get("protocol") == ("icmpv6" if network.version == 4 else "icmp"):
                yield _of(
                    rule, f"{rule['protocol']} never comes from {value}", "Give icmp to IPv4, icmpv6 to IPv6 peers"
                )


def interfaces(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The kernel's names of interfaces have at most 15 characters; an asterisk at the end stands for any."""
    lists = [
        *(("firewall_rules", rule.get("interfaces")) for rule in _rule_parts.records(variables, "firewall_rules")),
        ("firewall_foreign_interfaces", variables.get("firewall_foreign_interfaces")),
    ]
    for name, values in lists:
        for value in _syntax.listed(values):
            if not isinstance(value, str) or not _INTERFACE.fullmatch(value) or len(value.rstrip("*")) > 15:
                yield Fault(name, f"{value!r} is no name of an interface", "Write eth0, or tinc* for all that begin so")


def owners(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Whose processes a rule or a confinement is about. Root is the way back in."""
    for record in _rule_parts.records(variables, "firewall_confined"):
        value = record.get("owner")
        if not is_owner(value):
            yield Fault(
                "firewall_confined", f"the owner {value!r} is neither a user nor a uid", "Write mastodon or 991"
            )
        elif str(value) in {"0", "root"}:
            yield Fault("firewall_confined", "root cannot be confined: ssh and apt run as root", "Name the app's user")


def outgoing_rules_have_an_owner(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Output is free but for the confined: a rule about anybody else would look like a limit and be none."""
    confined = {str(record.get("owner")) for record in _rule_parts.records(variables, "firewall_confined")}
    for rule in _rule_parts.records(variables, "firewall_rules"):
        value = rule.get("owner")
        named = value not in (None, "")
        if rule.get("direction") == "out":
            if not named or str(value) not in confined:
                yield _of(
                    rule,
                    f"its owner {value!r} is not confined, and everybody else's output is free anyway",
                    "Name an owner of firewall_confined, written in the same way, or leave the rule out",
                )
        elif named:
            yield _of(rule, "what comes in or passes through has no owner", "Leave owner out, or make it direction out")


def rollback_seconds(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Long enough for a new ssh connection, short enough to wait for."""
    name = "firewall_rollback_seconds"
    seconds = _rule_parts.whole_number(variables.get(name, 60))
    if seconds is None or not _SHORTEST <= seconds <= _LONGEST:
        yield Fault(
            name, f"it is not a number from {_SHORTEST} to {_LONGEST}", "Give seconds, without quotes; 60 is good"
        )


def is_comment(value: Any) -> bool:
    """Tell whether the value can stand between quotes in the table."""
    return (
        isinstance(value, str)
        and value.strip() != ""
        and value.isprintable()
        and not set(value) & {'"', "\\"}
        and len(value.encode("utf-8", "replace")) <= _COMMENT_BYTES
    )


def is_ports(value: Any) -> bool:
    """Tell whether the value is a port or a range of ports."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return False
    match = _PORTS.fullmatch(str(value))
    return match is not None and int(match[1]) <= int(match[2] or match[1]) <= 65535


def is_owner(value: Any) -> bool:
    """Tell whether the value is a user's name or a uid."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return False
    text = str(value)
    if text.isascii() and text.isdigit():
        return text == str(int(text)) and int(text) < _UIDS
    return _USER.fullmatch(text) is not None


def _of(rule: Mapping[str, Any], fault: str, cure: str) -> Fault:
    comment = rule.get("comment")
    return Fault("firewall_rules", f"in {comment!r}, {fault}" if isinstance(comment, str) else fault, cure)


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    somebody_may_come_in,
    directions_and_protocols,
    comments,
    ports,
    peers,
    interfaces,
    owners,
    outgoing_rules_have_an_owner,
    rollback_seconds,
)
