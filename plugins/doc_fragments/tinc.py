# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions that write files of tinc nets are told."""

from __future__ import annotations


class ModuleDocFragment:
    """The nets and what all of them share; hosts and guests must agree on it."""

    DOCUMENTATION = r"""
options:
  nets:
    description: The nets, as in role P(fediops.mastodon.tinc_vpn#role).
    type: list
    elements: dict
    required: true
  keys_dir:
    description: The directory on the controller that keeps the public halves, see M(fediops.mastodon.tinc_keys).
    type: path
    required: true
  cipher:
    description: What packets are encrypted with.
    type: str
    required: true
  digest:
    description: What packets are authenticated with.
    type: str
    required: true
  ping_interval:
    description: Seconds of silence after which a peer is asked whether it is there.
    type: int
    required: true
  ping_timeout:
    description: Seconds that it has to answer.
    type: int
    required: true
  mtu:
    description: The largest packet that the interfaces take.
    type: int
    required: true
"""
