"""Merges incoming records with the rows there are: the same record is found by its source, else by its number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from shared.models.identifiers import uuid7
from shared.models.imported import Refusal
from shared.repositories.postgres.bulk import BulkTable, Row


@dataclass(frozen=True, slots=True)
class Candidate:
    """One incoming record as column values, and where it stood in the input."""

    path: str
    values: Row
    context: Any = None


def nothing_forbids(_row: Row, _candidate: Candidate) -> str | None:
    """For kinds whose records with one number are one record."""
    return None


def as_sent(_row: Row, candidate: Candidate) -> Row:
    """For kinds whose source says all there is to say."""
    return candidate.values


@dataclass(frozen=True, slots=True)
class Kind:
    """How records of one type are merged.

    `number` is the column of the record's own number. `forbids(row, candidate)` gives the reason why the candidate may
    not become that row; `adjust(row, candidate)` the values to write into it. `keeps_absent`: what the source leaves
    out stays as it is.
    """

    record_type: str
    table: BulkTable
    number: str | None = None
    forbids: Callable[[Row, Candidate], str | None] = nothing_forbids
    adjust: Callable[[Row, Candidate], Row] = as_sent
    keeps_absent: bool = True


@dataclass(slots=True)
class Merged:
    """What a merge decided: `ids` by source_ref and by number, `rows` by source_ref; rows to write; refusals."""

    ids: dict[str, UUID] = field(default_factory=dict)
    created: dict[UUID, Row] = field(default_factory=dict)
    updated: dict[UUID, Row] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    unchanged: set[UUID] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)


def merge(connection: Connection, client_id: UUID, kind: Kind, candidates: Sequence[Candidate]) -> Merged:
    """Decide and write. Raises sqlalchemy.exc.IntegrityError when somebody took a number in the meantime."""
    wanted: dict[str, list[str]] = {"source_ref": _given(candidates, "source_ref")}
    if kind.number is not None:
        wanted[kind.number] = _given(candidates, kind.number)
    rows = kind.table.load(connection, client_id, wanted) if candidates else []
    merged = decide(kind, rows, candidates)
    kind.table.insert(connection, client_id, list(merged.created.values()))
    kind.table.update(connection, client_id, list(merged.updated.values()))
    return merged


def decide(kind: Kind, rows: Sequence[Row], candidates: Sequence[Candidate]) -> Merged:
    """What becomes of each candidate beside the rows there are; pure."""
    merged = Merged()
    by_ref = {row["source_ref"]: row for row in rows}
    by_number = {row[kind.number]: row for row in rows} if kind.number is not None else {}
    for candidate in candidates:
        source_ref = candidate.values["source_ref"]
        number = candidate.values[kind.number] if kind.number is not None else None
        holder = by_number.get(number) if number is not None else None
        row = (by_ref.get(source_ref) if source_ref is not None else None) or holder
        if row is None:
            row = {"id": uuid7(), **candidate.values}
            merged.created[row["id"]] = row
        else:
            reason = _refusal(kind, row, holder, candidate)
            if reason is not None:
                merged.refused.append(Refusal(kind.record_type, reason, candidate.path))
                continue
            _apply(kind, row, candidate, merged)
        by_ref.setdefault(source_ref, row)
        by_number[number] = row
        if source_ref is not None:
            merged.rows[source_ref] = row
        for key in (source_ref, number):
            if key is not None:
                merged.ids[key] = row["id"]
    return merged


def _refusal(kind: Kind, row: Row, holder: Row | None, candidate: Candidate) -> str | None:
    if row.get("deleted_at") is not None:
        return "deleted_here"
    if holder is not None and holder is not row:
        return "number_in_use"
    return kind.forbids(row, candidate)


def _apply(kind: Kind, row: Row, candidate: Candidate, merged: Merged) -> None:
    """Write the candidate's values into `row` and note whether that changed anything."""
    values = {
        name: value
        for name, value in kind.adjust(row, candidate).items()
        if not (value is None and kind.keeps_absent)
        # A row keeps the source it first came from.
        and not (name == "source_ref" and row["source_ref"] is not None)
    }
    changed = any(row[name] != value for name, value in values.items())
    row.update(values)
    identity = row["id"]
    if identity in merged.created:
        return
    if changed:
        merged.unchanged.discard(identity)
        merged.updated[identity] = row
    elif identity not in merged.updated:
        merged.unchanged.add(identity)


def _given(candidates: Sequence[Candidate], name: str) -> list[str]:
    return [candidate.values[name] for candidate in candidates if candidate.values[name] is not None]
