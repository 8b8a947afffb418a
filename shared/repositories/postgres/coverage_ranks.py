"""Ranking a patient's coverages in PostgreSQL: their rows are locked first, and only then the file is read."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, text

from shared.models.records import Coverage
from shared.repositories.postgres.record_traces import remember

# The file's patient: one whose MRN it is goes before one whose uuid it is.
_LOCK = text("""
SELECT c.id FROM coverages c
WHERE c.client_id = :client AND c.deleted_at IS NULL AND c.patient_id = (
  SELECT id FROM patients WHERE client_id = :client AND deleted_at IS NULL AND (mrn = :reference OR id = :uuid)
  ORDER BY mrn = :reference DESC LIMIT 1)
ORDER BY c.id FOR NO KEY UPDATE OF c
""")
_RANK = text("""
UPDATE coverages SET rank = :rank, version = version + 1, updated_at = now()
WHERE client_id = :client AND id = :id RETURNING version
""")


def lock_coverages(connection: Connection, client_id: UUID, reference: str, patient_id: UUID | None) -> None:
    """Hold the coverages of the patient (MRN or uuid) until the transaction ends."""
    connection.execute(_LOCK, {"client": client_id, "reference": reference, "uuid": patient_id}).all()


def rank_coverages(
    connection: Connection, client_id: UUID, coverages: tuple[Coverage, ...], ranks: Mapping[UUID, int], by: UUID
) -> None:
    """Write the ranks that differ, each with its entry in the record's history."""
    for coverage in coverages:
        rank = ranks.get(coverage.id, coverage.rank)
        if rank != coverage.rank:
            written = {"client": client_id, "id": coverage.id, "rank": rank}
            version = connection.execute(_RANK, written).scalar_one()
            remember(connection, client_id, "coverage", coverage.id, version, by, {"rank": (coverage.rank, rank)})
