# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody's laptop joins the admin net with the files that the play wrote for it.

It reaches ssh and nothing else, and a minute after it was taken out of the inventory it reaches nothing at all.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

from tests.system.bed import HOSTS, insist, on, shell, shown, site, until
from tests.system.runs import BED, ROOT

LAPTOP = "laptop"
NET = "admin"
KEYS = BED / ".vpn" / NET
HOSTS_ON_NET = {"tempo": "10.236.0.1", "parasect": "10.236.0.2"}
DATA_ADDRESS = "10.235.0.1"


def reaches(address: str, port: int) -> bool:
    """Whether the laptop gets a connection."""
    done = subprocess.run(
        [*HOSTS, "exec", LAPTOP, "--bed", BED.name, "--", "nc", "-z", "-w", "3", address, str(port)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def send() -> None:
    """What the admin mails to the laptop's owner, unpacked there."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(KEYS / LAPTOP, arcname=NET)
    subprocess.run(
        [*HOSTS, "exec", LAPTOP, "--bed", BED.name, "--", "tar", "-C", "/etc/tinc", "-x", "--no-same-owner"],
        cwd=ROOT,
        input=packed.getvalue(),
        check=True,
    )


def main() -> None:
    """Join, look around, be thrown out."""
    shell(LAPTOP, "apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y tinc >/dev/null")
    send()
    # What the README in it says.
    shell(LAPTOP, f"cd /etc/tinc/{NET}; chmod 0755 tinc-up tinc-down; tincd -n {NET} -K 4096 </dev/null")
    public = shell(LAPTOP, f"sed -n '/BEGIN RSA/,/END RSA/p' /etc/tinc/{NET}/hosts/{LAPTOP}")
    (KEYS / f"{LAPTOP}.pub").write_text(public)
    site()
    on(LAPTOP, "systemctl", "start", f"tinc@{NET}")
    for host, address in HOSTS_ON_NET.items():
        took = until(lambda address=address: reaches(address, 22), 60)  # type: ignore[misc]  # called before the next
        insist(took is not None, f"the laptop reaches ssh of {host} over the admin net, after {shown(took)}")
        closed = [port for port in (5432, 6379, 9000, 3000, 4000, 8080) if reaches(address, port)]
        insist(not closed, f"and none of the services of {host}: {closed or 'all closed'}")
    insist(not reaches(DATA_ADDRESS, 5432), "nor the database at its own address")

    site("-e", json.dumps({"instance_admin_peers": []}))
    took = until(lambda: not any(reaches(address, 22) for address in HOSTS_ON_NET.values()), 60)
    insist(
        took is not None, f"taken out of the inventory, the laptop is out within a minute ({shown(took)} after the run)"
    )
    site()
    took = until(lambda: all(reaches(address, 22) for address in HOSTS_ON_NET.values()), 90)
    insist(took is not None, f"and back in when it is listed again ({shown(took)})")
