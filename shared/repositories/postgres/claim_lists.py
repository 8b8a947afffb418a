"""Lists of claims in PostgreSQL: each walks an index in its own order, so that a page costs the same at any size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.domain.claim.standing import deadline_horizon, pended_horizon
from shared.models.audit import AuditEvent
from shared.models.claim import AgingCell, ListedClaim, QueueTotal, Total
from shared.repositories.claim_protocols import (
    PROBED,
    AmountPosition,
    ClaimFilter,
    ClaimPage,
    DayPosition,
    DeadlinesAsked,
    QueueAsked,
)
from shared.repositories.postgres.claim_totals import aging_cells, queue_totals, total_until
from shared.repositories.postgres.transaction import add_event, as_uuid

_SHOWN = """
c.id, c.claim_number, c.status, c.amount, c.paid_amount, c.balance_cents, c.ar_stage, c.currency, c.service_date,
c.submitted_date, c.patient_id, p.mrn, c.payer_id, y.name, c.provider_id, c.denial_code, c.next_deadline_on,
c.deadline_kind, c.pended_since, c.authorization_gap, c.version"""
_BELONGING = """
  LEFT JOIN patients p ON p.client_id = c.client_id AND p.id = c.patient_id
  LEFT JOIN payers y ON y.client_id = c.client_id AND y.id = c.payer_id"""
_OWN = "client_id = :client AND deleted_at IS NULL"
_BALANCE = 5
_PATIENT = text("""
SELECT id FROM patients WHERE client_id = :client AND deleted_at IS NULL AND (mrn = :reference OR id = :uuid)
ORDER BY mrn = :reference DESC LIMIT 1
""")
# What no index knows is looked at in at most `probed` claims; `seen_last` is where the next page goes on.
_PAGE = """
WITH probed AS (
  SELECT * FROM claims WHERE {own} AND sort_date >= :first{conditions}
  ORDER BY sort_date DESC, id DESC LIMIT :probed
), seen_last AS (
  SELECT (SELECT count(*) FROM probed) AS looked_at, sort_date, id FROM probed ORDER BY sort_date, id LIMIT 1
), c AS (
  SELECT * FROM probed WHERE true{filters} ORDER BY sort_date DESC, id DESC LIMIT :fetched
)
SELECT {shown}, c.sort_date, e.looked_at, e.sort_date, e.id
FROM seen_last e LEFT JOIN c ON true{belonging} ORDER BY c.sort_date DESC, c.id DESC
"""
_DAY_FIRST, _EVER = date(1, 1, 2), date(9999, 12, 31)
# The order of one of the indexes of queues: what it is walked by.
_BY_AMOUNT = "balance_cents DESC, id DESC"
_AFTER_AMOUNT = " AND (balance_cents, id) < (:cents, :id)"
_STATUS_OF = {"rejected": "rejected", "denied": "denied", "underpaid": "underpaid"}
_QUEUE = """
SELECT {shown} FROM (
  SELECT * FROM claims WHERE {own} AND {conditions}{after} ORDER BY {order} LIMIT :fetched
) c{belonging} ORDER BY {outer}
"""
# The most money of the days up to one: of the years before, the months before in its year, and its month's days, each
# by an index of its own; whatever there is, it is a few dozen short walks.
_MOST_UNTIL = """
WITH RECURSIVE years AS (
  (SELECT deadline_year AS year FROM claims WHERE {own} AND {due} AND deadline_year < :year
    ORDER BY deadline_year LIMIT 1)
  UNION ALL SELECT (SELECT deadline_year FROM claims WHERE {own} AND {due} AND deadline_year > years.year
    AND deadline_year < :year ORDER BY deadline_year LIMIT 1) FROM years WHERE years.year IS NOT NULL
), found AS (
  (SELECT one.* FROM years CROSS JOIN LATERAL (SELECT id, balance_cents FROM claims WHERE {own} AND {due}
    AND deadline_year = years.year{filters} ORDER BY {order} LIMIT :fetched) one WHERE years.year IS NOT NULL)
  UNION ALL (SELECT one.* FROM generate_series(CAST(:month_first AS int), CAST(:month_last AS int)) AS month
    CROSS JOIN LATERAL (SELECT id, balance_cents FROM claims WHERE {own} AND {due}
    AND deadline_month = month{filters} ORDER BY {order} LIMIT :fetched) one)
  UNION ALL (SELECT one.* FROM generate_series(0, CAST(:days AS int) - 1) AS day
    CROSS JOIN LATERAL (SELECT id, balance_cents FROM claims WHERE {own} AND {due}
    AND next_deadline_on = CAST(:day_first AS date) + day{filters} ORDER BY {order} LIMIT :fetched) one)
), chosen AS (
  SELECT id FROM found ORDER BY {order} LIMIT :fetched
)
SELECT {shown} FROM chosen JOIN claims c ON c.client_id = :client AND c.id = chosen.id{belonging}
ORDER BY c.balance_cents DESC, c.id DESC
"""
_DUE = "next_deadline_on IS NOT NULL"


class PostgresClaimLists:
    """The lists of PostgresClaimRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

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
        with self._postgres.tenant(client_id) as connection:
            patient = None
            if wanted.patient is not None:
                given = {"client": client_id, "reference": wanted.patient, "uuid": as_uuid(wanted.patient)}
                patient = connection.execute(_PATIENT, given).scalar_one_or_none()
            found = ClaimPage(())
            if wanted.patient is None or patient is not None:
                found = _page(connection, client_id, wanted, patient, after, limit)
            _saw(connection, seen, patient)
        return found

    def queues(self, client_id: UUID, today: date, *, seen: AuditEvent | None) -> tuple[QueueTotal, ...]:
        """See ClaimRepository.queues."""
        with self._postgres.tenant(client_id) as connection:
            totals = queue_totals(connection, client_id, today)
            _saw(connection, seen)
        return totals

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
        with self._postgres.tenant(client_id) as connection:
            if asked.queue == "deadline":
                until = DeadlinesAsked(deadline_horizon(asked.today), None, asked.order)
                page = _until(connection, client_id, until, after, limit)
            else:
                page = _queue(connection, client_id, asked, after, limit)
            _saw(connection, seen)
        return page

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
        with self._postgres.tenant(client_id) as connection:
            total = total_until(connection, client_id, "deadline", asked.until, key=asked.kind)
            page = _until(connection, client_id, asked, after, limit)
            _saw(connection, seen)
        return total, page

    def aging(self, client_id: UUID, as_of: date, *, seen: AuditEvent | None) -> tuple[AgingCell, ...]:
        """See ClaimRepository.aging."""
        with self._postgres.tenant(client_id) as connection:
            cells = aging_cells(connection, client_id, as_of)
            _saw(connection, seen)
        return cells


