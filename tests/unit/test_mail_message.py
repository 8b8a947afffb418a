"""A message as it is written, re-read by Python's own e-mail parser; and the folder that it is put into."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.mail import message
from shared.mail.message import LONGEST_LINE, UnwritableMailError, write_message
from shared.mail.outbox import OutboxMail, file_name
from shared.models.mail import Mailbox, OutgoingMail

MAIL = OutgoingMail(
    message_id="<0123456789abcdef@practice.example>",
    date=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    sender=Mailbox("no-reply@practice.example", "Riverside Family Practice"),
    recipient=Mailbox("zoe@patients.example", "Zoë Müller-Łukasiewicz"),
    subject="Ihr Termin: 9 Uhr",
    text="Dear Zoë,\n\nplease come at nine.\n.\nFrom here on: a dot alone.\n",
    html="<p>Dear Zo&euml;</p>",
)


def read(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


@pytest.mark.parametrize(
    "name", ["Zoë Müller-Łukasiewicz", "李小龍", "עדי כהן", 'O"Brien, Jr. (Bob)', "Ana\\Ortiz", "x" * 200, ""]
)
def test_names_of_any_script_come_back_as_they_were(name: str) -> None:
    raw = write_message(replace(MAIL, recipient=Mailbox("zoe@patients.example", name)))
    (address,) = read(raw)["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "zoe@patients.example")


def test_a_name_of_several_encoded_words_is_read_as_rfc_2047_has_it() -> None:
    """Python 3.11's newer parser leaves the space between two encoded words of a name in; its older one does not."""
    name = "\u00fc" * 150
    raw = write_message(replace(MAIL, recipient=Mailbox("zoe@patients.example", name)))
    header = message_from_bytes(raw, policy=compat32)["To"]
    assert str(make_header(decode_header(header))) == f"{name} <zoe@patients.example>"


def test_a_message_has_both_parts_date_and_its_own_id_and_one_recipient() -> None:
    sent = read(write_message(MAIL))
    assert sent["Message-ID"] == MAIL.message_id
    assert sent["Date"].datetime == MAIL.date
    assert sent["Subject"] == MAIL.subject
    assert sent.get_content_type() == "multipart/alternative"
    text, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert "Zo&euml;" in html.get_content()
    assert [name for name in sent.keys() if name.lower() in {"cc", "bcc", "resent-to"}] == []  # noqa: SIM118 (headers repeat)


def test_every_line_is_short_ascii_and_ends_in_crlf() -> None:
    text = "ä" * 5000 + "\n" + "word " * 2000 + "\n" + "x" * 3000
    raw = write_message(replace(MAIL, text=text, html=f"<p>{text}</p>", subject="Ü" * 150))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE
    assert b"\n" not in raw.replace(b"\r\n", b"")
    body = read(raw).get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == text


@pytest.mark.parametrize(
    "poison",
    ["\r\nBcc: all@evil.example", "\nX: y", "\r", "\x00", "\u2028", "\x85", "\ud800",
     "=?utf-8?Q?Hi=0D=0ABcc:_all=40evil.example=0D=0A=0D=0Abody?=", "=?utf-8?b?U1NOIDEyMy00NS02Nzg5?=",
     "=?utf-8?b?/w==?=é", "=?"]
)  # fmt: skip
def test_what_would_become_a_header_is_refused(poison: str) -> None:
    for changed in (
        {"subject": f"Hello{poison}"},
        {"recipient": Mailbox("zoe@patients.example", f"Zoe{poison}")},
        {"recipient": Mailbox(f"zoe@patients.example{poison}", "Zoe")},
        {"sender": Mailbox("no-reply@practice.example", f"Us{poison}")},
        {"message_id": f"<a@b.example>{poison}"},
        {"in_reply_to": f"<a@b.example>{poison}"},
    ):
        with pytest.raises(UnwritableMailError):
            write_message(replace(MAIL, **changed))


SIGNS = st.text(alphabet='ab @<>,;:\\"()[].=\u00fc\u4e88', max_size=200).filter(lambda name: "=?" not in name)


@given(SIGNS)
@example("Care@Home")
@example('Smith, Jones & "Partners" <billing@evil.example>')
@example("a@b.example")
@example('The "Long, Long" Name <x@y.example>; ' * 6)
@example('Praxis Müller, "Haus 2" <x@y.example>; ' * 6)
def test_a_name_of_any_signs_is_quoted_and_changes_no_address(name: str) -> None:
    name = " ".join(name.split())
    raw = write_message(replace(MAIL, sender=Mailbox("no-reply@practice.example", name)))
    sent = read(raw)
    (sender,) = sent["From"].addresses
    (recipient,) = sent["To"].addresses
    assert (sender.addr_spec, recipient.addr_spec) == ("no-reply@practice.example", "zoe@patients.example")
    assert "".join(sender.display_name.split()) == "".join(name.split())
    assert len(sent.keys()) == len(read(write_message(MAIL)).keys())


@pytest.mark.parametrize(
    ("field", "subject"),
    [("message", "=?utf-8?Q?Hi=0D=0ABcc:_all=40evil.example=0D=0A=0D=0Abody?="),
     ("message", "=?utf-8?Q?Hi=0D=0AX-Evil:_1?="),
     ("message", "=?utf-8?Q?Hi=0D=0ATo:_all=40evil.example?="),
     ("message", "=?utf-8?b?/w==?=é"),
     ("subject", "=?utf-8?b?U1NOIDEyMy00NS02Nzg5?=")],
)  # fmt: skip
def test_what_was_written_is_read_back(monkeypatch: pytest.MonkeyPatch, field: str, subject: str) -> None:
    """Even when what is known of encoded words lets one through."""
    monkeypatch.setattr(message, "ENCODED_WORD", "\x00")
    with pytest.raises(UnwritableMailError) as caught:
        write_message(replace(MAIL, subject=subject))
    assert caught.value.field == field


def test_a_name_that_would_be_read_as_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message, "ENCODED_WORD", "\x00")
    for name in ("=?utf-8?Q?Hi=0D=0ABcc:_all?=", "=?utf-8?b?U1NOIDEyMw==?="):
        with pytest.raises(UnwritableMailError):
            write_message(replace(MAIL, recipient=Mailbox("zoe@patients.example", name)))


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b", "a@b@c.example", "a b@c.example", "<a@b.example>", "a@b.example,c@d.example",
                "\u00fc@b.example", "a..b@c.example", "a@c.example\r\nRCPT TO:<x@y>"]
)  # fmt: skip
def test_what_is_no_one_address_is_refused(address: str) -> None:
    with pytest.raises(UnwritableMailError):
        write_message(replace(MAIL, recipient=Mailbox(address)))


def test_the_outbox_holds_each_message_once_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "box"
    outbox = OutboxMail(folder, MAIL.sender)
    assert outbox.send(MAIL).result == "accepted"
    assert outbox.send(MAIL).result == "accepted"
    (written,) = folder.iterdir()
    assert written.name == file_name(MAIL.message_id)
    assert written.read_bytes() == write_message(MAIL)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_outbox_that_cannot_be_written_defers_and_leaves_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    handed = OutboxMail(blocked, MAIL.sender).send(MAIL)
    assert (handed.result, handed.code) == ("deferred", "outbox_unavailable")


def test_two_message_ids_never_share_a_file_nor_leave_the_folder() -> None:
    names = {file_name(one) for one in ("<a.b@c.example>", "<a-b@c.example>", "<../../x@c.example>", "<a.b@d.example>")}
    assert len(names) == 4
    assert all("/" not in name and not name.startswith(".") for name in names)
