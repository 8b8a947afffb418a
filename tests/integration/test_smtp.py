"""SmtpMail against a real mail server: TLS and who is trusted, what each answer means, and connections that break."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.config import SmtpSettings
from shared.mail.message import write_message
from shared.mail.smtp import SmtpMail
from shared.models.mail import HandOver, Mailbox, OutgoingMail
from tests.integration.smtp_server import (
    HOST,
    PASSWORD,
    USER,
    Certificate,
    Desk,
    mail_server,
    new_certificate,
    raw_server,
)

SENDER = Mailbox("no-reply@practice.example", "Riverside Family Practice")
MAIL = OutgoingMail(
    message_id="<0123456789abcdef@practice.example>",
    date=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    sender=SENDER,
    recipient=Mailbox("zoe@patients.example", "Zoë Müller"),
    subject="Your appointment",
    text="Dear Zoë,\n.\n..two dots\nplease come at nine.",
    html="<p>Dear Zoë</p>",
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return new_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[tuple[Desk, int]]:
    with mail_server(certificate) as started:
        yield started


def smtp(port: int, certificate: Certificate | None, *, seconds: float = 9.0, **settings: Any) -> SmtpMail:
    given: dict[str, Any] = {"host": HOST, "port": port, "user": USER, "password": SecretStr(PASSWORD)}
    given["ca_file"] = None if certificate is None else str(certificate.certificate)
    return SmtpMail(SmtpSettings(**(given | settings)), SENDER, total_seconds=seconds)


def test_a_message_arrives_under_tls_as_it_was_written(server: tuple[Desk, int], certificate: Certificate) -> None:
    desk, port = server
    assert smtp(port, certificate).send(MAIL) == HandOver("accepted", "handed_over")
    assert (desk.messages, desk.recipients) == ([write_message(MAIL)], ["zoe@patients.example"])
    assert desk.under_tls == [True]
    message = message_from_bytes(desk.messages[0], policy=default)
    assert (message["Message-ID"], message["To"].addresses[0].display_name) == (MAIL.message_id, "Zoë Müller")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see that its socket has TLS
def test_a_server_that_speaks_tls_from_the_first_byte(certificate: Certificate) -> None:
    with mail_server(certificate, implicit=True) as (desk, port):
        assert smtp(port, certificate, security="tls").send(MAIL).result == "accepted"
        assert desk.messages == [write_message(MAIL)]


def test_a_certificate_that_nobody_vouches_for_gets_nothing(server: tuple[Desk, int], tmp_path: Path) -> None:
    desk, port = server
    stranger = new_certificate(tmp_path)
    for trusted in (None, stranger):
        assert smtp(port, trusted).send(MAIL) == HandOver("refused", "certificate_not_trusted")
    assert desk.messages == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see that its socket has TLS
def test_a_certificate_for_another_host_or_run_out_gets_nothing(tmp_path: Path) -> None:
    for n, given in enumerate(({"host": "127.0.0.9"}, {"days": -1})):
        wrong = new_certificate(tmp_path / str(n), **given)  # type: ignore[arg-type]  # one of both
        with mail_server(wrong, implicit=True) as (desk, port):
            assert smtp(port, wrong, security="tls").send(MAIL) == HandOver("refused", "certificate_not_trusted")
            assert desk.messages == []


def test_nothing_is_said_to_a_server_without_tls(certificate: Certificate) -> None:
    with mail_server(certificate, offers_tls=False) as (desk, port):
        assert smtp(port, certificate).send(MAIL) == HandOver("refused", "not_supported")
        assert (desk.messages, desk.under_tls) == ([], [])


def test_wrong_credentials_are_said_to_be_so(server: tuple[Desk, int], certificate: Certificate) -> None:
    desk, port = server
    handed = smtp(port, certificate, password=SecretStr("wrong")).send(MAIL)
    assert (handed, desk.messages) == (HandOver("refused", "credentials_refused"), [])


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("MAIL", "451 later", HandOver("deferred", "sender_451")),
        ("RCPT", "450 greylisted", HandOver("deferred", "recipient_450")),
        ("RCPT", "550 no such user zoe@patients.example", HandOver("refused", "recipient_550")),
        ("DATA", "452 full", HandOver("deferred", "message_452")),
        ("DATA", "554 spam", HandOver("refused", "message_554")),
    ],
)
def test_a_servers_no_means_that_nobody_has_it(
    server: tuple[Desk, int], certificate: Certificate, step: str, answer: str, expected: HandOver
) -> None:
    desk, port = server
    desk.answers[step] = answer
    assert smtp(port, certificate).send(MAIL) == expected


def test_a_connection_that_breaks_before_data_leaves_nobody_with_it(
    server: tuple[Desk, int], certificate: Certificate
) -> None:
    desk, port = server
    desk.hang_up = "MAIL"
    assert smtp(port, certificate).send(MAIL).result == "deferred"
    assert desk.messages == []


def test_a_connection_that_breaks_after_data_is_unknown(server: tuple[Desk, int], certificate: Certificate) -> None:
    desk, port = server
    desk.hang_up = "DATA"
    assert smtp(port, certificate).send(MAIL) == HandOver("unknown", "no_answer_after_data")
    assert len(desk.messages) == 1, "the server had it: it must never be called deferred"


def test_a_server_that_takes_its_time_after_data_is_unknown_in_time(
    server: tuple[Desk, int], certificate: Certificate
) -> None:
    desk, port = server
    desk.pause = 6.0
    begun = time.monotonic()
    assert smtp(port, certificate, seconds=2.0).send(MAIL).result == "unknown"
    assert time.monotonic() - begun < 5


def test_a_server_that_drips_is_left_in_time() -> None:
    def drip(connection: socket.socket, ended: threading.Event) -> None:
        while not ended.wait(0.2):
            connection.sendall(b"2")

    with raw_server(drip) as port:
        for security in ("starttls", "tls"):
            begun = time.monotonic()
            assert smtp(port, None, seconds=1.5, security=security).send(MAIL).result == "deferred"
            assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"999 what\r\n", b"\xff\xfe\r\n", b"421 busy\r\n"]
)
def test_what_is_no_mail_server_is_no_answer(said: bytes) -> None:
    def speak(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(said)

    with raw_server(speak) as port:
        assert smtp(port, None, seconds=3.0).send(MAIL).result == "deferred"


def test_nobody_there_is_deferred() -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    assert smtp(port, None).send(MAIL) == HandOver("deferred", "unreachable")


def test_dots_at_a_lines_beginning_arrive_as_they_were(server: tuple[Desk, int], certificate: Certificate) -> None:
    desk, port = server
    mail = replace(MAIL, text="\n".join([".", "..", ".a", "b."] * 20))
    assert smtp(port, certificate).send(mail).result == "accepted"
    part = message_from_bytes(desk.messages[0], policy=default).get_body(("plain",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n").strip() == mail.text
