"""Visits at the front desk in PostgreSQL.

A change locks the visit's row and reads only then, so that of two people who move one visit the second one decides on
what the first one wrote. Who moves a visit writes the history first; the trigger adds what nobody wrote (0026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import CheckInFact, DeskVisit, VisitStep
from shared.repositories.postgres.record_traces import add_terms, forget_terms, name_mover, remember
from shared.repositories.postgres.transaction import add_event, as_uuid, keep, recall
from shared.repositories.record_protocols import RecordChanges
from shared.repositories.visit_protocols import (
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
from shared.repositories.visit_rows import (
    MOVED,
    VISIT_COLUMNS,
    fact_of,
    history_changes,
    reasons_json,
    step_of,
    visit_of,
)

_VISIT = ", ".join(f"v.{name}" for name in VISIT_COLUMNS)
_PATIENT = "p.id, p.mrn, p.first_name, p.last_name, p.date_of_birth"
_SETTINGS = "(SELECT c.front_desk FROM clients c WHERE c.id = :client)"
_FOUND = "client_id = :client AND deleted_at IS NULL AND ({number} = :reference OR id = :uuid)"
_FIRST = "ORDER BY {number} = :reference DESC LIMIT 1"


def _by(number: str) -> str:
    return f"WHERE {_FOUND.format(number=number)} {_FIRST.format(number=number)}"


def _verified(patient: str, day: str) -> str:
    """Whether the newest check of the patient for the day found them covered."""
    return f"""(SELECT e.verdict = 'eligible' AND e.state = 'completed' FROM eligibility_checks e
    WHERE e.client_id = :client AND e.patient_id = {patient} AND e.date_of_service = {day}
    ORDER BY e.created_at DESC LIMIT 1)"""  # noqa: S608


def _copay(patient: str, day: str) -> str:
    """What the first coverage in force on the day asks for."""
    return f"""(SELECT o.copay FROM coverages o WHERE o.client_id = :client AND o.patient_id = {patient}
    AND o.deleted_at IS NULL AND o.status = 'active' AND o.period_start <= {day}
    AND (o.period_end IS NULL OR o.period_end >= {day}) ORDER BY o.rank, o.id LIMIT 1)"""  # noqa: S608


# The texts that are put into these statements are constants of this module.
_LOCK = text(f"SELECT id FROM visits {_by('visit_number')} FOR NO KEY UPDATE")  # noqa: S608
# The visit that took its place as well: who is working on that one is waited for, and who bills it, before it is read.
_LOCK_SUCCESSOR = text("""
SELECT id FROM visits WHERE client_id = :client AND rescheduled_from = :id AND deleted_at IS NULL FOR UPDATE
""")
_FIND = text(f"SELECT id FROM visits {_by('visit_number')}")  # noqa: S608
_PROVIDER = text(f"SELECT id FROM providers {_by('provider_number')}")  # noqa: S608
_LOCK_PROVIDER = text(f"SELECT id FROM providers {_by('provider_number')} FOR KEY SHARE")  # noqa: S608
_WALKED_IN = text(f"""
SELECT {_PATIENT}, {_SETTINGS},
  (SELECT d.name FROM providers d WHERE d.client_id = :client AND d.id = CAST(:provider AS uuid)),
  {_verified("p.id", "CAST(:day AS date)")}, {_copay("p.id", "CAST(:day AS date)")}
