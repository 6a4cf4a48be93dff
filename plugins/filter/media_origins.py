# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media origins, spelled out for a proxy's template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: media_origins
short_description: Spell out the origins of a media proxy
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Splits the URL of each origin and fills in what follows from it, so that a template needs no logic of its own.
  - Keeps the order, which is the order in which a proxy asks the origins.
positional: _input
options:
  _input:
    description:
      - The origins; each has a C(name) and either a C(url) of the form C(scheme://host[:port]) or a C(directory).
      - P(fediops.mastodon.nginx_media#role) says what else they may have.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what a proxy would ask
  ansible.builtin.debug:
    msg: "{{ origins | fediops.mastodon.media_origins }}"
  vars:
    origins:
      - name: store
        url: http://10.0.0.5:9000
        bucket: mastodon-media
"""

RETURN = r"""
_value:
  description: The origins in the same order.
  type: list
  elements: dict
  contains:
    name:
      description: The name of the origin.
      type: str
    scheme:
      description: Either V(http) or V(https).
      type: str
    host:
      description: Name or address of the server, without brackets. Empty for a directory.
      type: str
    port:
      description: Port of the server; the one of the scheme when the URL names none.
      type: int
    by_address:
      description: Whether RV(_value[].host) is an IP address, so that nothing needs to be resolved.
      type: bool
    authority:
      description: Host and port, an IPv6 address in brackets. For a directory, a socket.
      type: str
    prefix:
      description: What stands before the path of each object, a bucket among it; may be empty.
      type: str
    host_header:
      description: The Host header that the origin expects.
      type: str
    tls_name:
      description: The name that the certificate of an origin with V(https) must have.
      type: str
    tls_verify:
      description: Whether the certificate must be good.
      type: bool
    tls_ca:
      description: The certificates that may have signed it; empty for those that the host trusts.
      type: str
    others:
      description: Further servers that hold the same files, as C(address:port).
      type: list
      elements: str
    directory:
      description: The directory of this host, if it is one.
      type: str
    forbidden:
      description: What 403 means, either V(missing) or V(away).
      type: str
    connect_timeout:
      description: Time to accept a connection; empty for the proxy's own.
      type: str
    timeout:
      description: Time to stay silent; empty for the proxy's own.
      type: str
    access_key:
      description: The name of who may delete there; empty where nobody may.
      type: str
    secret_key:
      description: The secret of who may delete there.
      type: str
    region:
      description: The region that requests are signed for.
      type: str
"""

import dataclasses
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _origins


def media_origins(origins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the origins spelled out, or say which one is malformed."""
    try:
        return [dataclasses.asdict(_origins.parse(origin)) for origin in origins]
    except ValueError as error:
        raise AnsibleFilterError(f"media_origins: {error}") from error


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]]:
        """Return the filters of this file."""
        return {"media_origins": media_origins}
