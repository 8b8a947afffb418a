"""A letter whose records change after it was written is neither approved nor sent: nothing goes out that is not so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from infra.local.demo_accounts import RIVERSIDE
from shared.domain.email.templates import template
from shared.errors import StoreUnavailableError
from shared.models.mail import HandOver
from shared.models.roles import Role
from tests.functions.draft_office import ADDRESS, DRAFTS, DraftOffice
from tests.functions.in_memory import Answer, InMemoryProduct
from tests.functions.test_every_template_sent import filled

Row = dict[str, Any]


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def rows_of(office: DraftOffice, table: str) -> list[Row]:
    """The rows of the patient MRN553."""
    rows = office.product.records.tables.rows
    patient = next(one for one in rows["patients"] if one["client_id"] == RIVERSIDE.id and one["mrn"] == "MRN553")
    return [one for one in rows[table] if one["patient_id"] == patient["id"]]


def put(office: DraftOffice, table: str, status: str) -> None:
    for one in rows_of(office, table):
        one["status"] = status


def authorized(office: DraftOffice, status: str) -> Row:
    """An authorization in a state, which is the patient's only one."""
    payer = rows_of(office, "coverages")[0]["payer_id"]
    patient = rows_of(office, "coverages")[0]["patient_id"]
    put(office, "authorizations", "cancelled")
    own = {"client_id": RIVERSIDE.id, "patient_id": patient, "payer_id": payer, "id": uuid4()}
    office.product.records.tables.add("authorizations", own | {"auth_number": "AUTH-STANDING", "status": status})
    return next(one for one in rows_of(office, "authorizations") if one["auth_number"] == "AUTH-STANDING")


def booked(office: DraftOffice, days: int) -> Row:
    """A visit to come, which is the patient's only booked one."""
    put(office, "visits", "completed")
    patient = rows_of(office, "coverages")[0]["patient_id"]
    starts = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) + timedelta(days=days)
    number = f"VIS-STANDING-{days}"
    own = {"client_id": RIVERSIDE.id, "patient_id": patient, "id": uuid4(), "status": "scheduled"}
    office.product.records.tables.add(
        "visits", own | {"visit_number": number, "visit_date": starts.date(), "starts_at": starts}
    )
    return next(one for one in rows_of(office, "visits") if one["visit_number"] == number)


def drafted(office: DraftOffice, name: str) -> Any:
    body = {"contextId": office.open(), "template": name, "recipient": {"address": ADDRESS}}
    draft = office.done("POST", DRAFTS, body)
    if draft["form"] is not None:
        draft = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"fields": filled(draft["form"])})
    assert draft["missing"] == []
    return draft


def brought(office: DraftOffice, name: str, *, to: str) -> Any:
    """A draft that is in review, or approved."""
    draft = office.step(drafted(office, name), "submit")
    if to == "approve":
        return draft
    return office.step(draft, "approve", {"contentHash": draft["contentHash"]}, role=Role.MANAGER)


def tried(office: DraftOffice, draft: Any, step: str) -> Answer:
    if step == "approve":
        return office.refused(draft, step, {"contentHash": draft["contentHash"]}, role=Role.MANAGER)
    return office.refused(draft, step)


def check_refused(office: DraftOffice, draft: Any, step: str, field: str, code: str) -> Answer:
    refused = tried(office, draft, step)
    assert (refused.status, refused.json["code"]) == (409, "record_changed")
    assert [(one["field"], one["code"]) for one in refused.json["errors"]] == [(field, code)]
    assert (refused.json["allowed"], refused.json["current"]) == (["revise", "discard"], draft["state"])
    assert office.product.mail.handed == []
    assert office.read(draft)["state"] == draft["state"]
    return refused


@pytest.mark.parametrize("step", ["approve", "send"])
def test_an_approval_that_became_a_denial_is_not_told(office: DraftOffice, step: str) -> None:
    granted = authorized(office, "approved")
    draft = brought(office, "auth_approved_patient", to=step)
    granted["status"] = "denied"
    refused = check_refused(office, draft, step, "authorization.record", "state_changed")
    assert "authorization of this e-mail is denied now" in refused.json["detail"]


@pytest.mark.parametrize("step", ["approve", "send"])
@pytest.mark.parametrize("other", [False, True])
def test_nobody_is_reminded_of_a_cancelled_visit_though_there_be_another(
    office: DraftOffice, step: str, *, other: bool
) -> None:
    visit = booked(office, 3)
    draft = brought(office, "appt_reminder", to=step)
    if other:
        booked(office, 9)
    visit["status"] = "cancelled"
    check_refused(office, draft, step, "visit.record", "state_changed")
    revised = office.step(draft, "revise", {"instruction": "set_tone", "tone": "friendly"})
    assert set(revised["missing"]) == (set() if other else {"visit.record", "visit.date", "visit.time"})
    assert office.step(draft, "discard")["state"] == "discarded"


