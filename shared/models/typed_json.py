"""Frozen dataclasses as JSON and back, exactly: dates, uuids and decimals keep their type and value."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    """Made on first use: building one costs milliseconds, which no cold start needs to pay."""
    return TypeAdapter(of)


def _adapter_of(of: Any) -> TypeAdapter[Any]:
    return _adapter(of)


def to_json(value: object) -> str:
    """Write a dataclass as JSON."""
    return _adapter_of(type(value)).dump_json(value).decode()


def from_json(of: type[T], stored: str | dict[str, Any] | None) -> T | None:
    """Read what `to_json` wrote; None for nothing, and for what was written in another shape."""
    if stored is None:
        return None
    adapter = _adapter_of(of)
    try:
        read: T = adapter.validate_json(stored) if isinstance(stored, str) else adapter.validate_python(stored)
    except ValidationError:
        return None
    return read
