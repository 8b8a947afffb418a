"""What a draft discloses by the fields that it was filled from, and whom it may be addressed to."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.demo_accounts import RIVERSIDE
from shared.models.roles import Role
from tests.functions.draft_office import ADDRESS, DRAFTS, MODE, DraftOffice
from tests.functions.in_memory import Answer, InMemoryProduct, account

PATIENT = {"kind": "patient", "address": ADDRESS}
PORTAL = {"organisation.portal_link": "https://portal.practice.example/messages"}


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def refused_at(answer: Answer, field: str, code: str) -> None:
    assert answer.status == 422, answer.json
    assert (field, code) in [(one["field"], one["code"]) for one in answer.json["errors"]], answer.json


def changed(office: DraftOffice, draft: Any, **members: Any) -> Any:
    return office.done("PUT", f"{DRAFTS}/{draft['id']}", members)


def status_told(office: DraftOffice) -> Any:
    body = "Good morning.\n\nYour claim was {{claim.status}}.\n\nPlease call us."
    return office.draft(subject="Hello", body=body, recipient=PATIENT, fields={"claim.status": "denied"})


def test_a_field_discloses_though_its_value_is_a_word_like_any_other(office: DraftOffice) -> None:
    draft = status_told(office)
    assert draft["phi"]["level"] == "medium"
    assert "claim.status" in draft["phi"]["disclosed"]
    (reason,) = [one for one in draft["phi"]["reasons"] if one["field"] == "claim.status"]
    told = draft["body"][reason["start"] : reason["end"]]
    assert f"Your claim was {told}." in draft["body"]
    assert office.refused(draft, "submit").json["code"] == "phi_over_limit"


def test_a_field_counts_in_the_paragraph_that_a_person_put_in_its_place(office: DraftOffice) -> None:
    draft = status_told(office)
    reworded = changed(office, draft, body="Good morning.\n\nThey said no to what we billed.\n\nPlease call us.")
    assert "claim.status" in reworded["phi"]["disclosed"]
    assert office.refused(draft, "submit").json["code"] == "phi_over_limit"
    without = changed(office, draft, body="Good morning.\n\nPlease call us.")
    assert without["phi"]["reasons"] == []
    assert office.step(draft, "submit")["state"] == "in_review"


def test_what_a_field_told_can_be_removed(office: DraftOffice) -> None:
    draft = status_told(office)
    asked = {"action": "check_phi", "params": {"draftId": draft["id"], "resolve": "remove"}}
    office.done("POST", f"{MODE}/quick-action", asked)
    removed = office.read(draft)
    assert "Your claim was [removed]." in removed["body"]
    assert removed["phi"]["reasons"] == []


def test_a_field_in_a_subject_discloses(office: DraftOffice) -> None:
    fields = {"claim.status": "denied"}
    draft = office.draft(subject="Claim {{claim.status}}", body="Please call us.", recipient=PATIENT, fields=fields)
    edited = changed(office, draft, body="Please write to us.")
    for one in (draft, edited):
        assert ("phi_in_subject", "claim.status") in [(why["code"], why["field"]) for why in one["phi"]["reasons"]]


def test_a_portal_letter_stays_one_whatever_is_changed_in_it(office: DraftOffice) -> None:
    provider = next(
        str(row["id"]) for row in office.product.records.tables.rows["providers"] if row["client_id"] == RIVERSIDE.id
    )
    members: dict[str, Any] = {
        "template": "provider_query_documentation",
        "recipient": {"reference": provider, "address": "doctor@practice.example"},
        "fields": PORTAL | {"author.question": "Which knee was examined?"},
    }
    draft = office.draft(**members)
    edited = changed(office, draft, body=draft["body"].replace("Which knee was", "Which knee, please, was"))
    assert edited["phi"]["level"] == draft["phi"]["level"] == "high"
    assert "author.question" in edited["phi"]["disclosed"]
    answer = office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"channel": "plain_email"})
    refused_at(answer, "channel", "below_template")
    body = members | {"contextId": draft["contextId"], "channel": "plain_email"}
    refused_at(office.ask("POST", DRAFTS, body), "channel", "below_template")


def test_a_colleague_is_a_member_at_their_own_address(office: DraftOffice) -> None:
    colleague = account(Role.MANAGER, RIVERSIDE)
    body: dict[str, Any] = {"contextId": office.open(), "template": "handoff_note"}
    foreign = {"kind": "colleague", "address": "anybody@evil.example"}
    named = foreign | {"reference": str(colleague.user_id)}
    for recipient in (foreign, named):
        refused_at(office.ask("POST", DRAFTS, body | {"recipient": recipient}), "recipient.address", "not_on_file")
    own = {"kind": "colleague", "reference": str(colleague.user_id), "address": colleague.email.upper()}
    draft = office.done("POST", DRAFTS, body | {"recipient": own})
    for recipient in ({"address": "anybody@evil.example"}, foreign):
        answer = office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"recipient": recipient})
        refused_at(answer, "recipient.address", "not_on_file")
    assert changed(office, draft, recipient={"address": colleague.email})["recipient"]["address"] == colleague.email


@pytest.mark.parametrize("kind", ["payer", "provider", "colleague"])
def test_who_is_nobody_of_ours_is_told_nothing(office: DraftOffice, kind: str) -> None:
    context = office.open(record="REC-NOBODY", kind="Other")
    recipient = {"kind": kind} | ({} if kind == "colleague" else {"address": "x@evil.example"})
    body = {"contextId": context, "subject": "Hello", "body": "Call 212-555-0199.", "recipient": recipient}
    draft = office.done("POST", DRAFTS, body)
    assert draft["phi"]["limit"] == "none"
    assert draft["phi"]["reasons"] != []


def test_an_edit_does_not_turn_a_template_to_somebody_else(office: DraftOffice) -> None:
    draft = office.draft()
    answer = office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"recipient": {"kind": "payer", "address": ADDRESS}})
    refused_at(answer, "recipient.kind", "not_for_recipient")


def test_a_field_without_a_value_in_an_own_subject_is_missing(office: DraftOffice) -> None:
    edited = changed(office, office.draft(), subject="Call {{author.phone}}")
    assert "author.phone" in edited["missing"]
    assert office.refused(edited, "submit").json["code"] == "missing_fields"


@pytest.mark.parametrize("part", ["subject", "body"])
def test_braces_that_fallbacks_leave_do_not_go_out(office: DraftOffice, part: str) -> None:
    braces = "Call {{{organisation.phone|}}{x}} now"
    texts = {"subject": "Hello", "body": "Please call us."} | {part: braces}
    answer = office.ask("POST", DRAFTS, {"contextId": office.open(), "recipient": PATIENT} | texts)
    if answer.status == 201:
        refused_at(office.refused(answer.json, "submit"), part, "unresolved_field")
    else:
        refused_at(answer, part, "merge_syntax")


@pytest.mark.parametrize("nothing", [" \n\t ", "\u200b\u200d\u2060", "\u3164", "{{visit.location|}}"])
def test_a_letter_that_says_nothing_is_refused(office: DraftOffice, nothing: str) -> None:
    body = {"contextId": office.open(), "recipient": PATIENT, "subject": "Hello", "body": nothing}
    refused_at(office.ask("POST", DRAFTS, body), "body", "empty")
    draft = office.draft()
    refused_at(office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"body": nothing}), "body", "empty")


def test_what_the_notice_tells_is_no_place_in_the_letter(office: DraftOffice) -> None:
    fields = {"organisation.portal_link": "https://portal.practice.example/MRN553"}
    letter = "This is a long letter. " * 20
    draft = office.draft(subject="Hello", body=letter, recipient=PATIENT, channel="portal_link", fields=fields)
    assert {one["part"] for one in draft["phi"]["reasons"]} == {"notice"}
    asked = {"action": "check_phi", "params": {"draftId": draft["id"], "resolve": "remove"}}
    office.done("POST", f"{MODE}/quick-action", asked)
    assert office.read(draft)["body"] == draft["body"]


STEPS: dict[str, dict[str, Any]] = {
    "revise": {"instruction": "shorten"},
    "submit": {},
    "request-changes": {"reason": "x"},
    "approve": {"contentHash": "0" * 64},
    "send": {},
    "discard": {},
    "answered": {},
    "retract": {"reason": "x"},
}


@pytest.mark.parametrize("step", [one for one in STEPS if one != "request-changes"])
def test_a_step_is_not_taken_by_who_has_not_opened_the_context(office: DraftOffice, step: str) -> None:
    draft = office.sent() if step in {"answered", "retract"} else office.draft()
    if step == "send":
        draft = office.approved()
    answer = office.refused(draft, step, STEPS[step], role=Role.BILLER)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert office.read(draft)["version"] == draft["version"]
    office.open(role=Role.BILLER)
    assert office.ask("POST", f"{DRAFTS}/{draft['id']}/{step}", STEPS[step], role=Role.BILLER).status != 404


def test_a_draft_is_read_by_its_author_the_leads_and_who_has_opened_its_context(office: DraftOffice) -> None:
    draft = office.draft()
    path = f"{DRAFTS}/{draft['id']}"
    read = {role: office.ask("GET", path, role=role).status for role in Role}
    refused = {Role.BILLER, Role.ELIGIBILITY_SPECIALIST}
    assert read == {role: 404 if role in refused else 200 for role in Role}
    office.open(role=Role.BILLER)
    assert office.read(draft, role=Role.BILLER)["id"] == draft["id"]


def test_a_draft_is_not_read_by_a_role_that_does_not_see_a_field_of_it(office: DraftOffice) -> None:
    told: dict[str, Any] = {"subject": "Hello", "body": "It was {{claim.denial_reason}}.", "recipient": PATIENT}
    draft = office.draft(role=Role.BILLER, **told, fields={"claim.denial_reason": "not covered"})
    office.open(role=Role.FRONT_DESK)
    for method, end, body in (("GET", "", None), ("PUT", "", {"subject": "Hi"}), ("POST", "/discard", {})):
        answer = office.ask(method, f"{DRAFTS}/{draft['id']}{end}", body, role=Role.FRONT_DESK)
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert office.read(draft, role=Role.BILLER)["version"] == draft["version"]
    own = office.draft(role=Role.FRONT_DESK, **told, fields={"claim.denial_reason": "not covered"})
    assert office.read(own, role=Role.FRONT_DESK)["id"] == own["id"]