@pytest.mark.parametrize("step", ["approve", "send"])
def test_a_visit_that_was_moved_is_not_told_at_its_old_time(office: DraftOffice, step: str) -> None:
    visit = booked(office, 3)
    draft = brought(office, "appt_reminder", to=step)
    visit["starts_at"] += timedelta(hours=2)
    check_refused(office, draft, step, "visit.time", "value_changed")
    again = office.step(office.step(draft, "revise", {"instruction": "shorten"}), "submit")
    office.step(again, "approve", {"contentHash": again["contentHash"]}, role=Role.MANAGER)
    assert office.step(again, "send")["state"] == "sent"


def test_a_visit_whose_day_has_passed_and_one_that_is_gone_are_told_of_no_more(office: DraftOffice) -> None:
    visit = booked(office, 3)
    draft = brought(office, "appt_reminder", to="send")
    visit["visit_date"] -= timedelta(days=5)
    check_refused(office, draft, "send", "visit.record", "over")
    visit["deleted_at"] = datetime.now(UTC)
    check_refused(office, draft, "send", "visit.record", "gone")


def test_a_record_that_a_letter_only_takes_matters_where_the_letter_names_it(office: DraftOffice) -> None:
    visit = booked(office, 3)
    named = brought(office, "copay_estimate", to="send")
    visit["status"] = "cancelled"
    check_refused(office, named, "send", "visit.record", "state_changed")


