"""Reading delivery reports (RFC 3464): what became of a message, and which message it was.

Reports come from anybody's server, so nothing in them is trusted to be whole: what cannot be read is refused, what
cannot be matched is said to be nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_string
from email.errors import MessageError
from email.message import Message
from email.policy import Compat32
from typing import get_args

from shared.models.mail import DeliveryReport, ReportedAction

MOST_PARTS = 50
LONGEST_HEADER_LINE, LONGEST_HEADER, MOST_OF_HEADERS = 998, 8_000, 16_000  # characters; RFC 5322, 2.1.1, has the first
_BLANK_LINE = re.compile(r"\r\n\r\n|\n\n|\r\r")
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ACTIONS: tuple[ReportedAction, ...] = get_args(ReportedAction)
# Of several recipients, the gravest counts.
_GRAVITY: tuple[ReportedAction, ...] = ("failed", "delayed", "relayed", "expanded", "delivered")
_OF_ORIGINAL = ("Original-Message-ID", "X-Original-Message-ID")
_OF_REPORT = ("In-Reply-To", "References")
_PERMANENT = "5"


class UnreadableReportError(ValueError):
    """What was given is no delivery report. The message says what it lacks."""


class _ShortHeaders(Compat32):
    """Refuses long headers of the message and of its parts: parameters take time with the square of their length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Refuse what is too long before anything is looked for in it."""
        if max(map(len, sourcelines)) > LONGEST_HEADER_LINE + 2 or sum(map(len, sourcelines)) > LONGEST_HEADER:
            raise UnreadableReportError("a header is too long")
        return super().header_source_parse(sourcelines)


_POLICY = _ShortHeaders()


def read_report(raw: str) -> DeliveryReport:
    """Read a report as it arrived. Raises UnreadableReportError."""
    blank = _BLANK_LINE.search(raw)
    if (len(raw) if blank is None else blank.start()) > MOST_OF_HEADERS:
        raise UnreadableReportError("its headers are too long")
    try:
        return _read(message_from_string(raw, policy=_POLICY))
    except UnreadableReportError:
        raise
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise UnreadableReportError("it cannot be read") from exc


def _read(message: Message) -> DeliveryReport:
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        raise UnreadableReportError("it is no multipart/report")
    kind = str(message.get_param("report-type", "")).lower()
    if kind != "delivery-status":
        raise UnreadableReportError("it is no report about a delivery")
    parts = list(message.walk())[:MOST_PARTS]
    status = next((one for one in parts if one.get_content_type() == "message/delivery-status"), None)
    if status is None:
        raise UnreadableReportError("it has no delivery-status")
    blocks = [block for block in _blocks(status) if block.get("Action")]
    told = [(action, block) for block in blocks if (action := _action(block)) is not None]
    if not told:
        raise UnreadableReportError("it tells of no recipient")
    action, block = min(told, key=lambda one: _GRAVITY.index(one[0]))
    ids = tuple(dict.fromkeys(_message_ids(message, status, parts)))
    return DeliveryReport(ids, action, _status(block))


def _blocks(status: Message) -> Iterator[Message]:
    """The groups of fields of a delivery-status: of the message first, then of each recipient."""
    payload = status.get_payload()
    if isinstance(payload, list):
        yield from (one for one in payload if isinstance(one, Message))


def _action(block: Message) -> ReportedAction | None:
    said = str(block.get("Action", "")).strip().lower()
    action = next((one for one in _ACTIONS if one == said), None)
    status = _status(block)
    # Some servers say "delayed" of what they have given up: the code is what they mean.
    return "failed" if action == "delayed" and status is not None and status.startswith(_PERMANENT) else action


def _status(block: Message) -> str | None:
    found = _STATUS.search(str(block.get("Status", "")))
    return None if found is None else found[0]


def _message_ids(message: Message, status: Message, parts: list[Message]) -> Iterator[str]:
    for block in _blocks(status):
        yield from _ids_of(block, _OF_ORIGINAL)
    for part in parts:
        if part.get_content_type() == "message/rfc822" and isinstance(part.get_payload(), list):
            for original in part.get_payload():
                if isinstance(original, Message):
                    yield from _ids_of(original, ("Message-ID",))
        elif part.get_content_type() == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            if isinstance(text, bytes):
                yield from _ids_of(
                    message_from_string(text.decode("utf-8", "replace"), policy=_POLICY), ("Message-ID",)
                )
    yield from _ids_of(message, (*_OF_ORIGINAL, *_OF_REPORT))


def _ids_of(message: Message, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for value in message.get_all(name, []):
            yield from _MESSAGE_ID.findall(str(value))