FROM patients p {_by("mrn")} FOR KEY SHARE
""")  # noqa: S608
_CASE = text(f"""
SELECT {_VISIT}, {_PATIENT}, d.name, {_SETTINGS},
  (SELECT jsonb_agg(to_jsonb(h) ORDER BY h.changed_at, h.id) FROM visit_status_history h
    WHERE h.client_id = v.client_id AND h.visit_id = v.id),
  (SELECT jsonb_agg(to_jsonb(f) ORDER BY f.recorded_at, f.id) FROM check_in_facts f
    WHERE f.client_id = v.client_id AND f.visit_id = v.id AND f.withdrawn_at IS NULL),
  {_verified("v.patient_id", "v.visit_date")},
  {_copay("v.patient_id", "v.visit_date")},
  (SELECT jsonb_build_object('id', s.id, 'number', s.visit_number, 'date', s.visit_date, 'touched',
      (SELECT count(*) > 1 FROM visit_status_history h
        WHERE h.client_id = s.client_id AND h.visit_id = s.id AND h.axis = 'status')
      OR EXISTS (SELECT 1 FROM claims c WHERE c.client_id = s.client_id AND c.visit_id = s.id AND c.deleted_at IS NULL)
      OR EXISTS (SELECT 1 FROM check_in_facts f WHERE f.client_id = s.client_id AND f.visit_id = s.id))
    FROM visits s WHERE s.client_id = v.client_id AND s.rescheduled_from = v.id AND s.deleted_at IS NULL
    ORDER BY s.id DESC LIMIT 1),
  (SELECT coalesce(sum(c.balance_cents), 0) FROM claims c WHERE c.client_id = v.client_id
    AND c.patient_id = v.patient_id AND c.ar_stage = 'patient' AND c.deleted_at IS NULL)
FROM visits v JOIN patients p ON p.client_id = v.client_id AND p.id = v.patient_id
  LEFT JOIN providers d ON d.client_id = v.client_id AND d.id = v.provider_id
WHERE v.client_id = :client AND v.id = :id
""")  # noqa: S608
# A day without visits has one row all the same, with how the desk is run.
_BOARD = """
SELECT {visit}, {patient}, d.name, c.front_desk FROM clients c
  LEFT JOIN ((SELECT * FROM visits WHERE client_id = :client AND visit_date = :day AND deleted_at IS NULL {conditions}
      ORDER BY sort_at, id LIMIT :limit) v
    JOIN patients p ON p.client_id = v.client_id AND p.id = v.patient_id
    LEFT JOIN providers d ON d.client_id = v.client_id AND d.id = v.provider_id) ON v.client_id = c.id
WHERE c.id = :client ORDER BY v.sort_at, v.id
"""
_BEHIND = "AND (sort_at, id) > (CAST(:after_start AS timestamptz), CAST(:after_id AS uuid))"
_OF_DAY = text("""
SELECT id FROM visits WHERE client_id = :client AND patient_id = :patient AND visit_date = :day
  AND deleted_at IS NULL AND status NOT IN ('cancelled', 'rescheduled')
ORDER BY status IN ('completed', 'no_show', 'left_without_being_seen'), sort_at, id LIMIT 3
""")
_UPDATE = text("""
UPDATE visits SET status = :status, status_since = :status_since, arrived_at = :arrived_at, readiness = :readiness,
  readiness_source = :readiness_source, readiness_reasons = CAST(:readiness_reasons AS jsonb), version = :version,
  updated_at = now()
WHERE client_id = :client AND id = :id
""")
_INSERT = text("""
INSERT INTO visits (id, client_id, visit_number, patient_id, visit_date, starts_at, ends_at, provider_id, visit_type,
  reason, status, status_since, readiness_reasons, authorization_id, authorization_units, rescheduled_from, walk_in)
VALUES (:id, :client, :visit_number, :patient_id, :visit_date, :starts_at, :ends_at, :provider_id, :visit_type,
  :reason, :status, :status_since, CAST(:readiness_reasons AS jsonb), :authorization_id, :authorization_units,
  :rescheduled_from, :walk_in)
""")
_ADD_STEP = text("""
INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, reason, changed_by, changed_at,
  undoes)
VALUES (:id, :client, :visit, :axis, :before, :now, :reason, :by, :at, :undoes)
""")
_ADD_FACT = text("""
INSERT INTO check_in_facts (id, client_id, visit_id, kind, details, reason, amount, amount_cents, recorded_by, role,
  recorded_at, step_id)
