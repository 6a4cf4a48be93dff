#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_probe
short_description: Look at a running instance, from outside or on its hosts
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Runs a list of probes side by side and returns one row or more for each, for M(fediops.mastodon.acceptance).
  - A probe that fails, hangs or meets something unexpected is a red row with a sentence that says so. The module
    itself fails only when the list of probes makes no sense.
  - Most probes need no rights; C(egress), C(vpn), C(firewall), C(containers) and C(postgres) need root.
  - Nothing is changed, and nothing is sent by mail unless a C(smtp) probe carries an address in its option C(to).
requirements:
  - Python 3.9 or later on the host; nothing but its standard library
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: In check mode no message is sent, whatever the options of a C(smtp) probe say.
  diff_mode:
    support: none
    details: It never changes anything.
  idempotent:
    support: N/A
    details: Nothing is changed; a second run says the same while the instance stays in the same state.
options:
  probes:
    description:
      - What to look at. Each entry has the keys C(area), C(name) and C(probe), and besides them the options of that
        probe.
      - C(tls) (C(hosts), C(port), C(http_port)) verifies chain and name, sees that renewal is not late, that TLS 1.2
        and 1.3 are spoken and nothing older, that HSTS is said once and no security header twice, and that plain HTTP
        leads to https.
      - C(http) (C(url), C(method), C(status), C(warn_status), C(body), C(contains), C(lacks), C(headers),
        C(json_equals), C(json_list), C(certificate), C(cure)) asks for a page, follows no redirect, and wants each of
        C(headers) exactly once with the given part in its value.
      - C(instance) (C(url), C(domain), C(version)) reads what the instance says of itself.
      - C(webfinger) (C(url), C(web), C(account)) asks the domain of the handles for an account as other servers do. It
        may answer itself, or lead to the same question at C(web), where the account's own address must be.
      - C(websocket) (C(url)) asks for an upgrade without a token and wants to be refused by the streaming server
        itself.
      - C(ports) (C(targets), C(tcp), C(udp), C(seconds)) knocks at all TCP ports of hosts and asks UDP services in
        their own languages. Each of C(targets) has a C(host), its C(addresses), and C(open), a dictionary with the
        ports that must answer as C(tcp) and C(udp). An answer anywhere else is red, and so is silence where there must
        be an answer. Ports in C(limited) may do either. C(tcp) is a list of ranges, C(udp) one of ports; after
        C(seconds) the rest of the TCP ports is left, and a row says so. Silence of UDP cannot be told from closed.
      - C(egress) (C(project), C(services), C(wired), C(rules), C(addresses), C(guarded)) tries, from within a running
        container of the app, C(wired) endpoints, which must answer, and what is private and must not, which is whatever
        listens on the host, the hosts at C(addresses), routers, and the metadata service of clouds. Where C(rules), in
        the form of C(firewall_rules), let the app out, either is fine. Unless the host is C(guarded) by a firewall, an
        answer is a warning.
      - C(vpn) (C(nets), C(node)) takes nets as C(tinc_vpn_nets) does. It sees that the interface is up, that every
        other host answers an echo request, and that packets are refused when the VPN is down.
      - C(firewall) (C(table), C(file), C(unit)) sees that the nftables table is what the file says, and that the unit
        is enabled.
      - C(smtp) (C(server), C(port), C(tls), C(starttls), C(login), C(secret), C(from_address), C(to)) connects,
        verifies TLS and logs in.
      - C(redis) (C(host), C(port), C(user), C(secret), C(appendonly)) reads version, persistence and memory.
      - C(s3) (C(url), C(bucket), C(user), C(secret), C(region), C(certificate), C(cure)) writes, reads and deletes an
        object; C(user) is the name of a secret, too.
      - C(sidekiq) (C(host), C(port), C(user), C(secret), C(queues), C(slow), C(stuck), C(many_retries)) reads
        processes, queues and failed jobs from Redis.
      - C(postgres) (C(database), C(owner), C(port)) asks the server on this host, as user C(postgres).
      - C(postgres_login) (C(host), C(port), C(database), C(user), C(certificate)) sees that the server asks the app for
        a password, with SCRAM.
      - C(containers) (C(project), C(services), C(version)) reads the state of a Compose project.
      - C(disk) (C(paths), C(warn_percent), C(fail_percent)), C(clock) (C(controller), C(warn_seconds),
        C(fail_seconds)), C(units) (C(active)) and C(versions) (C(packages), C(programs)) look at the host itself.
    type: list
    elements: dict
    required: true
  secrets:
    description:
      - Passwords by name. A probe names the one that it needs in its option C(secret).
    type: dict
    default: {}
  ca_file:
    description:
      - A file on the host with the certificates to trust, in PEM format. Empty means what the host trusts.
    type: path
    default: ""
  resolve:
    description:
      - Addresses by name, for names that this host should find elsewhere than its resolver says.
    type: dict
    default: {}
  timeout:
    description:
      - Seconds that one connection, answer or program may take.
    type: float
    default: 10
  limit:
    description:
      - Seconds after which the module answers with what it has. A probe that is still at work then is a red row.
    type: float
    default: 60
