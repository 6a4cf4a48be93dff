# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role of the example of two hosts is told about media, as Ansible itself works it out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def told(host: str, names: tuple[str, ...], **extra: Any) -> dict[str, Any]:
    """Return variables of a host, with some of the inventory's own added."""
    asked = extra | {"found": {name: f"{{{{ {name} }}}}" for name in names}}
    ansible = str(Path(sys.executable).with_name("ansible"))
    where = ["--playbook-dir=playbooks", "--inventory=inventories/two_hosts/hosts.yml"]
    what = ["--module-name=ansible.builtin.debug", "--args=var=found", "--extra-vars", json.dumps(asked)]
    said = subprocess.run(
        [ansible, host, *where, *what],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(json.loads(said.partition("=> ")[2])["found"])


def test_names_and_origins_follow_from_one_list_each() -> None:
    b2 = {"name": "b2", "url": "https://s3.b2.test", "bucket": "old"}
    variables = {
        "instance_media_swap_domains": ["files.mastodon.localhost"],
        "instance_media_old_domains": ["old.mastodon.localhost"],
        "instance_media_origins": [b2],
    }
    found = told("tempo", ("nginx_media_server_names", "nginx_media_origins", "caddy_sites"), **variables)
    assert found["nginx_media_server_names"] == ["media.mastodon.localhost", "files.mastodon.localhost"]
    own = {"name": "own", "url": "http://10.235.0.1:9000", "bucket": "mastodon-media", "forbidden": "away"}
    # A store on one host, without TLS.
    own |= {"others": [], "tls_name": "", "tls_ca": ""}
    assert found["nginx_media_origins"] == [own, b2]
    sites = {site["name"]: site for site in found["caddy_sites"]}
    assert sites["media"]["hosts"] == found["nginx_media_server_names"]
    assert (sites["media-old"]["hosts"], sites["media-old"]["kind"], sites["media-old"]["to"]) == (
        ["old.mastodon.localhost"],
        "redirect",
        "https://media.mastodon.localhost",
    )
    hosts = told("parasect", ("mastodon_extra_media_hosts",), **variables)["mastodon_extra_media_hosts"]
    assert hosts == ["https://files.mastodon.localhost", "https://old.mastodon.localhost"]


def test_without_them_there_is_one_name_and_one_origin() -> None:
    found = told("tempo", ("nginx_media_server_names", "nginx_media_origins", "caddy_sites"))
    assert found["nginx_media_server_names"] == ["media.mastodon.localhost"]
    assert [origin["name"] for origin in found["nginx_media_origins"]] == ["own"]
    assert "media-old" not in {site["name"] for site in found["caddy_sites"]}
    assert told("parasect", ("mastodon_extra_media_hosts",))["mastodon_extra_media_hosts"] == []
