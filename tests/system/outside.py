# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.outside`: check.yml sees doors that stand open, and an app that is let out.

Two programs listen on a host that nobody asked for, one of them over IPv6 only. Behind the firewall they are nobody's
business; when a hand has changed or deleted the firewall's table, the acceptance must name them.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import yaml

from tests.system.bed import insist, on, red_rows, shell
from tests.system.runs import TESTBED

FOUR, SIX = "12345", "23456"
# Nothing else of this test: a whole sweep is what the acceptance itself does.
ONLY = ("-e", f"check_ports={FOUR},{SIX}")


@contextlib.contextmanager
def strangers(host: str, address: str, address6: str) -> Iterator[None]:
    """Let two programs listen."""
    on(host, "systemd-run", "--unit=stranger4", "nc", "-4lk", address, FOUR)
    on(host, "systemd-run", "--unit=stranger6", "nc", "-6lk", address6, SIX)
    try:
        yield
    finally:
        on(host, "systemctl", "stop", "stranger4", "stranger6")
        shell(host, "systemctl reload fediops-firewall")


def expect(what: str, *wanted: str) -> None:
    """Run the acceptance; each red row must be one that is wanted, and none of those may be missing."""
    red = red_rows(*ONLY)
    missing = [text for text in wanted if not any(text in row for row in red)]
    insist(not missing and len(red) == len(wanted), f"{what}: {'; '.join(red) or 'all green'}")


def main() -> int:
    """One disturbance after the other, each of them healed."""
    host, about = next(iter(yaml.safe_load(TESTBED.read_text())["all"]["hosts"].items()))
    address, address6 = about["public_addresses"]
    opened = f"Ports of {host}: open to everybody: tcp {FOUR} (unknown service) at {address}, "
    opened += f"tcp {SIX} (unknown service) at {address6}"
    with strangers(host, address, address6):
        expect("two strange programs behind the firewall")
        on(host, "nft", "add", "rule", "inet", "fediops", "input", "tcp", "dport", f"{{{FOUR},{SIX}}}", "accept")
        altered = "Firewall: the table is not what was loaded: added 'tcp dport { 12345, 23456 } accept'"
        expect("a rule that a hand has added", opened, altered)
        on(host, "nft", "delete", "table", "inet", "fediops")
        expect("a table that a hand has deleted", opened, "Firewall: there is no table", "What the app reaches")
        on(host, "systemctl", "reload", "fediops-firewall")
        expect("the table loaded again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
