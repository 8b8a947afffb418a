"""What an answer must say, worked out by plain SQL over the stored rows: nothing of the product's rules is used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

TODAY = date(2026, 11, 24)
COVERED = """
SELECT CAST(day AS date) AS day, EXISTS (SELECT FROM coverages c JOIN payers y ON y.id = c.payer_id
    WHERE c.patient_id = :patient AND y.kind = 'insurance'
      AND c.period_start <= day AND coalesce(c.period_end, DATE 'infinity') >= day) AS covered,
  EXISTS (SELECT FROM coverages c JOIN payers y ON y.id = c.payer_id
    WHERE c.patient_id = :patient AND y.kind = 'insurance' AND c.period_start IS NULL) AS undated
FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), interval '1 day') AS day
"""
IN_FORCE = """
SELECT y.name, c.plan_name, c.member_id, y.kind, c.period_start, c.period_end FROM coverages c
  JOIN payers y ON y.id = c.payer_id
WHERE c.patient_id = :patient AND c.period_start <= :on AND coalesce(c.period_end, DATE 'infinity') >= :on
ORDER BY c.rank, c.period_start DESC, c.id
"""
CLAIMS = """
SELECT id, claim_number, status, amount, paid_amount, denial_reason, service_date FROM claims
WHERE patient_id = :patient AND (CAST(:first AS date) IS NULL OR service_date >= :first)
  AND (CAST(:last AS date) IS NULL OR service_date <= :last)
ORDER BY coalesce(service_date, DATE '0001-01-01') DESC, id DESC
"""
VISITS = """
SELECT visit_number, visit_date, status FROM visits
WHERE patient_id = :patient AND (CAST(:first AS date) IS NULL OR visit_date >= :first)
  AND (CAST(:last AS date) IS NULL OR visit_date <= :last) ORDER BY visit_date, id
"""
BENEFITS = """
SELECT b.kind, b.service_type, b.remaining_amount, b.percent, b.remaining_quantity FROM benefits b
  JOIN coverages c ON c.id = b.coverage_id
WHERE c.patient_id = :patient AND c.period_start <= :on AND coalesce(c.period_end, DATE 'infinity') >= :on
"""


@dataclass(frozen=True)
class Case:
    """An answer and what it is about. `rich` patients have what `enrich` added."""

    connection: Connection
    patient: dict[str, Any]
    said: str
    rich: bool

    def rows(self, statement: str, **values: Any) -> list[Any]:
        values = {"patient": self.patient["id"], **values}
        return list(self.connection.execute(text(statement), values).mappings())

    def says(self, *parts: str) -> None:
        for part in parts:
            assert part in self.said, f"{part!r} is missing in: {self.said}"

    @property
    def day_of_service(self) -> date:
        """The next booked visit's day, else today."""
        booked = self.rows(
            "SELECT min(visit_date) AS day FROM visits WHERE patient_id = :patient AND visit_date >= :today"
            " AND status IN ('scheduled', 'confirmed')",
            today=TODAY,
        )
        day: date = booked[0]["day"] or TODAY
        return day


def _states(case: Case, first: date, last: date) -> dict[date, str]:
    """What is true of each day."""
    return {
        one["day"]: "covered" if one["covered"] else "undetermined" if one["undated"] else "not covered"
        for one in case.rows(COVERED, first=first, last=last)
    }


def _state(case: Case, on: date) -> str:
    return _states(case, on, on)[on]


def verdict(case: Case, on: date) -> None:
    state = _state(case, on)
    be = "was" if on < TODAY else "is"
    day = f"on {on.isoformat()} ({on.strftime('%A')})"
    if state == "undetermined":
        assert re.search(rf"Whether .* {be} covered {re.escape(day)}.* cannot be determined", case.said), case.said
    else:
        case.says(f"{be} {state} {day}")


def verdict_each(case: Case, first: date, last: date) -> None:
    """Each day of the range lies in a stretch that says what plain SQL says of it."""
    stretches = []
    span = r"(?:from (\S+) to (\S+?)|on (\S+) \(\w+\))(?:, today)?"
    for pattern, state in (
        (rf"(?:is|was) covered {span}: ", "covered"),
        (rf"(?:is|was) not covered {span}\.", "not covered"),
        (rf"(?:is|was) covered {span} cannot be determined", "undetermined"),
    ):
        for begin, end, single in re.findall(pattern, case.said):
            low, high = (single, single) if single else (begin, end)
            stretches.append((date.fromisoformat(low), date.fromisoformat(high), state))
    days = _states(case, first, last)
    assert len(days) == (last - first).days + 1
    for day, state in days.items():
        assert {told for low, high, told in stretches if low <= day <= high} == {state}, (day, case.said)


def verdict_of_service(case: Case) -> None:
    verdict(case, case.day_of_service)


def plans(case: Case, on: date) -> None:
    found = case.rows(IN_FORCE, on=on)
    if not found:
        case.says("has no coverage in force")
        return
    case.says(f"has {len(found)} coverage", *(one["name"] for one in found[:5] if one["kind"] == "insurance"))


