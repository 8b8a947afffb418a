"""Text into segments. Delimiters come from each ISA; line ends, wrapped lines and a byte order mark are no part of it.

Time is linear in the text, memory is limited: over a limit, the input is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.x12.errors import UnreadableInterchangeError

MAX_BYTES = 8_000_000
MAX_SEGMENTS = 300_000
MAX_SEGMENT_LENGTH = 65_536
MAX_ELEMENTS = 200
_ISA_WINDOW = 400  # an ISA has 106 characters; line ends may stand between them
_ISA_ELEMENTS = 16
_PADDING = " \t"  # other blanks may be delimiters
_ISA_ID = 3  # characters
_REPETITION_ELEMENT = 11
_BETWEEN = re.compile(r"[ \t\r\n\x00\x1a\ufeff]*")
_LINE_ENDS = re.compile(r"[\r\n]+")
_AFTER_ISA = re.compile(r"(GS|TA1|IEA|ISA)\W", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The separators of one interchange. A line feed as `segment` is any line end. Before 00402, nothing repeats."""

    element: str = "*"
    component: str = ":"
    segment: str = "~"
    repetition: str | None = "^"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; `segment[3]` is its third element, "" when absent. `position` counts from 1 in the whole input."""

    id: str
    elements: tuple[str, ...]
    position: int
    delimiters: Delimiters

    def __getitem__(self, number: int) -> str:
        return self.elements[number - 1].strip(_PADDING) if 0 < number <= len(self.elements) else ""

    def components(self, number: int) -> tuple[str, ...]:
        """The components of an element; none when it is absent."""
        return self.components_of(self[number])

    def repetitions(self, number: int) -> tuple[str, ...]:
        """The repeated values of an element, without empty ones."""
        whole = self[number]
        parts = whole.split(self.delimiters.repetition) if self.delimiters.repetition else [whole]
        return tuple(part.strip(_PADDING) for part in parts if part.strip(_PADDING))

    def components_of(self, value: str) -> tuple[str, ...]:
        """The components of one value."""
        return tuple(part.strip(_PADDING) for part in value.split(self.delimiters.component)) if value else ()

    def __str__(self) -> str:
        return self.delimiters.element.join((self.id, *self.elements))


def segments_of(content: bytes | str) -> Iterator[Segment]:
    """Each segment of each interchange in `content`, ISA and IEA included.

    Raises UnreadableInterchangeError: not X12, broken off, over a limit.
    """
    text = _text(content)
    position, blank, at = 0, 0, _after_blank(text, 0)
    if at == len(text):
        raise UnreadableInterchangeError("empty", "There is nothing", segment=1)
    while at < len(text):
        segment, at = _read_isa(text, at, position + 1)
        position += 1
        yield segment
        while segment.id != "IEA":
            raw, at = _next(text, at, segment.delimiters, position + 1)
            if raw:
                position += 1
                segment = _segment(raw, position, segment.delimiters)
                yield segment
            elif (blank := blank + 1) > MAX_SEGMENTS:
                raise UnreadableInterchangeError("too_large", "There are too many blank segments", segment=position)
        at = _after_blank(text, at)
        while text.startswith(segment.delimiters.segment, at):
            at = _after_blank(text, at + 1)


def _text(content: bytes | str) -> str:
    if len(content) > MAX_BYTES:
        raise UnreadableInterchangeError("too_large", f"There are more than {MAX_BYTES} bytes", segment=1)
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # payers write names in it; it reads any byte


def _after_blank(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _read_isa(text: str, at: int, position: int) -> tuple[Segment, int]:
    """The ISA at `at`, and where the text goes on. Only its separators are counted: some senders do not pad."""
    head = [(index, sign) for index, sign in enumerate(text[at : at + _ISA_WINDOW], start=at) if sign not in "\r\n"]
    if "".join(sign for _, sign in head[:3]).upper() != "ISA" or len(head) <= _ISA_ID:
        raise UnreadableInterchangeError("isa_expected", "An interchange header ISA is expected here", segment=position)
    element = head[3][1]
    separators = [number for number, (_, sign) in enumerate(head) if sign == element]
    if len(separators) < _ISA_ELEMENTS or separators[_ISA_ELEMENTS - 1] + 1 >= len(head):
        raise UnreadableInterchangeError("isa_incomplete", "The interchange header is not complete", segment=position)
    last = separators[_ISA_ELEMENTS - 1] + 1
    component = head[last][1]
    values = "".join(sign for _, sign in head[4:last]).split(element)
    terminator, after = _terminator(text, head[last][0] + 1)
    repetition = values[_REPETITION_ELEMENT - 1].strip(_PADDING)
    if len(repetition) != 1 or repetition.isalnum() or repetition in {element, component, terminator}:
        repetition = ""
    signs = (element, component, terminator)
    if len(set(signs)) < len(signs) or any(not sign or sign.isalnum() or sign == " " for sign in signs):
        raise UnreadableInterchangeError("delimiter", "The header names no usable delimiters", segment=position)
    delimiters = Delimiters(element, component, terminator, repetition or None)
    elements = (*values[: _ISA_ELEMENTS - 1], component)
    return Segment("ISA", elements, position, delimiters), after


def _terminator(text: str, at: int) -> tuple[str, int]:
    """What ends segments: the sign after the header; a line end only if the next segment follows at once."""
    line_end = _LINE_ENDS.match(text, at)
    if line_end is None:
        return text[at : at + 1], at + 1
    after = line_end.end()
    if _AFTER_ISA.match(text, after):
        return "\n", after
    return text[after : after + 1], after + 1


def _next(text: str, at: int, delimiters: Delimiters, position: int) -> tuple[str, int]:
    """The text of the segment at `at` without line ends, "" for a blank one; and where the next begins."""
    if delimiters.segment == "\n":
        found = _LINE_ENDS.search(text, at)
        end, after = (found.start(), found.end()) if found else (len(text), len(text))
    else:
        end = text.find(delimiters.segment, at)
        end, after = (end, end + 1) if end >= 0 else (len(text), len(text))
    if end - at > MAX_SEGMENT_LENGTH:
        raise UnreadableInterchangeError("segment_too_long", "The segment does not end", segment=position)
    raw = text[at:end]
    if delimiters.segment != "\n":
        raw = raw.replace("\r", "").replace("\n", "")
    raw = raw.lstrip(_PADDING)
    whole = end < len(text) or raw[:4].upper() == f"IEA{delimiters.element}"  # the very last terminator may be missing
    if not whole:
        raise UnreadableInterchangeError("truncated", "The interchange breaks off", segment=position)
    return raw, after


def _segment(raw: str, position: int, delimiters: Delimiters) -> Segment:
    if position > MAX_SEGMENTS:
        raise UnreadableInterchangeError("too_large", f"There are more than {MAX_SEGMENTS} segments", segment=position)
    if raw.count(delimiters.element) > MAX_ELEMENTS:
        raise UnreadableInterchangeError("too_many_elements", "The segment has too many elements", segment=position)
    name, *elements = raw.split(delimiters.element)
    return Segment(name.strip(_PADDING).upper(), tuple(elements), position, delimiters)
