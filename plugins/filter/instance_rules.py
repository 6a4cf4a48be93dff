# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall rules of one host of an instance."""

from __future__ import annotations

DOCUMENTATION = r"""
name: instance_rules
short_description: Work out the firewall rules of one host of an instance
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Follows from who does what in the instance - the app talks to the database, the edge to the app - and from the
    addresses of the hosts.
  - The rules have the form that role P(fediops.mastodon.firewall#role) takes.
positional: _input, host
options:
  _input:
    description:
      - The hosts, each with C(name), C(address), C(groups), and perhaps C(interface) (where the private network
        arrives), C(services) (of the app) and C(ssh_port).
    type: list
    elements: dict
    required: true
  host:
    description: Name of the host that gets the rules.
    type: str
    required: true
  ports:
    description: Ports by service, for C(postgres), C(redis), C(minio), C(nginx_media), C(web) and C(streaming).
    type: dict
    required: true
  edges:
    description: Names of the hosts whose edge serves the C(web), C(media) and C(s3) sites.
    type: dict
    required: true
  vpn_ports:
    description: Ports of the VPN's nets, TCP and UDP.
    type: list
    elements: int
    default: []
  admin_interface:
    description: Interface of the admins' net; empty when there is none.
    type: str
    default: ""
  ssh_peers:
    description: Addresses or networks that may log in. Empty lets everybody try.
    type: list
    elements: str
    default: []
  app_owner:
    description: The uid of the app.
    type: int
    default: 991
  foreign:
    description:
      - Services outside of the instance that the app uses, each with C(name), C(host) and C(port).
      - Those with a name for a host are passed over, as they need no rule while they are public.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Show the rules of a host
  ansible.builtin.debug:
    msg: >-
      {{ [{'name': 'fedi', 'address': '127.0.0.1', 'groups': ['caddy']}]
         | fediops.mastodon.instance_rules('fedi', ports={}, edges={'web': ['fedi']}) }}
"""

RETURN = r"""
_value:
  description: The rules.
  type: list
  elements: dict
  sample: [{"comment": "ssh", "direction": "in", "protocol": "tcp", "ports": [22]}]
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _flows


def instance_rules(
    places: Sequence[Mapping[str, Any]],
    host: str,
    ports: Mapping[str, int],
    edges: Mapping[str, Sequence[str]],
    foreign: Sequence[Mapping[str, Any]] = (),
    **settings: Any,
) -> list[dict[str, Any]]:
    """Return the rules of one host."""
    instance = _flows.Instance(
        places=_flows.places(places), ports=ports, edges=edges, foreign=_flows.by_address(foreign), **settings
    )
    return _flows.rules(instance, host)


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filters of this file."""
        return {"instance_rules": instance_rules}
