"""The readiness of visits in PostgreSQL.

The visit's row is locked before the file is read, so of two passes at once the later one has read the later records.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.domain.visit.readiness import HeldReadiness, asked_of
from shared.models.audit import AuditEvent
from shared.models.identifiers import uuid7
from shared.repositories.postgres.eligibility_file import CHECK, read_check, read_file
from shared.repositories.postgres.transaction import add_event
from shared.repositories.visit_readiness_protocols import OPEN_STATUSES, DecideReadiness, OpenVisit
from shared.repositories.visit_rows import reasons_json, reasons_of

_OPEN = text("""
SELECT v.id, v.patient_id FROM visits v
WHERE v.client_id = :client AND v.patient_id = ANY(CAST(:patients AS uuid[])) AND v.visit_date >= :today
  AND v.status = ANY(CAST(:statuses AS text[])) AND v.deleted_at IS NULL
  AND (v.readiness <> 'pending' OR v.readiness_source <> 'machine' OR v.readiness_reasons <> '[]' OR EXISTS (
    SELECT 1 FROM eligibility_checks e
    WHERE e.client_id = v.client_id AND e.patient_id = v.patient_id AND e.date_of_service = v.visit_date))
ORDER BY v.id
""")
_LOCK = text("""
SELECT readiness, readiness_reasons, readiness_source, patient_id, visit_date FROM visits
WHERE client_id = :client AND id = :visit AND deleted_at IS NULL AND visit_date >= :today
  AND status = ANY(CAST(:statuses AS text[])) FOR NO KEY UPDATE
""")
_CHECK = text(f"""
SELECT {CHECK} FROM eligibility_checks e
WHERE e.client_id = :client AND e.patient_id = :patient AND e.date_of_service = :day
ORDER BY e.created_at DESC, e.id DESC LIMIT 1
""")  # noqa: S608 (a constant)
_WRITE = text("""
UPDATE visits SET readiness = :readiness, readiness_reasons = CAST(:reasons AS jsonb), readiness_source = :source,
  version = version + 1, updated_at = now()
WHERE client_id = :client AND id = :visit
""")
# A trigger notes a change of readiness or of its source; that only the reasons have changed is noted here.
_NOTE = text("""
INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, reason, changed_at)
VALUES (:id, :client, :visit, 'readiness', :readiness, :readiness, :codes, clock_timestamp())
""")


class PostgresVisitReadinessRepository:
    """See VisitReadinessRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def open_visits(self, client_id: UUID, patients: Sequence[UUID], today: date) -> list[OpenVisit]:
        """See VisitReadinessRepository.open_visits."""
        asked = {"client": client_id, "patients": [str(one) for one in patients], "today": today}
        with self._postgres.tenant(client_id) as connection:
            rows = connection.execute(_OPEN, asked | {"statuses": list(OPEN_STATUSES)})
            return [OpenVisit(*row) for row in rows]

    def settle(
        self, client_id: UUID, visit: OpenVisit, today: date, decide: DecideReadiness, event: AuditEvent
    ) -> bool:
        """See VisitReadinessRepository.settle."""
        named = {"client": client_id, "visit": visit.id, "today": today, "statuses": list(OPEN_STATUSES)}
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(_LOCK, named).one_or_none()
            if row is None:
                return False
            file = read_file(connection, client_id, str(row.patient_id), visit.id, today)
            if file is None:
                return False
            asked = {"client": client_id, "patient": row.patient_id, "day": row.visit_date}
            check = connection.execute(_CHECK, asked).scalar_one_or_none()
            file = asked_of(file, file.context_visit, None if check is None else read_check(check))
            held = HeldReadiness(row.readiness, reasons_of(row.readiness_reasons), row.readiness_source)
            after = decide(held, file)
            if after is None:
                return False
            _write(connection, client_id, visit.id, held, after)
            add_event(connection, event)
        return True


def _write(connection: Connection, client_id: UUID, visit_id: UUID, held: HeldReadiness, after: HeldReadiness) -> None:
    values = {"readiness": after.readiness, "reasons": reasons_json(after.reasons), "source": after.source}
    connection.execute(_WRITE, values | {"client": client_id, "visit": visit_id})
    if (held.readiness, held.source) == (after.readiness, after.source):
        codes = ", ".join(one.code for one in after.reasons) or None
        noted = {"id": uuid7(), "client": client_id, "visit": visit_id, "readiness": after.readiness, "codes": codes}
        connection.execute(_NOTE, noted)
