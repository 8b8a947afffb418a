"""A real mail server on a real socket, under TLS with a certificate of its own, that answers as a test says."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
USER, PASSWORD = "practice", "let-us-in"
OK = "250 OK"


@dataclass
class Desk:
    """What the server got, and what it answers to each step."""

    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    hang_up: str | None = None
    under_tls: list[bool] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._end(server, "MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        self.under_tls.append(session.ssl is not None)
        return self.answers.get("MAIL", OK)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        self.recipients.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        del session
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(content)
        await asyncio.sleep(self.pause)
        self._end(server, "DATA")
        return self.answers.get("DATA", OK)

    def _end(self, server: SMTP, step: str) -> None:
        if self.hang_up == step and server.transport is not None:
            server.transport.abort()


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that vouches for itself, and its key, as PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What the server shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def new_certificate(folder: Path, *, host: str = HOST, days: int = 1) -> Certificate:
    """Make one; with negative `days` it has run out."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths = Certificate(folder / "certificate.pem", folder / "key.pem")
    paths.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths.key.write_bytes(key.private_bytes(*encoding))
    return paths


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    del server, session, envelope, mechanism
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


class _Listening(Controller):
    """A server that is used as soon as its port is open."""

    def _trigger_server(self) -> None:
        """Knock without a word: aiosmtpd's own probe begins TLS, and trusts nobody's certificate."""
        with socket.create_connection((self.hostname, self.port), 5):
            self._factory_invoked.wait(5)


@contextmanager
def mail_server(
    certificate: Certificate, *, implicit: bool = False, offers_tls: bool = True
) -> Iterator[tuple[Desk, int]]:
    """A server on a free port, and its desk."""
    desk, context = Desk(), certificate.context()
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    settings: dict[str, Any] = {"hostname": HOST, "port": port, "authenticator": _authenticate}
    if implicit:
        settings |= {"ssl_context": context, "auth_required": True, "auth_require_tls": False}
    elif offers_tls:
        settings |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    controller = _Listening(desk, **settings)
    controller.start()
    try:
        yield desk, port
    finally:
        controller.stop()


@contextmanager
def raw_server(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that says whatever `speak` does with each connection; it ends with the block."""
    ended = threading.Event()
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(0.2)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                with connection:
                    try:
                        speak(connection, ended)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            ended.set()
            thread.join(5)
