"""A day at the front desk in memory."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

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
from shared.repositories.memory.tables import NO_DATE, InMemoryTables
from shared.repositories.visit_protocols import NO_START, DeskPatient
from shared.repositories.visit_readiness_protocols import OPEN_STATUSES
from shared.repositories.visit_rows import VISIT_COLUMNS, visit_of

Row = dict[str, Any]


class InMemoryFrontDeskDayRepository:
    """See FrontDeskDayRepository."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables

    def figures(self, client_id: UUID, day: date, now: datetime, *, seen: AuditEvent | None) -> DayFigures:
        """See FrontDeskDayRepository.figures."""
        self._tables.record(seen)
        rows = [row for row in self._tables.of(client_id, "visits") if row["visit_date"] == day]
        settings = self._tables.desks.get(client_id, FrontDeskSettings())
        since = settings.too_long_since(now)
        waiting = [row for row in rows if row["status"] in since and row["status_since"] <= since[row["status"]]]
        open_rows = [row for row in rows if _not_ready(row)]
        codes = Counter(
            code for row in open_rows for code in [one["code"] for one in row["readiness_reasons"]] or ["never_checked"]
        )
        return DayFigures(
            day,
            sum(row["status"] not in CALLED_OFF for row in rows),
            sum(row["status"] in CAME for row in rows),
            sum(row["status"] in CHECKED_IN for row in rows),
            len(waiting),
            len(open_rows),
            tuple(sorted(codes.items(), key=lambda one: (-one[1], one[0]))[:SHOWN_REASONS]),
            self._next(client_id, rows, now, since=settings.awaited_since(now)),
        )

    def _next(self, client_id: UUID, rows: list[Row], now: datetime, *, since: datetime) -> NextPatient | None:
        coming = [row for row in rows if row["status"] in AWAITED and row["starts_at"] and row["starts_at"] > since]
        row = min(coming, key=_place, default=None)
        if row is None:
            return None
        patient = self._patient(client_id, row)
        name, begin = f"{patient['first_name']} {patient['last_name']}", row["starts_at"]
        return NextPatient(row["id"], name, begin, 0 if row["walk_in"] else minutes_between(begin, now))

    def at_risk(self, client_id: UUID, day: date, *, limit: int, seen: AuditEvent | None) -> AtRisk:
        """See FrontDeskDayRepository.at_risk."""
        self._tables.record(seen)
        rows = [row for row in self._tables.of(client_id, "visits") if row["visit_date"] == day and _not_ready(row)]
        found = [(self._money(client_id, row), row) for row in rows]
        found.sort(key=lambda one: (one[0] is None, -one[0].amount if one[0] else Decimal(0), *_place(one[1])))
        known = [money.amount for money, _ in found if money is not None]
        lines = tuple(self._line(client_id, row, money) for money, row in found[:limit])
        return AtRisk(lines, sum(known, Decimal(0)), len(found) - len(known))

    def _line(self, client_id: UUID, row: Row, money: MoneyAtRisk | None) -> VisitAtRisk:
        patient = self._patient(client_id, row)
        members = ("id", "mrn", "first_name", "last_name", "date_of_birth")
        providers = self._tables.of(client_id, "providers")
        named = next((one["name"] for one in providers if one["id"] == row["provider_id"]), None)
        visit = visit_of({name: row[name] for name in VISIT_COLUMNS})
        return VisitAtRisk(visit, DeskPatient(*(patient[name] for name in members)), named, money)

    def _money(self, client_id: UUID, row: Row) -> MoneyAtRisk | None:
        claims = [
            one
            for one in self._tables.of(client_id, "claims")
            if one["patient_id"] == row["patient_id"] and one["status"] != "voided"
        ]
        newest = max(claims, key=lambda one: (one["service_date"] or NO_DATE, one["id"]), default=None)
        if newest is not None:
            return MoneyAtRisk(newest["amount"], "claim_history", f"claims/{newest['id']}")
        coverage = self._tables.coverage_on(client_id, row["patient_id"], row["visit_date"])
        if coverage is None or coverage["copay"] is None:
            return None
        return MoneyAtRisk(coverage["copay"], "copay", f"coverages/{coverage['id']}")

    def numbers(self, client_id: UUID, visit_id: UUID, *, seen: AuditEvent | None) -> CallNumbers | None:
        """See FrontDeskDayRepository.numbers."""
        row = self._tables.one(client_id, "visits", "visit_number", str(visit_id))
        if row is None:
            return None
        if seen is not None:
            whose = {"resource_id": visit_id, "patient_ref": str(row["patient_id"])}
            self._tables.record(seen.model_copy(update=whose))
        coverage = self._tables.coverage_on(client_id, row["patient_id"], row["visit_date"]) or {
            "payer_id": None,
            "member_id": None,
        }
        payers = self._tables.of(client_id, "payers")
        payer = next((one for one in payers if one["id"] == coverage["payer_id"]), {"name": None, "phone": None})
        return CallNumbers(self._patient(client_id, row)["phone"], payer["name"], payer["phone"], coverage["member_id"])

    def _patient(self, client_id: UUID, row: Row) -> Row:
        return next(one for one in self._tables.of(client_id, "patients") if one["id"] == row["patient_id"])


def _not_ready(row: Row) -> bool:
    return row["status"] in OPEN_STATUSES and row["readiness"] != "ready"


def _place(row: Row) -> tuple[datetime, UUID]:
    return row["starts_at"] or NO_START, row["id"]
