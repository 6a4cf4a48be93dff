# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What media_move.yml works out of the example of two hosts, as Ansible itself does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A secret store with the app's key."""
    path = tmp_path / "secrets.yml"
    path.write_text("s3_access_key: the-app\ns3_secret_key: the-secret-of-the-app\n")
    path.chmod(0o600)
    return path


def told(store: Path, *names: str, **extra: Any) -> dict[str, Any]:
    """Return variables of tempo, with some of the inventory's own added."""
    found = {name: f"{{{{ {name} }}}}" for name in names}
    asked = json.dumps({"instance_secrets_file": str(store), **extra, "found": found})
    ansible = str(Path(sys.executable).with_name("ansible"))
    where = ["--playbook-dir=playbooks", "--inventory=inventories/two_hosts/hosts.yml"]
    what = ["--module-name=ansible.builtin.debug", "--args=var=found", "--extra-vars=@playbooks/vars/media_move.yml"]
    said = subprocess.run(
        [ansible, "tempo", *where, *what, "--extra-vars", asked],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(json.loads(said.partition("=> ")[2])["found"])


def test_the_target_is_the_own_store_by_the_app_s_key(store: Path) -> None:
    names = ("__media_move_target", "__media_move_counters", "__media_move_store_disks", "__media_move_app_lines")
    found = told(store, *names)
    target = found["__media_move_target"]
    assert (target["endpoint_url"], target["bucket"]) == ("http://10.235.0.1:9000", "mastodon-media")
    assert (target["access_key"], target["secret_key"]) == ("the-app", "the-secret-of-the-app")
    assert (target["store_kind"], target["tls_ca"], target["acl"]) == ("minio", "", "")
    assert found["__media_move_counters"] == "tempo=http://10.235.0.1:8081/metrics"
    assert found["__media_move_store_disks"] == ["/var/lib/minio/data"]
    # To the letter what role mastodon writes into app.env.
    assert found["__media_move_app_lines"].splitlines() == [
        "S3_BUCKET=mastodon-media",
        "S3_ENDPOINT=https://s3.mastodon.localhost",
    ]


def test_without_a_declaration_there_is_nothing_to_move(store: Path) -> None:
    assert told(store, "__media_move_from")["__media_move_from"] == []
    declared = told(store, "__media_move_from", instance_media_move={"from": [{"name": "disk"}]})
    assert declared["__media_move_from"] == [{"name": "disk"}]


def test_the_target_s_objects_are_as_public_as_mastodon_s_are(store: Path) -> None:
    found = told(store, "__media_move_target", mastodon_s3_permission="public-read")
    assert found["__media_move_target"]["acl"] == "public-read"
