"""Until when a claim is to be filed is kept for whoever writes it, and is what the rule E22 says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.db.postgres import Postgres
from shared.domain.eligibility.filing import filing_due
from shared.models.identifiers import uuid7
from tests.integration.database import Database, running_database

SERVED = date(2026, 9, 1)
IN_90_DAYS, IN_30_DAYS = SERVED + timedelta(days=90), SERVED + timedelta(days=30)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


class Desk:
    """An organisation's claims, written by statements of the serving role."""

    def __init__(self, database: Database, serving: Postgres) -> None:
        self.client, self.patient, self._serving = database.client(), uuid7(), serving
        self.do(
            "INSERT INTO patients (id, client_id, mrn, first_name, last_name) VALUES (:p, :client, 'M', 'A', 'B')",
            p=self.patient,
        )

    def do(self, statement: str, **values: Any) -> Any:
        """Carry out a statement; the first value of what it returns."""
        with self._serving.tenant(self.client) as session:
            found = session.execute(text(statement), {"client": self.client} | values)
            return found.scalar() if found.returns_rows else None

    def payer(self, *, program: str = "commercial", days: int | None = None) -> UUID:
        payer = uuid7()
        self.do(
            "INSERT INTO payers (id, client_id, payer_number, name, program, filing_days)"
            " VALUES (:id, :client, :number, 'A Payer', :program, :days)",
            id=payer,
            number=f"PAY-{payer}",
            program=program,
            days=days,
        )
        return payer

    def claim(self, payer: UUID | None, *, served: date | None = SERVED, status: str = "draft", **more: Any) -> UUID:
        columns = {"id": uuid7(), "payer_id": payer, "service_date": served, "status": status} | more
        names = ", ".join(columns)
        self.do(
            f"INSERT INTO claims (client_id, claim_number, patient_id, amount, {names})"  # noqa: S608 # own names
            f" VALUES (:client, 'C-' || :id, :patient, 10, {', '.join(f':{name}' for name in columns)})",
            patient=self.patient,
            **columns,
        )
        return UUID(str(columns["id"]))

    def due(self, claim: UUID) -> Any:
        return self.do("SELECT filing_due_on FROM claims WHERE id = :id", id=claim)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    serving = database.role("serving")
    yield Desk(database, serving)
    serving.engine.dispose()


@pytest.mark.parametrize("served", [SERVED, date(2024, 2, 29), date(2026, 12, 31), None])
@pytest.mark.parametrize("days", [None, 1, 90, 180, 365])
@pytest.mark.parametrize("program", ["commercial", "medicare", "medicare_advantage", "medicaid"])
def test_the_database_keeps_what_the_rule_says(desk: Desk, program: str, days: int | None, served: date | None) -> None:
    claim = desk.claim(desk.payer(program=program, days=days), served=served)
    assert desk.due(claim) == (None if served is None else filing_due(served, program, days))


def test_without_a_payer_it_is_ninety_days(desk: Desk) -> None:
    assert desk.due(desk.claim(None)) == IN_90_DAYS


def test_another_day_or_payer_is_another_time_and_another_member_is_not(desk: Desk) -> None:
    claim = desk.claim(None, served=None)
    assert desk.due(claim) is None
    desk.do("UPDATE claims SET service_date = :day WHERE id = :id", day=SERVED, id=claim)
    assert desk.due(claim) == IN_90_DAYS
    desk.do("UPDATE claims SET payer_id = :payer WHERE id = :id", payer=desk.payer(days=30), id=claim)
    assert desk.due(claim) == IN_30_DAYS
    desk.do("UPDATE claims SET filing_due_on = :day WHERE id = :id", day=date(2027, 1, 1), id=claim)
    desk.do("UPDATE claims SET amount = 11 WHERE id = :id", id=claim)
    assert desk.due(claim) == date(2027, 1, 1), "what somebody entered stays"


def test_a_payers_time_is_that_of_its_claims_that_may_be_filed_again(desk: Desk) -> None:
    payer = desk.payer()
    waiting, paid, sent = (desk.claim(payer, status=status) for status in ("rejected", "paid", "submitted"))
    extended = desk.claim(payer, filing_due_on=date(2027, 1, 1))
    other = desk.claim(desk.payer())
    desk.do("UPDATE payers SET name = 'B Payer' WHERE id = :id", id=payer)
    assert desk.due(waiting) == IN_90_DAYS
    desk.do("UPDATE payers SET filing_days = 30 WHERE id = :id", id=payer)
    assert [desk.due(claim) for claim in (waiting, sent)] == [IN_30_DAYS, IN_30_DAYS]
    assert [desk.due(claim) for claim in (paid, other)] == [IN_90_DAYS, IN_90_DAYS]
    assert desk.due(extended) == date(2027, 1, 1), "an extension stays"


def test_a_secondary_claims_time_is_for_who_bills_it(desk: Desk) -> None:
    primary = desk.claim(None, status="paid")
    assert desk.due(desk.claim(None, secondary_of_id=primary)) is None
    told = desk.claim(None, secondary_of_id=primary, filing_due_on=IN_30_DAYS)
    desk.do("UPDATE claims SET service_date = :day WHERE id = :id", day=date(2026, 10, 1), id=told)
    assert desk.due(told) == IN_30_DAYS
