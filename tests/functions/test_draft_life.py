"""One draft's life over the API: written, reviewed, approved, sent, heard of, taken back."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from shared import bootstrap_chat
from shared.config import settings
from shared.models.audit import AuditAction
from shared.models.mail import HandOver
from shared.models.roles import Role
from tests.functions.draft_office import ADDRESS, DRAFTS, MODE, DraftOffice
from tests.functions.in_memory import InMemoryProduct, account
from tests.integration.gemini.server import KEY, MODEL, answers, fails, gemini_server


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def only_message(office: DraftOffice) -> EmailMessage:
    (raw,) = office.product.mail.written.values()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_is_merged_measured_reviewed_approved_sent_and_read_again(office: DraftOffice) -> None:
    draft = office.draft()
    assert (draft["state"], draft["missing"], draft["phi"]["reasons"]) == ("draft", [], [])
    assert "{{" not in draft["body"]
    assert "Elena" in draft["body"]
    sent = office.step(office.approved(), "send")
    assert (sent["state"], sent["allowed"]) == ("sent", ["retract"])
    message = only_message(office)
    assert message["Message-ID"] == sent["messageId"]
    assert message["To"].addresses[0].addr_spec == ADDRESS
    assert message["To"].addresses[0].display_name == "Elena Vasquez"
    assert message["From"].addresses[0].display_name == office.organisation.name
    assert message["Bcc"] is None
    assert message["Date"].datetime is not None
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip().replace("\r\n", "\n") == sent["body"]
    assert "Elena" in html.get_content()


def test_every_step_is_audited_with_what_is_disclosed_and_never_with_a_value(office: DraftOffice) -> None:
    sent = office.sent()
    events = [one for one in office.product.events if one.resource_ref == sent["id"]]
    moves = [(one.action, one.metadata["move"], one.metadata["state"]) for one in events if "move" in one.metadata]
    assert moves == [
        (AuditAction.DRAFT_CREATE, "create", "draft"),
        (AuditAction.DRAFT_MOVE, "submit", "in_review"),
        (AuditAction.DRAFT_APPROVE, "approve", "approved"),
        (AuditAction.DRAFT_SEND, "send", "sending"),
        (AuditAction.DRAFT_DELIVERY, "written", "sent"),
    ]
    assert all("patient.first_name" in one.metadata["disclosed"] for one in events if "move" in one.metadata)
    told = " ".join(one.model_dump_json() for one in events)
    for secret in ("Elena", "Vasquez", ADDRESS, "MRN553"):
        assert secret not in told


def test_an_edit_takes_the_approval_away_and_what_was_approved_cannot_be_sent(office: DraftOffice) -> None:
    approved = office.approved()
    edited = office.done(
        "PUT", f"{DRAFTS}/{approved['id']}", {"body": "Please call us.", "version": approved["version"]}
    )
    assert (edited["state"], edited["approvedBy"]) == ("draft", None)
    refused = office.refused(approved, "send")
    assert (refused.status, refused.json["code"], refused.json["current"]) == (409, "invalid_transition", "draft")
    assert office.product.mail.handed == []


def test_an_approval_is_for_the_content_that_was_read(office: DraftOffice) -> None:
    draft = office.draft()
    office.done("PUT", f"{DRAFTS}/{draft['id']}", {"subject": "Your visit"})
    office.step(draft, "submit")
    refused = office.refused(draft, "approve", {"contentHash": draft["contentHash"]}, role=Role.MANAGER)
    assert (refused.status, refused.json["code"]) == (409, "stale_content")
    assert office.read(draft)["state"] == "in_review"


def test_an_edit_while_somebody_approves_leaves_no_approved_draft(office: DraftOffice) -> None:
    in_review = office.step(office.draft(), "submit")
    office.done("PUT", f"{DRAFTS}/{in_review['id']}", {"subject": "Another subject"})
    refused = office.refused(in_review, "approve", {"contentHash": in_review["contentHash"]}, role=Role.MANAGER)
    assert (refused.status, refused.json["code"]) == (409, "invalid_transition")


def test_authors_approve_their_own_and_only_leads_approve_others(office: DraftOffice) -> None:
    own = office.step(office.draft(), "submit")
    hashed = {"contentHash": own["contentHash"]}
    office.open(role=Role.BILLER)
    refused = office.refused(own, "approve", hashed, role=Role.BILLER)
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert office.step(own, "approve", hashed)["state"] == "approved"


def high(office: DraftOffice, role: Role) -> Any:
    """A letter in review that discloses much, and may: it is read in the payer's portal."""
    body = "The patient was born on 1981-04-03, date of birth 04/03/1981."
    members: dict[str, Any] = {"subject": "An appeal", "body": body, "channel": "portal_link"}
    members["recipient"] = {"kind": "payer", "address": "appeals@payer.example"}
    members["fields"] = {"organisation.portal_link": "https://portal.practice.example/messages"}
    draft = office.draft(role=role, **members)
    assert (draft["phi"]["level"], draft["phi"]["reasons"]) == ("high", [])
    return office.step(draft, "submit", role=role)


