# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on real files and a real OpenSSL."""

from __future__ import annotations

import json
import os
import pwd
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fediops.mastodon.plugins.modules import server_certificate

DAY = 86400
NAMES = ["10.0.0.1", "fd00::1", "s3.example.org"]
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let so many days pass."""
    real = server_certificate.time.time

    def move(days: float) -> None:
        monkeypatch.setattr(server_certificate.time, "time", lambda: real() + days * DAY)

    return move


def run(folder: Path, capsys: pytest.CaptureFixture[str], *, check: bool = False, **more: Any) -> dict[str, Any]:
    """Run the module, and return its result."""
    options = {"path": str(folder), "names": NAMES, "owner": ME, "days": 80, "_ansible_check_mode": check, **more}
    with patch_module_args(options), pytest.raises(SystemExit) as ended:
        server_certificate.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (ended.value.code == 0) == ("failed" not in result), result
    return result


def shown(folder: Path) -> str:
    """Return the certificate in use; that the key belongs to it is checked by OpenSSL itself."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / "public.crt", folder / "private.key")
    return (folder / "public.crt").read_text()


def test_it_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = run(tmp_path, capsys, check=True)
    assert (asked["changed"], asked["action"], asked["trusted"], list(tmp_path.iterdir())) == (True, "make", "", [])
    first = run(tmp_path, capsys)
    assert (first["changed"], first["action"], first["trusted"]) == (True, "make", shown(tmp_path))
    for check in (True, False):
        again = run(tmp_path, capsys, check=check)
        assert (again["changed"], again["action"], again["trusted"]) == (False, "keep", first["trusted"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"private.key": 0o600, "public.crt": 0o644, "trusted.crt": 0o644}
    words = ["openssl", "x509", "-in", str(tmp_path / "public.crt"), "-noout", "-text"]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert "CA:FALSE" in text
    assert "CA:TRUE" not in text
    assert "IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, DNS:s3.example.org" in text


def test_no_key_is_in_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "PRIVATE" not in json.dumps(run(tmp_path, capsys))
    assert "PRIVATE" not in (tmp_path / "trusted.crt").read_text()


def test_renewal(tmp_path: Path, capsys: pytest.CaptureFixture[str], later: Callable[[float], None]) -> None:
    old = run(tmp_path, capsys, days=21)["trusted"]
    assert run(tmp_path, capsys)["action"] == "keep"
    later(2)
    announced = run(tmp_path, capsys)
    assert (announced["action"], shown(tmp_path)) == ("announce", old)
    assert announced["trusted"].startswith(old)
    new = announced["trusted"].removeprefix(old)
    assert run(tmp_path, capsys)["changed"] is False
    later(12)
    assert run(tmp_path, capsys, check=True)["action"] == "switch"
    assert shown(tmp_path) == old
    switched = run(tmp_path, capsys)
    assert (switched["action"], switched["trusted"], shown(tmp_path)) == ("switch", new, new)
    assert run(tmp_path, capsys)["changed"] is False


def test_a_switch_that_was_killed_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = run(tmp_path, capsys, days=19)["trusted"]
    new = run(tmp_path, capsys)["trusted"].removeprefix(old)
    (tmp_path / "next.key").replace(tmp_path / "private.key")
    assert run(tmp_path, capsys)["action"] == "switch"
    assert shown(tmp_path) == new


@pytest.mark.parametrize("broken", ["names", "ended", "key", "rubbish", "gone"])
def test_one_that_is_no_good_is_replaced_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], later: Callable[[float], None], broken: str
) -> None:
    old = run(tmp_path, capsys)["trusted"]
    names = [*NAMES, "localhost"] if broken == "names" else NAMES
    if broken == "ended":
        later(81)
    elif broken == "key":
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "private.key"], check=True)
    elif broken == "rubbish":
        (tmp_path / "public.crt").write_text("rubbish")
    elif broken == "gone":
        (tmp_path / "private.key").unlink()
    replaced = run(tmp_path, capsys, names=names)
    assert (replaced["action"], replaced["trusted"]) == ("make", shown(tmp_path))
    assert replaced["trusted"] != old


def test_a_successor_of_other_names_is_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, capsys, days=19)
    assert run(tmp_path, capsys)["action"] == "announce"
    assert run(tmp_path, capsys, names=["10.0.0.2"])["action"] == "make"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["private.key", "public.crt", "trusted.crt"]


def test_others_never_read_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, capsys)
    (tmp_path / "private.key").chmod(0o640)
    assert run(tmp_path, capsys, check=True)["changed"] is True
    assert run(tmp_path, capsys)["changed"] is True
    assert stat.S_IMODE((tmp_path / "private.key").stat().st_mode) == 0o600


def test_a_certificate_without_names_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "names is empty" in run(tmp_path, capsys, names=[])["msg"]
