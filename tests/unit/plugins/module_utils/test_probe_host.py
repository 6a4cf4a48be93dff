# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host, its containers and its database, told by programs of the same names as the real ones."""

from __future__ import annotations

import json
import os
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_docker, _probe_host, _probe_postgres
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

CONTEXT = Context(timeout=3)
Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put shell scripts in front of the real programs."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def make(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return make


def printing(text: str) -> str:
    return f"cat <<'END'\n{text}\nEND"


def named(findings: Any) -> dict[str, Finding]:
    return {each.name: each for each in findings}


def test_programs_that_fail(program: Program) -> None:
    program("broken", "echo it hurts >&2; exit 3")
    program("slow", "exec sleep 5")
    with pytest.raises(ProbeError, match="broken ended with 3: it hurts"):
        CONTEXT.run(["broken"])
    with pytest.raises(ProbeError, match=r"slow did not finish within 0\.2 s"):
        Context(timeout=0.2).run(["slow"])
    with pytest.raises(ProbeError, match="there is no program no-such-program"):
        CONTEXT.run(["no-such-program"])


def facts(free: int, inodes: int = 900, blocks: int = 1000) -> os.statvfs_result:
    return os.statvfs_result((10**6, 10**6, blocks, free, free, 1000, inodes, inodes, 0, 255))


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        (facts(500), "ok", "50 % used, 0.5 GB free"),
        (facts(150), "warn", "85 % used"),
        (facts(50), "fail", "95 % used"),
        (facts(500, inodes=40), "fail", "96 % of inodes used"),
        (facts(0, blocks=0), "ok", "0 % used"),
    ],
)
def test_disks(found: os.statvfs_result, status: str, said: str) -> None:
    finding = _probe_host.judge_disk("/var", found, 80, 92)
    assert (finding.status, finding.name, said in finding.detail) == (status, "Disk /var", True)


def test_each_file_system_once(tmp_path: Path) -> None:
    paths = [str(tmp_path), str(tmp_path / "not" / "there"), str(tmp_path)]
    (found,) = _probe_host.disk(CONTEXT, paths=paths, warn_percent=101, fail_percent=101)
    assert (found.name, found.status) == (f"Disk {tmp_path}", "ok")


@pytest.mark.parametrize(("skew", "status"), [(0, "ok"), (-3, "ok"), (30, "warn"), (-30, "warn"), (300, "fail")])
def test_clocks(skew: float, status: str) -> None:
    (found,) = _probe_host.clock(CONTEXT, controller=time.time() - skew)
    assert found.status == status


UNITS = """caddy.service loaded active running Caddy
postgresql@17-main.service loaded active running PostgreSQL
redis-server.service loaded failed failed Redis
nginx.service loaded inactive dead nginx
apt-daily.service loaded failed failed Daily apt"""


def test_services_that_run(program: Program) -> None:
    program("systemctl", printing(UNITS))
    found = named(_probe_host.units(CONTEXT, active=["caddy.service", "postgresql@*.service"]))
    assert found["Services"] == Finding("ok", "active: caddy, postgresql@*", "", "Services")
    assert found["Other services"].detail == "failed: redis-server.service, apt-daily.service"
    assert found["Other services"].status == "warn"


def test_services_that_do_not(program: Program) -> None:
    program("systemctl", printing(UNITS))
    wanted = ["redis-server.service", "nginx.service", "minio.service"]
    found = named(_probe_host.units(CONTEXT, active=wanted))
    assert found["Services"].status == "fail"
    assert found["Services"].detail == (
        "redis-server.service is failed, nginx.service is inactive, minio.service is unknown to systemd"
    )
    assert found["Other services"].detail == "failed: apt-daily.service"


def test_versions(program: Program) -> None:
    program("dpkg-query", printing("ii |nginx|1.26.3\nrc |redis-server|8.0\nii |postgresql-17|17.6\nii |bash|5.2"))
    program("caddy", "echo v2.11.7 h1:abc; echo more")
    program("minio", "exit 1")
    (found,) = _probe_host.versions(
        CONTEXT,
        packages=["postgresql-*", "nginx", "redis-server"],
        programs={"caddy": ["caddy", "version"], "minio": ["minio", "--version"]},
    )
    assert found.detail == "postgresql-17 17.6, nginx 1.26.3, caddy v2.11.7 h1:abc, minio says nothing"
    (found,) = _probe_host.versions(CONTEXT)
    assert found.detail == "none of ours"


