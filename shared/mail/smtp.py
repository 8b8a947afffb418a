"""SmtpMail: one message over one connection to the configured server, always under TLS with a verified certificate.

Until the message's last byte goes out, whatever fails leaves nobody with the message. From then on only the server's
answer says who has it: without one, it is unknown.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shared.config import SmtpSettings
from shared.mail.message import write_message
from shared.models.mail import HandOver, HandOverResult, Mailbox, OutgoingMail

CONNECT_SECONDS = 4.0
TOTAL_SECONDS = 6.0  # a request has 13 seconds, of which the store needs some before and after
_READY, _OK, _START_MAIL = 220, 250, 354
_TEMPORARY, _PERMANENT = 400, 500
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class _AnsweredError(Exception):
    """The server answered something else than what the message needs to go on."""

    def __init__(self, step: str, code: int) -> None:
        super().__init__(step)
        self.step = step
        self.code = code


class _Connection(smtplib.SMTP):
    """A connection whose socket is known before anything is waited for, so that it can be cut off at any time."""

    def __init__(self, host: str, context: ssl.SSLContext | None) -> None:
        super().__init__(timeout=CONNECT_SECONDS)
        self._name = host
        self._from_the_start = context
        self._over = threading.Event()

    def cut_off(self) -> None:
        """End whatever is waited for, and let nothing begin any more."""
        self._over.set()
        connection = self.sock
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise TimeoutError when the time is over: it may have ended while there was no socket to cut off."""
        if self._over.is_set():
            raise TimeoutError("the time is over")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.sock = self._reached(host, port, timeout)
        self.check()
        if self._from_the_start is not None:
            self.secure(self._from_the_start)
        return self.sock

    def _reached(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to the first of the host's addresses that answers in time."""
        failure = OSError("the host has no address")
        for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self.check()
            try:
                return socket.create_connection((str(place[0]), port), timeout)
            except OSError as exc:
                failure = exc
        raise failure

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on under TLS, and forget what was said before."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        secured = context.wrap_socket(self.sock, server_hostname=self._name, do_handshake_on_connect=False)
        self.sock = secured
        self.check()
        secured.do_handshake()
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class SmtpMail:
    """See Mailer. Whatever it takes is over after `total_seconds`, however slowly the server drips."""

    def __init__(self, settings: SmtpSettings, sender: Mailbox, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._settings = settings
        self._sender = sender
        self._total = total_seconds

    @property
    def sender(self) -> Mailbox:
        """See Mailer.sender."""
        return self._sender

    def send(self, mail: OutgoingMail) -> HandOver:
        """See Mailer.send."""
        written = write_message(mail)
        handing = threading.Event()  # set once the server may have the message
        try:
            self._hand_over(mail, written, handing)
        except _AnsweredError as answered:
            return HandOver(_kind(answered.code), f"{answered.step}_{answered.code}")
        except smtplib.SMTPAuthenticationError as refused:
            return HandOver(_kind(refused.smtp_code), "credentials_refused")
        except (smtplib.SMTPException, OSError, ValueError) as exc:
            if handing.is_set():
                return HandOver("unknown", "no_answer_after_data")
            return _before_data(exc)
        return HandOver("accepted", "handed_over")

    def _hand_over(self, mail: OutgoingMail, written: bytes, handing: threading.Event) -> None:
        with self._connected() as server:
            self._sign_in(server)
            _expect("sender", server.mail(mail.sender.address), _OK)
            _expect("recipient", server.rcpt(mail.recipient.address), _OK)
            server.check()
            _expect("data", server.docmd("DATA"), _START_MAIL)
            handing.set()
            server.send(_dotted(written))
            _expect("message", server.getreply(), _OK)

    @contextmanager
    def _connected(self) -> Iterator[_Connection]:
        """A connection that has TLS; it is cut off when the time is over, whatever somebody waits for then."""
        settings, context = self._settings, self._trust()
        server = _Connection(settings.host, context if settings.security == "tls" else None)
        cut = threading.Timer(self._total, server.cut_off)
        cut.daemon = True
        cut.start()
        try:
            _expect("greeting", server.connect(settings.host, settings.port), _READY)
            if settings.security == "starttls":
                server.ehlo_or_helo_if_needed()
                if not server.has_extn("starttls"):
                    raise smtplib.SMTPNotSupportedError("no STARTTLS")
                _expect("starttls", server.docmd("STARTTLS"), _READY)
                server.secure(context)
            if server.sock is not None:
                server.sock.settimeout(self._total)
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            cut.cancel()
            server.close()

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _sign_in(self, server: smtplib.SMTP) -> None:
        password = self._settings.password
        if self._settings.user is not None and password is not None:
            server.login(self._settings.user, password.get_secret_value())
        else:
            server.ehlo_or_helo_if_needed()


def _expect(step: str, answer: tuple[int, bytes], wanted: int) -> None:
    """Go on with the wanted answer; another of its hundred (251: forwarded) is as good."""
    code = answer[0]
    if code // 100 == wanted // 100:
        return
    if not _TEMPORARY <= code < _PERMANENT + 100:
        raise smtplib.SMTPServerDisconnected("not an answer of SMTP")
    raise _AnsweredError(step, code)


def _kind(code: int) -> HandOverResult:
    return "deferred" if code < _PERMANENT else "refused"


def _before_data(exc: Exception) -> HandOver:
    """What a failure means while nobody can have the message."""
    if isinstance(exc, smtplib.SMTPNotSupportedError):
        return HandOver("refused", "not_supported")
    if isinstance(exc, ssl.SSLCertVerificationError):
        return HandOver("refused", "certificate_not_trusted")
    return HandOver("deferred", "timeout" if isinstance(exc, TimeoutError) else "unreachable")


def _dotted(message: bytes) -> bytes:
    """The message as DATA carries it: a dot at a line's beginning doubled, a dot alone at the end."""
    ended = message if message.endswith(b"\r\n") else message + b"\r\n"
    return _LEADING_DOT.sub(b"..", ended) + b".\r\n"
