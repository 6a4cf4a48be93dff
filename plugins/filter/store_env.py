# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Mastodon must be told about the store at hand."""

from __future__ import annotations

DOCUMENTATION = r"""
name: store_env
short_description: Mastodon's environment for a kind of object store
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Returns the variables of Mastodon's environment that depend on the kind of the store, which are time-outs, retries,
    checksums, the style of addresses, and whether a download may come in parts.
  - Endpoint, bucket, region and keys are not among them.
positional: _input
options:
  _input:
    description: The kind of store.
    type: str
    required: true
    choices: [minio, aws, b2, r2, wasabi, garage, seaweedfs, ceph, versity, other]
"""

EXAMPLES = r"""
- name: Show what Mastodon needs with Wasabi
  ansible.builtin.debug:
    msg: "{{ 'wasabi' | fediops.mastodon.store_env }}"
"""

RETURN = r"""
_value:
  description: Names of variables and their values.
  type: dict
  sample:
    AWS_REQUEST_CHECKSUM_CALCULATION: when_required
    S3_READ_TIMEOUT: 15
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _stores


def store_env(kind: Any) -> dict[str, object]:
    """Return the variables, or say which kind is not known."""
    if kind not in _stores.KINDS:
        raise AnsibleFilterError(f"store_env: {kind!r} is no kind of store; there are {', '.join(_stores.KINDS)}")
    return _stores.environment(kind)


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[[Any], dict[str, object]]]:
        """Return the filters of this file."""
        return {"store_env": store_env}
