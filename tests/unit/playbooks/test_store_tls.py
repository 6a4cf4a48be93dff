# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the wiring hands the store's certificates to those who must trust it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.fediops.mastodon.plugins.module_utils import _syntax

WIRING = Path(__file__).resolve().parents[3] / "playbooks" / "group_vars"
ADDRESSES = {"s1": "10.0.0.1", "s2": "10.0.0.2", "edge": "10.0.0.3"}


def pem(body: str) -> str:
    """Something that looks like a certificate."""
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def wired(folder: Path, name: str, **variables: Any) -> Any:
    """Return a variable of the wiring as a host sees it whose inventory is in this folder."""
    loader = DataLoader()
    known: dict[str, Any] = {}
    for part in ("all", "minio", "nginx_media", "caddy"):
        known |= loader.load_from_file(str(WIRING / f"{part}.yml"), trusted_as_template=True)
    known |= {
        "inventory_dir": str(folder),
        "inventory_hostname": "s1",
        "private_address": "10.0.0.1",
        "group_names": [],
        "instance_domain": "social.example.org",
        "instance_store_tls": True,
        "groups": {"minio": ["s1", "s2"], "mastodon": ["edge"], "caddy": ["edge"], "nginx_media": ["edge"]},
        "hostvars": {
            host: {"__instance_address": address, "__instance_url_host": address} for host, address in ADDRESSES.items()
        },
    }
    return Templar(loader=loader, variables=known | variables).template(trust_as_template(f"{{{{ {name} }}}}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An inventory's folder with the certificates of both hosts, as Ansible fetches them."""
    (tmp_path / ".tls").mkdir()
    for number, host in enumerate(("s1", "s2")):
        (tmp_path / ".tls" / f"minio-{host}.crt").write_text(pem(f"MII{number}"))
    return tmp_path


def test_clients_get_the_certificates_of_all_hosts_of_the_store(folder: Path) -> None:
    (origin,) = wired(folder, "nginx_media_origins")
    assert (origin["url"], origin["others"]) == ("https://10.0.0.1:9000", ["10.0.0.2:9000"])
    assert (origin["tls_name"], origin["tls_ca"]) == ("s3.social.example.org", (pem("MII0") + pem("MII1")).strip())
    site = wired(folder, "__instance_s3_site")
    assert (site["upstream_tls"], site["upstream_certificates"]) == (True, origin["tls_ca"])
    assert site["upstreams"] == ["10.0.0.1:9000", "10.0.0.2:9000"]
    assert _syntax.is_certificates(origin["tls_ca"])


def test_hosts_of_the_store_trust_each_other(folder: Path) -> None:
    assert wired(folder, "minio_peers") == ["10.0.0.1", "10.0.0.2"]
    assert wired(folder, "minio_tls_names") == ["10.0.0.1", "s3.social.example.org"]
    assert wired(folder, "minio_tls_certificate_copy") == str(folder / ".tls" / "minio-s1.crt")
    assert _syntax.is_certificates(wired(folder, "minio_peers_certificates"))
    assert [wired(folder, "minio_is_leader", inventory_hostname=host) for host in ("s1", "s2")] == [True, False]


def test_one_that_is_not_there_yet_is_left_out(folder: Path) -> None:
    (folder / ".tls" / "minio-s1.crt").unlink()
    assert wired(folder, "__instance_store_certificates") == pem("MII1").strip()
    (folder / ".tls" / "minio-s2.crt").unlink()
    (origin,) = wired(folder, "nginx_media_origins")
    # Nothing is trusted then, instead of everything.
    assert (origin["url"], origin["tls_ca"]) == ("https://10.0.0.1:9000", "")


def test_without_tls_nobody_asks_for_certificates(folder: Path) -> None:
    (origin,) = wired(folder, "nginx_media_origins", instance_store_tls=False)
    assert (origin["url"], origin["tls_name"], origin["tls_ca"]) == ("http://10.0.0.1:9000", "", "")
    assert wired(folder, "__instance_s3_site", instance_store_tls=False)["upstream_tls"] is False
    assert wired(folder, "minio_tls_names", instance_store_tls=False) == []


def test_one_host_has_no_peers(folder: Path) -> None:
    groups = {"minio": ["s1"], "mastodon": ["s1"], "caddy": ["s1"], "nginx_media": ["s1"]}
    assert wired(folder, "minio_peers", groups=groups) == []
    assert wired(folder, "minio_peers_certificates", groups=groups) == ""
    assert wired(folder, "nginx_media_origins", groups=groups)[0]["others"] == []
