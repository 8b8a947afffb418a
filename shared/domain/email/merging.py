"""The merge language: `{{field}}` and `{{field|fallback}}` in a text, and nothing else. Nothing in it is executed.

What a value holds is data: it is never read for fields, in this merge or in a later one of the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from shared.domain.email.fields import FIELDS, MergeField, Values, shown
from shared.errors import FieldError, ValidationFailedError

_FIELD = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]{0,60})\s*(?:\|([^{}|\r\n]*))?\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A field in a text, from `start` to `end`. `fallback` is None where there is none."""

    field: MergeField
    fallback: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A text with its fields filled in. What is `missing` still stands in it as a field, to be merged later."""

    text: str
    used: tuple[str, ...]
    missing: tuple[str, ...]


def placeholders(text: str, *, where: str = "body") -> tuple[Placeholder, ...]:
    """The fields in `text`. Raises ValidationFailedError for one there is not, or braces that are none."""
    found = list(_placeholders(text, where))
    edges = [0, *(edge for one in found for edge in (one.start, one.end)), len(text)]
    for before, after in list(pairwise(edges))[::2]:
        stray = _BRACES.search(text, before, after)
        if stray is not None:
            message = f"The braces at character {stray.start()} are no merge field: write {{{{patient.first_name}}}}"
            raise ValidationFailedError(message, errors=(FieldError(where, "merge_syntax", message),))
    return tuple(found)


def _placeholders(text: str, where: str) -> Iterator[Placeholder]:
    for match in _FIELD.finditer(text):
        field = FIELDS.get(match[1])
        if field is None:
            message = f"There is no merge field {match[1]}"
            raise ValidationFailedError(message, errors=(FieldError(where, "unknown_merge_field", message),))
        fallback = None if match[2] is None else match[2].strip()
        yield Placeholder(field, fallback, match.start(), match.end())


def merge(text: str, values: Values, *, where: str = "body") -> Merged:
    """Fill in the fields of `text`; a value that is empty takes the fallback, or is missing.

    Raises ValidationFailedError (`unknown_merge_field`, `merge_syntax`) naming `where`.
    """
    pieces, used, missing, end = list[str](), dict[str, None](), dict[str, None](), 0
    for one in placeholders(text, where=where):
        value = shown(one.field, values.get(one.field.name))
        if value:
            used[one.field.name] = None
        elif one.fallback is None:
            missing[one.field.name] = None
            value = f"{{{{{one.field.name}}}}}"
        else:
            value = one.fallback
        pieces += [text[end : one.start], value]
        end = one.end
    return Merged("".join([*pieces, text[end:]]), tuple(used), tuple(missing))


def is_resolved(text: str) -> bool:
    """Whether nothing in `text` looks like a merge field that was not filled in."""
    return _BRACES.search(text) is None
