"""A JSON value and where it stands: every fault names its path, `entry[3].resource.birthDate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from shared.errors import FieldError, ValidationFailedError
from shared.importing import values

T = TypeVar("T")
LONGEST_TEXT = 10_000


def fault(path: str, code: str, message: str) -> NoReturn:
    """Refuse the whole input because of what stands at `path`. Raises ValidationFailedError."""
    raise ValidationFailedError("The bundle is not valid", errors=(FieldError(path, code, message),))


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object at `path` (empty for the root)."""

    value: dict[str, Any]
    path: str

    @classmethod
    def of(cls, value: object, path: str) -> Node:
        """`value` as an object, or a fault."""
        if not isinstance(value, dict):
            fault(path or "$", "object_expected", "An object is expected here")
        return cls(value, path)

    def at(self, name: str) -> str:
        """The path of the member `name`."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the member is there."""
        return name in self.value

    def child(self, name: str) -> Node | None:
        """The object `name`, None when it is absent."""
        return Node.of(self.value[name], self.at(name)) if name in self.value else None

    def children(self, name: str) -> list[Node]:
        """The objects of the array `name`, none when it is absent."""
        return [Node.of(item, path) for item, path in self._items(name)]

    def texts(self, name: str) -> list[str]:
        """The texts of the array `name`, none when it is absent."""
        return [_text(item, path) for item, path in self._items(name)]

    def text(self, name: str) -> str | None:
        """The text `name` without surrounding space, None when it is absent or empty."""
        return _text(self.value[name], self.at(name)) or None if name in self.value else None

    def required(self, name: str) -> str:
        """The text `name`, or a fault."""
        return self.text(name) or fault(self.at(name), "required", "This member is required")

    def choice(self, name: str, allowed: frozenset[str]) -> str:
        """The required code `name`, one of `allowed`, or a fault."""
        code = self.required(name)
        if code not in allowed:
            fault(self.at(name), "unknown_code", f"Expected one of {', '.join(sorted(allowed))}")
        return code

    def number(self, name: str) -> Decimal:
        """The number `name`, or a fault."""
        value = self.value.get(name)
        if isinstance(value, str):
            fault(self.at(name), "number_expected", "A number is expected here")
        return self._read(name, values.decimal, "number_expected", "A number is expected here")

    def integer(self, name: str) -> int | None:
        """The positive whole number `name`, None when it is absent."""
        if name not in self.value:
            return None
        value = self.value[name]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
            fault(self.at(name), "integer_expected", "A positive whole number is expected here")
        return value

    def day(self, name: str, zone: ZoneInfo) -> date | None:
        """The day of a FHIR date (as written) or dateTime (in `zone`); None when absent or only a year or month."""
        text = self.text(name)
        if text is None or values.is_partial_date(text):
            return None
        if "T" in text:
            moment = self.moment(name)
            return None if moment is None else values.local_day(moment, zone)
        return self._read(name, lambda _: values.day(text), "date_invalid", "A date YYYY-MM-DD is expected here")

    def moment(self, name: str) -> datetime | None:
        """The instant `name` in UTC; None when absent or without a time of day."""
        text = self.text(name)
        if text is None or "T" not in text:
            return None
        return self._read(
            name, lambda _: values.instant(text), "instant_invalid", "An instant with its offset is expected here"
        )

    def _read(self, name: str, read: Callable[[object], T], code: str, message: str) -> T:
        try:
            return read(self.value.get(name))
        except ValueError:
            fault(self.at(name), code, message)

    def _items(self, name: str) -> Iterator[tuple[object, str]]:
        value = self.value.get(name, [])
        if not isinstance(value, list):
            fault(self.at(name), "array_expected", "An array is expected here")
        for index, item in enumerate(value):
            yield item, f"{self.at(name)}[{index}]"


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        fault(path, "text_expected", "A text is expected here")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        fault(path, "character_invalid", "The text holds a character that cannot be stored")
    if len(value) > LONGEST_TEXT:
        fault(path, "too_long", f"The text is longer than {LONGEST_TEXT} characters")
    return value.strip()