def container(service: str, **changes: Any) -> dict[str, Any]:
    return {
        "service": service,
        "oneoff": "False",
        "image": "ghcr.io/mastodon/mastodon:v4.7.6",
        "state": "running",
        "restarts": 0,
        "exit": 0,
        "health": "healthy",
        **changes,
    }


def docker(*found: dict[str, Any]) -> str:
    """A docker that lists these containers, and inspects nothing but what was listed, with our format only."""
    told = "\n".join(json.dumps(each) for each in found)
    return f"""case "$1" in
ps) case "$*" in *label=com.docker.compose.project=mastodon*) {printing(chr(10).join("ab" for _ in found))}
;; *) exit 1;; esac;;
inspect) case "$*" in *Env*) exit 1;; "inspect --format {{"*) {printing(told)}
;; *) exit 1;; esac;;
esac"""


def test_containers_that_run(program: Program) -> None:
    program(
        "docker",
        docker(
            container("web"),
            container("sidekiq-default"),
            container("streaming", health=""),
            container("web", oneoff="True", state="exited", exit=1),
        ),
    )
    found = named(
        _probe_docker.containers(CONTEXT, project="mastodon", services=["web", "streaming", "sidekiq"], version="4.7.6")
    )
    assert {each.status for each in found.values()} == {"ok"}
    assert set(found) == {"Container web", "Container sidekiq-default", "Container streaming", "Image versions"}


@pytest.mark.parametrize(
    ("change", "name", "status", "said"),
    [
        ({"state": "exited", "exit": 137}, "Container web", "fail", "exited, exit code 137"),
        ({"state": "restarting"}, "Container web", "fail", "restarting"),
        ({"health": "unhealthy"}, "Container web", "fail", "health check fails"),
        ({"health": "starting"}, "Container web", "warn", "still starting"),
        ({"restarts": 4}, "Container web", "warn", "restarted 4 times"),
        ({"image": "ghcr.io/mastodon/mastodon:v4.7.5"}, "Image versions", "fail", "the inventory says v4.7.6"),
        ({"service": "other"}, "Containers", "fail", "no container of web"),
    ],
)
def test_containers_in_trouble(program: Program, change: dict[str, Any], name: str, status: str, said: str) -> None:
    program("docker", docker({**container("web"), **change}, container("streaming")))
    found = named(_probe_docker.containers(CONTEXT, project="mastodon", services=["web"], version="4.7.6"))
    assert (found[name].status, said in found[name].detail) == (status, True)
    assert found[name].cure


def test_no_containers_at_all(program: Program) -> None:
    program("docker", docker())
    (found,) = _probe_docker.containers(CONTEXT, project="mastodon", services=["web", "sidekiq"])
    assert (found.status, found.detail) == ("fail", "no container of web, sidekiq")


def test_images_by_digest_and_from_a_registry_with_a_port() -> None:
    images = ["depot:5000/mastodon/mastodon:v4.7.6@sha256:ab", "depot:5000/mastodon/mastodon-streaming:v4.7.6"]
    assert _probe_docker.judge_images(images, "4.7.6").status == "ok"


TOLD = "17.6 (Debian 17.6-1)|on|30|100|mastodon|1000|0"


def test_a_database_as_it_should_be(program: Program) -> None:
    program(
        "runuser",
        f"""test "$*" = "-u postgres -- psql -XAtq -F | -v ON_ERROR_STOP=1 \
-v database=mastodon_production -p 5432 -d postgres" || exit 1
grep -q "datname = :'database'" || exit 2
{printing(TOLD)}""",
    )
    found = named(_probe_postgres.postgres(CONTEXT, database="mastodon_production", owner="mastodon"))
    assert {each.status for each in found.values()} == {"ok"}
    assert found["PostgreSQL server"].detail == "version 17.6 (Debian 17.6-1), data checksums on"