def secondary(case: Case) -> None:
    found = [one for one in case.rows(IN_FORCE, on=TODAY) if one["kind"] == "insurance"][1:]
    case.says(f"has {len(found)} secondary coverage" if found else "has no secondary coverage in force today")


def member(case: Case) -> None:
    found = [one["member_id"] for one in case.rows(IN_FORCE, on=TODAY) if one["member_id"]]
    if found:
        case.says(*found[:5])


def period(case: Case) -> None:
    found = case.rows(IN_FORCE, on=TODAY)
    for one in found[:5]:
        case.says(f"from {one['period_start'].isoformat()}")
        if one["period_end"] is not None:
            case.says(f"to {one['period_end'].isoformat()}")
    if not found:
        case.says("has no coverage in force")


def checked(case: Case) -> None:
    found = case.rows("SELECT count(*) AS n FROM eligibility_checks WHERE patient_id = :patient")[0]["n"]
    case.says("last checked" if found else "was never checked")


def _benefit(case: Case, kind: str, unknown: str, say: Callable[[Any], str], service: str | None = None) -> None:
    on = case.day_of_service
    if _state(case, on) != "covered":
        case.says("So no benefits apply")
        return
    found = [
        one for one in case.rows(BENEFITS, on=on) if one["kind"] == kind and service in (None, one["service_type"])
    ]
    case.says(say(found[0]) if found else f"not on file: {unknown}")


def copay(case: Case) -> None:
    on = case.day_of_service
    if _state(case, on) != "covered":
        case.says("So no benefits apply")
        return
    found = case.rows(
        "SELECT c.copay FROM coverages c JOIN payers y ON y.id = c.payer_id WHERE c.patient_id = :patient"
        " AND y.kind = 'insurance' AND c.period_start <= :on AND coalesce(c.period_end, DATE 'infinity') >= :on"
        " ORDER BY c.rank, c.period_start DESC, c.id LIMIT 1",
        on=on,
    )[0]["copay"]
    case.says("not on file: copay" if found is None else f"the copay is {found:.2f} USD")


def deductible(case: Case) -> None:
    _benefit(
        case, "deductible", "deductible", lambda row: f"{row['remaining_amount']:.2f} USD of the deductible is left"
    )


def coinsurance(case: Case) -> None:
    _benefit(case, "coinsurance", "coinsurance", lambda row: f"the coinsurance is {float(row['percent']):g} %")


def network(case: Case) -> None:
    if _state(case, case.day_of_service) != "covered":
        case.says("So no benefits apply")
    else:
        case.says("the practice is in network" if case.rich else "not on file: network of the practice")


def visits_left(case: Case) -> None:
    _benefit(case, "limit", "limit of visits", lambda row: f"{row['remaining_quantity']} visits are left", "PT")


def need(case: Case, service: str | None) -> None:
    on = case.day_of_service
    if _state(case, on) != "covered":
        case.says("no payer's rule about authorization applies")
        return
    if case.rich:
        says = {"PT": "needs an authorization", None: "needs no authorization", "MH": "needs no authorization"}
        case.says(says[service])
    else:
        case.says("it is not known whether")


def authorizations(case: Case, states: list[str], service: str | None = None) -> None:
    found = case.rows(
        "SELECT auth_number, status FROM authorizations WHERE patient_id = :patient"
        " AND (CAST(:service AS text) IS NULL OR service_type = :service)",
        service=service,
    )
    wanted = [one for one in found if not states or one["status"] in states]
    if not wanted:
        case.says("has no ")
        return
    counted = Counter(one["status"].replace("_", " ") for one in wanted)
    case.says(f"has {len(wanted)} ", *(f"{n} {status}" for status, n in counted.items()))
    case.says(*(one["auth_number"] for one in wanted[:5]))


def units(case: Case) -> None:
    found = case.rows(
        "SELECT auth_number, units_approved, period_end, units_approved - units_used - units_reserved AS remaining"
        " FROM authorizations WHERE patient_id = :patient AND auth_number = 'AUTH-T1'"
    )
    if not found:
        case.says("has no authorization")
        return
    case.says(f"{found[0]['remaining']} of {found[0]['units_approved']} units left", found[0]["period_end"].isoformat())


def claims(case: Case, states: list[str], first: date | None, last: date | None) -> None:
    found = case.rows(CLAIMS, first=first, last=last)
    wanted = [one for one in found if not states or one["status"] in states]
    if not wanted:
        assert re.search(r"has no (\w+ ){0,4}claims", case.said), case.said
        return
    counted = Counter(one["status"].replace("_", " ") for one in wanted)
    assert re.search(rf"has {len(wanted)} (\w+ ){{0,4}}claims?\b", case.said), (len(wanted), case.said)
    case.says(*(f"{n} {status}" for status, n in counted.items()))
    billed = sum((one["amount"] for one in wanted), Decimal(0))
    paid = sum((one["paid_amount"] or Decimal(0) for one in wanted), Decimal(0))
    case.says(f"{billed:,.2f} USD billed", f"{paid:,.2f} USD paid")


