"""Every template on the whole path: merged from the records, filled in, reviewed, sent, and read by Python's parser."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from infra.local.demo_accounts import RIVERSIDE
from shared.domain.email.phi import LEVELS
from shared.domain.email.templates import NAMES, template
from shared.models.roles import Role
from tests.functions.draft_office import DRAFTS, DraftOffice
from tests.functions.in_memory import InMemoryProduct, account

# Planted in the records: in full they may stand in no e-mail at all, whoever reads it.
CANARIES = {"mrn": "MRN7700441122", "member_id": "CANARY5599887766", "phone": "212-555-0147"}
DIAGNOSIS = "F32.9"
ADDRESS = "reader@recipients.example"


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    rows = product.records.tables.rows
    patient = next(one for one in rows["patients"] if one["client_id"] == RIVERSIDE.id and one["mrn"] == "MRN553")
    patient |= {"mrn": CANARIES["mrn"], "phone": CANARIES["phone"]}
    for one in rows["coverages"]:
        if one["patient_id"] == patient["id"]:
            one["member_id"] = CANARIES["member_id"]
    for one in rows["authorizations"]:
        if one["patient_id"] == patient["id"]:
            one["diagnosis_codes"] = (DIAGNOSIS,)
    return DraftOffice(product)


def filled(form: dict[str, Any]) -> dict[str, Any]:
    """An answer for each field that a form asks for."""
    answers: dict[str, Any] = {}
    for name, schema in form["properties"].items():
        if schema["type"] == "integer":
            answers[name] = 3
        elif schema.get("format") == "date":
            answers[name] = "2026-12-09"
        elif schema.get("format") == "uri":
            answers[name] = "https://portal.practice.example/messages"
        elif "hh" in str(schema) or "0-3" in schema.get("pattern", ""):
            answers[name] = "14:30"
        elif "{1,8}" in schema.get("pattern", ""):
            answers[name] = "120.50"
        else:
            answers[name] = "as we told you"
    return answers


def stand(office: DraftOffice, needs: Mapping[str, tuple[str, ...]]) -> None:
    """Put the patient's records into the first of the states that a template holds for."""
    rows = office.product.records.tables.rows
    patient = next(one for one in rows["patients"] if one["mrn"] == CANARIES["mrn"])
    own = {"client_id": RIVERSIDE.id, "patient_id": patient["id"]}
    payer = next(one["payer_id"] for one in rows["coverages"] if one["patient_id"] == patient["id"])
    if "authorization" in needs:
        office.product.records.tables.add(
            "authorizations", own | {"auth_number": "AUTH-STAND", "payer_id": payer, "status": "draft"}
        )
    for record, states in needs.items():
        for one in rows[f"{record}s"]:
            if one["patient_id"] == patient["id"]:
                one["status"] = states[0]


def recipient_of(name: str) -> dict[str, str]:
    if template(name).recipient == "colleague":
        return {"reference": str(account(Role.MANAGER).user_id)}
    return {"address": ADDRESS}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_sent_without_a_field_left_and_without_a_canary(office: DraftOffice, name: str) -> None:
    stand(office, template(name).needs)
    context = office.open(record=CANARIES["mrn"])
    draft = office.done("POST", DRAFTS, {"contextId": context, "template": name, "recipient": recipient_of(name)})
    if draft["form"] is not None:
        draft = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"fields": filled(draft["form"])})
    assert draft["missing"] == []
    assert draft["phi"]["reasons"] == [], draft["phi"]
    assert LEVELS.index(draft["phi"]["level"]) <= LEVELS.index(template(name).ceiling)
    office.step(draft, "submit")
    office.step(draft, "approve", {"contentHash": draft["contentHash"]}, role=Role.ADMIN)
    placed = {"placedInPortal": True} if draft["channel"] == "portal_link" else {}
    sent = office.step(draft, "send", placed)
    (raw,) = office.product.mail.written.values()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert (message["Message-ID"], message["Subject"], message.defects) == (sent["messageId"], sent["subject"], [])
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        text = body.get_content()
        assert "{{" not in text
        for canary in (*CANARIES.values(), "1981", DIAGNOSIS):
            assert canary not in text, f"{canary} in {name}"
    told = f"{message['Subject']} {message['From']}"
    assert not any(word in told for word in ("Elena", "Vasquez", CANARIES["mrn"]))


def test_a_decision_that_nobody_made_is_not_told_whatever_is_filled_in(office: DraftOffice) -> None:
    context = office.open(record=CANARIES["mrn"])
    asked = {"contextId": context, "template": "auth_approved_patient", "recipient": {"address": ADDRESS}}
    draft = office.done("POST", DRAFTS, asked | {"fields": {"payer.name": "Bluestem", "authorization.number": "A-1"}})
    assert "authorization.record" in draft["missing"]
    refused = office.refused(draft, "submit")
    assert (refused.status, refused.json["code"]) == (422, "missing_fields")
    assert "authorization.record" in [one["field"] for one in refused.json["errors"]]


def test_conditions_are_found_in_words_and_by_the_code_of_a_claim(office: DraftOffice) -> None:
    rows = office.product.records.tables.rows
    patient = next(one for one in rows["patients"] if one["mrn"] == CANARIES["mrn"])
    for one in rows["claims"]:
        if one["patient_id"] == patient["id"]:
            one["diagnosis_codes"] = ("QX77",)
    for body in ("We talked about your schizophrenia.", "We talked about QX77."):
        asked = {"contextId": office.open(record=CANARIES["mrn"]), "subject": "Hello", "body": body}
        draft = office.done("POST", DRAFTS, asked | {"recipient": {"kind": "patient", "address": ADDRESS}})
        assert [one["kind"] for one in draft["phi"]["reasons"]] == ["diagnosis"]
