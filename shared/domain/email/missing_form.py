"""The form for what a letter still lacks, and how its answers are read: each field by its own form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from shared.domain.email.fields import FIELDS, MergeField, Value, shown
from shared.domain.email.plain_text import one_line
from shared.errors import FieldError, ValidationFailedError

LONGEST = {"long_text": 2000}
_LONGEST_LINE = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_MONEY = Decimal("99999999.99")
_MOST_NUMBER = 100_000
_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "day": {"type": "string", "format": "date"},
    "weekday": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "money": {"type": "string", "pattern": "^[0-9]{1,8}(\\.[0-9]{2})?$"},
    "number": {"type": "integer", "minimum": 0, "maximum": _MOST_NUMBER},
    "link": {"type": "string", "format": "uri", "pattern": "^https://[^\\s]+$", "maxLength": _LONGEST_LINE},
}


def form_for(missing: Iterable[str]) -> dict[str, Any]:
    """A JSON Schema that asks for the fields in `missing`, in their order."""
    fields = [FIELDS[name] for name in missing]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [one.name for one in fields],
        "properties": {one.name: {"title": one.label} | _schema(one) for one in fields},
    }


def _schema(field: MergeField) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST.get(field.form, _LONGEST_LINE)}
    return _SCHEMAS.get(field.form, text)


def read_form(answers: Mapping[str, object]) -> dict[str, Value]:
    """What a person filled in, by field. Raises ValidationFailedError naming each field that is wrong or unknown."""
    values, errors = dict[str, Value](), list[FieldError]()
    for name, answer in answers.items():
        field = FIELDS.get(name)
        if field is None:
            errors.append(FieldError("fields", "unknown_merge_field", "There is no such merge field"))
            continue
        try:
            values[name] = _read(field, answer)
        except (ValueError, InvalidOperation):
            errors.append(FieldError(f"fields.{name}", "invalid", f"{field.label}: {_wanted(field)}"))
    if errors:
        raise ValidationFailedError("Some of the fields cannot be taken", errors=tuple(errors))
    return values


def _read(field: MergeField, answer: object) -> Value:
    if field.form == "number":
        if isinstance(answer, bool) or not isinstance(answer, int) or not 0 <= answer <= _MOST_NUMBER:
            raise ValueError(field.name)
        return answer
    if not isinstance(answer, str) or len(answer) > LONGEST.get(field.form, _LONGEST_LINE):
        raise ValueError(field.name)
    if not shown(field, answer):
        raise ValueError(field.name)
    match field.form:
        case "day" | "weekday":
            return _day(answer)
        case "time":
            return time.fromisoformat(answer) if len(answer) == len("hh:mm") else _refuse(field)
        case "money":
            return _money(field, answer)
        case "link":
            return answer if answer.startswith("https://") and answer == one_line(answer) else _refuse(field)
        case _:
            return answer


def _day(answer: str) -> date:
    if not _DAY.fullmatch(answer):  # the week dates of ISO 8601 are dates to Python as well
        raise ValueError(answer)
    return date.fromisoformat(answer)


def _money(field: MergeField, answer: str) -> Decimal:
    amount = Decimal(answer)
    if not amount.is_finite() or not 0 <= amount <= _MOST_MONEY or amount != round(amount, 2):
        _refuse(field)
    return amount


def _refuse(field: MergeField) -> NoReturn:
    raise ValueError(field.name)


def _wanted(field: MergeField) -> str:
    return {
        "day": "a day as 2026-03-05",
        "weekday": "a day as 2026-03-05",
        "time": "a time of day as 14:30",
        "money": "an amount as 120.50",
        "number": "a whole number",
        "link": "an address that begins with https://",
    }.get(field.form, f"a text of at most {LONGEST.get(field.form, _LONGEST_LINE)} characters")
