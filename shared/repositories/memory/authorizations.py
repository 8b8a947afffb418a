"""Authorizations in memory: what happens while the lock is held is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.records import Authorization, Visit
from shared.repositories.authorization_protocols import (
    AuthorizationCase,
    AuthorizationChange,
    ClaimLine,
    RequestGround,
    RequestReferences,
)
from shared.repositories.authorization_rows import changes_of, columns_of
from shared.repositories.memory.eligibility import (
    InMemoryEligibilityRepository,
    authorization,
    payer_rule,
    visit_of,
)
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.record_protocols import HistoryEntry, RecordChanges

Row = dict[str, Any]


class InMemoryAuthorizationRepository:
    """See AuthorizationRepository. `history` is that of every record, by its id."""

    def __init__(self, tables: InMemoryTables, history: dict[UUID, list[HistoryEntry]]) -> None:
        self._tables = tables
        self._history = history
        self._files = InMemoryEligibilityRepository(tables, history)

    def request(
        self,
        client_id: UUID,
        references: RequestReferences,
        decide: Callable[[RequestGround], AuthorizationChange],
        *,
        today: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
    ) -> Authorization | None:
        """See AuthorizationRepository.request."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            ground = self._ground(client_id, references, today)
            if ground is None:
                return None
            change = decide(ground)
            new = change.authorization
            self._tables.answers.keep(change.kept)
            if new not in ground.file.authorizations:
                self._tables.add("authorizations", columns_of(new) | {"id": new.id, "client_id": client_id})
                self._remember(new.id, 1, changed_by, changes_of(None, new))
            self._finish(client_id, change, changed_by)
            return new

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> Authorization | None:
        """See AuthorizationRepository.get."""
        row = self._one(client_id, "authorizations", "auth_number", reference)
        if row is None:
            return None
        if seen is not None:
            whose = str(row["patient_id"])
            self._tables.record(seen.model_copy(update={"resource_id": row["id"], "patient_ref": whose}))
        return authorization(self._tables, row)

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[AuthorizationCase], AuthorizationChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        visit: str | None = None,
    ) -> Authorization:
        """See AuthorizationRepository.change."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            row = self._one(client_id, "authorizations", "auth_number", reference)
            if row is None:
                raise NotFoundError("There is no such record")
            case = self._case(client_id, row, visit)
            change = decide(case)
            after = change.authorization
            self._tables.answers.keep(change.kept)
            if after is not case.authorization:
                row.update(columns_of(after) | {"version": after.version, "updated_at": datetime.now(UTC)})
                self._remember(after.id, after.version, changed_by, changes_of(case.authorization, after))
            self._finish(client_id, change, changed_by)
            return after

    def visit(self, client_id: UUID, reference: str) -> Visit | None:
        """See AuthorizationRepository.visit."""
        return visit_of(self._one(client_id, "visits", "visit_number", reference))

    def claim(self, client_id: UUID, reference: str) -> ClaimLine | None:
        """See AuthorizationRepository.claim."""
        row = self._one(client_id, "claims", "claim_number", reference)
        if row is None:
            return None
        visit = None if row["visit_id"] is None else self.visit(client_id, str(row["visit_id"]))
        members = ("id", "patient_id", "payer_id", "provider_id", "service_date")
        return ClaimLine(**{name: row[name] for name in members}, visit=visit)

    def _one(self, client_id: UUID, table: str, number: str, reference: str) -> Row | None:
        return self._tables.one(client_id, table, number, reference)

    def _ground(self, client_id: UUID, references: RequestReferences, today: date) -> RequestGround | None:
        visit = None if references.visit is None else self.visit(client_id, references.visit)
        visit_id = None if visit is None else visit.id
        file = self._files.file_of(client_id, references.patient, visit_id=visit_id, today=today)
        if file is None:
            return None
        payer = self._identity(client_id, "payers", "payer_number", references.payer)
        provider = self._identity(client_id, "providers", "provider_number", references.provider)
        payers = {coverage.payer_id for coverage in file.coverages} | {payer}
        rules = (payer_rule(row) for row in self._tables.of(client_id, "payer_rules") if row["payer_id"] in payers)
        meant = {provider, *(one.provider_id for one in (file.context_visit, file.next_visit) if one is not None)}
        npis = {row["id"]: row["npi"] for row in self._tables.of(client_id, "providers") if row["id"] in meant}
        return RequestGround(file, payer, provider, tuple(rules), npis)

    def _identity(self, client_id: UUID, table: str, number: str, reference: str | None) -> UUID | None:
        row = None if reference is None else self._one(client_id, table, number, reference)
        return None if row is None else row["id"]

    def _case(self, client_id: UUID, row: Row, visit: str | None) -> AuthorizationCase:
        found = authorization(self._tables, row)
        rules = (one for one in self._tables.of(client_id, "payer_rules") if one["payer_id"] == found.payer_id)
        return AuthorizationCase(
            found,
            tuple(payer_rule(one) for one in rules),
            self._column(client_id, "coverages", found.coverage_id, "member_id"),
            self._column(client_id, "providers", found.provider_id, "npi"),
            None if visit is None else self.visit(client_id, visit),
        )

    def _column(self, client_id: UUID, table: str, identity: UUID | None, column: str) -> str | None:
        return next((row[column] for row in self._tables.of(client_id, table) if row["id"] == identity), None)

    def _finish(self, client_id: UUID, change: AuthorizationChange, changed_by: UUID) -> None:
        link = change.link
        if link is not None:
            row = next(row for row in self._tables.of(client_id, "visits") if row["id"] == link.visit_id)
            row.update({"authorization_id": link.now, "authorization_units": link.units})
            row.update({"version": row["version"] + 1, "updated_at": datetime.now(UTC)})
            self._remember(link.visit_id, row["version"], changed_by, link.changes)
        self._tables.record(change.event)

    def _remember(self, identity: UUID, version: int, changed_by: UUID, changes: RecordChanges) -> None:
        entry = HistoryEntry(version, datetime.now(UTC), changed_by, changes)
        self._history.setdefault(identity, []).append(entry)