def _saw(connection: Connection, seen: AuditEvent | None, patient: UUID | None = None) -> None:
    if seen is not None:
        whose = seen if patient is None else seen.model_copy(update={"patient_ref": str(patient)})
        add_event(connection, whose)


def _page(
    connection: Connection,
    client_id: UUID,
    wanted: ClaimFilter,
    patient: UUID | None,
    after: DayPosition | None,
    limit: int,
) -> ClaimPage:
    known = {
        "patient_id": patient,
        "denial_code": wanted.denial_code,
        "payer_id": wanted.payer_id,
        "provider_id": wanted.provider_id,
        "status": wanted.status,
    }
    given: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    led = list(given)[:1]
    if led == ["patient_id"] and "status" in given:
        led.append("status")
    filters = [f"{name} = :{name}" for name in given if name not in led]
    if wanted.least is not None:
        filters.append("amount >= :least")
    if wanted.most is not None:
        filters.append("amount <= :most")
    conditions = [f"{name} = :{name}" for name in led]
    # Only one upper end, so that the index is entered there: what lies behind a position lies before the last day.
    conditions.append("sort_date <= :last" if after is None else "(sort_date, id) < (:after, :after_id)")
    dated = wanted.first_day is not None or wanted.last_day is not None
    given |= {
        "client": client_id,
        "first": wanted.first_day or (_DAY_FIRST if dated else date.min),
        "last": wanted.last_day or _EVER,
        "probed": PROBED if filters else limit + 1,
        "fetched": limit + 1,
        "least": wanted.least,
        "most": wanted.most,
        "after": after.day if after else None,
        "after_id": after.id if after else None,
    }
    statement = _PAGE.format(
        own=_OWN, shown=_SHOWN, belonging=_BELONGING, conditions=_and(conditions), filters=_and(filters)
    )
    rows = connection.execute(text(statement), _used(statement, given)).all()
    shown = [row for row in rows if row[0] is not None]
    ends: DayPosition | None = None
    if len(shown) > limit:
        ends = DayPosition(shown[limit - 1][-4], shown[limit - 1][0])
    elif filters and rows and rows[0][-3] == PROBED:
        ends = DayPosition(rows[0][-2], rows[0][-1])
    return ClaimPage(tuple(_listed(row) for row in shown[:limit]), ends)


