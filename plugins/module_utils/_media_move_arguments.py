# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of media_move, for its two halves. Documented in plugins/modules/media_move.py. PRIVATE."""

from __future__ import annotations

from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _stores

ARGUMENTS: dict[str, Any] = {
    "only_validate": {"type": "bool", "default": False},
    "from": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "access_key": {"type": "str", "no_log": False},
            "secret_key": {"type": "str", "no_log": True},
            "region": {"type": "str"},
            "store_kind": {"type": "str", "choices": list(_stores.KINDS)},
            "endpoint_url": {"type": "str"},
            "bucket": {"type": "str"},
            "path_style": {"type": "bool"},
            "prefix": {"type": "str"},
            "directory": {"type": "str"},
            "acls": {"type": "bool", "default": False},
        },
    },
    "origins": {"type": "list", "elements": "dict", "required": True},
    "target": {
        "type": "dict",
        "required": True,
        "options": {
            "endpoint_url": {"type": "str", "required": True},
            "bucket": {"type": "str", "required": True},
            "access_key": {"type": "str", "required": True, "no_log": False},
            "secret_key": {"type": "str", "required": True, "no_log": True},
            "region": {"type": "str", "default": "us-east-1"},
            "store_kind": {"type": "str", "choices": list(_stores.KINDS), "default": _stores.OTHER},
            "path_style": {"type": "bool", "default": True},
            "tls_ca": {"type": "str", "default": ""},
            "acl": {"type": "str", "choices": ["", "public-read"], "default": ""},
        },
    },
    "cache": {"type": "bool", "default": True},
    "spared": {"type": "list", "elements": "str", "default": []},
    "switched": {"type": "bool", "default": False},
    "again": {"type": "bool", "default": False},
    "retire": {"type": "bool", "default": False},
    "quiet_days": {"type": "int", "default": 30},
    "media_hosts": {"type": "list", "elements": "str", "default": []},
    "max_deletions": {"type": "int", "default": 20},
    "free_bytes": {"type": "int", "default": -1},
    "bandwidth": {"type": "str", "default": ""},
    "transfers": {"type": "int", "default": 8},
    "wait": {"type": "int", "default": 10},
}
