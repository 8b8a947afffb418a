"""A day at the front desk in PostgreSQL: a few statements a day, however many visits the organisation has."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from shared.db.postgres import Postgres
from shared.domain.visit.day import SHOWN_REASONS, DayFigures, MoneyAtRisk, NextPatient
from shared.domain.visit.waits import minutes_between
from shared.models.audit import AuditEvent
from shared.models.front_desk import FrontDeskSettings
from shared.repositories.front_desk_day_protocols import (
    AWAITED,
    CALLED_OFF,
    CAME,
    CHECKED_IN,
    AtRisk,
    CallNumbers,
    VisitAtRisk,
)
from shared.repositories.postgres.transaction import add_event
from shared.repositories.visit_protocols import DeskPatient
from shared.repositories.visit_readiness_protocols import OPEN_STATUSES
from shared.repositories.visit_rows import VISIT_COLUMNS, visit_of

_OF_DAY = "v.client_id = :client AND v.visit_date = :day AND v.deleted_at IS NULL"
_NOT_READY = "v.status = ANY(CAST(:open AS text[])) AND v.readiness <> 'ready'"
_SETTINGS = text("SELECT front_desk FROM clients WHERE id = :client")
# The texts that are put into these statements are constants of this module.
_COUNTS = text(f"""
SELECT count(*) FILTER (WHERE v.status <> ALL(CAST(:called_off AS text[]))),
  count(*) FILTER (WHERE v.status = ANY(CAST(:came AS text[]))),
  count(*) FILTER (WHERE v.status = ANY(CAST(:checked_in AS text[]))),
  count(*) FILTER (WHERE (v.status = 'arrived' AND v.status_since <= CAST(:arrived_since AS timestamptz))
    OR (v.status = 'checked_in' AND v.status_since <= CAST(:checked_in_since AS timestamptz))
    OR (v.status = 'roomed' AND v.status_since <= CAST(:roomed_since AS timestamptz))),
  count(*) FILTER (WHERE {_NOT_READY})
FROM visits v WHERE {_OF_DAY}
""")  # noqa: S608
_REASONS = text(f"""
SELECT coalesce(r.code, 'never_checked'), count(*)
FROM visits v LEFT JOIN LATERAL (
  SELECT one ->> 'code' AS code FROM jsonb_array_elements(v.readiness_reasons) AS one) r ON true
WHERE {_OF_DAY} AND {_NOT_READY}
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :shown
""")  # noqa: S608
_NEXT = text(f"""
SELECT v.id, p.first_name || ' ' || p.last_name, v.starts_at, v.walk_in
FROM (SELECT * FROM visits v WHERE {_OF_DAY} AND v.sort_at > CAST(:awaited_since AS timestamptz)
    AND v.starts_at IS NOT NULL AND v.status = ANY(CAST(:awaited AS text[])) ORDER BY v.sort_at, v.id LIMIT 1) v
  JOIN patients p ON p.client_id = v.client_id AND p.id = v.patient_id
""")  # noqa: S608
_COVERAGE = """
SELECT o.id, o.copay, o.member_id, o.payer_id FROM coverages o
WHERE o.client_id = v.client_id AND o.patient_id = v.patient_id AND o.deleted_at IS NULL AND o.status = 'active'
  AND o.period_start <= v.visit_date AND (o.period_end IS NULL OR o.period_end >= v.visit_date)
ORDER BY o.rank, o.id LIMIT 1
"""
_VISIT = ", ".join(f"v.{name}" for name in VISIT_COLUMNS)
_AT_RISK = text(f"""
SELECT {_VISIT}, p.id, p.mrn, p.first_name, p.last_name, p.date_of_birth, d.name, c.id, c.amount, o.id, o.copay,
  coalesce(sum(coalesce(c.amount, o.copay)) OVER (), 0),
  count(*) OVER () - count(coalesce(c.amount, o.copay)) OVER ()
FROM visits v JOIN patients p ON p.client_id = v.client_id AND p.id = v.patient_id
  LEFT JOIN providers d ON d.client_id = v.client_id AND d.id = v.provider_id
  LEFT JOIN LATERAL (
    SELECT c.id, c.amount FROM claims c
    WHERE c.client_id = v.client_id AND c.patient_id = v.patient_id AND c.deleted_at IS NULL AND c.status <> 'voided'
    ORDER BY c.sort_date DESC, c.id DESC LIMIT 1) c ON true
  LEFT JOIN LATERAL ({_COVERAGE}) o ON true
