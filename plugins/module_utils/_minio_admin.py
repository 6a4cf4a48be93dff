# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and policies of a MinIO, through its client program. PRIVATE to the collection: no other code may rely on it.

The admin API encrypts its bodies in a way of its own, so the client does the talking. It gets the administrator's key
in its environment and users' secrets on its standard input: neither is ever an argument, where `ps` would show it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import KeyRefusedError, kind_of

ALIAS = "store"

# Runs the client: arguments and standard input -> return code, standard output, standard error.
Runner = Callable[[list[str], str], tuple[int, str, str]]

_MISSING = frozenset({"XMinioAdminNoSuchUser", "XMinioAdminNoSuchPolicy"})


def environment(endpoint_url: str, access_key: str, secret_key: str) -> dict[str, str]:
    """Return the environment from which the client reads where the store is and who asks.

    The client splits the value at colons and does not decode anything, hence the refusal.
    """
    if ":" in access_key or ":" in secret_key:
        raise KeyRefusedError("the administrator's access key and secret key must not contain a colon")
    url = urlsplit(endpoint_url)
    return {f"MC_HOST_{ALIAS}": f"{url.scheme}://{access_key}:{secret_key}@{url.netloc}"}


class Admin:
    """The few things that the s3_user module asks of a MinIO."""

    def __init__(self, run: Runner) -> None:
        """Use `run` to start the client with `admin` and what follows."""
        self._run = run

    def user(self, name: str) -> dict[str, Any] | None:
        """Return status and attached policies of a user, None when there is none."""
        answer = self._ask(["user", "info", ALIAS, name])
        if answer is None:
            return None
        attached = [policy for policy in str(answer.get("policyName", "")).split(",") if policy]
        return {"status": str(answer.get("userStatus", "")), "policies": sorted(attached)}

    def set_user(self, name: str, secret: str) -> None:
        """Create a user, or give it this secret; either way it is enabled afterwards."""
        self._ask(["user", "add", ALIAS], f"{name}\n{secret}\n")

    def remove_user(self, name: str) -> None:
        """Remove a user."""
        self._ask(["user", "remove", ALIAS, name])

    def policy(self, name: str) -> dict[str, Any] | None:
        """Return a policy document, None when there is none."""
        answer = self._ask(["policy", "info", ALIAS, name])
        document: dict[str, Any] | None = (answer or {}).get("policyInfo", {}).get("Policy")
        return document

    def set_policy(self, name: str, document: Mapping[str, Any]) -> None:
        """Create a policy or replace it; users who have it are affected at once."""
        self._ask(["policy", "create", ALIAS, name, "/dev/stdin"], json.dumps(document))

    def remove_policy(self, name: str) -> None:
        """Remove a policy; the store refuses while a user has it."""
        self._ask(["policy", "remove", ALIAS, name])

    def attach(self, policy: str, user: str) -> None:
        """Give a policy to a user."""
        self._ask(["policy", "attach", ALIAS, policy, "--user", user])

    def detach(self, policy: str, user: str) -> None:
        """Take a policy from a user."""
        self._ask(["policy", "detach", ALIAS, policy, "--user", user])

    def _ask(self, words: list[str], stdin: str = "") -> dict[str, Any] | None:
        """Run the client and return its last answer; None when the thing asked for does not exist."""
        code, out, err = self._run(words, stdin)
        answer = last_json(out)
        if code == 0 and answer.get("status") == "success":
            return answer
        cause = answer.get("error", {}).get("cause", {})
        detail = cause.get("error", {})
        name = str(detail.get("Code", "")) if isinstance(detail, Mapping) else ""
        if name in _MISSING:
            return None
        what = " ".join(words[:2])
        text = cause.get("message") or answer.get("error", {}).get("message") or err.strip() or f"exit code {code}"
        raise kind_of(name)(f"the client's 'admin {what}' failed: {text}")


def last_json(text: str) -> dict[str, Any]:
    """Return the last line that is a JSON object; the client may print others before it."""
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
