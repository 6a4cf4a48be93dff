# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read `docker inspect` from standard input, and say what is not as locked in as it should be."""

from __future__ import annotations

import json
import sys
from typing import Any


def faults(container: dict[str, Any]) -> list[str]:
    """Compare one container with what all of ours have in common."""
    host, config = container["HostConfig"], container["Config"]
    expected = {
        "read-only root": (host["ReadonlyRootfs"], True),
        "capabilities": ((host["CapDrop"], host["CapAdd"] or []), (["ALL"], [])),
        "privileged": (host["Privileged"], False),
        "no-new-privileges": ("no-new-privileges:true" in host["SecurityOpt"], True),
        "network": (host["NetworkMode"], "host"),
        "published ports": (host["PortBindings"] or {}, {}),
        "user": (config["User"], "991:991"),
        "restart": (host["RestartPolicy"]["Name"], "unless-stopped"),
        "log": (host["LogConfig"]["Config"].get("max-size"), "20m"),
        "health": (container["State"]["Health"]["Status"], "healthy"),
        "places to write": ({mount["Destination"] for mount in container["Mounts"] if mount["RW"]} <= {"/tmp"}, True),
        "BIND": ("BIND=127.0.0.1" in config["Env"], True),
        "empty variables": ({text for text in config["Env"] if not text.partition("=")[2]} <= {"S3_PERMISSION="}, True),
    }
    return [f"{container['Name']}: {what} is {found}" for what, (found, wanted) in expected.items() if found != wanted]


containers = json.load(sys.stdin)
problems = [text for container in containers for text in faults(container)]
streaming = next(item for item in containers if "streaming" in item["Name"])
rails = ("SECRET_KEY_BASE", "ACTIVE_RECORD", "VAPID", "AWS_", "SMTP_")
problems += [f"streaming has {text.split('=')[0]}" for text in streaming["Config"]["Env"] if text.startswith(rails)]
if len(containers) != 4:
    problems.append(f"there are {len(containers)} containers")
sys.exit("\n".join(problems) or 0)