WHERE {_OF_DAY} AND {_NOT_READY}
ORDER BY coalesce(c.amount, o.copay) DESC NULLS LAST, v.sort_at, v.id LIMIT :limit
""")  # noqa: S608
_NUMBERS = text(f"""
SELECT v.patient_id, p.phone, y.name, y.phone, o.member_id
FROM visits v JOIN patients p ON p.client_id = v.client_id AND p.id = v.patient_id
  LEFT JOIN LATERAL ({_COVERAGE}) o ON true
  LEFT JOIN payers y ON y.client_id = v.client_id AND y.id = o.payer_id
WHERE v.client_id = :client AND v.id = :visit AND v.deleted_at IS NULL
""")  # noqa: S608


class PostgresFrontDeskDayRepository:
    """See FrontDeskDayRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def figures(self, client_id: UUID, day: date, now: datetime, *, seen: AuditEvent | None) -> DayFigures:
        """See FrontDeskDayRepository.figures."""
        named: dict[str, Any] = {"client": client_id, "day": day, "open": list(OPEN_STATUSES)}
        words = {"called_off": CALLED_OFF, "came": CAME, "checked_in": CHECKED_IN, "awaited": AWAITED}
        named |= {name: list(statuses) for name, statuses in words.items()} | {"shown": SHOWN_REASONS}
        with self._postgres.tenant(client_id) as connection:
            named |= _since(connection, client_id, now)
            total, arrived, checked_in, too_long, not_ready = connection.execute(_COUNTS, named).one()
            reasons = connection.execute(_REASONS, named).all() if not_ready else ()
            following = connection.execute(_NEXT, named).one_or_none()
            if seen is not None:
                add_event(connection, seen)
        return DayFigures(
            day,
            total,
            arrived,
            checked_in,
            too_long,
            not_ready,
            tuple((code, count) for code, count in reasons),
            None if following is None else _next(following, now),
        )

    def at_risk(self, client_id: UUID, day: date, *, limit: int, seen: AuditEvent | None) -> AtRisk:
        """See FrontDeskDayRepository.at_risk."""
        named = {"client": client_id, "day": day, "open": list(OPEN_STATUSES), "limit": limit}
        with self._postgres.tenant(client_id) as connection:
            rows = connection.execute(_AT_RISK, named).all()
            if seen is not None:
                add_event(connection, seen)
        if not rows:
            return AtRisk()
        amount, without_amount = rows[0][-2:]
        return AtRisk(tuple(_at_risk(row) for row in rows), amount, without_amount)

    def numbers(self, client_id: UUID, visit_id: UUID, *, seen: AuditEvent | None) -> CallNumbers | None:
        """See FrontDeskDayRepository.numbers."""
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(_NUMBERS, {"client": client_id, "visit": visit_id}).one_or_none()
            if row is None:
                return None
            if seen is not None:
                whose = {"resource_id": visit_id, "patient_ref": str(row.patient_id)}
                add_event(connection, seen.model_copy(update=whose))
        return CallNumbers(*row[1:])


def _next(row: Row[Any], now: datetime) -> NextPatient:
    visit_id, name, starts_at, walk_in = tuple[Any, ...](row)
    return NextPatient(visit_id, name, starts_at, 0 if walk_in else minutes_between(starts_at, now))


def _since(connection: Connection, client_id: UUID, now: datetime) -> dict[str, datetime]:
    """Since when who waits has waited too long, and who has not come is awaited, by the organisation's limits."""
    settings = FrontDeskSettings.model_validate(connection.execute(_SETTINGS, {"client": client_id}).scalar() or {})
    moments = settings.too_long_since(now) | {"awaited": settings.awaited_since(now)}
    return {f"{state}_since": moment for state, moment in moments.items()}


def _at_risk(row: Row[Any]) -> VisitAtRisk:
    width = len(VISIT_COLUMNS)
    visit = visit_of(dict(zip(VISIT_COLUMNS, row[:width], strict=True)))
    provider, claim, amount, coverage, copay = row[width + 5 : -2]
    return VisitAtRisk(visit, DeskPatient(*row[width : width + 5]), provider, money(claim, amount, coverage, copay))


def money(
    claim: UUID | None, amount: Decimal | None, coverage: UUID | None, copay: Decimal | None
) -> MoneyAtRisk | None:
    """What is known of the money: the patient's newest claim, else the copay, else nothing."""
    if amount is not None:
        return MoneyAtRisk(amount, "claim_history", f"claims/{claim}")
    return None if copay is None else MoneyAtRisk(copay, "copay", f"coverages/{coverage}")
