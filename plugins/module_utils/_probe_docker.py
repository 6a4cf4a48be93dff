# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of the app's containers. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

# Only these fields leave the engine: the whole of `docker inspect` holds the environment, and so every secret.
FIELDS = (
    '{"service":{{json (index .Config.Labels "com.docker.compose.service")}},'
    '"oneoff":{{json (index .Config.Labels "com.docker.compose.oneoff")}},'
    '"image":{{json .Config.Image}},"state":{{json .State.Status}},"restarts":{{json .RestartCount}},'
    '"exit":{{json .State.ExitCode}},'
    '"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}""{{end}}}'
)


def containers(context: Context, *, project: str, services: Sequence[str] = (), version: str = "") -> Iterator[Finding]:
    """Ask the engine for the project's containers."""
    ours = f"label=com.docker.compose.project={project}"
    listed = context.run(["docker", "ps", "--all", "--quiet", "--filter", ours]).split()
    told = context.run(["docker", "inspect", "--format", FIELDS, *listed]) if listed else ""
    try:
        found = [json.loads(line) for line in told.splitlines() if line.strip()]
    except ValueError as error:
        raise ProbeError("docker inspect printed something that is not JSON", "Run docker inspect by hand") from error
    # `docker compose run` leaves such containers: they are nobody's service.
    yield from judge([each for each in found if each["oneoff"] != "True"], services, version)


def judge(found: Sequence[dict[str, Any]], services: Sequence[str], version: str) -> Iterator[Finding]:
    """Judge each container, those that are missing, and whether all run the same release."""
    there = {str(each["service"]) for each in found}
    # Compose may name several of a kind: sidekiq, sidekiq-scheduler.
    missing = [
        service for service in services if not any(name == service or name.startswith(f"{service}-") for name in there)
    ]
    if missing:
        yield fail(f"no container of {', '.join(missing)}", "Run site.yml; docker compose ps --all", "Containers")
    for each in sorted(found, key=lambda container: str(container["service"])):
        yield _judge_one(each)
    if found:
        yield judge_images(sorted({str(each["image"]) for each in found}), version)


def _judge_one(each: dict[str, Any]) -> Finding:
    service, state, health = str(each["service"]), str(each["state"]), str(each["health"])
    name, cure = f"Container {service}", f"docker compose logs {service}"
    if state != "running":
        return fail(f"{state}, exit code {each['exit']}", cure, name)
    if health == "unhealthy":
        return fail("running, but its health check fails", cure, name)
    if health == "starting":
        return warn("still starting", f"Check again in a minute; then {cure}", name)
    detail = f"{state}, {health}" if health else state
    if int(each["restarts"]):
        return warn(f"{detail}; restarted {each['restarts']} times since it was created", cure, name)
    return ok(detail, name)


def judge_images(images: Sequence[str], version: str) -> Finding:
    """See that no container was left on another release: an old process signs with keys that are gone."""
    tags = {image.split("@")[0].rsplit(":", 1)[-1] for image in images}
    detail, name = ", ".join(images), "Image versions"
    if len(tags) > 1 or (version and tags != {f"v{version}"}):
        wanted = f", the inventory says v{version}" if version else ""
        return fail(f"{detail}{wanted}", "Run site.yml: it recreates every container of another release", name)
    return ok(detail, name)
