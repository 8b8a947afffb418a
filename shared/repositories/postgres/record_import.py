"""Stores an import batch: one transaction, a few statements per record type, search terms and audit event included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shared.db.postgres import Postgres, sqlstate
from shared.domain.claim.answers import answered
from shared.domain.search_terms import terms_for
from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.imported import (
    ClaimRecord,
    CoverageRecord,
    ImportBatch,
    ImportOutcome,
    Refusal,
    VisitRecord,
)
from shared.repositories.postgres.bulk import Row, chunks
from shared.repositories.postgres.import_history import move_visits
from shared.repositories.postgres.import_kinds import (
    CLAIM,
    COVERAGE,
    PATIENT,
    PAYER,
    PROVIDER,
    VISIT,
    StoredRecord,
    candidate,
)
from shared.repositories.postgres.import_merge import Candidate, Kind, Merged, merge
from shared.repositories.postgres.transaction import add_event, keep, recall
from shared.repositories.protocols import KeptAnswer

_MET_ANOTHER_WRITER = frozenset({"23505", "40P01", "40001"})  # number taken meanwhile, deadlock, serialisation
_TERM_CHUNK = 2000
_ATTEMPTS = 3


class PostgresRecordImport:
    """See RecordImportRepository. Works as the role `serving`, under row-level security."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def time_zone(self, client_id: UUID) -> str:
        """See RecordImportRepository.time_zone."""
        with self._postgres.tenant(client_id) as connection:
            zone = connection.execute(text("SELECT time_zone FROM clients WHERE id = :id"), {"id": client_id}).scalar()
        if zone is None:
            raise NotFoundError
        return str(zone)

    def store(
        self,
        client_id: UUID,
        batch: ImportBatch,
        conclude: Callable[[ImportOutcome], tuple[AuditEvent, KeptAnswer | None]],
        *,
        key: IdempotencyKey | None,
        progress: Callable[[int], None],
    ) -> ImportOutcome:
        """See RecordImportRepository.store."""
        for _ in range(_ATTEMPTS):
            try:
                return self._store(client_id, batch, conclude, key=key, progress=progress)
            except DBAPIError as exc:
                if sqlstate(exc) not in _MET_ANOTHER_WRITER:
                    raise
        raise ConflictError("Somebody keeps changing the same records; import again")

    def _store(
        self,
        client_id: UUID,
        batch: ImportBatch,
        conclude: Callable[[ImportOutcome], tuple[AuditEvent, KeptAnswer | None]],
        *,
        key: IdempotencyKey | None,
        progress: Callable[[int], None],
    ) -> ImportOutcome:
        with self._postgres.tenant(client_id) as connection:
            # Imports into one organisation follow each other: the second one finds what the first one wrote.
            lock = text("SELECT pg_advisory_xact_lock(hashtextextended('import:' || :client, 0))")
            connection.execute(lock, {"client": str(client_id)})
            recall(connection, client_id, key)
            running = _RunningImport(connection, client_id, progress)
            running.take(batch)
            event, kept = conclude(running.outcome)
            add_event(connection, event)
            keep(connection, client_id, kept)
        return running.outcome


