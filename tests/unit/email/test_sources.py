"""Which records a letter speaks of: one family, in a state that its template holds for, or none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domain.email.composing import Style, compose
from shared.domain.email.templates import template
from shared.models.firestore.documents import ContextDocument
from shared.models.patient_records import DatedClaim, VisitOnFile
from shared.models.records import Authorization, Claim, Coverage, EligibilityFile, Patient, Payer
from shared.services.email_sources import OnFile, Sources, choose
from shared.services.email_values import _of_claim
from tests.unit.email.letters import DEMO

TODAY = date(2026, 11, 20)
A, B = uuid4(), uuid4()
SERVED = date(2026, 3, 1)


def payer(of: UUID) -> Payer:
    return Payer(of, "Payer A" if of == A else "Payer B", None, None, real_time_supported=False, electronic_id=None)


def claim(status: str = "submitted", of: UUID = A, **members: Any) -> DatedClaim:
    own = Claim(uuid4(), "CLM", status, Decimal(1), None, "USD", SERVED, SERVED, None, None, 1)
    return DatedClaim(own, payer(of), None, **members)


def authorization(status: Any, of: UUID = B) -> Authorization:
    return Authorization(uuid4(), "AUTH", of, "30", status, TODAY, None, None, None, None, 0, 0)


def coverage(of: UUID, member: str, begin: date, end: date | None = None) -> Coverage:
    return Coverage(uuid4(), of, payer(of).name, "insurance", None, member, 1, begin, end, "active", None, 1)


NEW_A = coverage(A, "A-NEW", date(2026, 6, 1))
OLD_A = coverage(A, "A-OLD", date(2025, 1, 1), date(2026, 5, 31))
OF_B = coverage(B, "B-1", date(2025, 1, 1))


def visit(status: str, days: int) -> VisitOnFile:
    day = TODAY + timedelta(days=days)
    return VisitOnFile(uuid4(), f"V{days}", day, None, None, None, status, "ready", None, None)


def chosen(
    name: str,
    *,
    claims: tuple[DatedClaim, ...] = (),
    authorizations: tuple[Authorization, ...] = (),
    visits: tuple[VisitOnFile, ...] = (),
    record: tuple[str, UUID] | None = None,
) -> Sources:
    patient = Patient.__new__(Patient)
    file = EligibilityFile(patient, (OF_B, NEW_A, OLD_A), (), authorizations, None, None, payers=(payer(A), payer(B)))
    kind, of = record or ("patient", uuid4())
    context = ContextDocument.model_construct(record_type=kind, record_uuid=str(of))
    return choose(context, OnFile(file, claims, visits), template(name), today=TODAY)


@pytest.mark.parametrize("name", ["claim_status_inquiry"])
def test_a_letter_about_a_claim_goes_to_the_payer_of_the_claim_with_the_member_id_of_its_day(name: str) -> None:
    one = claim()
    for record in (None, ("claim", one.claim.id)):
        found = chosen(name, claims=(one,), authorizations=(authorization("pended"),), record=record)
        assert (found.claim, found.payer_id, found.payer_name, found.coverage) == (one, A, "Payer A", OLD_A)
        assert found.authorization is None


def test_a_claim_names_its_own_coverage_and_authorization_and_never_those_of_another_payer() -> None:
    granted, other = authorization("approved", A), authorization("approved", A)
    one = claim("denied", coverage_id=NEW_A.id, authorization_id=granted.id)
    found = chosen("appeal_no_auth", claims=(one,), authorizations=(other, granted))
    assert (found.coverage, found.authorization) == (NEW_A, granted)
    assert chosen("appeal_no_auth", claims=(claim("denied", coverage_id=OF_B.id),)).coverage == OLD_A
    unpaid = DatedClaim(one.claim, None, None)
    found = chosen("appeal_no_auth", claims=(unpaid,), authorizations=(other,))
    assert (found.payer_id, found.coverage, found.authorization) == (None, None, None)


def test_a_letter_about_an_authorization_goes_to_its_payer() -> None:
    found = chosen("auth_status_inquiry", claims=(claim(),), authorizations=(authorization("pended"),))
    assert (found.payer_id, found.coverage) == (B, OF_B)


@pytest.mark.parametrize(
    ("name", "states", "taken"),
    [
        ("auth_approved_patient", ("pended", "denied", "approved"), "approved"),
        ("auth_denied_patient", ("pended", "approved", "denied"), "denied"),
        ("auth_status_inquiry", ("draft", "approved", "pended"), "pended"),
        ("auth_approved_patient", ("pended", "denied"), None),
        ("auth_denied_patient", ("pended", "approved"), None),
        ("auth_status_inquiry", ("approved", "denied_final"), None),
        ("auth_submitted_patient", ("draft",), None),
    ],
)
def test_no_decision_is_told_that_nobody_made(name: str, states: tuple[str, ...], taken: str | None) -> None:
    found = chosen(name, authorizations=tuple(authorization(one) for one in states))
    assert (found.authorization and found.authorization.status) == taken
    assert found.lacking == (() if taken else ("authorization.record",))
    pended = authorization("pended")
    if name != "auth_status_inquiry" and taken:
        own = chosen(name, authorizations=(authorization(taken), pended), record=("authorization", pended.id))
        assert (own.authorization, own.lacking) == (None, ("authorization.record",))


@pytest.mark.parametrize("name", ["appeal_no_auth", "appeal_timely_filing", "appeal_medical_necessity"])
def test_only_a_denied_claim_is_appealed_and_only_a_faulty_one_corrected(name: str) -> None:
    paid, denied = claim("paid"), claim("denied")
    assert chosen(name, claims=(paid, denied)).claim == denied
    assert chosen("corrected_claim_cover", claims=(paid, denied)).claim == denied
    for other in (name, "corrected_claim_cover"):
        assert chosen(other, claims=(paid,)).lacking == ("claim.record",)


@pytest.mark.parametrize(
    ("name", "taken"), [("no_show_rebook", -2), ("appt_reminder", 3), ("appt_reschedule", 3), ("copay_estimate", 3)]
)
def test_the_visit_is_the_one_that_the_letter_means(name: str, taken: int) -> None:
    visits = (visit("confirmed", 9), visit("scheduled", 3), visit("cancelled", 1), visit("scheduled", -1),
              visit("no_show", -2), visit("no_show", -8))  # fmt: skip
    found = chosen(name, visits=visits).visit
    assert found is not None
    assert found.visit_date == TODAY + timedelta(days=taken)


@pytest.mark.parametrize("name", ["no_show_rebook", "appt_reminder", "appt_reschedule"])
def test_without_such_a_visit_none_is_named(name: str) -> None:
    others = (visit("cancelled", 1), visit("scheduled", -1), visit("completed", -3))
    assert chosen(name, visits=others).lacking == ("visit.record",)
    own = chosen(name, visits=others, record=("visit", others[0].id))
    assert (own.visit, own.lacking) == (None, ("visit.record",))


@pytest.mark.parametrize(("due", "said"), [(SERVED, True), (SERVED - timedelta(days=1), False), (None, False)])
def test_in_time_is_said_only_of_a_claim_that_was_sent_in_time(due: date | None, said: bool) -> None:
    values = DEMO | {"claim.filed_in_time": None} | _of_claim(claim("denied", filing_due_on=due))
    for name in ("appeal_timely_filing", "corrected_claim_cover"):
        body = compose(template(name), Style(length="long"), values).body
        assert ("in time" in body or "within the time" in body) == said


@pytest.mark.parametrize(
    ("name", "false"),
    [
        ("payment_plan", "whole balance due"),
        ("balance_reminder", "insurance has decided"),
        ("balance_reminder", "after insurance"),
        ("corrected_claim_cover", "new filing period"),
        ("copay_estimate", "what your plan told us"),
    ],
)
def test_nothing_is_said_that_no_record_tells(name: str, false: str) -> None:
    for tone in ("professional", "firm", "concise"):
        assert false not in compose(template(name), Style(tone, "long"), DEMO).body
