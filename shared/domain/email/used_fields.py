"""Which merge fields each paragraph of a letter was filled from, kept while people change it.

A value need not stand out in a text ("denied", "physical therapy"), so what a letter discloses is not only what can be
found in it again: a field counts while its paragraph stands, and in the paragraph that a person put in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from shared.domain.email.composing import Paragraph
from shared.domain.email.fields import FIELDS, RECORDS, Values, shown
from shared.domain.email.findings import Finding, TextPart
from shared.domain.email.merging import merge
from shared.domain.email.rewording import paragraphs_of
from shared.domain.email.shapes import phrase

Fields = tuple[str, ...]


def of_written(text: str, values: Values) -> tuple[Fields, ...]:
    """Which fields are filled in in each paragraph of a text that a person wrote."""
    used = list[Fields]()
    for paragraph in paragraphs_of(text):
        filled = merge(paragraph, values)
        used += [filled.used] * len(paragraphs_of(filled.text))
    return tuple(used)


def of_template(body: str, made: Iterable[Paragraph], before: Mapping[str, Fields]) -> tuple[Fields, ...]:
    """Which fields the paragraphs of a letter use: the template's as it made them, a person's as `before`."""
    known = dict(before) | {one.text: one.fields for one in made}
    return tuple(known.get(text, ()) for text in paragraphs_of(body))


def carried(before: str, used: Sequence[Fields], after: str, new: Sequence[Fields]) -> tuple[Fields, ...]:
    """Which fields count in a text that a person made of another: `new` ones, and those of what was replaced."""
    old, standing = paragraphs_of(before), paragraphs_of(after)
    fields = [list(one) for one in _as_long(new, len(standing))]
    held = _as_long(used, len(old))
    for tag, start, end, first, last in SequenceMatcher(None, old, standing, autojunk=False).get_opcodes():
        for at in range(first, last):
            sources = [held[start + at - first]] if tag == "equal" else held[start:end]
            fields[at] += [name for one in sources for name in one]
    return tuple(tuple(dict.fromkeys(one)) for one in fields)


def in_line(line: str, fields: Fields, values: Values) -> Fields:
    """Those of a subject's fields whose values still stand in it."""
    return tuple(name for name in fields if any(_spans(name, line, values)))


def standing(text: str, fields: Fields, values: Values) -> Fields:
    """Those of a paragraph's fields whose values stand in it for themselves, not only within the longer one of another.

    A few visits that are left stand in many a day of the month.
    """
    spans = {name: list(_spans(name, text, values)) for name in fields}
    every = [one for found in spans.values() for one in found]
    return tuple(name for name in fields if any(not _is_within(one, every) for one in spans[name]))


def stated(text: str, used: Sequence[Fields], values: Values, before: Mapping[str, str]) -> dict[str, str]:
    """What records say where it stands in their fields' paragraphs: as it was `before`, else as `values` have it."""
    told = dict[str, str]()
    for paragraph, every in zip(paragraphs_of(text), used, strict=False):
        fields = tuple(name for name in every if f"{FIELDS[name].source}.record" in RECORDS)
        now = standing(paragraph, fields, values)
        told = {name: shown(FIELDS[name], values.get(name)) for name in now} | told
        told |= {name: before[name] for name in standing(paragraph, fields, before) if name not in now}
    return told


def _is_within(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(first <= span[0] and span[1] <= last and (first, last) != span for first, last in others)


def disclosed(text: str, used: Sequence[Fields], values: Values, *, part: TextPart = "body") -> Iterator[Finding]:
    """What the fields of each paragraph disclose: where the value stands, or else in the whole paragraph."""
    end = 0
    for paragraph, fields in zip(paragraphs_of(text), used, strict=False):
        start = max(text.find(paragraph.split("\n")[0], end), 0)
        end = min(start + len(paragraph), len(text))
        for name in fields:
            one = FIELDS[name]
            if one.kind is None:
                continue
            for first, last in list(_spans(name, text[start:end], values)) or [(0, end - start)]:
                yield Finding(one.kind, one.level, part, start + first, start + last, name)


def _spans(name: str, text: str, values: Values) -> Iterator[tuple[int, int]]:
    value = shown(FIELDS[name], values.get(name))
    return phrase(value, text) if value else iter(())


def _as_long(fields: Sequence[Fields], length: int) -> list[Fields]:
    return [*fields[:length], *([()] * (length - len(fields)))]
