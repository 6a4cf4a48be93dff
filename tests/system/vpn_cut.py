# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.vpn_cut`: the VPN between app and data is away for a minute, under load.

Visitors soon get an error at once instead of waiting, jobs that are still in Redis are all done afterwards, no packet
for the VPN's network leaves in the clear, and everything comes back without a hand. Jobs are mails, since the mail sink
is a witness that is part of neither Redis nor Sidekiq.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import yaml

from tests.e2e import demo, ship
from tests.system.bed import insist, on, shell, until, well
from tests.system.runs import TESTBED, describe

DATA, APP, OUTSIDE = "tempo", "parasect", "depot"
NETWORK = "10.235.0.0/16"
CUT_SECONDS = 60
# By then both sides know that the other is gone.
NOTICED_AFTER = 15.0
AT_ONCE = 2.0
# The edge gives a page up after ten seconds, whatever the app is still waiting for.
PATIENCE = 15.0
BACK_WITHIN = 90.0
JOBS = 2000
IN_FLIGHT = 10  # Sidekiq's threads: what they hold when Redis vanishes is what may be lost
# Mastodon lets an address ask 300 times in five minutes.
RATE = 1.5
PAGE = "/api/v1/timelines/public?limit=1"
CAPTURE = "/run/vpn-cut.pcap"
# On the wire, so that both sides have to notice: nothing tells them.
CUT = "table inet cut {{ chain {hook} {{ type filter hook {hook} priority -200; {dport} drop; {sport} drop; }}; }}"
ENQUEUE = """
user = Account.find_local(ENV.fetch('OWNER')).user
Integer(ENV.fetch('JOBS')).times do |n|
  UserMailer.confirmation_instructions(user, "cut-#{ENV.fetch('MARK')}-#{n}-").deliver_later
end
"""


def enqueue(owner: str, mark: str) -> None:
    """Put the jobs into Redis, from within the web container."""
    names = ("--env", f"OWNER={owner}", "--env", f"JOBS={JOBS}", "--env", f"MARK={mark}")
    on(APP, "docker", "exec", "-i", *names, "mastodon-web-1", "bin/rails", "runner", "-", data=ENQUEUE)


def delivered(mark: str) -> int:
    """How many of the mails have arrived."""
    found = shell(OUTSIDE, f"grep -rhoE 'cut-{mark}-[0-9]+-' /var/mail-sink/Maildir | sort -u | wc -l", check=False)
    return int(found)


class Visitors(threading.Thread):
    """People from outside, who come at an even pace for a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__(daemon=True)
        self.seconds = seconds
        self.seen: dict[str, Any] = {}

    def run(self) -> None:
        """Let them come."""
        running = demo.load(describe())
        config = {"host": running.domain, "ca": running.ca, "path": PAGE, "rate": RATE, "seconds": self.seconds}
        for report in ship.run(running.outside(), "pace", config):
            self.seen.update(report.get("facts", {"broken": report}))


def watch(gateway: str) -> None:
    """Give each host a way out, and note every packet for the VPN's network that leaves by the wrong door."""
    for host in (DATA, APP):
        shell(host, "command -v tcpdump >/dev/null || apt-get -qq install -y tcpdump >/dev/null")
        shell(host, f"ip route replace default via {gateway}; ip route get 10.235.77.77 || true")
        shell(
            host,
            "systemctl stop vpn-cut-capture 2>/dev/null || true; "
            f"systemd-run --quiet --collect --unit vpn-cut-capture tcpdump -i eth0 -U -n -w {CAPTURE} net {NETWORK}"
            " and not arp; sleep 1; systemctl is-active vpn-cut-capture >/dev/null",
        )


def leaked(host: str) -> list[str]:
    """The packets that left in the clear; the host has no way out afterwards."""
    # A capture that sees nothing may be blind: this one must be seen.
    shell(
        host,
        "ip route add 10.235.66.0/24 dev eth0; ip neigh replace 10.235.66.66 lladdr 02:00:00:00:00:01 dev eth0; "
        "echo leak | nc -u -w 1 10.235.66.66 9 || true; sleep 1",
    )
    shell(host, "ip route del 10.235.66.0/24 dev eth0; ip route del default; systemctl stop vpn-cut-capture")
    lines = shell(host, f"tcpdump -n -r {CAPTURE} 2>/dev/null").splitlines()
    insist(any("10.235.66.66" in line for line in lines), f"{host}: the capture sees what leaves")
    return [line for line in lines if "10.235.66.66" not in line]


