# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the attributes of this collection's modules mean; a module adds only its own support and details."""

from __future__ import annotations


class ModuleDocFragment:
    """Descriptions of the attributes that every module states."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what it would change, without changing it.
  diff_mode:
    description: Returns details on what has changed, or would change, in diff mode.
  idempotent:
    description: When run twice with the same options, the second run changes nothing.
"""
