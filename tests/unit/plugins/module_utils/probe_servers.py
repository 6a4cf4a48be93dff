# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small servers on loopback that the probes are pointed at, good and bad ones."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
NAME = "social.example.org"


@contextlib.contextmanager
def tcp(handler: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None, host: str = HOST) -> Iterator[int]:
    """Serve each connection with the handler, and yield the port."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=_guarded, args=(handler, connection, tls), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _guarded(handler: Callable[[socket.socket], None], connection: socket.socket, tls: ssl.SSLContext | None) -> None:
    with (
        contextlib.suppress(OSError),
        connection if tls is None else tls.wrap_socket(connection, server_side=True) as talk,
    ):
        handler(talk)
        # Closed with something unread, a connection is reset, and the peer may lose the answer.
        talk.shutdown(socket.SHUT_WR)
        talk.settimeout(2)
        while talk.recv(65536):
            pass


@contextlib.contextmanager
def udp(answer: Callable[[bytes], bytes | None], host: str = HOST) -> Iterator[int]:
    """Answer each datagram, or keep silent, and yield the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as talk:
        talk.bind((host, 0))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    asked, peer = talk.recvfrom(2048)
                    if (said := answer(asked)) is not None:
                        talk.sendto(said, peer)

        threading.Thread(target=serve, daemon=True).start()
        yield talk.getsockname()[1]


@contextlib.contextmanager
def closed(host: str = HOST) -> Iterator[int]:
    """Yield a port where nobody listens, and see that nobody comes to."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind((host, 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def web(pages: Mapping[str, tuple[int, Any, bytes]], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve pages: each path has a status, headers (a mapping or pairs) and a body. Yield the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = pages.get(self.path, (404, {}, b"nothing here"))
            self.send_response(status)
            for name, value in headers.items() if isinstance(headers, dict) else headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def lines(answers: Callable[[str], bytes | None], greeting: bytes = b"") -> Callable[[socket.socket], None]:
    """Return a handler that answers line by line; None ends the connection."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting)
        with connection.makefile("rb") as asked:
            for line in asked:
                answer = answers(line.decode().strip())
                if answer is None:
                    return
                connection.sendall(answer)

    return handle


class Authority:
    """A certificate authority of a test, and servers' settings with certificates that it signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test root")])
        use = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        root = self._build(self.name, self.key, -1, 100).add_extension(x509.BasicConstraints(True, None), critical=True)
        root = root.add_extension(x509.KeyUsage(key_cert_sign=True, **use), critical=True)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(root.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, start: float, end: float
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=start))
            .not_valid_after(now + datetime.timedelta(days=end))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )

    def server(self, name: str = NAME, start: float = -1, end: float = 89) -> ssl.SSLContext:
        """Return settings of a server whose certificate lives from `start` to `end`, in days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(HOST))])
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signed = (
            self._build(subject, key, start, end).add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        )
        pem = self.folder / f"{x509.random_serial_number()}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings.load_cert_chain(pem)
        return settings


def only(settings: ssl.SSLContext, oldest: ssl.TLSVersion, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Let a server speak these protocols, even those that OpenSSL refuses unless it is told to be careless."""
    settings.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        settings.minimum_version, settings.maximum_version = oldest, newest
    return settings