def cut() -> None:
    """First the wire, then the daemon of the app's host as well: its interface and its routes go away."""
    for hook in ("input", "output"):
        rules = CUT.format(
            hook=hook, dport="meta l4proto { tcp, udp } th dport 655", sport="meta l4proto { tcp, udp } th sport 655"
        )
        on(DATA, "nft", "-f", "-", data=rules)
    time.sleep(CUT_SECONDS / 2)
    on(APP, "systemctl", "stop", "tinc@data")
    time.sleep(CUT_SECONDS / 2)


def mend() -> None:
    """The way is free again."""
    on(DATA, "nft", "delete", "table", "inet", "cut")
    on(APP, "systemctl", "start", "tinc@data")


def judge(records: list[dict[str, Any]], began: float, ended: float) -> None:
    """What visitors saw."""
    before = [record for record in records if record["at"] + record["took"] < began]
    during = [record for record in records if began <= record["at"] < ended]
    answers = {record["status"] for record in before}
    insist(len(before) > 5 and answers == {200}, f"{len(before)} visits before the cut, answered with {answers}")
    failed = [record for record in during if record["status"] != 200]
    insist(bool(failed), f"{len(failed)} of {len(during)} visits during the cut met an error")
    noticed = [record for record in during if record["at"] >= began + NOTICED_AFTER]
    at_once = [record for record in noticed if record["took"] <= AT_ONCE and record["status"] not in (0, 200)]
    insist(
        len(at_once) >= 0.8 * len(noticed),
        f"{NOTICED_AFTER:.0f} s after the cut {len(at_once)} of {len(noticed)} are told so within {AT_ONCE:.0f} s",
    )
    waited = [record for record in during if record["took"] > AT_ONCE]
    longest = max((record["took"] for record in waited), default=0.0)
    insist(
        longest <= PATIENCE and 0 not in {record["status"] for record in during},
        f"{len(waited)} of {len(during)} waited longer, up to {longest:.1f} s, and none for nothing",
    )
    after = [record for record in records if record["at"] >= ended]
    last_bad = max((record["at"] for record in after if record["status"] != 200), default=ended)
    good = [record for record in after if record["at"] > last_bad]
    insist(len(good) > 10, f"visits are answered again {last_bad - ended:.1f} s after the VPN is back")
    insist(last_bad - ended <= BACK_WITHIN, f"within {BACK_WITHIN:.0f} s")


def main() -> int:
    """Load, jobs, the cut, and the account of it all."""
    mark = str(int(time.time()))
    inventory = yaml.safe_load(TESTBED.read_text())["all"]
    watch(inventory["hosts"][OUTSIDE]["ansible_host"])
    visitors = Visitors(CUT_SECONDS + BACK_WITHIN + 30)
    visitors.start()
    enqueue(demo.load(describe()).owner, mark)
    time.sleep(3)
    done_before = delivered(mark)
    began = time.time()
    cut()
    mend()
    ended = time.time()
    visitors.join()
    insist("records" in visitors.seen, f"the visitors came to their end {visitors.seen.get('broken', '')}")
    judge(visitors.seen["records"], began, ended)
    insist(done_before < JOBS, f"{done_before} of {JOBS} jobs were done before the cut: the others waited in Redis")
    until(lambda: delivered(mark) >= JOBS, 120)
    lost = JOBS - delivered(mark)
    insist(0 <= lost <= IN_FLIGHT, f"{lost} jobs are lost; {IN_FLIGHT} may have been in flight")
    for host in (DATA, APP):
        packets = leaked(host)
        insist(not packets, f"{host}: {len(packets)} packets for {NETWORK} left in the clear {packets[:3]}")
    well("the cut")
    return 0


if __name__ == "__main__":
    sys.exit(main())