def _queue(
    connection: Connection,
    client_id: UUID,
    asked: QueueAsked,
    after: DayPosition | AmountPosition | None,
    limit: int,
) -> ClaimPage:
    given: dict[str, Any] = {"client": client_id, "fetched": limit + 1}
    order, behind = _BY_AMOUNT, _AFTER_AMOUNT
    if asked.queue == "pended_too_long":
        conditions, order = "status = 'pended' AND pended_since <= :since", "pended_since, id"
        behind = " AND (pended_since, id) > (:day, :id)"
        given["since"] = pended_horizon(asked.today)
    elif asked.queue == "authorization_gaps":
        conditions = "authorization_gap"
    else:
        conditions = f"status = '{_STATUS_OF[asked.queue]}'"
        if asked.reason is not None:
            conditions += " AND denial_code = :reason"
            given["reason"] = asked.reason
    outer = ", ".join(f"c.{one}" for one in order.split(", "))
    statement = _QUEUE.format(
        own=_OWN,
        shown=_SHOWN,
        belonging=_BELONGING,
        conditions=conditions,
        after=behind if after else "",
        order=order,
        outer=outer,
    )
    rows = connection.execute(text(statement), given | _position(after)).all()
    return _ended(rows, limit, by_amount=order == _BY_AMOUNT, day=-3)


def _until(
    connection: Connection,
    client_id: UUID,
    asked: DeadlinesAsked,
    after: DayPosition | AmountPosition | None,
    limit: int,
) -> ClaimPage:
    """Claims by the deadline that comes first, up to a day."""
    due = _DUE if asked.kind is None else f"{_DUE} AND deadline_kind = :kind"
    given: dict[str, Any] = {"client": client_id, "fetched": limit + 1, "until": asked.until, "kind": asked.kind}
    if asked.order == "date":
        behind = " AND (next_deadline_on, id) > (:day, :id)" if after else ""
        statement = _QUEUE.format(
            own=_OWN,
            shown=_SHOWN,
            belonging=_BELONGING,
            conditions=f"{due} AND next_deadline_on <= :until",
            after=behind,
            order="next_deadline_on, id",
            outer="c.next_deadline_on, c.id",
        )
        rows = connection.execute(text(statement), _used(statement, given | _position(after))).all()
        return _ended(rows, limit, by_amount=False, day=-5)
    until = asked.until
    statement = _MOST_UNTIL.format(
        own=_OWN,
        due=due,
        shown=_SHOWN,
        belonging=_BELONGING,
        filters=_AFTER_AMOUNT if after else "",
        order=_BY_AMOUNT,
    )
    given |= {
        "year": until.year,
        "month_first": until.year * 12 + 1,
        "month_last": until.year * 12 + until.month - 1,
        "day_first": until.replace(day=1),
        "days": until.day,
    }
    rows = connection.execute(text(statement), _used(statement, given | _position(after))).all()
    return _ended(rows, limit, by_amount=True, day=-5)


def _position(after: DayPosition | AmountPosition | None) -> dict[str, Any]:
    if after is None:
        return {}
    return {"id": after.id} | ({"cents": after.cents} if isinstance(after, AmountPosition) else {"day": after.day})


def _ended(rows: Sequence[Any], limit: int, *, by_amount: bool, day: int) -> ClaimPage:
    """The first `limit` rows; `day` is the place of what a list by days goes by."""
    ends: DayPosition | AmountPosition | None = None
    if len(rows) > limit:
        last = rows[limit - 1]
        ends = AmountPosition(last[_BALANCE], last[0]) if by_amount else DayPosition(last[day], last[0])
    return ClaimPage(tuple(_listed(row) for row in rows[:limit]), ends)


def _listed(row: Sequence[Any]) -> ListedClaim:
    values = list(row[: len(ListedClaim.__dataclass_fields__)])
    values[_BALANCE] = Decimal(values[_BALANCE]) / 100
    return ListedClaim(*values)


def _and(conditions: list[str]) -> str:
    return "".join(f" AND {one}" for one in conditions)


def _used(statement: str, given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if f":{name}" in statement}
