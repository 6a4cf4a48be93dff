# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role redis that cannot work. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _rule_parts
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

FLAVOURS = ("redis", "valkey")
POLICIES = (
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
)

_USER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
# Key and channel patterns (~ % &) and commands (+ -) in the grammar of ACL SETUSER.
_ACL_RULE = re.compile(
    r"(~\S+|%(R|W|RW)~\S+|&\S+|[+-]@?[a-z0-9_|-]+"
    r"|allkeys|resetkeys|allchannels|resetchannels|allcommands|nocommands)"
)
_SAVE = re.compile(r"|\d+ \d+( \d+ \d+)*")


def known_flavour(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The two have different packages, users and paths; Debian 12 has only one of them."""
    flavour = variables.get("redis_flavour", "redis")
    if flavour not in FLAVOURS:
        yield Fault("redis_flavour", f"{flavour!r} is not known", f"Give {' or '.join(FLAVOURS)}")
    elif flavour == "valkey" and _rule_parts.fact(variables, "distribution_major_version") == "12":
        yield Fault("redis_flavour", "Debian 12 has no valkey", "Use redis there, or Debian 13")


def port(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The server has no capabilities, hence no right to a low port."""
    return _rule_parts.port(variables, "redis_port")


def bind_addresses(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Redis listens on addresses that were named."""
    return _rule_parts.listen_addresses(variables, "redis_bind_addresses")


def somewhere_to_listen(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """An empty bind line means every address to Redis."""
    if variables.get("redis_bind_addresses", ["127.0.0.1"]) in ([], (), None):
        yield Fault(
            "redis_bind_addresses",
            "it is empty, which Redis takes for every address",
            "Name 127.0.0.1 or the private address",
        )


def some_user(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The default user is off: without another one nobody can log in."""
    if "redis_users" in variables and not _rule_parts.records(variables, "redis_users"):
        yield Fault("redis_users", "it is empty, so nobody could log in", "Add a user with name and password")


def user_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The default user is what an unauthenticated client becomes; it stays off."""
    for user in _rule_parts.records(variables, "redis_users"):
        name = user.get("name")
        if name == "default":
            yield Fault("redis_users", "the user 'default' is always off", "Give the client a name of its own")
        elif not isinstance(name, str) or not _USER_NAME.fullmatch(name):
            yield Fault("redis_users", f"{name!r} is not a plain name", "Use letters, digits and . _ -, at most 64")


def duplicate_users(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Redis refuses to start on an ACL file that names a user twice."""
    return _rule_parts.duplicates(variables, "redis_users")


def passwords(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Redis keeps an unsalted SHA-256: only length protects the password of whoever reads the file."""
    return _rule_parts.passwords(variables, "redis_users")


def acl_rules(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The role writes passwords and on/off itself; rules that touch them (nopass, reset, >…) would undo that."""
    for user in _rule_parts.records(variables, "redis_users"):
        rules = user.get("rules", "+ping")
        # Not split(): it would take the words of a smuggled-in second line for rules of the first.
        words = rules.split(" ") if isinstance(rules, str) else [""]
        if not all(_ACL_RULE.fullmatch(word) for word in words):
            # The rule itself is not repeated: ">text" would be a password.
            yield Fault(
                "redis_users",
                f"the rules of {user.get('name')!r} are not only keys, channels and commands",
                "Write for example ~* &* +@all -@dangerous +info",
            )


def maxmemory(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A limit the host does not have protects nothing; 0 is no limit."""
    if variables.get("redis_maxmemory_mb", 0) != 0:
        yield from _rule_parts.memory_share(variables, "redis_maxmemory_mb", least=16)


def known_policy(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Redis does not start with a policy that it does not know."""
    policy = variables.get("redis_maxmemory_policy", "noeviction")
    if policy not in POLICIES:
        yield Fault("redis_maxmemory_policy", f"{policy!r} is not known", f"Give one of {', '.join(POLICIES)}")


def queues_are_not_evicted(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """An instance that keeps its data holds queues; evicting keys from those loses posts and mail without a word."""
    if _evicts(variables) and variables.get("redis_appendonly", True) is not False:
        policy = variables["redis_maxmemory_policy"]
        yield Fault(
            "redis_maxmemory_policy",
            f"{policy} would throw away queued jobs of an instance with AOF",
            "Use noeviction; for a cache of its own set redis_appendonly: false as well",
        )


def eviction_has_a_limit(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Without a limit an evicting cache never evicts, and grows until the kernel kills something."""
    if _evicts(variables) and not variables.get("redis_maxmemory_mb", 0):
        yield Fault("redis_maxmemory_mb", "without it the cache would never evict", "Give a limit in megabytes")


def save_points(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Redis does not start with a save line that it cannot read."""
    save = variables.get("redis_save", "")
    if not isinstance(save, str) or not _SAVE.fullmatch(save):
        yield Fault(
            "redis_save",
            "it is not a list of pairs: seconds and changes",
            'Write for example "3600 1 300 100", or "" for no snapshots',
        )


def platform(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The role knows Debian's packages; older releases carry a Redis that Sidekiq refuses."""
    return _rule_parts.platform(variables, "redis_flavour", {"12", "13"})


def _evicts(variables: Mapping[str, Any]) -> bool:
    return variables.get("redis_maxmemory_policy") in POLICIES[1:]


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    known_flavour,
    port,
    bind_addresses,
    somewhere_to_listen,
    some_user,
    user_names,
    duplicate_users,
    passwords,
    acl_rules,
    maxmemory,
    known_policy,
    queues_are_not_evicted,
    eviction_has_a_limit,
    save_points,
)