@pytest.mark.parametrize(
    ("told", "name", "status", "said"),
    [
        (TOLD.replace("|on|", "|off|"), "PostgreSQL server", "warn", "checksums off"),
        (TOLD.replace("|30|", "|95|"), "PostgreSQL connections", "fail", "95 of 100"),
        (TOLD.replace("|mastodon|", "|postgres|"), "PostgreSQL database", "fail", "belongs to postgres, not to"),
        (TOLD.replace("|mastodon|", "||"), "PostgreSQL database", "fail", "does not exist"),
        (TOLD[:-1] + "2", "PostgreSQL database", "fail", "sort order"),
        (TOLD.replace("|1000|", "|1900000000|"), "PostgreSQL database", "warn", "not vacuumed"),
    ],
)
def test_a_database_in_trouble(told: str, name: str, status: str, said: str) -> None:
    found = named(_probe_postgres.judge(told, "mastodon_production", "mastodon"))[name]
    assert (found.status, said in found.detail) == (status, True)


def test_a_psql_that_says_something_else() -> None:
    with pytest.raises(ProbeError, match="psql printed something else: hello"):
        list(_probe_postgres.judge("hello", "a", "b"))


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"), "ok", "asks mastodon for a password (SCRAM)"),
        (message(b"R", struct.pack("!i", 0)), "fail", "lets mastodon in without a password"),
        (message(b"R", struct.pack("!i", 5) + b"salt"), "fail", "not with SCRAM"),
        (message(b"E", b"SFATAL\0C28000\0Mno pg_hba.conf entry for host\0\0"), "fail", "no pg_hba.conf entry"),
        (message(b"E", b"C57P03\0Mthe database system is starting up\0\0"), "fail", "is starting up"),
    ],
)
def test_the_first_answer_of_a_database(answer: bytes, status: str, said: str) -> None:
    asked: list[bytes] = []

    def handle(connection: Any) -> None:
        asked.append(connection.recv(1000))
        for byte in answer:
            connection.sendall(bytes([byte]))

    with servers.tcp(handle) as port:
        (found,) = _probe_postgres.postgres_login(CONTEXT, host=servers.HOST, port=port, user="mastodon", database="m")
    assert (found.status, said in found.detail) == (status, True)
    assert asked[0][4:] == struct.pack("!i", 196608) + b"user\0mastodon\0database\0m\0\0"
    assert struct.unpack("!i", asked[0][:4])[0] == len(asked[0])


@pytest.mark.parametrize("known", [True, False])
def test_a_database_behind_tls_is_known_by_its_certificate(tmp_path: Path, known: bool) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    ours.mkdir()
    other.mkdir()
    authority = servers.Authority(ours)
    trusted = authority if known else servers.Authority(other)

    def handle(connection: Any) -> None:
        assert connection.recv(8) == struct.pack("!ii", 8, 80877103)
        connection.sendall(b"S")
        with authority.server().wrap_socket(connection, server_side=True) as secured:
            secured.recv(1000)
            secured.sendall(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))

    with servers.tcp(handle) as port:
        asked = _probe_postgres.postgres_login(
            CONTEXT, host=servers.HOST, port=port, user="m", database="m", certificate=trusted.ca_file.read_text()
        )
        if known:
            assert next(asked).status == "ok"
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                next(asked)


def test_a_database_that_knows_no_tls_where_it_was_asked_for() -> None:
    with (
        servers.tcp(lambda connection: connection.sendall(b"N")) as port,
        pytest.raises(ProbeError, match="speaks no TLS"),
    ):
        list(
            _probe_postgres.postgres_login(
                CONTEXT, host=servers.HOST, port=port, user="mastodon", database="m", certificate="PEM"
            )
        )


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 no", message(b"R", b"x" * 70000), message(b"Z", b"I")])
def test_what_is_not_a_database(answer: bytes) -> None:
    with (
        servers.tcp(lambda connection: connection.sendall(answer)) as port,
        pytest.raises(ProbeError, match="is not PostgreSQL"),
    ):
        list(_probe_postgres.postgres_login(CONTEXT, host=servers.HOST, port=port, user="mastodon", database="m"))


def test_a_database_that_hangs_up() -> None:
    with servers.tcp(lambda connection: connection.sendall(b"R\0")) as port, pytest.raises(EOFError):
        list(_probe_postgres.postgres_login(CONTEXT, host=servers.HOST, port=port, user="mastodon", database="m"))
