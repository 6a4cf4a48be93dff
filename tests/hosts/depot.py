# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The depot: one container that fetches for hosts which have no way out, and that looks at them from outside."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from tests.hosts import apps, authority, beds, images, network, pins, releases
from tests.hosts.engine import Engine
from tests.hosts.layout import LABEL_BED, LABEL_CHECKOUT, LABEL_PROJECT, LABEL_RECIPE, PROJECT, Layout
from tests.hosts.progress import step

STATE = "/srv/state.json"  # inside the depot: a new depot knows that it holds nothing
MAIL_LOGIN = "mastodon"
PUT = 'cat >"$1.new" && chmod "$2" "$1.new" && chgrp "$3" "$1.new" && mv "$1.new" "$1"'


def ensure(engine: Engine, layout: Layout, recipes: Iterable[images.Recipe], app_releases: Iterable[str]) -> None:
    """Images, a running depot, and in it everything that hosts may ask for."""
    layout.prepare()
    authority.ensure(layout)
    images.ensure(engine, layout, [*recipes, images.DEPOT])
    _ensure_container(engine, layout)
    defaults = pins.read(layout, engine.architecture)
    files = releases.ensure(layout, defaults.programs, engine.architecture)
    state = _read_state(engine, layout)
    before = json.dumps(state)
    _ensure_mail(engine, layout, state)
    for release in files.values():
        _ensure_file(engine, layout, state, release)
    app = apps.ensure(engine, layout, state.setdefault("apps", {}), defaults, app_releases)
    if json.dumps(state) != before:
        put(engine, layout, STATE, json.dumps(state).encode())
    _remember(layout, files, app)


def _ensure_container(engine: Engine, layout: Layout) -> None:
    state = beds.state_of(engine, layout.depot)
    template = f'{{{{index .Config.Labels "{LABEL_RECIPE}"}}}}'
    if state and engine("container", "inspect", "--format", template, layout.depot) != images.DEPOT.key:
        engine("container", "rm", "--force", "--volumes", layout.depot)
        state = None
    if state == "running":
        return
    with step("Depot: packages, registry, releases, mail"):
        if state is None:
            _create(engine, layout)
        else:
            engine("start", layout.depot)
        beds.settle(engine, layout, layout.depot)


def _create(engine: Engine, layout: Layout) -> None:
    labels = {LABEL_PROJECT: PROJECT, LABEL_CHECKOUT: layout.checkout, LABEL_RECIPE: images.DEPOT.key}
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    packages = f"{layout.depot}-packages"
    engine("volume", "create", *marks[:4], packages)
    options = ["--name", layout.depot, "--hostname", "depot", "--volume", f"{packages}:/var/cache/apt-cacher-ng"]
    engine("run", "--detach", *options, *beds.RIGHTS, *marks, images.DEPOT.tag)
    own = f"label={LABEL_CHECKOUT}={layout.checkout}"
    for bed in engine.names("network", own, template=f'{{{{.Label "{LABEL_BED}"}}}}'):
        network.ensure(engine, layout, bed)


def put(engine: Engine, layout: Layout, file: str, content: bytes, mode: str = "0644", group: str = "root") -> None:
    """Write a file in the depot."""
    engine("exec", "--interactive", layout.depot, "sh", "-c", PUT, "put", file, mode, group, data=content)


def _read_state(engine: Engine, layout: Layout) -> dict[str, Any]:
    text = engine("exec", layout.depot, "sh", "-c", f"if [ -e {STATE} ]; then cat {STATE}; fi")
    return dict(json.loads(text)) if text else {}


def mail_password(layout: Layout) -> str:
    """The password of the mail sink, made once for a checkout."""
    file = layout.build / "mail-password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii")


def _ensure_mail(engine: Engine, layout: Layout, state: dict[str, Any]) -> None:
    if state.get("mail"):
        return
    certificate, key = authority.issue(layout, ["mail.test"])
    login = f"{MAIL_LOGIN} {mail_password(layout)}\n".encode()
    for name, content in (("server.crt", certificate), ("server.key", key), ("login", login)):
        put(engine, layout, f"/etc/mail-sink/{name}", content, "0640", "mail-sink")
    engine("exec", layout.depot, "systemctl", "restart", "mail-sink.service")
    state["mail"] = True


def _ensure_file(engine: Engine, layout: Layout, state: dict[str, Any], release: releases.Release) -> None:
    served = state.setdefault("files", {})
    if served.get(release.file) != release.checksum:
        engine("cp", str(releases.folder(layout) / release.file), f"{layout.depot}:/srv/releases/{release.file}")
        served[release.file] = release.checksum


def _remember(layout: Layout, files: Mapping[str, releases.Release], app: apps.Offer) -> None:
    variables: dict[str, Any] = {}
    for name, release in files.items():
        variables |= release.variables(name)
    variables |= app.variables
    variables |= {
        "mastodon_engine_options": {"insecure-registries": [apps.REGISTRY]},
        "mastodon_smtp_server": "mail.test",
        "mastodon_smtp_port": 587,
        "mastodon_smtp_login": MAIL_LOGIN,
        "mastodon_smtp_password": mail_password(layout),
        "mastodon_smtp_from_address": "Mastodon <notifications@mastodon.localhost>",
    }
    titles = [*(f"{name}: {release.title}" for name, release in files.items()), f"mastodon: {app.title}"]
    file = layout.build / "depot.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"variables": variables, "titles": titles}), encoding="utf-8")
