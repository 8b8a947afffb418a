"""Changes of a patient's coverages in PostgreSQL: what they rest on is held first, and only then the file is read.

A coverage that begins is a record like others: its writers follow each other by its natural key (before any row is
held, as in record_writes), and it has its history and its search terms.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.record_links import differences
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer, NewCoverage
from shared.models.records import Coverage
from shared.repositories.coverage_rows import BEGINS_WITH, COLUMNS, TAKEN_OVER, changes_of, columns_of, columns_of_new
from shared.repositories.postgres.record_locks import POINTED_AT, follow_writers, read_record
from shared.repositories.postgres.record_traces import add_terms, remember
from shared.repositories.postgres.records import RECORD_TABLES, stored_record

_LOCK = text("""
SELECT id FROM coverages WHERE client_id = :client AND deleted_at IS NULL AND patient_id = :patient
ORDER BY id FOR NO KEY UPDATE
""")
# The texts that are put into these statements are constants.
_CHANGE = text(
    f"UPDATE coverages SET {', '.join(f'{name} = :{name}' for name in COLUMNS)},"  # noqa: S608
    " version = version + 1, updated_at = now() WHERE client_id = :client AND id = :id RETURNING version"
)
_BEGIN = text(
    f"INSERT INTO coverages (id, client_id, status, {', '.join((*BEGINS_WITH, *TAKEN_OVER))})"  # noqa: S608
    f" SELECT :id, client_id, :status, {', '.join(f':{name}' for name in BEGINS_WITH)}, {', '.join(TAKEN_OVER)}"
    " FROM coverages WHERE client_id = :client AND id = :replaces"
)
_READ = text(f"SELECT {RECORD_TABLES['coverage'].selected} FROM coverages WHERE client_id = :client AND id = :id")  # noqa: S608


def hold_coverages(
    connection: Connection, client_id: UUID, reference: str, asked: AskedCoverage | None
) -> tuple[bool, NamedPayer | None]:
    """Hold the coverages of the patient (MRN or uuid), and what the one that is `asked` for will point at.

    Tells whether there is such a patient, and returns the payer that is named; None when there is none.
    """
    patient = read_record(connection, client_id, "patient", reference, lock=POINTED_AT)
    if patient is None:
        return False, None
    identity, payer = patient[0].id, None
    found = None if asked is None else read_record(connection, client_id, "payer", asked.payer, lock=POINTED_AT)
    if asked is not None and found is not None:
        payer = NamedPayer(found[0].id, str(found[0].data["kind"]))
        follow_writers(connection, client_id, "coverage", (identity, payer.id, asked.member_id, asked.period_start))
    connection.execute(_LOCK, {"client": client_id, "patient": identity}).all()
    return True, payer


def write_changes(
    connection: Connection, client_id: UUID, coverages: tuple[Coverage, ...], changes: CoverageChanges, by: UUID
) -> None:
    """Write what differs of `coverages`, and the coverage that begins, each with its entry in the record's history."""
    held = {one.id: one for one in coverages}
    for after in changes.changed:
        differing = changes_of(held[after.id], after)
        if differing:
            written = columns_of(after) | {"client": client_id, "id": after.id}
            version = connection.execute(_CHANGE, written).scalar_one()
            remember(connection, client_id, "coverage", after.id, version, by, differing)
    if changes.begins is not None:
        _begin(connection, client_id, changes.begins, by)


def _begin(connection: Connection, client_id: UUID, new: NewCoverage, by: UUID) -> None:
    given = {"client": client_id, "id": new.id, "replaces": new.replaces}
    connection.execute(_BEGIN, columns_of_new(new) | given)
    row = connection.execute(_READ, {"client": client_id, "id": new.id}).one()
    record = stored_record("coverage", tuple(row))
    remember(connection, client_id, "coverage", new.id, record.version, by, differences(None, record.data))
    add_terms(connection, client_id, "coverage", new.id, {"member_id": new.member_id})