class _RunningImport:
    """One transaction: what was stored so far, and the ids that later records point at."""

    def __init__(self, connection: Connection, client_id: UUID, progress: Callable[[int], None]) -> None:
        self.outcome = ImportOutcome()
        self._connection = connection
        self._client_id = client_id
        self._progress = progress

    def take(self, batch: ImportBatch) -> None:
        """Merge everything, what is pointed at before what points."""
        self.outcome.refused.extend(batch.refused)
        self.outcome.notes.update(batch.notes)
        self.outcome.ignored.update(batch.ignored)
        payers = self._merge(PAYER, batch.payers)
        providers = self._merge(PROVIDER, batch.providers)
        cared_for: tuple[VisitRecord | ClaimRecord, ...] = (*batch.visits, *batch.claims)
        providers = self._with_known(PROVIDER, providers, {one.provider for one in cared_for})
        patients = self._merge(PATIENT, batch.patients)
        named = {one.patient for one in cared_for} | {one.patient for one in batch.coverages}
        patients = self._with_known(PATIENT, patients, named)
        known = {"patient": patients, "provider": providers, "payer": payers}
        self._merge(COVERAGE, batch.coverages, known)
        visits = self._merge(VISIT, batch.visits, known)
        known["visit"] = self._with_known(VISIT, visits, {claim.visit for claim in batch.claims})
        self._merge(CLAIM, batch.claims, known)
        self._remittances(batch, payers)

    def _merge(
        self, kind: Kind, records: Sequence[StoredRecord], known: Mapping[str, Mapping[str, UUID]] | None = None
    ) -> dict[str, UUID]:
        """Merge the records of one kind; returns their ids by source_ref and by number."""
        candidates = [
            candidate(kind, record, links)
            for record in records
            if (links := self._links(kind, record, known or {})) is not None
        ]
        merged = merge(self._connection, self._client_id, kind, candidates)
        if kind is VISIT:
            self._move(candidates, merged)
        counts = {"created": merged.created, "updated": merged.updated, "unchanged": merged.unchanged}
        for word, rows in counts.items():
            self.outcome.counts[kind.record_type, word] += len(rows)
        self.outcome.refused.extend(merged.refused)
        self._terms(kind.record_type, created=merged.created.values(), updated=merged.updated.values())
        self._progress(len(records))
        return merged.ids

    def _move(self, candidates: Sequence[Candidate], merged: Merged) -> None:
        """Let visits go through what their source saw happen; one that was there before counts as updated then."""
        moved = move_visits(self._connection, self._client_id, candidates, merged)
        if moved.kept:
            self.outcome.notes["visit", "moved_here"] += moved.kept
        for identity in moved.visits.keys() & merged.unchanged:
            merged.unchanged.remove(identity)
            merged.updated[identity] = moved.visits[identity]

    def _links(self, kind: Kind, record: StoredRecord, known: Mapping[str, Mapping[str, UUID]]) -> Row | None:
        """The ids that `record` points at. None, and a refusal, without a known patient or a coverage's payer.

        A provider or visit that nobody knows is left open and noted.
        """
        links: Row = {}
        for name, ids in known.items():
            if f"{name}_id" not in kind.table.columns:
                continue
            reference = getattr(record, name)
            links[f"{name}_id"] = ids.get(reference) if reference is not None else None
            if reference is None or reference in ids:
                continue
            if name == "patient" or isinstance(record, CoverageRecord):
                self.outcome.refused.append(Refusal(kind.record_type, f"unknown_{name}", record.path))
                return None
            self.outcome.notes[kind.record_type, f"unknown_{name}"] += 1
        return links

    def _with_known(self, kind: Kind, ids: dict[str, UUID], wanted: AbstractSet[str | None]) -> dict[str, UUID]:
        """`ids` and those of the wanted records that were imported before."""
        missing = sorted(reference for reference in wanted if reference is not None and reference not in ids)
        if not missing:
            return ids
        rows = kind.table.load(self._connection, self._client_id, {"source_ref": missing})
        return ids | {row["source_ref"]: row["id"] for row in rows if row["deleted_at"] is None}

    def _remittances(self, batch: ImportBatch, payers: Mapping[str, UUID]) -> None:
        """Answers to claims that were imported before."""
        wanted = [answer.claim for answer in batch.remittances]
        if not wanted:
            return
        rows = CLAIM.table.load(self._connection, self._client_id, {"source_ref": wanted})
        claims = {row["source_ref"]: row for row in rows if row["deleted_at"] is None}
        changed: dict[UUID, Row] = {}
        for answer in batch.remittances:
            row = claims.get(answer.claim)
            if row is None:
                self.outcome.refused.append(Refusal("claim", "unknown_claim", answer.path))
                continue
            values: Row = {"status": answered(row["status"], row["amount"], answer)}
            if answer.paid_amount is not None:
                values["paid_amount"] = answer.paid_amount
            if row["payer_id"] is None and answer.payer is not None:
                values["payer_id"] = payers.get(answer.payer)
            if any(row[name] != value for name, value in values.items()):
                row.update(values)
                changed[row["id"]] = row
        CLAIM.table.update(self._connection, self._client_id, list(changed.values()))
        self.outcome.counts["claim", "updated"] += len(changed)
        self.outcome.counts["claim", "unchanged"] += len({row["id"] for row in claims.values()} - changed.keys())
        self._progress(len(wanted))

    def _terms(self, record_type: str, *, created: Iterable[Row], updated: Iterable[Row]) -> None:
        """Renew the search terms of the written records."""
        changed = list(updated)
        if changed:
            self._connection.execute(
                text(
                    "DELETE FROM record_terms WHERE client_id = :client_id AND record_type = :record_type"
                    " AND record_id = ANY(CAST(:ids AS uuid[]))"
                ),
                {
                    "client_id": self._client_id,
                    "record_type": record_type,
                    "ids": [str(row["id"]) for row in changed],
                },
            )
        terms = [
            {"term": term, "record_id": str(row["id"]), "weight": weight}
            for row in [*created, *changed]
            for term, weight in terms_for(record_type, row)
        ]
        for chunk in chunks(terms, _TERM_CHUNK):
            self._connection.execute(
                text(
                    "INSERT INTO record_terms (client_id, record_type, term, record_id, weight)"
                    " SELECT :client_id, :record_type, term, record_id, weight"
                    " FROM jsonb_to_recordset(CAST(:terms AS jsonb)) AS given(term text, record_id uuid, weight int2)"
                ),
                {"client_id": self._client_id, "record_type": record_type, "terms": json.dumps(chunk)},
            )
