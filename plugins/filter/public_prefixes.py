# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public prefixes of a media bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
name: public_prefixes
short_description: Prefixes of a media bucket that anybody may read
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Returns the list that the bucket policy, the media proxy and the acceptance check share.
  - C(backups/), where Mastodon keeps users' archives, is never in it.
positional: _input
options:
  _input:
    description: The software that owns the bucket.
    type: str
    required: true
    choices: [mastodon]
"""

EXAMPLES = r"""
- name: Show what anybody may read
  ansible.builtin.debug:
    msg: "{{ 'mastodon' | fediops.mastodon.public_prefixes }}"
"""

RETURN = r"""
_value:
  description: The prefixes, each with its trailing slash, without the bucket and without a key prefix.
  type: list
  elements: str
  sample: [accounts/, cache/, custom_emojis/, media_attachments/]
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _media


def public_prefixes(software: Any) -> list[str]:
    """Return the prefixes, or say which software is not known."""
    try:
        return _media.public_prefixes(software)
    except LookupError as error:
        raise AnsibleFilterError(f"public_prefixes: {error}") from error


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[[Any], list[str]]]:
        """Return the filters of this file."""
        return {"public_prefixes": public_prefixes}
