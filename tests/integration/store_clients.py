# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real stores on the loopback interface, gone afterwards, and other people's eyes on them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Server:
    """A running store."""

    kind: str
    url: str
    user: str
    password: str

    @property
    def connection(self) -> dict[str, Any]:
        """Connection options of the S3 modules, which are not told what the store is."""
        return {"endpoint_url": self.url, "access_key": self.user, "secret_key": self.password}


def program(variable: str) -> str:
    """Return the path in an environment variable; without it these tests prove nothing, so they fail."""
    path = os.environ.get(variable, "")
    if not (path and os.access(path, os.X_OK)):
        pytest.fail(f"set {variable} to the path of the program; it is {path or 'not set'}")
    return path


def free_address() -> str:
    """Return an address on the loopback interface where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@contextmanager
def minio(home: Path) -> Iterator[Server]:
    """Start a MinIO with an empty directory."""
    address = free_address()
    started = Server("minio", f"http://{address}", "root-of-the-store", secrets.token_hex(16))
    settings = {
        "MINIO_ROOT_USER": started.user,
        "MINIO_ROOT_PASSWORD": started.password,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }
    command = [program("FEDIOPS_MINIO"), "server", "--address", address, str(home / "data")]
    with running(command, settings, home, f"{started.url}/minio/health/ready"):
        yield started


@contextmanager
def versity(home: Path) -> Iterator[Server]:
    """Start a Versity gateway on empty directories."""
    address = free_address()
    started = Server("versity", f"http://{address}", "root-of-the-store", secrets.token_hex(16))
    settings = {"ROOT_ACCESS_KEY": started.user, "ROOT_SECRET_KEY": started.password}
    for name in ("data", "versions", "iam"):
        (home / name).mkdir()
    options = ["--port", address, "--health", "/health", "--quiet", "--iam-dir", str(home / "iam")]
    command = [program("FEDIOPS_VERSITY"), *options, "posix", "--versioning-dir", str(home / "versions")]
    with running([*command, str(home / "data")], settings, home, f"{started.url}/health"):
        yield started


@contextmanager
def running(command: list[str], settings: dict[str, str], home: Path, health: str) -> Iterator[None]:
    """Run a server until it is not needed any more."""
    environment = {**settings, "HOME": str(home), "PATH": os.environ["PATH"]}
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(health, process, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server is ready, or show why it is not."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the server did not come up:\n{log.read_text()}")


def s3(server: Server, user: str = "", password: str = "") -> Any:
    """Return an S3 client for the root user or somebody else."""
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id=user or server.user,
        aws_secret_access_key=password or server.password,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def refused(call: Callable[..., Any], **options: Any) -> str:
    """Return the code with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**options)
    return str(caught.value.response["Error"]["Code"])


def versity_user(server: Server, name: str) -> str:
    """Create a user of a Versity gateway, who has no rights yet; return his secret."""
    secret = secrets.token_hex(16)
    settings = {
        "ADMIN_ACCESS_KEY": server.user,
        "ADMIN_SECRET_KEY": server.password,
        "ADMIN_ENDPOINT_URL": server.url,
        "PATH": os.environ["PATH"],
    }
    words = ["admin", "create-user", "--access", name, "--secret", secret, "--role", "user"]
    subprocess.run([program("FEDIOPS_VERSITY"), *words], env=settings, check=True, capture_output=True)
    return secret


def keys(server: Server, bucket: str) -> list[str]:
    """Return what is in a bucket, deleted versions included."""
    found = s3(server).list_object_versions(Bucket=bucket)
    return [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in found.get(kind, [])]
