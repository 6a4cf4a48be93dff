# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of the mail server that Mastodon sends through. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, clean, ok
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError


class _Session(smtplib.SMTP):
    """A session over a connection that is open already: names are resolved and TLS is verified in one place."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        super().__init__(timeout=connection.gettimeout() or 10.0)
        self.sock = connection
        # smtplib verifies STARTTLS against this name, and asks nobody else for it.
        self._host = host
        code, words = self.getreply()
        if code != 220:
            raise ProbeError(
                f"greets with {code}: {_words(words)}", "See whether the server refuses this host's address"
            )


def smtp(
    context: Context,
    *,
    server: str,
    port: int = 587,
    tls: bool = False,
    starttls: str = "auto",
    login: str = "",
    secret: str = "",
    from_address: str = "",
    to: str = "",
) -> Iterator[Finding]:
    """Connect, encrypt and log in as Mastodon does. Nothing is sent, unless an address is given."""
    connection = context.connect_tls(server, port) if tls else context.connect(server, port)
    with _Session(connection, server) as session:
        session.ehlo()
        done = ["TLS verified"] if tls else _starttls(context, session, starttls)
        if login:
            if not done:
                raise ProbeError(
                    "would send the password unencrypted: the server offers no STARTTLS",
                    "Set mastodon_smtp_tls, or use another server or port",
                )
            done.append(_log_in(session, login, context.secret(secret)))
        if to:
            done.append(_send(session, from_address, to))
    yield ok(f"{server}:{port}: " + ", ".join(done or ["unencrypted, without login"]))


def _starttls(context: Context, session: smtplib.SMTP, wish: str) -> list[str]:
    offered = session.has_extn("starttls")
    if wish == "never" or (wish == "auto" and not offered):
        return []
    if not offered:
        raise ProbeError(
            "the server offers no STARTTLS, mastodon_smtp_starttls demands it",
            "Port 465 wants mastodon_smtp_tls instead; port 587 usually has STARTTLS",
        )
    settings: ssl.SSLContext = context.trust()
    session.starttls(context=settings)
    session.ehlo()
    return ["STARTTLS verified"]


def _log_in(session: smtplib.SMTP, login: str, password: str) -> str:
    try:
        session.login(login, password)
    except smtplib.SMTPAuthenticationError as error:
        raise ProbeError(
            f"refused the login: {error.smtp_code} {_words(error.smtp_error)}",
            "Compare mastodon_smtp_login and mastodon_smtp_password with your provider's",
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ProbeError(
            "offers no login: it is meant for relaying", "Leave mastodon_smtp_login empty, or use port 587"
        ) from error
    return "logged in"


def _send(session: smtplib.SMTP, from_address: str, to: str) -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = from_address, to, "Mastodon's mail works"
    message["Date"], message["Message-ID"] = formatdate(), make_msgid()
    message.set_content("You asked check.yml to send this. It went the way that Mastodon's own mail goes.\n")
    try:
        session.send_message(message)
    except smtplib.SMTPException as error:
        raise ProbeError(
            f"refused the message: {clean(error, 120)}",
            "Compare mastodon_smtp_from_address with what the server lets this login send",
        ) from error
    return f"sent a message to {to}"


def _words(raw: bytes | str) -> str:
    return clean(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw, 120)
