"""Writing records: made or changed by natural key, deleted softly, looked back at; each change with its audit event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic.alias_generators import to_camel

from shared.auth.permissions import hidden_fields, may_delete, may_read, may_write
from shared.domain.authorization import states as authorization_states
from shared.domain.claim import states as claim_states
from shared.domain.record_links import REFERENCES, REVIVED
from shared.domain.visit import states as visit_states
from shared.domain.visit.check_in import check_readiness, on_another_day
from shared.errors import ConflictError, ForbiddenError, NotFoundError, PreconditionFailedError
from shared.models.api.record_history import FieldChange, RecordChange, RecordHistory
from shared.models.api.record_writes import (
    RecordInput,
    RecordWarning,
    RecordWrite,
    WrittenRecord,
    read_data,
    refused,
)
from shared.models.api.records import DATA_MODELS, RecordView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.roles import Role
from shared.repositories.protocols import KeptAnswer, RecordStore, StoredRecord
from shared.repositories.record_protocols import Found, HistoryEntry, PlainValue, RecordColumns, WriteRequest, Written
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.records import record_view

CREATED, DONE = 201, 200
_PERIODS = (("period_start", "period_end"), ("starts_at", "ends_at"), ("date_of_birth", "deceased_on"))
_NOT_IN_FUTURE = ("date_of_birth", "deceased_on")
_STEPS: dict[str, Callable[[Any, Any], None]] = {
    "authorization": authorization_states.check_step,
    "claim": claim_states.check_step,
    "visit": visit_states.check_step,
}
_IN_CENTS = {"paid_amount": "paidCents", "copay": "copayCents"}


class RecordWriteService:
    """Makes, changes and deletes records; shows what changed."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog, *, now: Clock = utc_now) -> None:
        self._store = store
        self._access_log = access_log
        self._now = now

    def write(self, caller: Caller, body: RecordWrite) -> tuple[WrittenRecord, int]:
        """Make a record, or change the one with its natural key; return it and the HTTP status.

        Raises ValidationFailedError (422, naming `data.…`), ConflictError (409: it is there and no version was sent),
        PreconditionFailedError (412: the version is stale), ForbiddenError for a type that the role does not write.
        """
        if not may_write(caller.role, body.type):
            raise ForbiddenError("Your role does not write records of this type")
        given = read_data(body.type, body.data)
        expected = caller.if_match if caller.if_match is not None else body.version
        today = caller.today(self._now())

        def decide(found: Found) -> RecordColumns:
            _check_version(caller.role, body.type, found, expected)
            return _columns(given, body.type, found, today, ZoneInfo(caller.time_zone))

        answers: list[tuple[WrittenRecord, AuditEvent]] = []

        def conclude(written: Written) -> tuple[AuditEvent, KeptAnswer | None]:
            answer = _answer(caller.role, written)
            change = "created" if written.created else "updated" if written.changes else "unchanged"
            event = _event(caller, written, change)
            answers[:] = [(answer, event)]
            key, status = caller.idempotency, CREATED if written.created else DONE
            return event, KeptAnswer(key, status, answer.model_dump_json(by_alias=True)) if key else None

        written = self._store().record_writes.write(
            caller.client_id,
            _request(body.type, given),
            changed_by=caller.user_id,
            key=caller.idempotency,
            decide=decide,
            conclude=conclude,
        )
        answer, event = answers[0]
        self._access_log.hand_on(event)
        return answer, CREATED if written.created else DONE

    def delete(self, caller: Caller, record_type: str, reference: str) -> RecordView:
        """Delete softly; the record is gone from every read, list and search, its number stays taken.

        Raises NotFoundError, PreconditionFailedError for a stale If-Match, ConflictError while others point at it.
        """
        if record_type not in DATA_MODELS:
            raise NotFoundError("There is no such record")
        if not may_delete(caller.role, record_type):
            raise ForbiddenError("Your role does not delete records of this type")

        def decide(current: StoredRecord, pointing: Mapping[str, int]) -> None:
            if caller.if_match is not None and caller.if_match != current.version:
                raise _stale(caller.role, current)
            if pointing:
                kinds = ", ".join(sorted(pointing))
                raise ConflictError(f"Records point at it ({kinds}): delete them first", code="in_use", uses=pointing)

        events: list[AuditEvent] = []

        def conclude(written: Written) -> AuditEvent:
            events[:] = [_event(caller, written, "deleted")]
            return events[0]

        written = self._store().record_writes.delete(
            caller.client_id, record_type, reference, changed_by=caller.user_id, decide=decide, conclude=conclude
        )
        if written is None:
            raise NotFoundError("There is no such record")
        self._access_log.hand_on(events[0])
        return record_view(caller.role, written.record)

    def history(self, caller: Caller, record_type: str, reference: str) -> RecordHistory:
        """Show who changed what and when, newest first; values only of members that the role sees.

        Raises NotFoundError. What was imported, or changed by an import, is not in it.
        """
        if not may_read(caller.role, record_type):
            raise NotFoundError("There is no such record")
        event = caller.seen(record_type, same=reference)
        with self._access_log.in_transaction(event) as seen:
            found = self._store().record_writes.history(caller.client_id, record_type, reference, seen=seen)
            if found is None:
                raise NotFoundError("There is no such record")
        hidden = hidden_fields(caller.role, record_type)
        changes = tuple(_shown(entry, hidden) for entry in found[1])
        return RecordHistory(type=record_type, id=str(found[0]), changes=changes)


