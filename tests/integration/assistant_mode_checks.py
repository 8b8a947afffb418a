"""What an answer about the whole organisation must say, worked out by plain SQL: no rule of the product is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tests.integration.assistant_checks import TODAY
from tests.integration.assistant_clinic import NOW

# What is open of a claim, in the columns that the claims of these tests have.
OPEN = """CASE WHEN status IN ('finalized', 'written_off', 'voided', 'forwarded_secondary') THEN 0
  WHEN status = 'paid' THEN coalesce(patient_amount, 0)
  WHEN status = 'underpaid' THEN coalesce(expected_amount, allowed_amount, amount) - coalesce(paid_amount, 0)
  WHEN status = 'partially_paid' THEN coalesce(allowed_amount, amount) - coalesce(paid_amount, 0)
  ELSE amount - coalesce(paid_amount, 0) END"""
QUEUES = {
    "rejected": "status = 'rejected'",
    "denied": "status = 'denied'",
    "underpaid": "status = 'underpaid'",
    "pended_too_long": "status = 'pended' AND pended_since <= CAST(:today AS date) - 30",
    "authorization_gaps": "requires_authorization AND authorization_id IS NULL"
    " AND status IN ('draft', 'on_hold', 'missing_information', 'ready', 'rejected', 'denied', 'corrected')",
    "deadline": "filing_due_on <= CAST(:today AS date) + 14 AND status IN"
    " ('draft', 'on_hold', 'missing_information', 'ready', 'rejected')",
}


@dataclass(frozen=True)
class ModeCase:
    """An answer, and whose organisation it is about."""

    connection: Connection
    client: UUID
    said: str

    def rows(self, statement: str, **values: Any) -> list[Any]:
        values = {"client": self.client, "today": TODAY, "now": NOW, **values}
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        return list(self.connection.execute(text(statement), used).mappings())

    def says(self, *parts: str) -> None:
        for part in parts:
            assert part in self.said, f"{part!r} is missing in: {self.said}"


def figures(case: ModeCase, on: date) -> None:
    (one,) = case.rows(
        "SELECT count(*) FILTER (WHERE status NOT IN ('cancelled', 'rescheduled')) AS total,"
        " count(*) FILTER (WHERE status IN ('arrived', 'checking_in', 'checked_in', 'roomed', 'with_provider',"
        "   'checked_out', 'completed', 'left_without_being_seen')) AS arrived,"
        " count(*) FILTER (WHERE status IN ('checked_in', 'roomed', 'with_provider', 'checked_out', 'completed'))"
        "   AS checked_in,"
        " count(*) FILTER (WHERE readiness <> 'ready' AND status IN ('scheduled', 'confirmed', 'arrived',"
        "   'checking_in')) AS not_ready FROM visits WHERE client_id = :client AND visit_date = :on",
        on=on,
    )
    waits = len(_waiting(case)) if on == TODAY else 0
    case.says(
        f"{one['total'] or 'no'} visits ",
        f"{one['arrived']} arrived, {one['checked_in']} checked in, {waits} waiting too long,"
        f" {one['not_ready']} not ready.",
    )


def _waiting(case: ModeCase) -> list[Any]:
    return case.rows(
        "SELECT p.first_name, p.last_name, p.mrn, v.status,"
        " CAST(extract(epoch FROM CAST(:now AS timestamptz) - v.status_since) / 60 AS integer) AS minutes"
        " FROM visits v JOIN patients p ON p.id = v.patient_id"
        " WHERE v.client_id = :client AND v.visit_date = :today AND (v.status, v.status_since) IN ("
        "  SELECT w.status, w.status_since FROM visits w JOIN (VALUES ('arrived', 10), ('checked_in', 15),"
        "  ('roomed', 40)) AS most(state, minutes) ON most.state = w.status"
        "  WHERE w.status_since <= CAST(:now AS timestamptz) - most.minutes * interval '1 minute')"
        " ORDER BY minutes DESC"
    )


def waiting(case: ModeCase) -> None:
    found = _waiting(case)
    if not found:
        case.says("Nobody is waiting longer than")
        return
    noun = "patient is" if len(found) == 1 else "patients are"
    case.says(f"{len(found)} {noun} waiting too long")
    for one in found[:5]:
        state = one["status"].replace("_", " ")
        case.says(f"{one['first_name']} {one['last_name']} ({one['mrn']}), {state} for {one['minutes']} of ")


def not_ready(case: ModeCase, on: date) -> None:
    found = case.rows(
        "SELECT p.mrn, (SELECT c.amount FROM claims c WHERE c.patient_id = p.id ORDER BY c.service_date DESC LIMIT 1)"
        " AS amount FROM visits v JOIN patients p ON p.id = v.patient_id"
        " WHERE v.client_id = :client AND v.visit_date = :on AND v.readiness <> 'ready'"
        " AND v.status IN ('scheduled', 'confirmed', 'arrived', 'checking_in')",
        on=on,
    )
    if not found:
        case.says("is known not to be ready")
        return
    case.says(f"{len(found)} visit{'' if len(found) == 1 else 's'} ")
    case.says(*(f"({one['mrn']})" for one in found))
    case.says(*(f"{one['amount']:,.2f} USD at risk" for one in found if one["amount"] is not None))


def check_in(case: ModeCase, visit: str) -> None:
    (one,) = case.rows("SELECT * FROM visits WHERE client_id = :client AND visit_number = :visit", visit=visit)
    if one["status"] not in {"scheduled", "confirmed", "arrived", "checking_in"}:
        case.says(f"Visit {visit} is {one['status'].replace('_', ' ')}: there is nothing to check in.")
        return
    facts = {row["kind"] for row in case.rows("SELECT kind FROM check_in_facts WHERE visit_id = :id", id=one["id"])}
    lacking = {
        "identity": "identity is not confirmed",
        "demographics": "were not reviewed",
        "coverage": "The coverage is not verified",
        "form": "Forms are missing: privacy_notice, consent_to_treat, financial_responsibility",
        "copay": "The copay is neither recorded nor waived",
    }
    for kind, words in lacking.items():
        assert (words in case.said) == (kind not in facts), (kind, case.said)
    assert ("The visit is not ready" in case.said) == (one["readiness"] == "not_ready"), case.said
    case.says(*(f"Not ready: {reason['text']}." for reason in one["readiness_reasons"]))


def _sum(case: ModeCase, condition: str, **values: Any) -> tuple[int, str]:
    (one,) = case.rows(
        f"SELECT count(*) AS claims, coalesce(sum({OPEN}), 0) AS amount FROM claims"  # noqa: S608
        f" WHERE client_id = :client AND {condition}",
        **values,
    )
    return one["claims"], f"{one['amount']:,.2f} USD"


def queue(case: ModeCase, queue: str) -> None:
    number, amount = _sum(case, QUEUES[queue])
    if not number:
        case.says("Your organization's queue of claims ", "is empty")
        return
    case.says(f" holds {number} claim{'' if number == 1 else 's'}, {amount} open")
    listed = case.rows(
        f"SELECT claim_number, {OPEN} AS amount FROM claims WHERE client_id = :client AND {QUEUES[queue]}"  # noqa: S608
        " ORDER BY amount DESC, id DESC LIMIT 3"
    )
    case.says(*(f"{one['claim_number']}" for one in listed), *(f"{one['amount']:,.2f} USD" for one in listed))
    if queue == "denied":
        reasons = case.rows(
            f"SELECT denial_code, count(*) AS claims, sum({OPEN}) AS amount FROM claims"  # noqa: S608
            " WHERE client_id = :client AND status = 'denied' AND denial_code IS NOT NULL GROUP BY denial_code"
        )
        for one in reasons:
            noun = "claim" if one["claims"] == 1 else "claims"
            case.says(f"{one['denial_code']} {one['claims']} {noun}, {one['amount']:,.2f} USD")


def all_queues(case: ModeCase) -> None:
    for condition in QUEUES.values():
        number, amount = _sum(case, condition)
        if number:
            case.says(f" {number} claim{'' if number == 1 else 's'}, {amount}")


def ledger(case: ModeCase, until: date) -> None:
    due = "filing_due_on <= :until AND status IN ('draft', 'on_hold', 'missing_information', 'ready', 'rejected')"
    number, amount = _sum(case, due, until=until)
    if not number:
        case.says("No claim of your organization has a deadline by", until.isoformat())
        return
    noun = "claim of your organization has" if number == 1 else "claims of your organization have"
    case.says(f"{number} {noun} a deadline by {until.isoformat()}", f"{amount} at risk")
    listed = case.rows(
        f"SELECT claim_number, filing_due_on FROM claims WHERE client_id = :client AND {due}"  # noqa: S608
        " ORDER BY filing_due_on LIMIT 3",
        until=until,
    )
    case.says(*(f"{one['claim_number']} filing on {one['filing_due_on'].isoformat()}" for one in listed))


def older(case: ModeCase, days: int) -> None:
    condition = f"coalesce(service_date, submitted_date) < :before AND {OPEN} > 0"
    number, amount = _sum(case, condition, before=TODAY - timedelta(days=days))
    if not case.rows(f"SELECT 1 AS one FROM claims WHERE client_id = :client AND {OPEN} > 0"):  # noqa: S608
        case.says("Nothing is open")
        return
    case.says(f"{amount} of {number or 'no'} claim{'' if number == 1 else 's'} has been open for more than {days} days")


def by_age(case: ModeCase) -> None:
    number, amount = _sum(case, f"{OPEN} > 0")
    if not number:
        case.says("Nothing is open")
        return
    case.says(f"{number} claim{'' if number == 1 else 's'}, {amount}, by age")
    for name, first, last in (("0-30", -9999, 30), ("31-60", 31, 60), ("61-90", 61, 90), ("91-120", 91, 120)):
        within = (
            f"CAST(:today AS date) - coalesce(service_date, submitted_date) BETWEEN {first} AND {last} AND {OPEN} > 0"
        )
        claims, open_amount = _sum(case, within)
        if claims:
            case.says(f"{name} days {claims} claim{'' if claims == 1 else 's'}, {open_amount}")


MODE_CHECKS: dict[str, Callable[..., None]] = {
    one.__name__: one
    for one in (figures, waiting, not_ready, check_in, queue, all_queues, ledger, older, by_age)
}  # fmt: skip
