"""Claims in memory: what happens while the lock is held is one transaction; lists and sums are made by looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim import standing
from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.claim import (
    AgingCell,
    Appeal,
    BilledClaim,
    ClaimEvent,
    ClaimFile,
    ClaimParty,
    ListedClaim,
    NewClaimEvent,
    QueueTotal,
    Total,
)
from shared.models.records import Payer
from shared.repositories.claim_protocols import (
    AmountPosition,
    ClaimChange,
    ClaimFilter,
    ClaimPage,
    DayPosition,
    DeadlinesAsked,
    QueueAsked,
)
from shared.repositories.claim_rows import adjudication, changes_of, claim_of, columns_of
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.record_protocols import HistoryEntry

Row = dict[str, Any]
_BUCKETS = [name for name, _, _ in standing.BUCKETS] + [standing.UNDATED]


class InMemoryClaimRepository:
    """See ClaimRepository. `history` is that of every record, by its id."""

    def __init__(self, tables: InMemoryTables, history: dict[UUID, list[HistoryEntry]]) -> None:
        self._tables = tables
        self._changes = history
        self._appeals: dict[UUID, dict[UUID, Appeal]] = {}

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> ClaimFile | None:
        """See ClaimRepository.get."""
        row = self._one(client_id, reference)
        if row is None:
            return None
        self._saw(seen, resource_id=row["id"], patient_ref=str(row["patient_id"]))
        return self._file(client_id, row)

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[ClaimFile], ClaimChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
    ) -> BilledClaim:
        """See ClaimRepository.change."""
        with self._tables.lock:
            row = self._one(client_id, reference)
            self._tables.answers.recall(key)
            if row is None:
                raise NotFoundError("There is no such record")
            before = self._file(client_id, row).claim
            change = decide(self._file(client_id, row))
            after = change.claim
            known = {one.source_ref for one in self._tables.history_of_claim(row)} - {None}
            posted = [event.source_ref for event in change.events if event.source_ref is not None]
            elsewhere = any(self.taker_of(client_id, one) for one in posted if one.startswith("x12:"))
            if known & set(posted) or len(posted) != len(set(posted)) or elsewhere:
                raise ConflictError("This was posted to the claim already", code="already_posted")
            self._check_number(client_id, change.made)
            self._tables.answers.keep(change.kept)
            self._add(row, change.events, after.version, changed_by)
            if after != before:
                row.update(columns_of(after) | {"scrub": after.scrub, "version": after.version})
                row.update({"updated_at": datetime.now(UTC)})
                row["adjudication_event_id"] = adjudication(change.events, row["adjudication_event_id"])
                row["last_event_id"] = change.events[-1].id if change.events else row["last_event_id"]
                self._remember(after, changed_by, before)
            if change.appeal is not None:
                self._appeals.setdefault(row["id"], {})[change.appeal.id] = change.appeal
            if change.made is not None:
                made = columns_of(change.made) | {"id": change.made.id, "client_id": client_id}
                self._tables.add("claims", made | {"scrub": change.made.scrub})
                self._remember(change.made, changed_by, None)
            self._tables.record(change.event)
            return after

    def with_claims(self, client_id: UUID, patients: Sequence[UUID]) -> set[UUID]:
        """See ClaimRepository.with_claims."""
        return {row["patient_id"] for row in self._tables.of(client_id, "claims")} & set(patients)

    def taker_of(self, client_id: UUID, source_ref: str) -> UUID | None:
        """The client's claim whose history has an entry from this source: of a payer's line there is one at most."""
        for row in self._tables.of(client_id, "claims"):
            if any(event.source_ref == source_ref for event in self._tables.history_of_claim(row)):
                found: UUID = row["id"]
                return found
        return None

    def events(
        self, client_id: UUID, reference: str, *, before: int | None, limit: int, seen: AuditEvent | None
    ) -> tuple[UUID, tuple[ClaimEvent, ...]] | None:
        """See ClaimRepository.events."""
        row = self._one(client_id, reference)
        if row is None:
            return None
        self._saw(seen, resource_id=row["id"], patient_ref=str(row["patient_id"]))
        found = (one for one in reversed(self._tables.history_of_claim(row)) if before is None or one.number < before)
        return row["id"], tuple(found)[:limit]

    def page(
        self,
        client_id: UUID,
        wanted: ClaimFilter,
        *,
        after: DayPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> ClaimPage:
        """See ClaimRepository.page."""
        patient = None
        rows: Iterable[Row] = self._tables.of(client_id, "claims")
        if wanted.patient is not None:
            found = self._tables.one(client_id, "patients", "mrn", wanted.patient)
            patient = None if found is None else found["id"]
            rows = [row for row in rows if row["patient_id"] == patient]
        self._saw(seen, **({} if patient is None else {"patient_ref": str(patient)}))
        fitting = [row for row in rows if _fits(row, wanted)]
        ordered = sorted(fitting, key=_day_key, reverse=True)
        behind = [row for row in ordered if after is None or _day_key(row) < (after.day, after.id)]
        ends = DayPosition(*_day_key(behind[limit - 1])) if len(behind) > limit else None
        return ClaimPage(tuple(self._listed(client_id, row) for row in behind[:limit]), ends)

    def queues(self, client_id: UUID, today: date, *, seen: AuditEvent | None) -> tuple[QueueTotal, ...]:
        """See ClaimRepository.queues."""
        self._saw(seen)
        claims = [claim_of(row) for row in self._tables.of(client_id, "claims")]
        totals = []
        for queue in standing.QUEUES:
            lying = [one for one in claims if queue in standing.queues(one, today)]
            reasons: dict[str, list[BilledClaim]] = {}
            for one in lying:
                due = standing.next_deadline(one)
                if queue == "denied":
                    reasons.setdefault(one.denial_code or "", []).append(one)
                elif queue == "deadline" and due is not None:
                    reasons.setdefault(due[1], []).append(one)
            totals.append(QueueTotal(queue, _total(lying), {key: _total(some) for key, some in reasons.items()}))
        return tuple(totals)

    def queue(
        self,
        client_id: UUID,
        asked: QueueAsked,
        *,
        after: DayPosition | AmountPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> ClaimPage:
        """See ClaimRepository.queue."""
        self._saw(seen)
        rows = [
            row
            for row in self._tables.of(client_id, "claims")
            if asked.queue in standing.queues(claim_of(row), asked.today)
            and (asked.queue == "deadline" or asked.reason is None or row["denial_code"] == asked.reason)
        ]
        if asked.queue == "pended_too_long":
            return self._by_day(client_id, rows, lambda one: one.pended_since, after, limit)
        if asked.queue == "deadline" and asked.order == "date":
            return self._by_day(client_id, rows, lambda one: one.next_deadline_on, after, limit)
        return self._by_amount(client_id, rows, after, limit)

    def deadlines(
        self,
        client_id: UUID,
        asked: DeadlinesAsked,
        *,
        after: DayPosition | AmountPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> tuple[Total, ClaimPage]:
        """See ClaimRepository.deadlines."""
        self._saw(seen)
        rows = []
        for row in self._tables.of(client_id, "claims"):
            due = standing.next_deadline(claim_of(row))
            if due is not None and due[0] <= asked.until and asked.kind in (None, due[1]):
                rows.append(row)
        total = _total([claim_of(row) for row in rows])
        if asked.order == "date":
            return total, self._by_day(client_id, rows, lambda one: one.next_deadline_on, after, limit)
        return total, self._by_amount(client_id, rows, after, limit)

    def aging(self, client_id: UUID, as_of: date, *, seen: AuditEvent | None) -> tuple[AgingCell, ...]:
        """See ClaimRepository.aging."""
        self._saw(seen)
        cells: dict[tuple[str, str, int], list[BilledClaim]] = {}
        for claim in (claim_of(row) for row in self._tables.of(client_id, "claims")):
            if standing.balance(claim):
                bucket = standing.bucket(claim.service_date or claim.submitted_date, as_of)
                key = (str(claim.payer_id or ""), standing.ar_stage(claim), _BUCKETS.index(bucket))
                cells.setdefault(key, []).append(claim)
        names = {str(row["id"]): row["name"] for row in self._tables.of(client_id, "payers")}
        return tuple(
            AgingCell(
                claims[0].payer_id, names.get(payer), standing.ar_stage(claims[0]), _BUCKETS[place], _total(claims)
            )
            for (payer, _, place), claims in sorted(cells.items(), key=lambda one: one[0])
        )

    def _by_amount(
        self, client_id: UUID, rows: Iterable[Row], after: DayPosition | AmountPosition | None, limit: int
    ) -> ClaimPage:
        listed = sorted((self._listed(client_id, row) for row in rows), key=_amount_key, reverse=True)
        if isinstance(after, AmountPosition):
            listed = [one for one in listed if _amount_key(one) < (after.cents, after.id)]
        ends = AmountPosition(*_amount_key(listed[limit - 1])) if len(listed) > limit else None
        return ClaimPage(tuple(listed[:limit]), ends)

    def _by_day(
        self,
        client_id: UUID,
        rows: Iterable[Row],
        day: Callable[[ListedClaim], date | None],
        after: DayPosition | AmountPosition | None,
        limit: int,
    ) -> ClaimPage:
        def key(one: ListedClaim) -> tuple[date, UUID]:
            return day(one) or date.min, one.id

        listed = sorted((self._listed(client_id, row) for row in rows), key=key)
        if isinstance(after, DayPosition):
            listed = [one for one in listed if key(one) > (after.day, after.id)]
        ends = DayPosition(*key(listed[limit - 1])) if len(listed) > limit else None
        return ClaimPage(tuple(listed[:limit]), ends)

    def _one(self, client_id: UUID, reference: str) -> Row | None:
        return self._tables.one(client_id, "claims", "claim_number", reference)

    def _saw(self, seen: AuditEvent | None, **references: Any) -> None:
        if seen is not None:
            self._tables.record(seen.model_copy(update=references))

    def _add(self, row: Row, events: tuple[NewClaimEvent, ...], version: int, changed_by: UUID) -> None:
        known = self._tables.history_of_claim(row)
        for one in events:
            known.append(
                ClaimEvent(
                    one.id, len(known) + 1, one.kind, one.from_status, one.to_status, one.reason, one.amount,
                    one.adjustments, dict(one.details), one.source_ref, changed_by, one.occurred_at, version,
                )
            )  # fmt: skip

    def _file(self, client_id: UUID, row: Row) -> ClaimFile:
        claim = claim_of(row)
        appeals = self._appeals.get(row["id"], {})
        patient = self._tables.one(client_id, "patients", "mrn", str(claim.patient_id))
        payer = self._tables.one(client_id, "payers", "payer_number", str(claim.payer_id))
        provider = self._tables.one(client_id, "providers", "provider_number", str(claim.provider_id))
        decided = next(
            (one for one in self._tables.history_of_claim(row) if one.id == row["adjudication_event_id"]), None
        )
        own = self._tables.of(client_id, "claims")
        return ClaimFile(
            claim,
            ClaimParty(
                claim.patient_id,
                "" if patient is None else patient["mrn"],
                "" if patient is None else f"{patient['first_name']} {patient['last_name']}",
            ),
            None if payer is None else Payer(**{name: payer[name] for name in Payer.__dataclass_fields__}),
            None
            if provider is None
            else ClaimParty(provider["id"], provider["provider_number"], provider["name"], provider["npi"]),
            () if decided is None else decided.adjustments,
            tuple(appeals.values()),
            tuple(sorted(one["id"] for one in own if one["secondary_of_id"] == claim.id)),
        )

    def _listed(self, client_id: UUID, row: Row) -> ListedClaim:
        file = self._file(client_id, row)
        claim, due = file.claim, standing.next_deadline(file.claim)
        same = {name: getattr(claim, name) for name in ListedClaim.__dataclass_fields__ if hasattr(claim, name)}
        return ListedClaim(
            **same,
            balance=standing.balance(claim),
            ar_stage=standing.ar_stage(claim),
            mrn=file.patient.number,
            payer_name=None if file.payer is None else file.payer.name,
            next_deadline_on=None if due is None else due[0],
            deadline_kind=None if due is None else due[1],
            authorization_gap=standing.authorization_gap(claim),
        )

    def _check_number(self, client_id: UUID, made: BilledClaim | None) -> None:
        rows = self._tables.rows["claims"]
        taken = {row["claim_number"] for row in rows if row["client_id"] == client_id}
        if made is not None and made.claim_number in taken:
            raise ConflictError("A claim has this number already", code="number_taken")

    def _remember(self, after: BilledClaim, changed_by: UUID, before: BilledClaim | None) -> None:
        entry = HistoryEntry(after.version, datetime.now(UTC), changed_by, changes_of(before, after))
        self._changes.setdefault(after.id, []).append(entry)


def _fits(row: Row, wanted: ClaimFilter) -> bool:
    same = ("status", "payer_id", "provider_id", "denial_code")
    if any(getattr(wanted, name) not in (None, row[name]) for name in same):
        return False
    if wanted.least is not None and row["amount"] < wanted.least:
        return False
    if wanted.most is not None and row["amount"] > wanted.most:
        return False
    if wanted.first_day is None and wanted.last_day is None:
        return True
    day = row["service_date"]
    return day is not None and (wanted.first_day or date.min) <= day <= (wanted.last_day or date.max)


def _total(claims: Iterable[BilledClaim]) -> Total:
    open_amounts = [standing.balance(one) for one in claims]
    return Total(len(open_amounts), sum(open_amounts, Decimal(0)))


def _day_key(row: Row) -> tuple[date, UUID]:
    return row["service_date"] or date.min, row["id"]


def _amount_key(one: ListedClaim) -> tuple[int, UUID]:
    return int(one.balance * 100), one.id
