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
from shared.models.mail import HandOver, Mailbox, OutgoingMail

CONNECT_SECONDS = 4.0
TOTAL_SECONDS = 9.0
_OK, _START_MAIL, _CLOSING = 250, 354, 421
_TEMPORARY, _PERMANENT = 400, 500
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class _AnsweredError(Exception):
    """The server answered something else than what the message needs to go on."""

    def __init__(self, step: str, code: int) -> None:
        super().__init__(step)
        self.step = step
        self.code = code


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
            with self._connected() as server:
                self._sign_in(server)
                _expect("sender", server.mail(mail.sender.address), _OK)
                _expect("recipient", server.rcpt(mail.recipient.address), _OK)
                _expect("data", server.docmd("DATA"), _START_MAIL)
                handing.set()
                server.send(_dotted(written))
                _expect("message", server.getreply(), _OK)
                return HandOver("accepted", "handed_over")
        except _AnsweredError as answered:
            kind = "deferred" if answered.code < _PERMANENT else "refused"
            return HandOver(kind, f"{answered.step}_{answered.code}")
        except smtplib.SMTPAuthenticationError as refused:
            kind = "deferred" if refused.smtp_code < _PERMANENT else "refused"
            return HandOver(kind, "credentials_refused")
        except smtplib.SMTPNotSupportedError:
            return HandOver("refused", "not_supported")
        except ssl.SSLCertVerificationError:
            return HandOver("refused", "certificate_not_trusted")
        except (smtplib.SMTPException, OSError, ValueError) as exc:
            if handing.is_set():
                return HandOver("unknown", "no_answer_after_data")
            return HandOver("deferred", "timeout" if isinstance(exc, TimeoutError) else "unreachable")

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that has TLS; it is cut off when the time is over, whatever somebody waits for then."""
        settings, context = self._settings, self._trust()
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=CONNECT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=CONNECT_SECONDS)
        cut = threading.Timer(self._total, _cut_off, [server])
        cut.daemon = True
        cut.start()
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
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


def _dotted(message: bytes) -> bytes:
    """The message as DATA carries it: a dot at a line's beginning doubled, a dot alone at the end."""
    ended = message if message.endswith(b"\r\n") else message + b"\r\n"
    return _LEADING_DOT.sub(b"..", ended) + b".\r\n"


def _cut_off(server: smtplib.SMTP) -> None:
    connection = server.sock
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
