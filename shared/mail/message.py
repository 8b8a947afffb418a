"""Writing a message as RFC 5322 and MIME have it: names in any script, plain text with an HTML alternative.

The same message is written in the same bytes however often. Every line is ASCII of at most 998 characters whatever the
text holds, so that no server on its way has a reason to write it anew.
"""

from __future__ import annotations

import hashlib
import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy, compat32
from email.utils import format_datetime, getaddresses, quote

from shared.domain.email.addresses import ENCODED_WORD
from shared.models.mail import Mailbox, OutgoingMail

# `dot-atom@domain` in ASCII; what a person may type is stricter and is judged where they type it.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._-]{1,100}@[A-Za-z0-9.-]{1,150}>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_OF_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HEADERS = frozenset(
    {"Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type"}
) | {"Content-Transfer-Encoding"}
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')  # RFC 5322, 3.2.3
LONGEST_LINE, USUAL_LINE = 998, 78  # RFC 5322, 2.1.1


class _Quoting(EmailPolicy):
    """Keeps a name quoted where its line is folded, which Python's own policy does not."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """See EmailPolicy.fold_binary."""
        (mailbox, *_) = getattr(value, "addresses", ()) or (None,)
        if isinstance(mailbox, Address) and mailbox.display_name.isascii() and _SPECIAL.search(mailbox.display_name):
            return _folded(f'{name}: "{quote(mailbox.display_name)}" <{mailbox.addr_spec}>').encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Quoting(linesep="\r\n")


class UnwritableMailError(ValueError):
    """The message cannot be written. `field` names what is wrong; the value is not told."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field


def write_message(mail: OutgoingMail) -> bytes:
    """Write `mail`, lines ended by CRLF. Raises UnwritableMailError, above all for what would become a header line.

    What was written is read back: its headers are the wanted ones, each once, and say what `mail` says.
    """
    try:
        message = _message(mail)
        written = message.as_bytes()
        _check_headers(written, mail, set(message.keys()))
    except UnwritableMailError:
        raise
    except (ValueError, LookupError, MessageError) as exc:
        raise UnwritableMailError("message", "cannot be written") from exc
    if not written.isascii() or any(len(line) > LONGEST_LINE for line in written.split(b"\r\n")):
        raise UnwritableMailError("message", "cannot be written in short lines of ASCII")
    return written


def _message(mail: OutgoingMail) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(mail.date)
    message["From"] = _mailbox("from", mail.sender)
    message["To"] = _mailbox("to", mail.recipient)
    message["Subject"] = _line("subject", mail.subject)
    message["Message-ID"] = _message_id("messageId", mail.message_id)
    if mail.in_reply_to is not None:
        message["In-Reply-To"] = _message_id("inReplyTo", mail.in_reply_to)
        message["References"] = mail.in_reply_to
    message.set_content(_text("body", mail.text), cte="quoted-printable")
    if mail.html is not None:
        message.add_alternative(_text("html", mail.html), subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]}")
    return message


def _check_headers(written: bytes, mail: OutgoingMail, wanted: set[str]) -> None:
    """Raise UnwritableMailError unless the headers are `wanted`, each once, and read as `mail` says.

    Spaces are not compared: long values are folded at them.
    """
    read = BytesHeaderParser(policy=compat32).parsebytes(written)
    if not wanted <= _HEADERS or sorted(read.keys()) != sorted(wanted):
        raise UnwritableMailError("message", "would have other headers than its own")
    if _squeezed(_decoded(str(read["Subject"]))) != _squeezed(mail.subject):
        raise UnwritableMailError("subject", "would be read as another")
    for field, header, mailbox in (("from", "From", mail.sender), ("to", "To", mail.recipient)):
        pairs = getaddresses([" ".join(str(read[header]).split())])
        if [(_squeezed(_decoded(name)), to) for name, to in pairs] != [(_squeezed(mailbox.name), mailbox.address)]:
            raise UnwritableMailError(field, "would be read as another")


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def _squeezed(value: str) -> str:
    return "".join(value.split())


def _folded(line: str) -> str:
    """A header line, broken before words where it is longer than usual; the space stays with the word."""
    lines = [""]
    for word in re.findall(r" *[^ ]+ *$| *[^ ]+", line):
        if lines[-1] and len(lines[-1]) + len(word) > USUAL_LINE:
            lines.append(word)
        else:
            lines[-1] += word
    return "".join(f"{one}\r\n" for one in lines)


def _mailbox(field: str, mailbox: Mailbox) -> Address:
    if not _ADDRESS.fullmatch(mailbox.address) or ".." in mailbox.address:
        raise UnwritableMailError(field, "is not an address")
    return Address(display_name=_line(field, mailbox.name), addr_spec=mailbox.address)


def _line(field: str, value: str) -> str:
    """One line that is not decoded further: Python's own headers decode what begins an encoded word."""
    if _CONTROL.search(value) or ENCODED_WORD in value:
        raise UnwritableMailError(field, "holds characters that no header may hold")
    return value


def _message_id(field: str, value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        raise UnwritableMailError(field, "is not a Message-ID")
    return value


def _text(field: str, value: str) -> str:
    if _CONTROL_OF_TEXT.search(value):
        raise UnwritableMailError(field, "holds control characters")
    return value
