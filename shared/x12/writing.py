"""Segments into text: fixed-width ISA, upper-case basic character set, counts and control numbers.

X12 has no escape: a value that holds a delimiter, or a character outside of the basic set, is refused by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.x12.errors import UnwritableValueError
from shared.x12.segments import Delimiters

WRITTEN = Delimiters()
MAX_CONTROL_NUMBER = 999_999_999
_DELIMITERS = frozenset({WRITTEN.element, WRITTEN.component, WRITTEN.segment, WRITTEN.repetition or ""})
_BASIC = re.compile(r"""[A-Z0-9 !"&'()*+,\-./:;?=]*""", re.ASCII)
# Letters without a decomposition, and what word processors make of apostrophes and hyphens.
_PLAIN = str.maketrans(
    {"Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "İ": "I"}
    | dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
)


@dataclass(frozen=True, slots=True)
class Composite:
    """An element of several components."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """An element that is given several times."""

    values: tuple[str, ...]


Element = str | Composite | Repeated
Row = tuple[Element, ...]  # the segment's id, then its elements


@dataclass(frozen=True, slots=True)
class Envelope:
    """Around one transaction: who to whom (ISA05 to 08, GS02, GS03), when (UTC), and which version.

    `control_number` serves interchange and group; the transaction set is the first of its group.
    """

    sender: str
    receiver: str
    control_number: int
    at: datetime
    functional_id: str
    version: str
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    production: bool = True


def basic(value: str, field: str, *, longest: int) -> str:
    """`value` in the basic character set: upper case, without accents. Raises UnwritableValueError naming `field`."""
    upper = unicodedata.normalize("NFKD", value.upper().translate(_PLAIN))
    plain = " ".join("".join(sign for sign in upper if not unicodedata.combining(sign)).split())
    if not _BASIC.fullmatch(plain) or not _DELIMITERS.isdisjoint(plain):
        raise UnwritableValueError(field, "character_invalid", "The text holds a character that X12 cannot carry")
    if len(plain) > longest:
        raise UnwritableValueError(field, "too_long", f"The text is longer than {longest} characters")
    return plain


def write_interchange(envelope: Envelope, set_id: str, rows: Sequence[Row]) -> str:
    """One interchange with one transaction set of `rows` (without ST and SE).

    Raises UnwritableValueError for a delimiter in the data, or a control number or id that does not fit.
    """
    if not 1 <= envelope.control_number <= MAX_CONTROL_NUMBER:
        raise UnwritableValueError("control_number", "out_of_range", "A control number has one to nine digits")
    sender, receiver = _id(envelope.sender, "sender"), _id(envelope.receiver, "receiver")
    number, group = f"{envelope.control_number:09}", str(envelope.control_number)
    stamp = envelope.at
    header: Row = (
        *("ISA", "00", " " * 10, "00", " " * 10),
        *(envelope.sender_qualifier, sender.ljust(15), envelope.receiver_qualifier, receiver.ljust(15)),
        *(f"{stamp:%y%m%d}", f"{stamp:%H%M}", WRITTEN.repetition or "U", "00501", number),
        *("0", "P" if envelope.production else "T"),
    )
    body: list[Row] = [
        (
            "GS",
            envelope.functional_id,
            sender,
            receiver,
            f"{stamp:%Y%m%d}",
            f"{stamp:%H%M}",
            group,
            "X",
            envelope.version,
        ),
        ("ST", set_id, "0001", envelope.version),
        *rows,
        ("SE", str(len(rows) + 2), "0001"),
        ("GE", "1", group),
        ("IEA", "1", number),
    ]
    isa = WRITTEN.element.join((*map(str, header), WRITTEN.component))
    return WRITTEN.segment.join((isa, *map(_written, body), ""))


def _id(value: str, field: str) -> str:
    plain = basic(value, field, longest=15)
    if len(plain) < 2:  # noqa: PLR2004 (GS02 and GS03 have at least two characters)
        raise UnwritableValueError(field, "too_short", "An id has at least two characters")
    return plain


def _written(row: Row) -> str:
    name = str(row[0])
    parts = [_element(element, f"{name}{number:02}") for number, element in enumerate(row[1:], start=1)]
    return WRITTEN.element.join([name, *parts]).rstrip(WRITTEN.element)


def _element(element: Element, field: str) -> str:
    values = (
        (element,) if isinstance(element, str) else element.parts if isinstance(element, Composite) else element.values
    )
    for value in values:
        if not _DELIMITERS.isdisjoint(value) or not value.isprintable():
            raise UnwritableValueError(field, "delimiter", "The value holds a delimiter")
    separator = WRITTEN.component if isinstance(element, Composite) else WRITTEN.repetition or ""
    return separator.join(values).rstrip(separator)