@pytest.mark.parametrize("step", ["submit", "approve", "send"])
def test_without_the_records_nothing_is_approved_or_sent(
    office: DraftOffice, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    booked(office, 3)
    draft = drafted(office, "appt_reminder") if step == "submit" else brought(office, "appt_reminder", to=step)

    def unreachable(*_: Any, **__: Any) -> Any:
        raise StoreUnavailableError("The records cannot be read now")

    monkeypatch.setattr(type(office.product.records.eligibility), "file_of", unreachable)
    assert tried(office, draft, step).status == 503
    assert (office.product.mail.handed, office.read(draft)["state"]) == ([], draft["state"])


@pytest.mark.parametrize("name", ["balance_reminder", None])
def test_a_letter_that_asks_nothing_of_a_record_is_sent_without_one(
    office: DraftOffice, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    words: Any = {"subject": "Hello", "body": "Please call us.", "recipient": {"kind": "patient", "address": ADDRESS}}
    if name is not None:
        assert not template(name).needs
        words = {"template": name, "fields": {"claim.balance": "182.40"}}
    draft = office.approved(**words)

    def unread(*_: Any, **__: Any) -> Any:
        pytest.fail("no record is needed")

    monkeypatch.setattr(type(office.product.records.eligibility), "file_of", unread)
    assert office.step(draft, "send")["state"] == "sent"


def test_what_a_role_may_not_read_is_not_told_by_the_refusal(
    office: DraftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = authorized(office, "approved")
    draft = brought(office, "auth_approved_patient", to="send")
    granted["status"] = "denied"
    monkeypatch.setattr("shared.services.draft_standing.may_read", lambda *_: False)
    refused = check_refused(office, draft, "send", "authorization.record", "gone")
    assert "denied" not in str(refused.json)


def test_a_draft_of_before_is_held_to_what_its_template_needs(office: DraftOffice) -> None:
    granted = authorized(office, "approved")
    draft = brought(office, "auth_approved_patient", to="send")
    drafts = office.product.live.documents.drafts
    drafts[draft["id"]] = drafts[draft["id"]].model_copy(update={"rests_on": {}})
    granted["status"] = "denied"
    check_refused(office, draft, "send", "authorization.record", "gone")
    granted["status"] = "approved"
    assert office.step(draft, "send")["state"] == "sent"


@pytest.mark.parametrize(("decision", "status"), [("resend", 409), ("was_sent", 200)])
def test_of_what_nobody_knows_only_a_second_sending_looks_at_the_records(
    office: DraftOffice, decision: str, status: int
) -> None:

    visit = booked(office, 3)
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data")]
    draft = office.step(brought(office, "appt_reminder", to="send"), "send")
    visit["status"] = "cancelled"
    answer = office.ask("POST", f"{DRAFTS}/{draft['id']}/send", {"decision": decision})
    assert (answer.status, answer.json.get("code")) == (status, "record_changed" if status == 409 else None)
    if status == 409:
        assert answer.json["allowed"] == ["was_sent"]
    assert len(office.product.mail.handed) == 1


def test_a_coverage_that_is_active_again_is_not_called_inactive(office: DraftOffice) -> None:
    put(office, "coverages", "terminated")
    draft = brought(office, "coverage_inactive_notice", to="send")
    put(office, "coverages", "active")
    refused = check_refused(office, draft, "send", "coverage.record", "state_changed")
    assert "coverage of this e-mail is active now" in refused.json["detail"]
    put(office, "coverages", "inactive")
    assert office.step(draft, "send")["state"] == "sent"


def test_a_coverage_that_another_has_followed_is_not_called_inactive(office: DraftOffice) -> None:
    put(office, "coverages", "terminated")
    draft = brought(office, "coverage_inactive_notice", to="approve")
    (old,) = rows_of(office, "coverages")
    fresh = {"id": uuid4(), "status": "active", "rank": 2}
    office.product.records.tables.add("coverages", old | fresh)
    check_refused(office, draft, "approve", "coverage.record", "gone")


def test_a_claim_that_turns_out_to_be_filed_too_late_is_not_told_to_be_in_time(office: DraftOffice) -> None:
    claims = rows_of(office, "claims")
    today = datetime.now(UTC).date()
    for one in claims:
        one |= {"status": "denied", "submitted_date": today, "filing_due_on": today + timedelta(days=1)}
    draft = brought(office, "appeal_timely_filing", to="send")
    assert "within the time for filing" in draft["body"]
    for one in claims:
        one["filing_due_on"] = today - timedelta(days=1)
    check_refused(office, draft, "send", "claim.filed_in_time", "value_changed")


def test_a_visit_without_an_hour_is_not_told_at_the_one_that_it_had(office: DraftOffice) -> None:
    visit = booked(office, 3)
    draft = brought(office, "appt_reminder", to="send")
    visit["starts_at"] = None
    check_refused(office, draft, "send", "visit.time", "value_changed")


@pytest.mark.parametrize("step", ["approve", "send"])
def test_visits_left_are_not_found_again_in_the_day_that_they_end_on(office: DraftOffice, step: str) -> None:
    granted = authorized(office, "approved")
    ends = (datetime.now(UTC) + timedelta(days=400)).replace(day=3).date()
    granted |= {"units_approved": 9, "units_used": 2, "period_start": datetime.now(UTC).date(), "period_end": ends}
    draft = brought(office, "auth_approved_patient", to=step)
    assert "still use: 7." in draft["body"]
    granted["units_used"] = 6
    check_refused(office, draft, step, "authorization.units_left", "value_changed")


@pytest.mark.parametrize("step", ["approve", "send"])
def test_what_a_record_had_filled_in_counts_in_a_paragraph_that_a_person_changed_as_well(
    office: DraftOffice, step: str
) -> None:
    visit = booked(office, 3)
    draft = drafted(office, "appt_reminder")
    told = next(one for one in draft["body"].split("\n\n") if "appointment on" in one)
    draft = worded(office, draft, told, f"{told} Please bring your card.", to=step)
    visit["starts_at"] += timedelta(hours=2)
    check_refused(office, draft, step, "visit.time", "value_changed")
    day, hour = visit["visit_date"], visit["starts_at"].astimezone(ZoneInfo(RIVERSIDE.time_zone))
    own = f"We wait for you on {day:%A, %B} {day.day}, {day.year}, {hour:%-I:%M %p}."
    draft = worded(office, draft, f"{told} Please bring your card.", own, to="send")
    assert office.step(draft, "send")["state"] == "sent"


def test_an_hour_that_only_a_person_said_is_theirs(office: DraftOffice) -> None:
    visit = booked(office, 3)
    draft = drafted(office, "appt_reminder")
    told = next(one for one in draft["body"].split("\n\n") if "appointment on" in one)
    draft = worded(office, draft, told, "We wait for you in the afternoon, at about two.", to="send")
    visit["starts_at"] += timedelta(hours=2)
    assert office.step(draft, "send")["state"] == "sent"


def worded(office: DraftOffice, draft: Any, before: str, after: str, *, to: str) -> Any:
    """The draft with other words in place of some, in review or approved."""
    body = {"body": draft["body"].replace(before, after)}
    draft = office.step(office.done("PUT", f"{DRAFTS}/{draft['id']}", body), "submit")
    if to == "approve":
        return draft
    return office.step(draft, "approve", {"contentHash": draft["contentHash"]}, role=Role.MANAGER)
