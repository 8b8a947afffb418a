"""Firestore's wire values as Python values.

null -> None, boolean -> bool, integer -> int, double -> float, timestamp -> datetime (UTC, cut to microseconds),
string -> str, bytes -> bytes, reference -> Reference, geo point -> GeoPoint, array -> tuple, map -> dict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import PermanentEventError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a document: `path` is relative to the database, such as `tasks/task_1`."""

    path: str


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A point on the earth, in degrees."""

    latitude: float
    longitude: float


def moment(timestamp: Any) -> datetime:
    """A protobuf Timestamp as a datetime in UTC. Raises PermanentEventError when it is outside years 1 to 9999."""
    try:
        return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)
    except OverflowError as exc:
        raise PermanentEventError("a timestamp is out of range") from exc


def relative_path(name: str) -> str:
    """`tasks/task_1` of `projects/P/databases/D/documents/tasks/task_1`."""
    return name.partition("/documents/")[2]


def decode_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A document's or a map's fields (protobuf `Value` by name) as Python values."""
    return {name: decode_value(value) for name, value in fields.items()}


def decode_value(value: Any) -> Any:
    """One protobuf `Value` as a Python value. Raises PermanentEventError for a kind that Firestore does not have."""
    kind = value.WhichOneof("value_type")
    if kind not in _DECODERS:
        raise PermanentEventError("a field has no value that can be read")
    return _DECODERS[kind](getattr(value, kind))


_DECODERS: dict[str | None, Callable[[Any], Any]] = {
    "null_value": lambda _: None,
    "boolean_value": bool,
    "integer_value": int,
    "double_value": float,
    "string_value": str,
    "bytes_value": bytes,
    "timestamp_value": moment,
    "reference_value": lambda name: Reference(relative_path(name)),
    "geo_point_value": lambda point: GeoPoint(point.latitude, point.longitude),
    "array_value": lambda array: tuple(decode_value(item) for item in array.values),
    "map_value": lambda mapping: decode_fields(mapping.fields),
}
