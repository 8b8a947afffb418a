"""What the record service asks of a store when records are written, deleted, or looked back at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, TypeAlias
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey

if TYPE_CHECKING:
    from shared.repositories.protocols import KeptAnswer, StoredRecord

RecordValue: TypeAlias = str | int | Decimal | date | datetime | UUID | tuple[str, ...] | None
RecordColumns: TypeAlias = dict[str, RecordValue]
PlainValue: TypeAlias = str | int | Decimal | tuple[str, ...] | None
# Column → the value before and the value now, as they are shown.
RecordChanges: TypeAlias = dict[str, tuple[PlainValue, PlainValue]]


@dataclass(frozen=True, slots=True)
class Target:
    """A record that another one points at; `patient_id` is whose it is."""

    id: UUID
    patient_id: UUID | None


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A record to write: the columns sent, by which of them it is found, and which of them point where.

    `references` maps a column to the record type it points at; its value in `columns` is a uuid or a number.
    `member_id` helps to find a person who is on file already.
    """

    record_type: str
    columns: RecordColumns
    key: tuple[str, ...]
    references: Mapping[str, str]
    member_id: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What there was before a write: the record with the same key, and what the references point at (None: nothing)."""

    current: StoredRecord | None
    deleted: bool
    targets: Mapping[str, Target | None]


@dataclass(frozen=True, slots=True)
class Written:
    """What a write brought about: the record now, whether it is new, what changed, whose it is, who it may double."""

    record: StoredRecord
    created: bool
    changes: RecordChanges
    patient_id: UUID | None
    duplicates: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a record."""

    version: int
    changed_at: datetime
    changed_by: UUID
    changes: RecordChanges


Conclude: TypeAlias = "Callable[[Written], tuple[AuditEvent, KeptAnswer | None]]"


class RecordWriteRepository(Protocol):
    """Writing records: the record, its search terms, its history and its audit event in one transaction."""

    def write(
        self,
        client_id: UUID,
        request: WriteRequest,
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        decide: Callable[[Found], RecordColumns],
        conclude: Conclude,
    ) -> Written:
        """Make the record, or change the one that has its key.

        `decide` gets what there is and returns the columns to write; whatever it raises undoes everything. `conclude`
        makes the audit event and the answer to keep. Raises Replayed for a repeated request.
        """
        ...

    def delete(
        self,
        client_id: UUID,
        record_type: str,
        reference: str,
        *,
        changed_by: UUID,
        decide: Callable[[StoredRecord, Mapping[str, int]], None],
        conclude: Callable[[Written], AuditEvent],
    ) -> Written | None:
        """Delete softly, by number or uuid; None for an unknown record.

        `decide` gets the record and how many records of which type point at it; it raises to refuse.
        """
        ...

    def history(
        self, client_id: UUID, record_type: str, reference: str, *, seen: AuditEvent | None
    ) -> tuple[UUID, list[HistoryEntry]] | None:
        """Return the record's uuid and its changes, newest first; None for an unknown record."""
        ...