def _request(record_type: str, given: RecordInput) -> WriteRequest:
    return WriteRequest(
        record_type=record_type,
        columns=given.columns(),
        key=given.key,
        references=REFERENCES[record_type],
        member_id=getattr(given, "member_id", None),
    )


def _check_version(role: Role, record_type: str, found: Found, expected: int | None) -> None:
    current = found.current
    if current is not None and not found.deleted:
        if expected is None:
            place = {"type": record_type, "id": str(current.id), "version": current.version}
            raise ConflictError(
                "There is such a record: send the version that you have read to change it",
                code="already_exists",
                id=str(current.id),
                current=place,
            )
        if expected != current.version:
            raise _stale(role, current)
    elif current is not None and record_type not in REVIVED:
        raise ConflictError("The number belonged to a record that was deleted", code="number_retired")
    elif expected is not None:
        raise PreconditionFailedError("There is no such record to change: leave the version out to make it")


def _stale(role: Role, current: StoredRecord) -> PreconditionFailedError:
    view = record_view(role, current).model_dump(mode="json", by_alias=True)
    return PreconditionFailedError("The record has changed since you read it", current=view)


def _columns(given: RecordInput, record_type: str, found: Found, today: date, zone: ZoneInfo) -> RecordColumns:
    """The columns to write: references as ids, only what differs. Raises ValidationFailedError."""
    columns: dict[str, Any] = given.columns()
    faults = []
    for name, target in found.targets.items():
        at = REFERENCES[record_type][name]
        if target is None:
            faults.append((to_camel(name), f"unknown_{at}", f"There is no such {at}"))
        else:
            columns[name] = target.id
    if faults:
        raise refused(faults)
    current = found.current if not found.deleted else None
    if current is None:
        missing = [name for name in type(given).model_fields if name in given.mandatory and name not in columns]
        if missing:
            raise refused([(to_camel(name), "missing", "Field required") for name in missing])
        if "status" in type(given).model_fields:  # tables have no default state, the models do
            columns.setdefault("status", getattr(given, "status", None))
    before: Mapping[str, PlainValue] = current.data if current is not None else {}
    _check_days(columns, before, today)
    _check_visit(columns, before, found)
    _check_state(record_type, columns, before)
    if current is not None:
        columns = {name: value for name, value in columns.items() if _plain(value) != before.get(name)}
        columns |= on_another_day(before, columns) if record_type == "visit" else {}
    return columns | (_days_of_claim(columns, today, zone) if record_type == "claim" else {})


