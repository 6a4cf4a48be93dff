# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to write a policy down, and to compare two."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _policy, _policy_presets

NEW = "2012-10-17"
BUCKET = "arn:aws:s3:::media"
WANTED = _policy_presets.public_read("media", ["accounts/", "cache/"])


def document(*statements: dict[str, Any], version: str | None = NEW) -> dict[str, Any]:
    """Return a policy of these statements."""
    return {**({"Version": version} if version else {}), "Statement": list(statements)}


def allow(**elements: Any) -> dict[str, Any]:
    """Return a statement that lets anybody read, with some elements replaced; None removes one."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **elements}
    return {key: value for key, value in statement.items() if value is not None}


def same(one: Any, other: Any) -> bool:
    """Compare two documents, or two statements, by what they say."""
    read = [json.loads(each) if isinstance(each, str) else each for each in (one, other)]
    documents = [each if "Statement" in each else document(each) for each in read]
    return _policy.atoms(documents[0]) == _policy.atoms(documents[1])
