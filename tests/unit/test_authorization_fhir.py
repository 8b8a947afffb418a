"""FHIR ClaimResponses and X12 278 responses as payers' decisions: published answers, both shapes of PAS, bad input."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.domain.authorization.answers import grant_of, state_of
from shared.domain.authorization.review import decision_of
from shared.errors import ValidationFailedError
from shared.importing.fhir_authorization import read_claim_response
from shared.models.authorization import DecisionReason, PayerDecision
from shared.models.authorization_answer import AuthorizationAnswer, ReviewDecision, ReviewedItem
from shared.models.payer_answer import AnswerPeriod, Rejection, ServiceDelivery

PUBLISHED = Path(__file__).parents[3] / "shared/data/fhir-prior-auth"
ZONE = ZoneInfo("America/New_York")
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"


def read(value: Any) -> PayerDecision:
    return read_claim_response(value, "fhir", ZONE)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the reference data (../shared/data) is not there")
@pytest.mark.parametrize(
    ("name", "state", "number"),
    [
        ("GrantedResponse.json", "approved", "ee7f76f8-5e4e-4733-8f85-3fe3c29cf30f"),
        ("DeniedResponse.json", "denied", "451fe716-4701-4cdf-b5bb-a6eedbe43bbb"),
        ("PendedClaimResponse.json", "pended", "68a03b6d-b792-4de3-95e6-abf36eacb9bc"),
        ("PendedFinalResponse.json", "approved", "8373b834-7369-4a11-a2bf-0b72614cf1e9"),
        ("claimresponse-pended.json", "pended", None),
        ("bundle-response.json", "approved", "AUTH0001"),
    ],
)
def test_each_published_answer_gives_its_state(name: str, state: str, number: str | None) -> None:
    told = read(json.loads((PUBLISHED / name).read_text()))
    assert (state_of(told), told.certification_number, told.unread) == (state, number, ())


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the reference data (../shared/data) is not there")
def test_published_answers_keep_reasons_dates_and_periods() -> None:
    denied = read(json.loads((PUBLISHED / "DeniedResponse.json").read_text()))
    assert (denied.reasons, denied.notes, denied.decided_on) == (
        (DecisionReason("X"),),
        ("Denied",),
        date(2019, 9, 9),
    )
    assert denied.decided_at is not None
    granted = read(json.loads((PUBLISHED / "bundle-response.json").read_text()))
    assert (granted.period_start, granted.period_end) == (date(2005, 5, 2), date(2005, 6, 2))
    assert (granted.decided_on, granted.decided_at) == (date(2019, 7, 20), None)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the reference data (../shared/data) is not there")
@pytest.mark.parametrize(
    "name",
    ["Claim.json", "ClaimUpdate1.json", "ClaimUpdate2.json", "bundle-prior-auth.json", "bundle-request.json",
     "claim-complete.json"],
)  # fmt: skip
def test_a_published_request_is_no_answer(name: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        read(json.loads((PUBLISHED / name).read_text()))
    assert (refused.value.errors[0].field, refused.value.errors[0].code) == ("fhir.entry", "one_claim_response")


def response(**members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "resourceType": "ClaimResponse",
        "status": "active",
        "use": "preauthorization",
        "created": "2026-11-20T10:00:00-05:00",
        "outcome": "complete",
    }
    return {name: value for name, value in (given | members).items() if value is not None}


def concept(code: str, system: str = "https://codesystem.x12.org/005010/306", **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], **more}


def review(code: str, *reasons: str, number: str | None = None) -> dict[str, Any]:
    """A review action as PAS writes it since 1.0."""
    parts: list[dict[str, Any]] = [{"url": f"{PAS}extension-reviewActionCode", "valueCodeableConcept": concept(code)}]
    parts += [{"url": "reasonCode", "valueCodeableConcept": concept(reason, "…/886")} for reason in reasons]
    parts += [{"url": "number", "valueString": number}] if number else []
    return {"url": f"{PAS}extension-reviewAction", "extension": parts}


def item(sequence: int, *extensions: dict[str, Any], **members: Any) -> dict[str, Any]:
    adjudication = [{"category": concept("submitted", "…/adjudication"), "extension": list(extensions)}]
    return {"itemSequence": sequence, "adjudication": adjudication} | members


def quantity(value: Any) -> dict[str, Any]:
    detail = {"url": "quantity", "valueQuantity": {"value": value}}
    code = {"url": "productOrServiceCode", "valueCodeableConcept": concept("97112", "http://www.ama-assn.org/go/cpt")}
    return {"url": f"{PAS}extension-itemAuthorizedDetail", "extension": [code, detail]}


def test_items_with_mixed_decisions_are_a_partial_grant_with_each_line() -> None:
    period = {"url": f"{PAS}extension-itemPreAuthPeriod", "valuePeriod": {"start": "2026-12-01", "end": "2027-01-31"}}
    told = read(
        response(
            preAuthRef="C-1",
            item=[
                item(1, review("A1", number="L-1"), extension=[quantity(6), period]),
                item(2, review("A3", "0V")),
            ],
        )
    )
    assert state_of(told) == "partially_approved"
    first, second = told.lines
    assert (first.procedure, first.units, first.certification_number) == ("97112", 6, "L-1")
    assert (first.period_start, first.period_end) == (date(2026, 12, 1), date(2027, 1, 31))
    assert (second.review_code, second.reasons) == ("A3", (DecisionReason("0V"),))
    assert (grant_of(told).units, grant_of(told).certification_number) == (6, "C-1")


def test_a_review_code_may_stand_as_the_reason_of_an_adjudication() -> None:
    adjudication = [{"category": concept("submitted", "…"), "reason": concept("A1")}]
    assert state_of(read(response(item=[{"itemSequence": 1, "adjudication": adjudication}]))) == "approved"


def test_added_items_are_read_with_what_is_asked_for() -> None:
    told = read(response(item=[item(1, review("A3"))], addItem=[item(1, review("A1"), quantity={"value": 2})]))
    assert [line.review_code for line in told.lines] == ["A3", "A1"]
    assert (state_of(told), grant_of(told).units) == ("partially_approved", 2)


@pytest.mark.parametrize("form", ["valueString", "valueCode", "valueCodeableConcept", "valueCoding"])
def test_a_bare_review_action_is_read_in_every_form(form: str) -> None:
    value: Any = {"valueCodeableConcept": concept("A6"), "valueCoding": {"code": "A6"}}.get(form, "A6")
    action = {"url": f"{PAS}extension-reviewAction", form: value}
    assert read(response(extension=[action])).review_code == "A6"


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({"outcome": "queued"}, "pended"),
        ({"outcome": "partial"}, "pended"),
        ({"outcome": "partial", "item": [item(1, review("A1")), item(2)]}, "pended"),
        ({"outcome": "partial", "item": [item(1, review("A1")), item(2, review("A3"))]}, "partially_approved"),
        ({"outcome": "error"}, "error"),
        ({"outcome": "error", "error": [{"code": concept("72", "…", text="Invalid member id")}]}, "error"),
        ({"status": "cancelled", "extension": [review("A1")]}, "cancelled"),
        ({"extension": [review("CT")]}, "contact_payer"),
        ({"extension": [review("NA")]}, "not_required"),
    ],
)
def test_what_the_outcome_says_where_it_decides(members: dict[str, Any], state: str) -> None:
    assert state_of(read(response(**members))) == state


def test_errors_keep_their_codes_and_words() -> None:
    told = read(response(outcome="error", error=[{"code": concept("72", "…", text="Invalid member id")}]))
    assert told.rejections == (DecisionReason("72", "Invalid member id"),)


def test_free_text_decides_nothing() -> None:
    with pytest.raises(ValidationFailedError) as refused:
        state_of(read(response(disposition="Granted")))
    assert refused.value.errors[0].code == "no_decision"


def test_the_period_and_the_notes_of_the_whole_answer_are_read() -> None:
    told = read(
        response(
            extension=[review("A1")],
            preAuthPeriod={"start": "2026-12-01", "end": "2027-01-31"},
            disposition="Granted",
            processNote=[{"text": "Call before the sixth visit"}, {"text": "Granted"}],
        )
    )
    assert (told.period_start, told.period_end) == (date(2026, 12, 1), date(2027, 1, 31))
    assert told.notes == ("Granted", "Call before the sixth visit")


def test_units_that_are_no_whole_number_are_reported_and_not_rounded() -> None:
    told = read(response(item=[item(1, review("A1"), extension=[quantity(2.5)])]))
    assert told.lines[0].units is None
    assert told.unread == ("fhir.item[0].extension[0].extension[1].valueQuantity.value: not a whole number of units",)


@pytest.mark.parametrize(
    ("value", "field", "code"),
    [
        ([], "fhir", "object_expected"),
        ({}, "fhir.resourceType", "required"),
        ({"resourceType": "Claim"}, "fhir.resourceType", "unknown_code"),
        ({"resourceType": "Bundle"}, "fhir.entry", "one_claim_response"),
        ({"resourceType": "Bundle", "entry": {}}, "fhir.entry", "array_expected"),
        ({"resourceType": "Bundle", "entry": [{"resource": response()}] * 2}, "fhir.entry", "one_claim_response"),
        (response(use="claim"), "fhir.use", "not_an_authorization"),
        (response(use=None), "fhir.use", "required"),
        (response(status="entered-in-error"), "fhir.status", "entered_in_error"),
        (response(status="final"), "fhir.status", "unknown_code"),
        (response(outcome="maybe"), "fhir.outcome", "unknown_code"),
        (response(created="yesterday"), "fhir.created", "date_invalid"),
        (response(extension=[review("Z9")]), "fhir.extension[0]", "unknown_code"),
        (response(item=[item(1)] * 201), "fhir.item", "too_many"),
        (response(item="none"), "fhir.item", "array_expected"),
        (response(item=[{"itemSequence": -1}]), "fhir.item[0].itemSequence", "integer_expected"),
        (response(preAuthPeriod={"start": 7}), "fhir.preAuthPeriod.start", "text_expected"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(value: Any, field: str, code: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        read(value)
    assert (refused.value.errors[0].field, refused.value.errors[0].code) == (field, code)


def reviewed(action: str | None, source: str = "278:HL[4]", **members: Any) -> ReviewedItem:
    outcome = None if action is None else ReviewDecision(action, members.pop("number", None), ("0V",))
    return ReviewedItem(source, decision=outcome, **members)


def answer(event: ReviewedItem | None, *services: ReviewedItem, **members: Any) -> PayerDecision:
    return decision_of(AuthorizationAnswer("Payer", "P-1", None, event=event, services=services, **members))


def test_a_278_is_the_same_decision() -> None:
    periods = (
        AnswerPeriod("102", date(2026, 11, 20), date(2026, 11, 20)),
        AnswerPeriod("007", date(2026, 12, 1), date(2027, 1, 31)),
    )
    event = reviewed("A1", number="C-1", periods=periods, trace_numbers=("T-1",), messages=("Thank you",))
    told = answer(event)
    assert (state_of(told), told.certification_number, told.decided_on) == ("approved", "C-1", date(2026, 11, 20))
    assert (told.period_start, told.period_end) == (date(2026, 12, 1), date(2027, 1, 31))
    assert (told.trace_numbers, told.notes, told.reasons) == (("T-1",), ("Thank you",), (DecisionReason("0V"),))


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ((AnswerPeriod("007", date(2026, 12, 1), date(2026, 12, 1)),), (date(2026, 12, 1), None)),
        (
            (
                AnswerPeriod("007", date(2026, 12, 1), date(2026, 12, 1)),
                AnswerPeriod("036", date(2027, 1, 31), date(2027, 1, 31)),
            ),
            (date(2026, 12, 1), date(2027, 1, 31)),
        ),
        ((AnswerPeriod("472", date(2026, 12, 1), date(2026, 12, 9)),), (date(2026, 12, 1), date(2026, 12, 9))),
        ((AnswerPeriod("435", date(2026, 12, 1), date(2026, 12, 9)),), (None, None)),
    ],
)
def test_a_278s_certification_dates(periods: tuple[AnswerPeriod, ...], expected: tuple[Any, Any]) -> None:
    told = answer(reviewed("A1", periods=periods))
    assert (told.period_start, told.period_end) == expected


def test_a_278s_services_are_its_lines() -> None:
    visits = reviewed("A1", procedure="HC:97110:GP", deliveries=(ServiceDelivery("VS", Decimal(6)),))
    refused = reviewed("A3", source="278:HL[6]", procedure="97112", quantity=Decimal(4))
    told = answer(reviewed(None), visits, refused)
    assert [(line.number, line.procedure, line.units) for line in told.lines] == [(1, "97110", 6), (2, "97112", 4)]
    assert (state_of(told), grant_of(told).units) == ("partially_approved", 6)


def test_what_a_278_says_by_pattern_or_in_fractions_is_reported() -> None:
    weekly = reviewed("A1", deliveries=(ServiceDelivery("VS", Decimal(2), period="34", count=Decimal(1)),))
    told = answer(None, weekly, reviewed("A1", quantity=Decimal("1.5")), reviewed("QQ"), unread=("segment 9",))
    assert [line.units for line in told.lines] == [None, None, None]
    assert told.unread == (
        "segment 9",
        "278:HL[4]: a pattern of delivery",
        "278:HL[4]: not a whole number of units",
        "278:HL[4]: unknown review action",
    )


def test_a_rejected_278_is_an_error() -> None:
    told = answer(None, rejections=(Rejection("72", "subscriber", "C", "Invalid member id"),))
    assert (state_of(told), told.rejections) == ("error", (DecisionReason("72", "Invalid member id"),))
