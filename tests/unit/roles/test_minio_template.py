# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role minio writes, rendered by Ansible itself and read back."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rendering import read_unit, render

ROOT = {"root_user": "root-of-the-store", "root_password": "R00t $HOME `x` \\ \" ' % #"}


def written(template: str, owners: list[str] | None = None, **changes: Any) -> str:
    """Return a template with the role's defaults, a root key, and some changes."""
    variables = {f"minio_{name}": value for name, value in {**ROOT, **changes}.items()}
    return render("minio", template, {"__minio_owners": owners or [], **variables})


def settings(**changes: Any) -> dict[str, str]:
    """Return the settings as systemd reads them: inside double quotes a backslash makes four characters plain."""
    found = {}
    for line in written("minio.env.j2", **changes).splitlines():
        match = re.fullmatch(r'([A-Z_0-9]+)="((?:[^"\\`$]|\\["\\`$])*)"', line)
        assert match or line.startswith("#"), line
        if match:
            assert match[1] not in found
            found[match[1]] = re.sub(r'\\(["\\`$])', r"\1", match[2])
    return found


def service(**changes: Any) -> dict[str, list[str]]:
    """Return the service's part of the unit."""
    return read_unit(written("minio.service.j2", **changes))["Service"]


def test_settings() -> None:
    assert settings(extra_env={"MINIO_API_REQUESTS_MAX": 400}) == {
        "MINIO_ROOT_USER": ROOT["root_user"],
        "MINIO_ROOT_PASSWORD": ROOT["root_password"],
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "MINIO_SITE_REGION": "us-east-1",
        "MINIO_API_REQUESTS_MAX": "400",
    }
    assert settings(public_url="https://s3.example.org")["MINIO_SERVER_URL"] == "https://s3.example.org"


@pytest.mark.parametrize(("address", "shown"), [("127.0.0.1", "127.0.0.1"), ("fd00::1", "[fd00::1]")])
def test_it_listens_where_it_was_told_to(address: str, shown: str) -> None:
    (command,) = service(listen_address=address)["ExecStart"]
    assert f"--address {shown}:9000 " in command


def test_it_listens_for_this_host_only_unless_told_otherwise() -> None:
    assert "--address 127.0.0.1:9000 " in service()["ExecStart"][0]


def test_the_owner_of_the_data_runs_it() -> None:
    assert (service()["User"], service()["Group"]) == (["minio"], ["minio"])
    old = service(owners=["media:files"])
    assert (old["User"], old["Group"]) == (["media"], ["files"])


def test_it_comes_back_however_it_ended() -> None:
    unit = read_unit(written("minio.service.j2"))
    assert unit["Service"]["Restart"] == ["always"]
    assert unit["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert unit["Install"]["WantedBy"] == ["multi-user.target"]


def test_a_disk_of_its_own_is_waited_for() -> None:
    unit = read_unit(written("minio.service.j2", data_dirs=["/srv/a", "/srv/b"]))
    assert unit["Unit"]["RequiresMountsFor"] == unit["Service"]["ReadWritePaths"] == ["/srv/a /srv/b"]


def test_the_service_is_closed() -> None:
    found = service()
    assert found["UMask"] == ["0077"]
    assert found["StateDirectoryMode"] == ["0750"]
    assert found["CapabilityBoundingSet"] == [""]
    assert found["NoNewPrivileges"] == ["true"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["SystemCallFilter"] == ["@system-service", "~@privileged"]


def test_certificates_are_looked_for_only_when_there_should_be_some() -> None:
    assert "--certs-dir /var/lib/minio/certs " in service()["ExecStart"][0]
    assert "--certs-dir /etc/minio/certs " in service(tls_names=["127.0.0.1"])["ExecStart"][0]


def test_no_console_unless_asked_for() -> None:
    assert "console" not in service()["ExecStart"][0]
    found = settings(console_address="10.236.0.1", public_url="https://s3.example.org")
    assert found["MINIO_BROWSER"] == "on"
    # The console would use it, and not get in there.
    assert "MINIO_SERVER_URL" not in found
    assert "--console-address 10.236.0.1:9001 " in service(console_address="10.236.0.1")["ExecStart"][0]
    assert "--console-address [fd00::1]:9001 " in service(console_address="fd00::1")["ExecStart"][0]


def test_hosts_of_one_store_name_all_drives_alike() -> None:
    drives = {"peers": ["10.0.0.1", "fd00::2"], "data_dirs": ["/srv/a", "/srv/b"], "listen_address": "10.0.0.1"}
    wanted = ("://10.0.0.1:9000/srv/a", "://10.0.0.1:9000/srv/b", "://[fd00::2]:9000/srv/a", "://[fd00::2]:9000/srv/b")
    for scheme, names in (("http", []), ("https", ["10.0.0.1"])):
        command = service(**drives, tls_names=names)["ExecStart"][0]
        assert command.endswith(" ".join(scheme + drive for drive in wanted))
    assert service(data_dirs=["/srv/a", "/srv/b"])["ExecStart"][0].endswith("/certs /srv/a /srv/b")