def test_above_the_limit_four_eyes_see_an_e_mail(office: DraftOffice) -> None:
    draft = high(office, Role.MANAGER)
    hashed = {"contentHash": draft["contentHash"]}
    refused = office.refused(draft, "approve", hashed, role=Role.MANAGER)
    assert (refused.status, refused.json["code"]) == (403, "four_eyes")
    assert office.step(draft, "approve", hashed, role=Role.ADMIN)["state"] == "approved"


def test_who_has_worded_it_is_no_second_pair_of_eyes(office: DraftOffice) -> None:
    draft = high(office, Role.BILLER)
    office.done("PUT", f"{DRAFTS}/{draft['id']}", {"subject": "Our appeal"}, role=Role.ADMIN)
    again = office.step(draft, "submit", role=Role.BILLER)
    refused = office.refused(draft, "approve", {"contentHash": again["contentHash"]}, role=Role.ADMIN)
    assert refused.json["code"] == "four_eyes"


def test_a_letter_for_the_portal_sends_only_where_it_can_be_read(office: DraftOffice) -> None:
    draft = high(office, Role.BILLER)
    office.step(draft, "approve", {"contentHash": draft["contentHash"]}, role=Role.ADMIN)
    assert office.refused(draft, "send", role=Role.BILLER).json["errors"][0]["field"] == "placedInPortal"
    office.step(draft, "send", {"placedInPortal": True}, role=Role.BILLER)
    (raw,) = office.product.mail.written.values()
    assert b"portal.practice.example" in raw
    for told in (b"1981", b"born", b"04/03"):
        assert told not in raw


def test_over_the_limit_nothing_is_submitted_and_both_ways_out_lead_out(office: DraftOffice) -> None:
    body = "Your date of birth is 04/03/1981. Please call us."
    members: dict[str, Any] = {
        "subject": "A question",
        "body": body,
        "recipient": {"kind": "patient", "address": ADDRESS},
    }
    first = office.draft(**members)
    refused = office.refused(first, "submit")
    assert (refused.status, refused.json["code"]) == (422, "phi_over_limit")
    assert refused.json["allowed"] == ["remove", "portal_link"]
    assert "1981" not in str(refused.json)
    action = {"action": "check_phi", "contextId": first["contextId"]}
    removed = office.done(
        "POST", f"{MODE}/quick-action", action | {"params": {"draftId": first["id"], "resolve": "remove"}}
    )
    assert removed["data"]["draft"]["phi"]["reasons"] == []
    assert "1981" not in removed["data"]["draft"]["body"]
    second = office.draft(**members)
    linked = office.done(
        "POST", f"{MODE}/quick-action", action | {"params": {"draftId": second["id"], "resolve": "portal_link"}}
    )
    assert linked["data"]["draft"]["missing"] == ["organisation.portal_link"]
    link = {"organisation.portal_link": "https://portal.practice.example"}
    office.done("PUT", f"{DRAFTS}/{second['id']}", {"fields": link})
    assert office.step(second, "submit")["state"] == "in_review"


def test_what_is_missing_is_asked_for_by_a_form_and_blocks_review(office: DraftOffice) -> None:
    context = office.open()
    draft = office.done("POST", DRAFTS, {"contextId": context, "template": "appt_reminder"})
    assert draft["missing"] == ["recipient.address"]
    refused = office.refused(draft, "submit")
    assert (refused.status, refused.json["code"]) == (422, "missing_fields")
    assert [one["field"] for one in refused.json["errors"]] == ["recipient.address"]


def test_revisions_keep_the_wording_the_instruction_and_the_difference(office: DraftOffice) -> None:
    draft = office.draft()
    friendly = office.step(draft, "revise", {"instruction": "set_tone", "tone": "friendly"})
    short = office.step(draft, "revise", {"instruction": "shorten"})
    assert friendly["body"] != draft["body"]
    assert len(short["body"]) < len(friendly["body"])
    assert [one["instruction"] for one in short["revisions"]] == ["set_tone:friendly", "shorten"]
    first = short["revisions"][0]["difference"]
    assert "".join(part["text"] for part in first if part["op"] != "insert") == draft["body"]
    assert "".join(part["text"] for part in first if part["op"] != "delete") == friendly["body"]


