# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that looks at a running demo: what it must be able to see, and to miss."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import struct
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e import __main__ as program
from tests.e2e import demo, leaks, ship
from tests.e2e.outside import browser, traces, visit, websocket

VALUES = st.text(st.sampled_from("ABCabc019_=-"), min_size=12, max_size=40)


@given(VALUES, st.binary(max_size=5), st.binary(max_size=5))
def test_a_secret_is_found_in_base64_wherever_it_stands(value: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + value.encode() + after).decode()
    assert any(form in text for form in leaks.forms(value))
    assert any(
        form in base64.urlsafe_b64encode(before + value.encode() + after).decode() for form in leaks.forms(value)
    )


@given(VALUES, VALUES)
def test_another_value_is_not_taken_for_it(value: str, other: str) -> None:
    if value not in other:
        assert not any(form in other for form in leaks.forms(value))


def test_folders_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"\xff\0PGPASSWORD=correct-horse-1\n")
    (tmp_path / "header").write_text("Basic " + base64.b64encode(b"mastodon:battery_staple").decode())
    wanted = {"database_password": "correct-horse-1", "redis_password": "battery_staple", "other": "not-in-any-file"}
    found, looked = leaks.in_folder(tmp_path, wanted)
    assert found == [f"database_password in {tmp_path}/deep/log", f"redis_password in {tmp_path}/header"]
    assert looked == 2


def test_an_empty_folder_proves_nothing(tmp_path: Path) -> None:
    assert leaks.report("x", *leaks.in_folder(tmp_path, {"a": "b" * 12}))["good"] is False


def test_only_what_everybody_reaches_is_world_readable(tmp_path: Path) -> None:
    for name, folder_mode, file_mode in (("open", 0o755, 0o644), ("closed", 0o700, 0o644), ("mine", 0o755, 0o600)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        (tmp_path / name / "file").chmod(file_mode)
        (tmp_path / name).chmod(folder_mode)
    tmp_path.chmod(0o755)
    assert list(traces.world_readable(str(tmp_path))) == [tmp_path / "open" / "file"]


def test_arguments_of_other_programs_are_seen() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(9)", "seen-by-everybody"])
    try:
        assert any("seen-by-everybody" in line for line in traces.watched(0.3))
    finally:
        sleeper.kill()
        sleeper.wait()


def test_modules_travel_through_standard_input(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("secret-secret-secret")
    tmp_path.chmod(0o755)
    reports = list(ship.run([], "traces", {"seconds": 0.1}))
    assert any("python3 -" in line for line in reports[0]["facts"]["arguments"])


def test_a_shipment_that_fails_is_seen() -> None:
    *_before, last = ship.run([], "traces", {"nothing": "of use"})
    assert (last["good"], last["name"]) == (False, "traces ran to its end")


def server(answer: Callable[[socket.socket, bytes], None]) -> socket.socket:
    """The client's end of a connection to a server that reads a request and answers."""
    here, there = socket.socketpair()

    def serve() -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += there.recv(1000)
        answer(there, asked)
        # The connection stays open until the client goes.
        while there.recv(1000):
            pass

    threading.Thread(target=serve, daemon=True).start()
    return here


def accept(asked: bytes) -> bytes:
    key = next(line.split(b": ")[1] for line in asked.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key"))
    token = base64.b64encode(hashlib.sha1(key + websocket.GUID.encode()).digest())
    return b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: " + token + b"\r\n\r\n"


def frame(kind: int, payload: bytes, last: bool = True) -> bytes:
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
    return bytes([(0x80 if last else 0) | kind]) + size + payload


def test_a_websocket_that_speaks() -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket, asked: bytes) -> None:
        heard.append(asked)
        connection.sendall(accept(asked) + frame(websocket.PING, b"are you there"))
        heard.append(connection.recv(100))
        connection.sendall(frame(websocket.TEXT, b"hel", last=False) + frame(websocket.PING, b"") + frame(0, b"lo"))
        connection.sendall(frame(websocket.TEXT, b"x" * 300) + frame(websocket.CLOSE, b"\x03\xe8bye"))

    client = websocket.Websocket(server(answer), "social.example.org", "/api/v1/streaming?stream=user")
    assert client.message(5) == "hello"
    assert client.message(5) == "x" * 300
    with pytest.raises(websocket.WebsocketError, match="the server closed: bye"):
        client.message(5)
    assert heard[0].startswith(b"GET /api/v1/streaming?stream=user HTTP/1.1\r\nHost: social.example.org\r\n")
    mask, masked = heard[1][2:6], heard[1][6:]
    assert bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked)) == b"are you there"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nX-Error-Message: Invalid access token\r\n\r\n", "401 .* Invalid access token"),
        (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: wrong\r\n\r\n", "refused: HTTP/1.1 101"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "refused: HTTP/1.1 200"),
    ],
)
def test_a_websocket_that_is_none(answer: bytes, said: str) -> None:
    with pytest.raises(websocket.WebsocketError, match=said):
        websocket.Websocket(server(lambda connection, _asked: connection.sendall(answer)), "a", "/")