VALUES (:id, :client, :visit, :kind, :details, :reason, :amount, :cents, :by, :role, :at, :step)
""")
_WITHDRAW = text("""
UPDATE check_in_facts SET withdrawn_at = now() WHERE client_id = :client AND step_id = :step AND withdrawn_at IS NULL
""")
_UNMAKE = text("""
UPDATE visits SET deleted_at = now(), updated_at = now(), version = version + 1
WHERE client_id = :client AND id = :id RETURNING version, deleted_at
""")
_WIDTH = len(VISIT_COLUMNS)


class PostgresVisitRepository:
    """See VisitRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

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
        with self._postgres.tenant(client_id) as connection:
            given: dict[str, Any] = {"client": client_id, "day": wanted.day, "limit": limit}
            conditions = []
            if wanted.status is not None:
                conditions.append("AND status = :status")
                given["status"] = wanted.status
            if wanted.provider is not None:
                provider = connection.execute(_PROVIDER, _named(client_id, wanted.provider)).scalar_one_or_none()
                if provider is None:
                    return None
                conditions.append("AND provider_id = :provider")
                given["provider"] = provider
            if after is not None:
                conditions.append(_BEHIND)
                given |= {"after_start": after.starts_at, "after_id": after.visit_id}
            statement = _BOARD.format(visit=_VISIT, patient=_PATIENT, conditions=" ".join(conditions))
            rows = connection.execute(text(statement), given).all()
            if seen is not None:
                add_event(connection, seen)
        lines = tuple(_line(row) for row in rows if row[0] is not None)
        return Board(lines, FrontDeskSettings.model_validate(rows[0][-1]))

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> VisitCase | None:
        """See VisitRepository.get."""
        with self._postgres.tenant(client_id) as connection:
            found = connection.execute(_FIND, _named(client_id, reference)).scalar_one_or_none()
            if found is None:
                return None
            case = _case(connection, client_id, found)
            if seen is not None:
                whose = str(case.visit.patient_id)
                add_event(connection, seen.model_copy(update={"resource_id": found, "patient_ref": whose}))
            return case

    def of_patient_on(self, client_id: UUID, patient_id: UUID, day: date) -> Sequence[UUID]:
        """See VisitRepository.of_patient_on."""
        with self._postgres.tenant(client_id) as connection:
            given = {"client": client_id, "patient": patient_id, "day": day}
            return list(connection.execute(_OF_DAY, given).scalars())

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
        with self._postgres.tenant(client_id) as connection:
            found = connection.execute(_LOCK, _named(client_id, reference)).scalar_one_or_none()
            recall(connection, client_id, key)
            if found is None:
                raise NotFoundError("There is no such record")
            connection.execute(_LOCK_SUCCESSOR, {"client": client_id, "id": found})
            case = _case(connection, client_id, found)
            if provider is not None:
                named = connection.execute(_LOCK_PROVIDER, _named(client_id, provider)).scalar_one_or_none()
                case = replace(case, provider=named)
            change = decide(case)
            _write(connection, client_id, case.visit, change, changed_by)

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
        with self._postgres.tenant(client_id) as connection:
            recall(connection, client_id, key)
            named = None
            if provider is not None:
                named = connection.execute(_LOCK_PROVIDER, _named(client_id, provider)).scalar_one_or_none()
            given = _named(client_id, patient) | {"provider": named, "day": day}
            row = connection.execute(_WALKED_IN, given).one_or_none()
            if row is None:
                raise NotFoundError("There is no such record")
            settings = FrontDeskSettings.model_validate(row[5])
            name, verified, copay = row[6:]
            due = None if copay is None else Decimal(copay)
            change = decide(WalkInGround(DeskPatient(*row[:5]), named, name, settings, bool(verified), due))
            _write(connection, client_id, change.made or change.visit, change, changed_by)


def _named(client_id: UUID, reference: str) -> dict[str, Any]:
    return {"client": client_id, "reference": reference, "uuid": as_uuid(reference)}


def _line(row: Any) -> BoardVisit:
    patient = DeskPatient(*row[_WIDTH : _WIDTH + 5])
    return BoardVisit(visit_of(dict(zip(VISIT_COLUMNS, row, strict=False))), patient, row[_WIDTH + 5])