def _days_of_claim(columns: Mapping[str, Any], today: date, zone: ZoneInfo) -> RecordColumns:
    """What follows from a claim's columns and is kept as a day of the organisation."""
    days: RecordColumns = {}
    if "next_deadline_at" in columns:
        noted = columns["next_deadline_at"]
        days["noted_due_on"] = None if noted is None else noted.astimezone(zone).date()
    if columns.get("status") is not None:
        days["pended_since"] = today if columns["status"] == "pended" else None
    return days


def _check_days(columns: Mapping[str, Any], before: Mapping[str, PlainValue], today: date) -> None:
    for name in _NOT_IN_FUTURE:
        if columns.get(name) is not None and columns[name] > today:
            raise refused([(to_camel(name), "in_the_future", "must not lie in the future")])
    for first, last in _PERIODS:
        start, end = (_plain(columns[name]) if name in columns else before.get(name) for name in (first, last))
        if start is not None and end is not None and str(end) < str(start):
            raise refused([(to_camel(last), "before_start", f"must not lie before {to_camel(first)}")])


def _check_visit(columns: Mapping[str, Any], before: Mapping[str, PlainValue], found: Found) -> None:
    """A claim's visit is its patient's, whichever of the two was sent."""
    visit = found.targets.get("visit_id")
    patient = _plain(columns["patient_id"]) if "patient_id" in columns else before.get("patient_id")
    moved = visit is None and before.get("visit_id") is not None and columns.get("visit_id", ...) is not None
    if visit is not None and str(visit.patient_id) != str(patient):
        raise refused([("visitId", "other_patient", "is another patient's visit")])
    if moved and str(before.get("patient_id")) != str(patient):
        raise refused([("patientId", "other_patient", "the visit on file is another patient's")])


def _check_state(record_type: str, columns: Mapping[str, Any], before: Mapping[str, PlainValue]) -> None:
    """A change of state is a step of the type's state machine. Raises InvalidTransitionError."""
    check = _STEPS.get(record_type)
    if check is not None and "status" in before and columns.get("status") is not None:
        check(before["status"], columns["status"])
    if record_type == "visit" and columns.get("readiness") is not None:
        check_readiness(before.get("readiness"), columns["readiness"])


def _plain(value: Any) -> PlainValue:
    """A column as a stored record shows it."""
    if hasattr(value, "tzinfo"):
        return str(value.isoformat()).replace("+00:00", "Z")
    if value is None or isinstance(value, (str, int, Decimal, tuple)):
        return value
    return str(value)


def _answer(role: Role, written: Written) -> WrittenRecord:
    doubles = tuple(str(identity) for identity in written.duplicates)
    warnings = (RecordWarning(code="possible_duplicate", record_ids=doubles),) if doubles else ()
    return WrittenRecord(**dict(record_view(role, written.record)), warnings=warnings)


def _event(caller: Caller, written: Written, change: str) -> AuditEvent:
    """References and names of members: what they hold stays in the record."""
    return caller.changed(
        written.record.type,
        resource_id=written.record.id,
        patient_ref=None if written.patient_id is None else str(written.patient_id),
        metadata={
            "change": change,
            "version": written.record.version,
            "fields": [] if written.created else sorted(_member(name) for name in written.changes),
        },
    )


def _member(column: str) -> str:
    return _IN_CENTS.get(column, to_camel(column))


def _shown(entry: HistoryEntry, hidden: frozenset[str]) -> RecordChange:
    fields = []
    for column, (before, now) in sorted(entry.changes.items()):
        member = _member(column)
        if member in hidden:
            fields.append(FieldChange(field=member, hidden=True))
        else:
            fields.append(FieldChange(field=member, before=_value(column, before), now=_value(column, now)))
    return RecordChange(
        version=entry.version, changed_at=entry.changed_at, changed_by=str(entry.changed_by), fields=tuple(fields)
    )


def _value(column: str, value: PlainValue) -> str | int | float | tuple[str, ...] | None:
    """Amounts as the record shows them: `amount` in the currency's unit, the others in cents."""
    if value is None or column not in {"amount", *_IN_CENTS}:
        return value if not isinstance(value, Decimal) else float(value)
    amount = Decimal(str(value))
    return float(amount) if column == "amount" else int(amount * 100)
