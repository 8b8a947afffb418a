"""JSON as the contract demands it: no duplicate keys, NaN, Infinity, NUL, lone surrogates or depth over 20."""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.errors import FieldError, ValidationFailedError

MAX_DEPTH = 20


def parse(raw: bytes, *, decimals: bool = False) -> dict[str, Any]:
    """Parse a JSON object. `decimals` keeps numbers with a fraction exact. Raises ValidationFailedError."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise _refused("encoding", "The body is not UTF-8") from exc
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_exact if decimals else _finite,
        )
    except json.JSONDecodeError as exc:
        raise _refused("json", f"Not JSON: {exc.msg} at line {exc.lineno} column {exc.colno}") from exc
    except RecursionError as exc:
        raise _refused("depth", f"Nested deeper than {MAX_DEPTH}") from exc
    except ValueError as exc:
        if isinstance(exc, _NumberError) or "digits" in str(exc):
            raise _refused("number", "A number is not representable") from exc
        raise
    if not isinstance(value, dict):
        raise _refused("type", "The body must be a JSON object")
    _check(value)
    return value


class _NumberError(ValueError):
    """NaN or Infinity."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _refused("duplicate_key", "A member stands twice in one object")
        result[key] = value
    return result


def _constant(_name: str) -> Any:
    raise _NumberError


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as exc:
        raise _NumberError from exc


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999 is no constant, and would become Infinity all the same
        raise _NumberError
    return number


def _check(value: Any) -> None:
    """Walk without recursion: depth, NUL and lone surrogates, in names and in values."""
    waiting = [(value, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _refused("depth", f"Nested deeper than {MAX_DEPTH}")
        if isinstance(node, str):
            _check_text(node)
        elif isinstance(node, dict):
            for key, child in node.items():
                _check_text(key)
                waiting.append((child, depth + 1 if isinstance(child, (dict, list)) else depth))
        elif isinstance(node, list):
            waiting.extend((child, depth + 1 if isinstance(child, (dict, list)) else depth) for child in node)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _refused("nul", "A text holds the NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _refused("surrogate", "A text holds a lone surrogate")


def _refused(code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(message, errors=(FieldError("", code, message),))
