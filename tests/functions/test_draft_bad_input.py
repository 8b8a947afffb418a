"""E-mails that somebody would turn against their readers: refused or escaped on the whole path, never sent."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE
from shared.models.roles import Role
from tests.functions.draft_office import ADDRESS, DRAFTS, MODE, DraftOffice
from tests.functions.in_memory import Answer, InMemoryProduct, account


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def asked(office: DraftOffice, **members: Any) -> Answer:
    """Ask for a draft that cannot be."""
    body: dict[str, Any] = {"contextId": office.open(), "recipient": {"address": ADDRESS}}
    if "body" not in members:
        body["template"] = "appt_reminder"
    return office.ask("POST", DRAFTS, body | members)


def refused_at(answer: Answer, field: str) -> None:
    assert answer.status == 422, answer.json
    assert field in [one["field"] for one in answer.json["errors"]], answer.json


def nothing_was_sent(office: DraftOffice) -> None:
    assert office.product.mail.handed == []


ENCODED = ["=?utf-8?Q?Hi=0D=0ABcc:_evil=40evil.example=0D=0A=0D=0Abody?=", "=?utf-8?b?/w==?=é", "=?utf-8?b?U1NO?="]
INJECTIONS = ["Hi\r\nBcc: all@evil.example", "Hi\nX-Evil: 1", "Hi\r", "Hi\x00", "Hi\u2028there", "Hi\x0b", "Hi\u202e"]
INJECTIONS += ENCODED


@pytest.mark.parametrize("poison", INJECTIONS)
def test_a_subject_that_would_become_a_header_is_refused(office: DraftOffice, poison: str) -> None:
    recipient = {"kind": "patient", "address": ADDRESS}
    answer = asked(office, subject=poison, body="Hello", recipient=recipient)
    assert answer.status in {400, 422}, answer.json
    draft = office.draft()
    edited = office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"subject": poison})
    assert edited.status in {400, 422}, edited.json
    assert office.read(draft)["version"] == draft["version"]
    nothing_was_sent(office)


@pytest.mark.parametrize("poison", [*INJECTIONS, "Pay <evil@evil.example>", "evil@evil.example"])
def test_a_name_that_would_become_a_header_or_an_address_is_refused(office: DraftOffice, poison: str) -> None:
    answer = asked(office, recipient={"address": ADDRESS, "name": poison})
    assert answer.status in {400, 422}, answer.json
    nothing_was_sent(office)


@pytest.mark.parametrize("poison", ENCODED)
def test_a_name_on_file_that_is_an_encoded_word_stands_before_no_address(office: DraftOffice, poison: str) -> None:
    for row in office.product.records.tables.rows["patients"]:
        if row["client_id"] == RIVERSIDE.id and row["mrn"] == "MRN553":
            row["last_name"] = poison
    refused_at(asked(office), "recipient.name")
    nothing_was_sent(office)


@pytest.mark.parametrize(
    "address",
    ["nobody", "a@b", "a@@b.example", "a@b.example, c@d.example", "Ana <a@b.example>", "a@[127.0.0.1]",
     "a@b.example\r\nBcc: c@d.example", '"a b"@c.example', "a@b..example", ".a@b.example", "a@-b.example",
     "a" * 65 + "@b.example", "a@" + "b" * 300 + ".example", "a@b.example\x00", "a@localhost"],
)  # fmt: skip
def test_an_address_that_does_not_validate_is_refused(office: DraftOffice, address: str) -> None:
    answer = asked(office, recipient={"address": address})
    assert answer.status in {400, 422}, answer.json
    draft = office.draft()
    assert office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"recipient": {"address": address}}).status in {400, 422}
    nothing_was_sent(office)


@pytest.mark.parametrize("text", ["{{patient.ssn}}", "{{ patient.first_name", "{{7*7}}", "{{__class__}}", "}}"])
def test_fields_that_no_template_has_are_refused(office: DraftOffice, text: str) -> None:
    answer = asked(office, subject="Hello", body=f"Dear {text}", recipient={"kind": "patient", "address": ADDRESS})
    refused_at(answer, "body")
    draft = office.draft()
    refused_at(office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"body": text}), "body")
    refused_at(asked(office, fields={"patient.ssn": "1"}), "fields")
    nothing_was_sent(office)


def test_a_template_that_there_is_not_is_refused(office: DraftOffice) -> None:
    refused_at(asked(office, template="phishing"), "template")
    assert asked(office, template="../phrases").status == 422
    assert asked(office, template="phrases").status == 422


def test_recipients_of_another_organisation_are_nobody(office: DraftOffice) -> None:
    theirs = DraftOffice(office.product, LAKESIDE)
    patient = theirs.done("GET", "/api/v1/records/patient/MRN553")["id"]
    payer = next(
        str(row["id"]) for row in office.product.records.tables.rows["payers"] if row["client_id"] == LAKESIDE.id
    )
    person = str(account(Role.MANAGER, LAKESIDE).user_id)
    for kind, reference in (("patient", patient), ("payer", payer), ("provider", payer), ("colleague", person)):
        members: dict[str, Any] = {"subject": "Hello", "body": "Hello"}
        answer = asked(office, **members, recipient={"kind": kind, "reference": reference, "address": ADDRESS})
        unknown = {"kind": kind, "reference": "nobody", "address": ADDRESS}
        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert asked(office, **members, recipient=unknown).status == 404
        draft = office.draft()
        edited = office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"recipient": {"kind": kind, "reference": reference}})
        assert edited.status == 404
    nothing_was_sent(office)


def test_a_letter_about_one_patient_does_not_go_to_another(office: DraftOffice) -> None:
    other = next(
        row["mrn"]
        for row in office.product.records.tables.rows["patients"]
        if row["client_id"] == RIVERSIDE.id and row["mrn"] != "MRN553"
    )
    assert asked(office, recipient={"reference": other, "address": ADDRESS}).status == 404
    nothing_was_sent(office)


def test_a_colleague_gets_it_at_the_address_on_file(office: DraftOffice) -> None:
    colleague = account(Role.MANAGER, RIVERSIDE)
    draft = office.draft(template="handoff_note", recipient={"reference": str(colleague.user_id)})
    assert (draft["recipient"]["address"], draft["recipient"]["name"]) == (colleague.email, colleague.name)


SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{patient.mrn}}",
    "</p><a href='https://evil.example'>x</a>",
]


@pytest.mark.parametrize("evil", SCRIPTS)
def test_html_and_scripts_in_the_records_are_text(office: DraftOffice, evil: str) -> None:
    patient = next(
        row
        for row in office.product.records.tables.rows["patients"]
        if row["client_id"] == RIVERSIDE.id and row["mrn"] == "MRN553"
    )
    patient["first_name"] = f"Elena {evil}"
    body: dict[str, Any] = {"contextId": office.open(), "template": "appt_reminder", "recipient": {"address": ADDRESS}}
    answer = office.ask("POST", DRAFTS, body)
    if answer.status == 422:  # a name that could be taken for an address stands before none
        refused_at(answer, "recipient.name")
        body["recipient"] = {"address": ADDRESS, "name": "Elena"}
        answer = office.ask("POST", DRAFTS, body)
    if answer.status == 422:
        nothing_was_sent(office)
        return
    draft = answer.json
    office.step(draft, "submit")
    office.step(draft, "approve", {"contentHash": office.read(draft)["contentHash"]}, role=Role.MANAGER)
    office.step(draft, "send")
    (raw,) = office.product.mail.written.values()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    assert html is not None
    for markup in ("<script", "<img", "<a ", "onerror=alert(1)>"):
        assert markup not in html.get_content()
    assert "MRN553" not in raw.decode("ascii")


def test_scripts_in_own_words_are_escaped(office: DraftOffice) -> None:
    recipient = {"kind": "patient", "address": ADDRESS}
    sent = office.sent(subject="Hello", body="<script>alert('x')</script> & <b>bold</b>", recipient=recipient)
    message = message_from_bytes(office.product.mail.written[sent["messageId"]], policy=default)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()
    assert "<script>" in text.get_content()


def test_phi_in_a_subject_is_refused_whoever_reads_it(office: DraftOffice) -> None:
    recipient = {"kind": "payer", "address": "claims@payer.example"}
    draft = office.draft(subject="About MRN 1234567", body="Please call us.", recipient=recipient)
    refused = office.refused(draft, "submit")
    assert (refused.json["code"], refused.json["errors"][0]["code"]) == ("phi_over_limit", "phi_in_subject")


@pytest.mark.parametrize(
    "step", ["submit", "request-changes", "approve", "send", "discard", "retract", "answered", "revise"]
)
def test_a_draft_of_another_organisation_is_nobodys(office: DraftOffice, step: str) -> None:
    draft = DraftOffice(office.product, LAKESIDE).draft()
    bodies = {
        "approve": {"contentHash": draft["contentHash"]},
        "request-changes": {"reason": "x"},
        "retract": {"reason": "x"},
        "revise": {"instruction": "shorten"},
    }
    foreign = office.refused(draft, step, bodies.get(step), role=Role.ADMIN)
    unknown = office.refused({"id": "draft_unknown"}, step, bodies.get(step), role=Role.ADMIN)
    assert foreign.status == unknown.status == 404


def test_a_name_before_an_address_discloses_nothing(office: DraftOffice) -> None:
    words = {"subject": "Hello", "body": "Please call us."}
    for name in ("Elena Vasquez", "Member ID ABC1234567"):
        payer = {"kind": "payer", "address": "claims@payer.example", "name": name}
        refused_at(asked(office, **words, recipient=payer), "recipient.name")
    assert asked(office, recipient={"address": ADDRESS, "name": "Elena V."}).status == 201


def test_a_link_to_the_portal_discloses_nothing_either(office: DraftOffice) -> None:
    recipient = {"kind": "patient", "address": ADDRESS}
    members: dict[str, Any] = {"subject": "Hello", "body": "Hello", "recipient": recipient, "channel": "portal_link"}
    draft = office.draft(**members, fields={"organisation.portal_link": "https://portal.practice.example/MRN553"})
    assert office.refused(draft, "submit").json["code"] == "phi_over_limit"
    plain = office.draft(**members, fields={"organisation.portal_link": "https://portal.practice.example/messages"})
    assert office.step(plain, "submit")["state"] == "in_review"


def test_an_auditor_changes_nothing(office: DraftOffice) -> None:
    draft = office.draft()
    assert office.refused(draft, "submit", role=Role.AUDITOR).status == 403
    assert office.read(draft, role=Role.AUDITOR)["id"] == draft["id"]


def test_a_follow_up_lies_ahead(office: DraftOffice) -> None:
    refused_at(asked(office, followUpOn="2020-01-01"), "followUpOn")


def test_lists_are_the_contexts_the_own_or_the_leads(office: DraftOffice) -> None:
    draft = office.draft()
    assert office.ask("GET", DRAFTS).status == 403
    mine = office.done("GET", f"{DRAFTS}?author=me")["drafts"]
    here = office.done("GET", f"{DRAFTS}?contextId={draft['contextId']}")["drafts"]
    everything = office.done("GET", f"{DRAFTS}?state=draft", role=Role.MANAGER)["drafts"]
    assert [one["id"] for one in (*mine, *here, *everything)] == [draft["id"]] * 3
    assert office.done("GET", f"{DRAFTS}?author=me", role=Role.BILLER)["drafts"] == []
    assert office.ask("GET", f"{MODE}/drafts?author=me&contextId=x").status == 422


HIV = "HIV drugs not covered"


@pytest.mark.parametrize("on_file", [None, "", "Not a covered benefit"])
@pytest.mark.parametrize("role", [Role.BILLER, Role.FRONT_DESK])
def test_what_a_person_fills_in_is_measured_whatever_the_record_says(
    office: DraftOffice, role: Role, on_file: str | None
) -> None:
    for row in office.product.records.tables.rows["claims"]:
        row["denial_reason"] = on_file
    told: dict[str, Any] = {"subject": "Hello", "body": f"Your claim: {HIV}."}
    told |= {"recipient": {"kind": "patient", "address": ADDRESS}, "fields": {"claim.denial_reason": HIV}}
    draft = office.draft(role=role, **told)
    assert draft["phi"]["level"] == "high"
    assert "claim.denial_reason" in draft["phi"]["disclosed"]
    assert office.refused(draft, "submit", role=role).json["code"] == "phi_over_limit"
    nothing_was_sent(office)
