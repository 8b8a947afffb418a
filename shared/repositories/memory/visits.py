"""Visits at the front desk in memory: what happens while the lock is held is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim.standing import ar_stage, balance
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import DeskVisit
from shared.repositories.claim_rows import claim_of
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.memory.visit_trails import caught_up
from shared.repositories.record_protocols import HistoryEntry, RecordChanges
from shared.repositories.visit_protocols import (
    NO_START,
    Board,
    BoardFilter,
    BoardPosition,
    BoardVisit,
    DeskPatient,
    Successor,
    VisitCase,
    VisitChange,
    WalkInGround,
)
from shared.repositories.visit_rows import MOVED, VISIT_COLUMNS, history_changes, reasons_rows, visit_of

Row = dict[str, Any]
_OVER = frozenset({"completed", "no_show", "left_without_being_seen"})


class InMemoryVisitRepository:
    """See VisitRepository. `history` is that of every record, by its id."""

    def __init__(self, tables: InMemoryTables, history: dict[UUID, list[HistoryEntry]]) -> None:
        self._tables = tables
        self._history = history

    def board(
        self,
        client_id: UUID,
        wanted: BoardFilter,
        *,
        after: BoardPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> Board | None:
        """See VisitRepository.board."""
        with self._tables.lock:
            rows = [row for row in self._tables.of(client_id, "visits") if row["visit_date"] == wanted.day]
            if wanted.provider is not None:
                provider = self._one(client_id, "providers", "provider_number", wanted.provider)
                if provider is None:
                    return None
                rows = [row for row in rows if row["provider_id"] == provider["id"]]
            rows = [row for row in rows if wanted.status in {None, row["status"]}]
            if after is not None:
                rows = [row for row in rows if _place(row) > (after.starts_at, after.visit_id)]
            self._tables.record(seen)
            lines = tuple(self._line(client_id, row) for row in sorted(rows, key=_place)[:limit])
            return Board(lines, self._settings(client_id))

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> VisitCase | None:
        """See VisitRepository.get."""
        with self._tables.lock:
            row = self._one(client_id, "visits", "visit_number", reference)
            if row is None:
                return None
            if seen is not None:
                whose = str(row["patient_id"])
                self._tables.record(seen.model_copy(update={"resource_id": row["id"], "patient_ref": whose}))
            return self._case(client_id, row)

    def of_patient_on(self, client_id: UUID, patient_id: UUID, day: date) -> Sequence[UUID]:
        """See VisitRepository.of_patient_on."""
        rows = [
            row
            for row in self._tables.of(client_id, "visits")
            if row["patient_id"] == patient_id
            and row["visit_date"] == day
            and row["status"] not in {"cancelled", "rescheduled"}
        ]
        return [row["id"] for row in sorted(rows, key=lambda row: (row["status"] in _OVER, *_place(row)))[:3]]

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[VisitCase], VisitChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        provider: str | None = None,
    ) -> None:
        """See VisitRepository.change."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            row = self._one(client_id, "visits", "visit_number", reference)
            if row is None:
                raise NotFoundError("There is no such record")
            case = self._case(client_id, row)
            if provider is not None:
                named = self._one(client_id, "providers", "provider_number", provider)
                case = replace(case, provider=None if named is None else named["id"])
            change = decide(case)
            self._tables.answers.keep(change.kept)
            self._write(client_id, case.visit, change, changed_by)

    def add_walk_in(
        self,
        client_id: UUID,
        patient: str,
        decide: Callable[[WalkInGround], VisitChange],
        *,
        day: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
        provider: str | None = None,
    ) -> None:
        """See VisitRepository.add_walk_in."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            row = self._one(client_id, "patients", "mrn", patient)
            if row is None:
                raise NotFoundError("There is no such record")
            named = None if provider is None else self._one(client_id, "providers", "provider_number", provider)
            identity, name = (None, None) if named is None else (named["id"], named["name"])
            of_day = {"patient_id": row["id"], "visit_date": day}
            covered = self._verified(client_id, of_day), self._copay(client_id, of_day)
            change = decide(WalkInGround(_patient(row), identity, name, self._settings(client_id), *covered))
            self._tables.answers.keep(change.kept)
            self._write(client_id, change.made or change.visit, change, changed_by)

    def _one(self, client_id: UUID, table: str, number: str, reference: str) -> Row | None:
        return self._tables.one(client_id, table, number, reference)

    def _settings(self, client_id: UUID) -> FrontDeskSettings:
        return self._tables.desks.get(client_id, FrontDeskSettings())

    def _line(self, client_id: UUID, row: Row) -> BoardVisit:
        caught_up(self._tables, row)
        patient = next(one for one in self._tables.of(client_id, "patients") if one["id"] == row["patient_id"])
        providers = self._tables.of(client_id, "providers")
        name = next((one["name"] for one in providers if one["id"] == row["provider_id"]), None)
        return BoardVisit(_visit(row), _patient(patient), name)

    def _case(self, client_id: UUID, row: Row) -> VisitCase:
        line = self._line(client_id, row)
        return VisitCase(
            visit=line.visit,
            patient=line.patient,
            provider_name=line.provider_name,
            settings=self._settings(client_id),
            history=tuple(sorted(caught_up(self._tables, row), key=lambda step: (step.changed_at, step.id))),
            facts=tuple(self._tables.facts.get(row["id"], ())),
            verified=self._verified(client_id, row),
            copay=self._copay(client_id, row),
            successor=self._successor(client_id, row),
            owed=self._owed(client_id, row),
        )

    def _owed(self, client_id: UUID, row: Row) -> Decimal:
        claims = (
            claim_of(one) for one in self._tables.of(client_id, "claims") if one["patient_id"] == row["patient_id"]
        )
        return sum((balance(claim) for claim in claims if ar_stage(claim) == "patient"), Decimal(0))

    def _verified(self, client_id: UUID, row: Row) -> bool:
        checks = [
            one
            for one in self._tables.of(client_id, "eligibility_checks")
            if (one["patient_id"], one["date_of_service"]) == (row["patient_id"], row["visit_date"])
        ]
        newest = max(checks, key=lambda one: one["created_at"], default=None)
        return newest is not None and (newest["verdict"], newest["state"]) == ("eligible", "completed")

    def _copay(self, client_id: UUID, row: Row) -> Decimal | None:
        first = self._tables.coverage_on(client_id, row["patient_id"], row["visit_date"])
        return None if first is None else first["copay"]

    def _successor(self, client_id: UUID, row: Row) -> Successor | None:
        made = [one for one in self._tables.of(client_id, "visits") if one["rescheduled_from"] == row["id"]]
        newest = max(made, key=lambda one: one["id"], default=None)
        if newest is None:
            return None
        steps = [step for step in caught_up(self._tables, newest) if step.axis == "status"]
        claimed = any(one["visit_id"] == newest["id"] for one in self._tables.of(client_id, "claims"))
        touched = len(steps) > 1 or claimed or bool(self._tables.facts.get(newest["id"]))
        return Successor(newest["id"], newest["visit_number"], newest["visit_date"], touched)

    def _write(self, client_id: UUID, before: DeskVisit, change: VisitChange, changed_by: UUID) -> None:
        after = change.visit
        if change.made is not None:
            self._make(client_id, change.made, changed_by)
        self._tables.trails.setdefault(after.id, []).extend(change.steps)
        kept = self._tables.facts.setdefault(after.id, [])
        if change.withdrawn_step is not None:
            kept[:] = [fact for fact in kept if fact.step_id != change.withdrawn_step]
        kept.extend(change.facts)
        if after.version != before.version:
            row = self._row(client_id, after.id)
            row.update({name: getattr(after, name) for name in MOVED})
            row.update({"readiness_reasons": reasons_rows(after.readiness_reasons), "version": after.version})
            row["updated_at"] = datetime.now(UTC)
            if changes := history_changes(before, after):
                self._remember(after.id, after.version, changed_by, changes)
        if change.unmade is not None:
            self._unmake(client_id, change.unmade, changed_by)
        self._tables.record(change.event)

    def _make(self, client_id: UUID, visit: DeskVisit, changed_by: UUID) -> None:
        row = {name: getattr(visit, name) for name in VISIT_COLUMNS}
        row["readiness_reasons"] = reasons_rows(visit.readiness_reasons)
        caught_up(self._tables, self._tables.add("visits", row | {"client_id": client_id}), changed_by)
        self._remember(visit.id, 1, changed_by, history_changes(None, visit))

    def _unmake(self, client_id: UUID, identity: UUID, changed_by: UUID) -> None:
        now = datetime.now(UTC)
        row = self._row(client_id, identity)
        row.update({"deleted_at": now, "updated_at": now, "version": row["version"] + 1})
        gone: RecordChanges = {"deleted_at": (None, now.isoformat().replace("+00:00", "Z"))}
        self._remember(identity, row["version"], changed_by, gone)

    def _row(self, client_id: UUID, identity: UUID) -> Row:
        return next(row for row in self._tables.of(client_id, "visits") if row["id"] == identity)

    def _remember(self, identity: UUID, version: int, changed_by: UUID, changes: RecordChanges) -> None:
        entry = HistoryEntry(version, datetime.now(UTC), changed_by, changes)
        self._history.setdefault(identity, []).append(entry)


def _place(row: Row) -> tuple[datetime, UUID]:
    return row["starts_at"] or NO_START, row["id"]


def _visit(row: Row) -> DeskVisit:
    return visit_of({name: row[name] for name in VISIT_COLUMNS})


def _patient(row: Row) -> DeskPatient:
    members = ("id", "mrn", "first_name", "last_name", "date_of_birth")
    return DeskPatient(**{name: row[name] for name in members})