def test_a_websocket_that_is_silent() -> None:
    client = websocket.Websocket(server(lambda connection, asked: connection.sendall(accept(asked))), "a", "/")
    with pytest.raises(websocket.WebsocketError, match=r"no message within 0\.1 s"):
        client.message(0.1)


PAGE = """<form action="/auth/sign_out" method="post"><input name="_method" value="delete"><input name="a"></form>
<form action="/auth/sign_in" method="post"><input type="hidden" name="authenticity_token" value="t&amp;1">
<input name="user[email]"><input name="user[password]" type="password"></form>"""


def test_the_right_form_is_filled_in() -> None:
    found = browser.form(PAGE, "user[email]", "user[password]")
    assert found["action"] == "/auth/sign_in"
    assert found["fields"] == {"authenticity_token": "t&1", "user[email]": "", "user[password]": ""}
    with pytest.raises(RuntimeError, match="no form with b"):
        browser.form(PAGE, "b")
    with pytest.raises(RuntimeError, match="no form with a"):
        browser.form(PAGE, "a")


@pytest.mark.parametrize("size", [48, 1_000_044, 2_500_000])
def test_the_noise_is_a_sound(size: int) -> None:
    digest = hashlib.sha256()
    data = b"".join(visit.sound(size, digest))
    assert len(data) == size
    assert digest.digest() == hashlib.sha256(data).digest()
    with wave.open(io.BytesIO(data)) as found:
        assert found.getnframes() == (size - 44) // 4


def described(folder: Path, **changes: Any) -> Path:
    (folder / "ca.pem").write_text("CERTIFICATE")
    (folder / "secrets.yml").write_text("owner_password: correct-horse-1\ns3_access_key: app\n")
    data = {
        "url": "https://mastodon.localhost:8443/", "ca_file": str(folder / "ca.pem"), "owner": "owner",
        "owner_email": "owner@mastodon.localhost",
        "password_file": str(folder / "secrets.yml"), "engine_socket": "/run/engine.sock", "network": "n",
        "outside_image": "debian",
        "hosts": {"fedi": {"container": "c1", "addresses": ["10.0.0.2"], "groups": ["minio"]}},
        **changes,
    }  # fmt: skip
    (folder / "demo.json").write_text(json.dumps(data))
    return folder / "demo.json"


def test_a_demo_is_read(tmp_path: Path) -> None:
    found = demo.load(described(tmp_path))
    assert (found.domain, found.email) == ("mastodon.localhost", "owner@mastodon.localhost")
    assert found.inside("c1") == ["docker", "-H", "unix:///run/engine.sock", "exec", "-i", "c1"]
    assert found.outside()[3:] == ["run", "--rm", "-i", "--network", "n", "debian"]
    assert found.first("minio").container == "c1"
    assert demo.secret_values(found.secrets) == {"owner_password": "correct-horse-1"}
    with pytest.raises(demo.DemoError, match="no host is in group redis"):
        found.first("redis")


@pytest.mark.parametrize("change", [{"hosts": []}, {"ca_file": "/no/such/file"}, {"hosts": {"fedi": {}}}])
def test_a_demo_that_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(demo.DemoError, match="does not describe a running demo"):
        demo.load(described(tmp_path, **change))


def test_an_encrypted_store_is_not_mistaken(tmp_path: Path) -> None:
    path = described(tmp_path)
    (tmp_path / "secrets.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    with pytest.raises(demo.DemoError, match="is encrypted"):
        demo.load(path)


def test_counts_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = {"name": "a", "good": True, "detail": "x"}, {"name": "b", "good": False, "detail": "y"}
    assert program.show([good, bad]) == 1
    assert capsys.readouterr().out == "passed  a: x\nFAILED  b: y\n1 passed, 1 failed\n"
    assert program.show([good]) == 0
    assert program.show([]) == 1
