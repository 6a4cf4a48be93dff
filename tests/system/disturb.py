# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.disturb few|all`: what happens to servers; afterwards all is well, seen from outside, too.

Each disturbance must be seen as such where it leaves something to do, and heal by itself where it does not.
"""

from __future__ import annotations

import subprocess
import sys

from tests.e2e import demo
from tests.system import laptop, vpn_cut
from tests.system.bed import insist, on, reboot, red_rows, shell, shown, site, until, well
from tests.system.runs import describe

DATA, APP = "tempo", "parasect"
LATE_SECONDS = 60
DAEMONS = {
    DATA: ("postgresql@*.service", "redis-server", "minio", "nginx-media", "caddy"),
    APP: ("docker", "caddy"),
}
LATE_AT_BOOT = "/etc/systemd/system/tinc@.service.d/60-late.conf"


def active(host: str) -> bool:
    """Whether all daemons of a host run."""
    listed = on(host, "systemctl", "is-active", *DAEMONS[host], check=False).split()
    return listed.count("active") == len(DAEMONS[host])


def vpn_is_late() -> None:
    """Services start without the VPN, and find it when it comes."""
    for host in DAEMONS:
        shell(
            host,
            f"mkdir -p $(dirname {LATE_AT_BOOT}); "
            f"printf '[Service]\\nExecStartPre=/bin/sleep {LATE_SECONDS}\\nTimeoutStartSec=180\\n' >{LATE_AT_BOOT}",
        )
    # The harness itself would wait until all units have started, the late one included.
    running = demo.load(describe())
    containers = [host.container for host in running.hosts if host.name in DAEMONS]
    subprocess.run(["docker", "-H", running.engine_socket, "restart", *containers], check=True, capture_output=True)
    for host in DAEMONS:
        took = until(lambda host=host: active(host), LATE_SECONDS - 5)  # type: ignore[misc]  # called before the next
        still = on(host, "systemctl", "is-active", "tinc@data", check=False).strip() == "activating"
        insist(took is not None and still, f"{host}: all daemons run while the VPN is still to come ({shown(took)})")
    for host in DAEMONS:
        on(host, "rm", LATE_AT_BOOT)
        on(host, "systemctl", "daemon-reload")
    well("a boot with a VPN that came late", LATE_SECONDS + 90)


def vpn_is_down_while_daemons_restart() -> None:
    """A patch day on which the VPN is the last to come back."""
    for host in DAEMONS:
        on(host, "systemctl", "stop", "tinc@data")
    for host, daemons in DAEMONS.items():
        on(host, "systemctl", "restart", *daemons)
        insist(until(lambda host=host: active(host), 30) is not None, f"{host}: every daemon restarts without the VPN")  # type: ignore[misc]  # called before the next
    for host in DAEMONS:
        on(host, "systemctl", "start", "tinc@data")
    well("restarts without a VPN")


def servers_restart() -> None:
    """Each host in turn, and then the engine alone."""
    for host in DAEMONS:
        reboot(host)
        well(f"a reboot of {host}")
    on(APP, "systemctl", "restart", "docker")
    well("a restart of Docker")


def firewall_is_deleted() -> None:
    """Somebody opened the doors to look for a fault, and forgot."""
    for host in DAEMONS:
        on(host, "nft", "delete", "table", "inet", "fediops")
    red = red_rows()
    insist(len(red) >= len(DAEMONS), f"a deleted firewall is noticed: {'; '.join(red)}")
    site()
    well("another run after the firewall was deleted")


def main() -> int:
    """One disturbance after the other."""
    firewall_is_deleted()
    laptop.main()
    if sys.argv[1:] == ["all"]:
        servers_restart()
        vpn_is_down_while_daemons_restart()
        vpn_is_late()
        vpn_cut.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