def _case(connection: Connection, client_id: UUID, identity: UUID) -> VisitCase:
    row = connection.execute(_CASE, {"client": client_id, "id": identity}).one()
    line = _line(row)
    settings, history, facts, verified, copay, successor, owed = row[_WIDTH + 6 :]
    return VisitCase(
        visit=line.visit,
        patient=line.patient,
        provider_name=line.provider_name,
        settings=FrontDeskSettings.model_validate(settings),
        history=tuple(step_of(one) for one in history or ()),
        facts=tuple(fact_of(one) for one in facts or ()),
        verified=bool(verified),
        copay=None if copay is None else Decimal(copay),
        successor=None if successor is None else _successor(successor),
        owed=Decimal(int(owed)) / 100,
    )


def _successor(row: Any) -> Successor:
    return Successor(UUID(row["id"]), row["number"], date.fromisoformat(row["date"]), row["touched"])


def _write(connection: Connection, client_id: UUID, before: DeskVisit, change: VisitChange, changed_by: UUID) -> None:
    if change.made is not None:
        _make(connection, client_id, change.made, changed_by)
    for step in change.steps:
        _add_step(connection, client_id, change.visit.id, step)
    for fact in change.facts:
        _add_fact(connection, client_id, change.visit.id, fact)
    if change.withdrawn_step is not None:
        connection.execute(_WITHDRAW, {"client": client_id, "step": change.withdrawn_step})
    after = change.visit
    if after.version != before.version:
        given = {name: getattr(after, name) for name in MOVED}
        given |= {"readiness_reasons": reasons_json(after.readiness_reasons), "version": after.version}
        connection.execute(_UPDATE, given | {"client": client_id, "id": after.id})
        if changes := history_changes(before, after):
            remember(connection, client_id, "visit", after.id, after.version, changed_by, changes)
    if change.unmade is not None:
        _unmake(connection, client_id, change.unmade, changed_by)
    add_event(connection, change.event)
    keep(connection, client_id, change.kept)


def _make(connection: Connection, client_id: UUID, visit: DeskVisit, changed_by: UUID) -> None:
    name_mover(connection, changed_by)
    names = (
        "id", "visit_number", "patient_id", "visit_date", "starts_at", "ends_at", "provider_id", "visit_type", "reason",
        "status", "status_since", "authorization_id", "authorization_units", "rescheduled_from", "walk_in",
    )  # fmt: skip
    given = {name: getattr(visit, name) for name in names}
    given |= {"client": client_id, "readiness_reasons": reasons_json(visit.readiness_reasons)}
    connection.execute(_INSERT, given)
    remember(connection, client_id, "visit", visit.id, 1, changed_by, history_changes(None, visit))
    add_terms(connection, client_id, "visit", visit.id, {"visit_number": visit.visit_number})


def _unmake(connection: Connection, client_id: UUID, identity: UUID, changed_by: UUID) -> None:
    row = connection.execute(_UNMAKE, {"client": client_id, "id": identity}).one()
    forget_terms(connection, client_id, "visit", identity)
    gone: RecordChanges = {"deleted_at": (None, row[1].isoformat().replace("+00:00", "Z"))}
    remember(connection, client_id, "visit", identity, row[0], changed_by, gone)


def _add_step(connection: Connection, client_id: UUID, visit: UUID, step: VisitStep) -> None:
    given: dict[str, Any] = {"id": step.id, "client": client_id, "visit": visit, "axis": step.axis}
    given |= {"before": step.before, "now": step.now, "reason": step.reason, "by": step.changed_by}
    connection.execute(_ADD_STEP, given | {"at": step.changed_at, "undoes": step.undoes})


def _add_fact(connection: Connection, client_id: UUID, visit: UUID, fact: CheckInFact) -> None:
    given: dict[str, Any] = {"id": fact.id, "client": client_id, "visit": visit, "kind": fact.kind}
    given |= {"details": list(fact.details), "reason": fact.reason, "cents": fact.cents, "by": fact.recorded_by}
    given |= {"amount": None if fact.cents is None else Decimal(fact.cents) / 100, "role": fact.role}
    connection.execute(_ADD_FACT, given | {"at": fact.recorded_at, "step": fact.step_id})