def test_what_a_person_wrote_stays_when_the_template_is_worded_anew(office: DraftOffice) -> None:
    draft = office.draft()
    first, *others = draft["body"].split("\n\n")
    own = "My own words, of 2 days ago."
    mixed = "\n\n".join((first, own, *others))
    edited = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"body": mixed})
    assert (edited["body"], edited["ownWords"]) == (mixed, True)
    friendly = office.step(draft, "revise", {"instruction": "set_tone", "tone": "friendly"})
    assert own in friendly["body"].split("\n\n")
    assert others[0] not in friendly["body"]
    filled = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"fields": {"organisation.phone": "555-010-2000"}})
    assert own in filled["body"]
    assert "555-010-2000" in filled["body"]
    assert filled["missing"] == []


def test_a_subject_of_ones_own_stays(office: DraftOffice) -> None:
    draft = office.draft()
    office.done("PUT", f"{DRAFTS}/{draft['id']}", {"subject": "See you soon"})
    assert office.step(draft, "revise", {"instruction": "shorten"})["subject"] == "See you soon"


def test_a_persons_own_words_are_not_reworded(office: DraftOffice) -> None:
    draft = office.draft(subject="Hello", body="Please call us.", recipient={"kind": "patient", "address": ADDRESS})
    refused = office.refused(draft, "revise", {"instruction": "shorten"})
    assert (refused.status, refused.json["code"]) == (409, "own_words")


def test_what_could_not_be_handed_over_waits_and_what_was_refused_fails(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("deferred", "recipient_451"), HandOver("refused", "recipient_550")]
    waiting = office.step(office.approved(), "send")
    assert (waiting["state"], waiting["fault"]) == ("queued", "recipient_451")
    failed = office.step(office.approved(), "send")
    assert (failed["state"], failed["fault"]) == ("failed", "recipient_550")
    assert office.step(failed, "send")["state"] == "sent"


def test_of_an_unknown_sending_a_person_decides_and_its_message_id_stays(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data")] * 2
    first, second = office.step(office.approved(), "send"), office.step(office.approved(), "send")
    assert first["state"] == "send_unknown"
    assert office.refused(first, "send").json["allowed"] == ["resend", "mark_sent"]
    again = office.step(first, "send", {"decision": "resend"})
    assert (again["state"], again["messageId"]) == ("sent", first["messageId"])
    dates = {one.date for one in office.product.mail.handed if one.message_id == first["messageId"]}
    assert len(dates) == 1
    settled = office.step(second, "send", {"decision": "was_sent"})
    assert (settled["state"], len(office.product.mail.handed)) == ("sent", 3)


def test_the_answer_is_followed_up_until_it_comes(office: DraftOffice) -> None:
    sent = office.sent(followUpOn="2099-01-05")
    task = office.product.live.documents.tasks[sent["followUpTask"]]
    assert (task.state, task.assigned_to) == ("scheduled", str(account(Role.FRONT_DESK).user_id))
    answered = office.step(sent, "answered")
    assert answered["answeredAt"] is not None
    assert office.product.live.documents.tasks[sent["followUpTask"]].state == "auto_closed"


def test_a_retraction_links_its_correction_and_closes_the_follow_up(office: DraftOffice) -> None:
    sent = office.sent(followUpOn="2099-01-05")
    done = office.step(sent, "retract", {"reason": "The time was wrong"})
    assert (done["draft"]["state"], done["draft"]["correctedBy"]) == ("retracted", done["correction"]["id"])
    assert done["correction"]["corrects"] == sent["id"]
    assert office.read(done["correction"])["state"] == "draft"
    assert office.product.live.documents.tasks[sent["followUpTask"]].state == "auto_closed"


def test_the_summary_and_the_guidance_say_what_is_next(office: DraftOffice) -> None:
    draft = office.draft()
    summary = office.done("GET", f"{MODE}/summary?contextId={draft['contextId']}")
    assert summary["summary"] == (
        "1 draft, 0 in review, 0 bounced. appt reminder to patient (draft): nothing missing; PHI low."
    )
    guidance = office.done("GET", f"/api/v1/components/guidance/{draft['contextId']}")["guidanceActions"]
    assert guidance[0]["action"] == "submit_for_review"
    office.step(draft, "submit")
    assert office.done("GET", f"{MODE}/summary?contextId={draft['contextId']}")["status"] == "pending"


def test_only_who_may_approve_an_e_mail_is_offered_to(office: DraftOffice) -> None:
    draft = office.step(office.draft(), "submit")
    for role, may in ((Role.FRONT_DESK, True), (Role.MANAGER, True), (Role.ELIGIBILITY_SPECIALIST, False)):
        assert office.open(role=role) == draft["contextId"]
        offered = office.done("GET", f"/api/v1/components/guidance/{draft['contextId']}", role=role)
        assert ("approve" in {one["action"] for one in offered["guidanceActions"]}) is may
    refused = office.refused(draft, "approve", {"contentHash": draft["contentHash"]}, role=Role.ELIGIBILITY_SPECIALIST)
    assert refused.status == 403


def test_a_repeated_key_makes_one_draft_and_sends_once(office: DraftOffice) -> None:
    body = {"contextId": office.open(), "template": "appt_reminder", "recipient": {"address": ADDRESS}}
    first = office.done("POST", DRAFTS, body, Idempotency_Key="one")
    assert office.done("POST", DRAFTS, body, Idempotency_Key="one") == first
    approved = office.approved()
    path = f"{DRAFTS}/{approved['id']}/send"
    sent = office.done("POST", path, {}, Idempotency_Key="two")
    assert office.done("POST", path, {}, Idempotency_Key="two") == sent
    assert len(office.product.mail.handed) == 1


def test_what_a_person_wrote_into_a_letter_stays_in_every_style_and_is_named(office: DraftOffice) -> None:
    draft = office.draft()
    first, rest = draft["body"].split("\n\n", 1)
    mine = "Please bring the X-ray from last year."
    edited = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"body": f"{first}\n\n{mine}\n\n{rest}"})
    assert (edited["ownWords"], edited["byHand"]) == (True, [mine])
    for instruction, tone in (("set_tone", "firm"), ("expand", None), ("simplify", None), ("shorten", None)):
        revised = office.step(draft, "revise", {"instruction": instruction} | ({"tone": tone} if tone else {}))
        assert revised["byHand"] == [mine]
        assert revised["body"].count(mine) == 1
        assert revised["body"] != edited["body"]
        edited = revised
    whole = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"body": mine})
    assert whole["byHand"] == [mine]
    assert office.refused(draft, "revise", {"instruction": "expand"}).json["code"] == "own_words"


