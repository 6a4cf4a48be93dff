# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every probe of the acceptance stands on: connections with time limits, and sentences instead of tracebacks.

PRIVATE to the collection: no other code may rely on it.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class ProbeError(Exception):
    """A probe cannot go on: what it met, and what to do about it. It becomes a red row."""

    def __init__(self, detail: str, cure: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.cure = cure


@dataclass(frozen=True)
class Context:
    """What all probes of one run share."""

    ca_file: str = ""
    timeout: float = 10.0
    # Names that this host should find elsewhere than its resolver says, as /etc/hosts would.
    resolve: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def secret(self, name: str) -> str:
        """Return a secret by its name: probes are printed at -vvv, so they must not hold the value."""
        if not name:
            return ""
        if name not in self.secrets:
            raise ProbeError(f"the secret {name!r} was not handed over", "Add it to the module's option secrets")
        return self.secrets[name]

    def connect(self, host: str, port: int) -> socket.socket:
        """Open a TCP connection; the time limit stays on the socket."""
        try:
            return socket.create_connection((self.resolve.get(host, host), int(port)), timeout=self.timeout)
        except socket.gaierror as error:
            raise _unknown_name(host, error) from error

    def addresses(self, host: str) -> dict[str, int]:
        """Return all addresses of a name, each with its family."""
        try:
            found = socket.getaddrinfo(self.resolve.get(host, host), None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise _unknown_name(host, error) from error
        return {str(where[0]): int(family) for family, _kind, _protocol, _name, where in found}

    def trust(self, certificate: str = "") -> ssl.SSLContext:
        """Return settings that verify the peer by PEM text, or by `ca_file`, or by this host's own store."""
        try:
            settings = ssl.create_default_context(
                cafile=None if certificate else self.ca_file or None, cadata=certificate or None
            )
        except OSError as error:
            raise ProbeError(f"cannot read certificates from {self.ca_file}", "Correct check_ca_file") from error
        settings.minimum_version = ssl.TLSVersion.TLSv1_2
        # Python 3.13 began to refuse certificates without extensions that browsers do not ask for.
        settings.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return settings

    def connect_tls(self, host: str, port: int, certificate: str = "") -> ssl.SSLSocket:
        """Open a verified TLS connection."""
        plain = self.connect(host, port)
        try:
            return self.trust(certificate).wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def run(self, argv: Sequence[str], given: str = "") -> str:
        """Run a program, in English and with a time limit, and return what it printed."""
        try:
            # The programs are named by the probes and the playbook; no value of an outsider gets here.
            done = subprocess.run(  # noqa: S603 - a list of words, no shell
                list(argv),
                input=given,
                capture_output=True,
                text=True,
                timeout=self.timeout,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
        except FileNotFoundError as error:
            raise ProbeError(f"there is no program {argv[0]}", "See that the role which brings it has run") from error
        except subprocess.TimeoutExpired as error:
            raise ProbeError(f"{argv[0]} did not finish within {self.timeout:g} s", "Run it by hand and see") from error
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip() or "it said nothing"
            raise ProbeError(f"{argv[0]} ended with {done.returncode}: {words}", "Run it by hand and see")
        return done.stdout


def _unknown_name(host: str, error: socket.gaierror) -> ProbeError:
    return ProbeError(f"the name {host} cannot be resolved: {error.strerror}", "Look at its DNS records")


def explain(error: BaseException, timeout: float) -> tuple[str, str]:
    """Return what an exception means for an admin, and what to do about it."""
    if isinstance(error, ProbeError):
        return error.detail, error.cure
    for kinds, detail, cure in _SENTENCES:
        if isinstance(error, kinds):
            return detail.format(error=_words(error), timeout=f"{timeout:g}"), cure
    return f"{type(error).__name__}: {_words(error)}", ""


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


# The first that fits speaks; special kinds stand before general ones.
_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (ssl.SSLCertVerificationError,),
        "the certificate is not trusted: {error}",
        "Read the log of caddy; for an internal CA name its root in check_ca_file",
    ),
    (
        (ssl.SSLError,),
        "TLS failed: {error}",
        "See that the port speaks TLS 1.2 or later: journalctl -u caddy",
    ),
    (
        (ConnectionRefusedError,),
        "connection refused: nothing listens there",
        "Start the service, then read its log",
    ),
    (
        # Python 3.9 still tells the two apart.
        (socket.timeout, TimeoutError),
        "no answer within {timeout} s",
        "See whether the host is up, the service overloaded, or a firewall in between",
    ),
    (
        (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected, EOFError),
        "the connection was cut before an answer came",
        "Read the log of the service at that moment",
    ),
    (
        (http.client.HTTPException,),
        "the answer is not HTTP: {error!r}",
        "See what listens on that port",
    ),
    (
        (FileNotFoundError,),
        "a file is missing: {error}",
        "See that the role which makes it has run",
    ),
    (
        (PermissionError,),
        "this may not be read: {error}",
        "Run the check as root (become: true)",
    ),
    (
        (OSError,),
        "the network or the system said: {error}",
        "Look at addresses and routes of this host",
    ),
)
