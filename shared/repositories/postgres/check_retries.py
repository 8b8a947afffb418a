"""The checks that are made again by themselves, in PostgreSQL as the role `retry`.

That role finds what is due of every client; everything else it reads and writes bound to the client of one retry.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.models.audit import AuditEvent
from shared.repositories.eligibility_protocols import AskedBefore, CheckRetry, Decide
from shared.repositories.postgres.check_rows import store_check
from shared.repositories.postgres.eligibility_file import FILE_TO_CHECK, file_in, previous_in, read_row
from shared.repositories.postgres.transaction import add_event

# Rows that another run is just lending are passed over instead of waited for.
_CLAIM = text("""
UPDATE check_retries SET leased_until = :until
WHERE (client_id, patient_id, date_of_service, service_type) = (
  SELECT client_id, patient_id, date_of_service, service_type FROM check_retries
  WHERE due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
  ORDER BY due_at, check_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING client_id, check_id, leased_until
""")
_ASKED = text("""
SELECT e.patient_id, e.date_of_service, e.service_type,
  CAST(e.receipt #>> '{inputs,question,visit_id}' AS uuid) AS visit_id, e.attempts, e.checked_by, c.time_zone
FROM eligibility_checks e JOIN clients c ON c.id = e.client_id
WHERE e.client_id = :client AND e.id = :check
""")
_GIVE_BACK = text("DELETE FROM check_retries WHERE client_id = :client AND check_id = :check AND leased_until = :until")


class PostgresCheckRetryQueue:
    """See CheckRetryQueue."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def claim(self, *, now: datetime, until: datetime) -> CheckRetry | None:
        """See CheckRetryQueue.claim."""
        with self._postgres.unbound() as connection:
            row = connection.execute(_CLAIM, {"now": now, "until": until}).one_or_none()
        return None if row is None else CheckRetry(*row)

    def asked_before(self, retry: CheckRetry) -> AskedBefore:
        """See CheckRetryQueue.asked_before."""
        with self._postgres.tenant(retry.client_id) as connection:
            return AskedBefore(*connection.execute(_ASKED, _named(retry)).one())

    def settle(self, retry: CheckRetry, asked: AskedBefore, *, today: date, decide: Decide, late: AuditEvent) -> bool:
        """See CheckRetryQueue.settle."""
        patient = str(asked.patient_id)
        with self._postgres.tenant(retry.client_id) as connection:
            row = None
            if _give_back(connection, retry):
                row = read_row(connection, FILE_TO_CHECK, retry.client_id, patient, asked.visit_id, today)
            if row is None:
                add_event(connection, late)
                return False
            new = decide(file_in(row), previous_in(row))
            store_check(connection, retry.client_id, new)
        return True

    def drop(self, retry: CheckRetry) -> None:
        """See CheckRetryQueue.drop."""
        with self._postgres.tenant(retry.client_id) as connection:
            _give_back(connection, retry)


def _give_back(connection: Connection, retry: CheckRetry) -> bool:
    """Whether `retry` was still lent to who had it; it is gone now."""
    return connection.execute(_GIVE_BACK, _named(retry) | {"until": retry.leased_until}).rowcount == 1


def _named(retry: CheckRetry) -> dict[str, object]:
    return {"client": retry.client_id, "check": retry.check_id}
