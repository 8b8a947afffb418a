"""The time that handing a message over may take, also while there is no connection to cut off yet."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from shared.config import SmtpSettings
from shared.mail import smtp
from tests.unit.test_mail_message import MAIL

ANSWERS = b"220 ready\r\n250 mx\r\n250 sender\r\n250 recipient\r\n354 go\r\n250 taken\r\n221 bye\r\n"


@pytest.mark.parametrize(("slow", "result"), [(True, "deferred"), (False, "accepted")])
def test_a_connection_that_comes_too_late_is_not_used(monkeypatch: pytest.MonkeyPatch, slow: bool, result: str) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(ANSWERS)
    over = threading.Event()
    cut_off = smtp._Connection.cut_off

    def told(server: smtp._Connection) -> None:
        cut_off(server)
        over.set()

    def connect(place: tuple[str, int], timeout: float) -> socket.socket:
        del place, timeout
        assert not slow or over.wait(10)
        return ours

    monkeypatch.setattr(smtp._Connection, "cut_off", told)
    monkeypatch.setattr(smtp._Connection, "secure", lambda *_: None)
    monkeypatch.setattr(socket, "create_connection", connect)
    settings = SmtpSettings(host="127.0.0.1", port=465, security="tls")
    mailer = smtp.SmtpMail(settings, MAIL.sender, total_seconds=0.05 if slow else 10)
    assert mailer.send(replace(MAIL)).result == result
    theirs.close()


def test_a_request_has_time_for_the_store_beside_the_server() -> None:
    assert smtp.CONNECT_SECONDS < smtp.TOTAL_SECONDS <= 6
