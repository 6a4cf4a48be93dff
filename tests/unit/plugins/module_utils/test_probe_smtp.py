# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail server, friendly and not."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_smtp
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

RIGHT = base64.b64encode(b"\0mailer\0right").decode()


class Mail:
    """A mail server: what it offers, and what it was told."""

    def __init__(self, tls: ssl.SSLContext | None, login: bool = True, refuse: bytes = b"") -> None:
        self.tls, self.login, self.refuse = tls, login, refuse
        self.heard: list[str] = []
        self.message = b""

    def __call__(self, connection: Any) -> None:
        connection.sendall(self.refuse or b"220 hello\r\n")
        read = connection.makefile("rb")
        encrypted = isinstance(connection, ssl.SSLSocket)
        while line := read.readline().decode().strip():
            self.heard.append(line)
            verb = line.split()[0].upper()
            if verb == "STARTTLS" and self.tls:
                connection.sendall(b"220 go\r\n")
                connection = self.tls.wrap_socket(connection, server_side=True)
                read, encrypted = connection.makefile("rb"), True
            elif verb == "EHLO":
                offers = [b"STARTTLS"] if self.tls and not encrypted else []
                offers += [b"AUTH PLAIN"] if self.login and encrypted else []
                connection.sendall(b"".join(b"250-%s\r\n" % offer for offer in (b"mail", *offers)) + b"250 SIZE\r\n")
            elif verb == "AUTH":
                connection.sendall(b"235 in\r\n" if line.endswith(RIGHT) else b"535 5.7.8 wrong\r\n")
            elif verb == "DATA":
                connection.sendall(b"354 go\r\n")
                while (part := read.readline()) != b".\r\n":
                    self.message += part
                connection.sendall(b"250 queued\r\n")
            elif verb == "RCPT" and "nobody" in line:
                connection.sendall(b"550 no such user\r\n")
            else:
                connection.sendall(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")


@pytest.fixture
def authority(tmp_path: Path) -> servers.Authority:
    return servers.Authority(tmp_path)


def ask(mail: Mail, authority: servers.Authority, tls: ssl.SSLContext | None = None, **options: Any) -> str:
    context = Context(
        ca_file=str(authority.ca_file),
        timeout=2,
        resolve={servers.NAME: servers.HOST},
        secrets={"right": "right", "wrong": "geheim"},
    )
    with servers.tcp(mail, tls) as port:
        (found,) = _probe_smtp.smtp(context, server=servers.NAME, port=port, tls=tls is not None, **options)
    assert found.status == "ok"
    return found.detail.split(": ", 1)[1]


def test_starttls_and_login_and_nothing_sent(authority: servers.Authority) -> None:
    mail = Mail(authority.server())
    assert ask(mail, authority, login="mailer", secret="right") == "STARTTLS verified, logged in"
    assert not any(line.startswith(("MAIL", "RCPT", "DATA")) for line in mail.heard)


def test_tls_from_the_start(authority: servers.Authority) -> None:
    detail = ask(Mail(None), authority, authority.server(), login="mailer", secret="right")
    assert detail == "TLS verified, logged in"


def test_a_relay(authority: servers.Authority) -> None:
    assert ask(Mail(None), authority) == "unencrypted, without login"
    assert ask(Mail(authority.server()), authority, starttls="never") == "unencrypted, without login"


def test_a_message_when_asked_for(authority: servers.Authority) -> None:
    mail = Mail(authority.server())
    detail = ask(mail, authority, from_address="Mastodon <a@example.org>", to="b@example.org")
    assert detail == "STARTTLS verified, sent a message to b@example.org"
    assert b"Subject: Mastodon's mail works" in mail.message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"login": "mailer", "secret": "wrong"}, "refused the login: 535 5.7.8 wrong"),
        ({"to": "nobody@example.org", "from_address": "a@example.org"}, "refused the message"),
    ],
)
def test_refusals(authority: servers.Authority, options: dict[str, str], said: str) -> None:
    with pytest.raises(ProbeError, match=said) as caught:
        ask(Mail(authority.server()), authority, **options)
    assert "geheim" not in caught.value.detail
    assert caught.value.cure


def test_no_password_goes_out_unencrypted(authority: servers.Authority) -> None:
    mail = Mail(None)
    with pytest.raises(ProbeError, match="unencrypted"):
        ask(mail, authority, login="mailer", secret="right")
    assert not any(line.startswith("AUTH") for line in mail.heard)


def test_starttls_demanded_and_not_offered(authority: servers.Authority) -> None:
    with pytest.raises(ProbeError, match="offers no STARTTLS"):
        ask(Mail(None), authority, starttls="always")


def test_login_wanted_and_not_offered(authority: servers.Authority) -> None:
    with pytest.raises(ProbeError, match="offers no login"):
        ask(Mail(authority.server(), login=False), authority, login="mailer", secret="right")


def test_a_certificate_for_another_name(authority: servers.Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(Mail(authority.server("other.example.org")), authority)


def test_a_server_that_wants_nothing_to_do_with_us(authority: servers.Authority) -> None:
    with pytest.raises(ProbeError, match="greets with 554: go away"):
        ask(Mail(None, refuse=b"554 go away\r\n"), authority)
