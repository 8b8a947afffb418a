"""Files of payers in memory: what happens while the lock is held is one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.domain.eligibility.person import same_name
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.payer_files import (
    SETTLED,
    ClaimCandidate,
    NewPayerFile,
    PayerFile,
    PayerFileHead,
    PayerFileLine,
    Settlement,
)
from shared.repositories.changes import KeptAnswer
from shared.repositories.memory.claims import InMemoryClaimRepository
from shared.repositories.memory.tables import InMemoryTables, as_uuid
from shared.repositories.payer_file_protocols import MOST_OF_A_DAY, FileFilter, WantedPerson


@dataclass(slots=True)
class _Kept:
    """A file with its lines by number."""

    file: NewPayerFile
    received_at: datetime
    lines: dict[int, PayerFileLine] = field(default_factory=dict)

    def head(self) -> PayerFileHead:
        counts = dict(Counter(line.outcome for line in self.lines.values()))
        file = self.file
        return PayerFileHead(
            id=file.id,
            kind=file.kind,
            trace_number=file.trace_number,
            payer_name=file.payer_name,
            payer_id=file.payer_id,
            amount=file.amount,
            method=file.method,
            dated_on=file.dated_on,
            received_at=self.received_at,
            counts=counts,
        )


class InMemoryPayerFileRepository:
    """See PayerFileRepository."""

    def __init__(self, tables: InMemoryTables, claims: InMemoryClaimRepository) -> None:
        self._tables = tables
        self._claims = claims
        self._kept: dict[tuple[UUID, UUID], _Kept] = {}

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """See PayerFileRepository.recall."""
        del client_id
        self._tables.answers.recall(key)

    def answered(self, client_id: UUID, kept: KeptAnswer | None) -> None:
        """See PayerFileRepository.answered."""
        del client_id
        with self._tables.lock:
            self._tables.answers.keep(kept)

    def keep(self, client_id: UUID, file: NewPayerFile, event: AuditEvent) -> tuple[UUID, bool]:
        """See PayerFileRepository.keep."""
        with self._tables.lock:
            for (client, identity), kept in self._kept.items():
                if (client, kept.file.digest, kept.file.place) == (client_id, file.digest, file.place):
                    return identity, False
            lines = {one.number: PayerFileLine(one.number, one.fingerprint, one.content) for one in file.lines}
            self._kept[client_id, file.id] = _Kept(file, datetime.now(UTC), lines)
            self._tables.record(event)
            return file.id, True

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None) -> PayerFile | None:
        """See PayerFileRepository.get."""
        identity = as_uuid(reference)
        kept = None if identity is None else self._kept.get((client_id, identity))
        if kept is None:
            return None
        if seen is not None:
            self._tables.record(seen.model_copy(update={"resource_id": identity}))
        file = kept.file
        numbers = {row["id"]: row["claim_number"] for row in self._tables.of(client_id, "claims")}
        lines = tuple(
            line if line.claim_id is None else replace(line, claim_number=numbers.get(line.claim_id))
            for _, line in sorted(kept.lines.items())
        )
        return PayerFile(kept.head(), file.provider_adjustments, file.imbalances, file.unread, lines)

    def find(
        self,
        client_id: UUID,
        wanted: FileFilter,
        *,
        after: tuple[datetime, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> list[PayerFileHead]:
        """See PayerFileRepository.find."""
        self._tables.record(seen)
        heads = [kept.head() for (client, _), kept in self._kept.items() if client == client_id]
        heads.sort(key=lambda one: (one.received_at, one.id), reverse=True)
        return [
            one
            for one in heads
            if one.kind in wanted.kinds
            and (after is None or (one.received_at, one.id) < after)
            and (not wanted.unmatched or any(one.counts.get(outcome) for outcome in ("pending", "not_posted")))
        ][:limit]

    def settle(
        self, client_id: UUID, file_id: UUID, number: int, settlement: Settlement, event: AuditEvent | None
    ) -> bool:
        """See PayerFileRepository.settle."""
        with self._tables.lock:
            kept = self._kept[client_id, file_id]
            line = kept.lines[number]
            before = (line.outcome, line.reason, line.claim_id)
            if line.outcome in SETTLED or before == (settlement.outcome, settlement.reason, settlement.claim_id):
                return False
            kept.lines[number] = replace(
                line,
                outcome=settlement.outcome,
                reason=settlement.reason,
                claim_id=settlement.claim_id,
                claim_status=settlement.claim_status,
                settled_at=datetime.now(UTC),
            )
            self._tables.record(event)
            return True

    def posted_before(self, client_id: UUID, fingerprints: Collection[str]) -> Mapping[str, UUID]:
        """See PayerFileRepository.posted_before."""
        with self._tables.lock:
            lines = [
                line for (client, _), kept in self._kept.items() if client == client_id for line in kept.lines.values()
            ]
        return {
            line.fingerprint: line.claim_id
            for line in lines
            if line.fingerprint in fingerprints and line.outcome in {"posted", "noted"} and line.claim_id is not None
        }

    def taken(self, client_id: UUID, source_ref: str) -> UUID | None:
        """See PayerFileRepository.taken."""
        return self._claims.taker_of(client_id, source_ref)

    def by_numbers(self, client_id: UUID, claim_numbers: Collection[str]) -> Mapping[str, ClaimCandidate]:
        """See PayerFileRepository.by_numbers."""
        found = self._candidates(client_id, lambda row: row["claim_number"] in claim_numbers)
        return {one.claim_number: one for one in found}

    def by_control_number(self, client_id: UUID, control_number: str) -> tuple[ClaimCandidate, ...]:
        """See PayerFileRepository.by_control_number."""
        return self._candidates(client_id, lambda row: row["payer_control_number"] == control_number)[:2]

    def by_person(self, client_id: UUID, wanted: WantedPerson) -> tuple[ClaimCandidate, ...]:
        """See PayerFileRepository.by_person."""
        of_day = (wanted.service_date, wanted.amount)
        found = self._candidates(client_id, lambda row: (row["service_date"], row["amount"]) == of_day)
        if len(found) >= MOST_OF_A_DAY:
            return found[:2]
        named = (wanted.first_name, wanted.last_name)
        return tuple(one for one in found if same_name((one.first_name, one.last_name), named))[:2]

    def _candidates(self, client_id: UUID, fits: Callable[[dict[str, Any]], bool]) -> tuple[ClaimCandidate, ...]:
        claims = list(self._tables.of(client_id, "claims"))
        people = {row["id"]: row for row in self._tables.of(client_id, "patients")}
        return tuple(
            ClaimCandidate(
                id=row["id"],
                claim_number=row["claim_number"],
                amount=row["amount"],
                first_name=people[row["patient_id"]]["first_name"],
                last_name=people[row["patient_id"]]["last_name"],
                secondaries=tuple(
                    sorted(
                        one["id"] for one in claims if one["secondary_of_id"] == row["id"] and one["status"] != "voided"
                    )
                ),
            )
            for row in sorted(claims, key=lambda row: row["id"])
            if fits(row)
        )