seealso:
  - module: fediops.mastodon.acceptance
"""

EXAMPLES = r"""
- name: Look at the instance from outside
  fediops.mastodon.instance_probe:
    probes:
      - area: web
        name: Web health
        probe: http
        url: https://social.example.org/health
        body: OK
        cure: "Read the log: docker compose logs web"
      - area: tls
        name: TLS
        probe: tls
        hosts: [social.example.org, media.social.example.org]
      - area: safety
        name: Ports
        probe: ports
        targets:
          - host: social
            addresses: [192.0.2.7, "2001:db8::7"]
            open: {tcp: [22, 80, 443], udp: [443]}
  register: look

- name: Look at the queues
  fediops.mastodon.instance_probe:
    probes:
      - area: jobs
        name: Sidekiq
        probe: sidekiq
        host: 127.0.0.1
        user: mastodon
        secret: redis
        queues: [default, push, ingress, mailers, pull, scheduler, fasp]
        slow: {default: 5, push: 10, pull: 300}
    secrets:
      redis: "{{ mastodon_redis_password }}"
  register: look
"""

RETURN = r"""
rows:
  description: What was found, in the order of O(probes).
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: Always empty; M(fediops.mastodon.acceptance) knows whose result it reads.
      type: str
      sample: ""
    area:
      description: The part of the instance that this is about.
      type: str
      sample: web
    name:
      description: What was looked at.
      type: str
      sample: Web health
    status:
      description: V(ok), V(warn) or V(fail).
      type: str
      sample: ok
    detail:
      description: What was found.
      type: str
      sample: answered 200
    cure:
      description: What to do about it; empty when all is well.
      type: str
      sample: "Read the log: docker compose logs web"
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_run
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import as_data
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context

ARGUMENTS: dict[str, dict[str, Any]] = {
    "probes": {"type": "list", "elements": "dict", "required": True},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "ca_file": {"type": "path", "default": ""},
    "resolve": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 10},
    "limit": {"type": "float", "default": 60},
}


def main() -> None:
    """Run the probes and return their rows."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    probes: list[dict[str, Any]] = options["probes"]
    faults = _probe_run.wrong(probes)
    if faults:
        module.fail_json(msg="These probes make no sense: " + "; ".join(faults))
    if module.check_mode:
        probes = [{**entry, "to": ""} if entry.get("to") else entry for entry in probes]
    context = Context(
        ca_file=options["ca_file"],
        timeout=options["timeout"],
        resolve={name: str(address) for name, address in options["resolve"].items()},
        secrets={name: str(value) for name, value in options["secrets"].items()},
    )
    module.exit_json(changed=False, rows=as_data(_probe_run.run(probes, context, "", options["limit"])))


if __name__ == "__main__":
    main()