def last_claim(case: Case) -> None:
    found = case.rows(CLAIMS, first=None, last=None)
    if not found:
        case.says("has no claims")
        return
    newest = [one for one in found if one["service_date"] == found[0]["service_date"]]
    assert any(f"Claim {one['claim_number']} is {one['status'].replace('_', ' ')}" in case.said for one in newest)


def claim(case: Case, number: str) -> None:
    found = [one for one in case.rows(CLAIMS, first=None, last=None) if one["claim_number"] == number]
    if not found:
        case.says(f"has no claim “{number}”")
        return
    one = found[0]
    case.says(f"Claim {number} is {one['status'].replace('_', ' ')}", f"{one['amount']:,.2f} USD billed")


def reason(case: Case) -> None:
    found = [one for one in case.rows(CLAIMS, first=None, last=None) if one["status"] == "denied"]
    if not found:
        case.says("has no ")
    for one in found[:5]:
        case.says(one["claim_number"], f"“{one['denial_reason']}”")


def _visit_rows(case: Case, states: tuple[str, ...], first: date | None = None, last: date | None = None) -> list[Any]:
    return [one for one in case.rows(VISITS, first=first, last=last) if not states or one["status"] in states]


def visits(case: Case, states: list[str], first: date | None, last: date | None) -> None:
    wanted = _visit_rows(case, tuple(states), first, last)
    if not wanted:
        assert re.search(r"has no (\w+ ){0,3}visits", case.said), case.said
        return
    assert re.search(rf"has {len(wanted)} (\w+ ){{0,3}}visits?\b", case.said), (len(wanted), case.said)
    case.says(*(f"{n} {status.replace('_', ' ')}" for status, n in Counter(one["status"] for one in wanted).items()))


def next_visit(case: Case) -> None:
    coming = _visit_rows(case, ("scheduled", "confirmed"), first=TODAY)
    if not coming:
        case.says("has no visit booked")
        return
    case.says(coming[0]["visit_number"], coming[0]["visit_date"].isoformat())


def last_visit(case: Case) -> None:
    past = _visit_rows(case, ("completed", "checked_out", "checked_in", "arrived"), last=TODAY)
    if not past:
        case.says("has no past visit")
        return
    case.says(past[-1]["visit_date"].isoformat())


def tasks(case: Case, completed: bool) -> None:
    if not case.rich:
        case.says("no completed tasks" if completed else "no open tasks")
    elif completed:
        case.says("1 completed task", "“Ask for the form”")
    else:
        case.says("2 open tasks", "“Call the payer”", "“Scan the card”")


def overdue(case: Case) -> None:
    case.says("1 overdue task" if case.rich else "no overdue tasks")


def due_today(case: Case) -> None:
    case.says("1 open task due" if case.rich else "no open tasks due")


def filing(case: Case) -> None:
    found = case.rows(
        "SELECT c.claim_number, c.service_date + coalesce(y.filing_days, 90) AS due FROM claims c"
        " LEFT JOIN payers y ON y.id = c.payer_id WHERE c.patient_id = :patient AND c.status IN"
        " ('draft', 'on_hold', 'missing_information', 'ready', 'rejected') AND c.service_date IS NOT NULL ORDER BY due"
    )
    for one in found[:10]:
        case.says(f"Claim {one['claim_number']} must be filed by {one['due'].isoformat()}")
    if not found:
        case.says("has no deadlines")


def decision(case: Case) -> None:
    if case.rich:
        case.says("Authorization AUTH-T2 is to be decided by the payer by 2026-11-27 (Friday), in 3 days")
    else:
        case.says("has no deadlines")


def deadlines(case: Case) -> None:
    filing(case)
    if case.rich:
        decision(case)
        case.says("Authorization AUTH-T1 ends on 2026-12-31 (Thursday), in 37 days")


def patient(case: Case) -> None:
    one = case.rows("SELECT mrn, first_name, last_name, date_of_birth FROM patients WHERE id = :patient")[0]
    born = one["date_of_birth"]
    age = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
    case.says(f"{one['first_name']} {one['last_name']}", one["mrn"], born.isoformat(), f"{age} year")


def summary(case: Case) -> None:
    patient(case)
    verdict_of_service(case)
    next_visit(case)
    number = len(case.rows(CLAIMS, first=None, last=None))
    case.says(f"{number or 'No'} claim{'' if number == 1 else 's'} on file")


def any_answer(case: Case) -> None:
    assert case.said


CHECKS: dict[str, Callable[..., None]] = {
    one.__name__: one
    for one in (
        verdict, verdict_each, verdict_of_service, plans, secondary, member, period, checked, copay, deductible,
        coinsurance, network, visits_left, need, authorizations, units, claims, last_claim, claim, reason, visits,
        next_visit,
        last_visit, tasks, overdue, due_today, filing, decision, deadlines, patient, summary,
    )
} | {"any": any_answer}  # fmt: skip