def test_a_model_rewrites_a_persons_text_only_where_no_fact_changes(
    office: DraftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "Please call us by March 5, 2026 about the $20."
    draft = office.draft(subject="Hello", body=own, recipient={"kind": "patient", "address": ADDRESS})
    wish = {"instruction": "rewrite", "wish": "kinder"}
    assert office.refused(draft, "revise", wish).json["code"] == "no_model"
    assert office.refused(draft, "revise", {"instruction": "rewrite"}).status == 422
    with gemini_server() as server:
        for name, value in {"MODEL": MODEL, "API_KEY": KEY, "URL": server.url}.items():
            monkeypatch.setenv(f"MOBIUS_GEMINI_{name}", value)
        settings.cache_clear()
        bootstrap_chat.rewriter.cache_clear()
        server.plays(answers("Please ring us by March 6, 2026 about the $20."))
        changed = office.refused(draft, "revise", wish)
        assert (changed.status, changed.json["code"]) == (422, "facts_changed")
        assert [one["code"] for one in changed.json["errors"]] == ["fact_lost", "fact_added"]
        assert "March" not in str(changed.json)
        server.plays(fails(503))
        assert office.refused(draft, "revise", wish).status == 503
        assert office.read(draft)["body"] == own
        server.plays(answers("It would be kind of you to ring us by March 5, 2026 about the $20."))
        done = office.step(draft, "revise", wish)
        assert done["body"].startswith("It would be kind")
        assert [one["instruction"] for one in done["revisions"]] == ["rewrite"]
        assert not server.complaints
    bootstrap_chat.rewriter.cache_clear()
    settings.cache_clear()


def test_a_field_that_is_filled_in_later_makes_no_paragraph_a_persons(office: DraftOffice) -> None:
    draft = office.draft(template="balance_reminder")
    assert draft["missing"] == ["claim.balance"]
    filled = office.done("PUT", f"{DRAFTS}/{draft['id']}", {"fields": {"claim.balance": "182.40"}})
    assert (filled["missing"], filled["byHand"], filled["ownWords"]) == ([], [], False)
    friendly = office.step(draft, "revise", {"instruction": "set_tone", "tone": "friendly"})
    assert "there is still an open balance of $182.40" in friendly["body"]


def test_what_was_removed_does_not_come_back_with_another_tone(office: DraftOffice) -> None:
    draft = office.draft()
    first, rest = draft["body"].split("\n\n", 1)
    office.done("PUT", f"{DRAFTS}/{draft['id']}", {"body": f"{first}\n\nYour MRN553 file is here.\n\n{rest}"})
    removed = office.done(
        "POST", f"{MODE}/quick-action", {"action": "check_phi", "params": {"draftId": draft["id"], "resolve": "remove"}}
    )
    assert removed["success"], removed
    revised = office.step(draft, "revise", {"instruction": "set_tone", "tone": "firm"})
    assert "MRN553" not in revised["body"]
    assert "[removed]" in revised["body"]
    assert revised["phi"]["reasons"] == []
