"""What comes of sending when processes die, people race, and messages come back: nothing is sent twice by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE
from shared.failpoints import listening
from shared.models.audit import AuditAction
from shared.models.firestore.drafts import DraftDocument
from shared.models.mail import HandOver
from shared.models.outcome import Outcome
from shared.models.roles import Role
from shared.services import draft_sending
from shared.services.draft_sending import BEGUN_WITHIN, LOST_AFTER, TRIED_AGAIN_AFTER, DraftSending, DraftSweep
from tests.functions.draft_office import DRAFTS, MODE, DraftOffice
from tests.functions.in_memory import Answer, InMemoryProduct


class KilledError(BaseException):
    """The process ends here."""


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def stored(office: DraftOffice, draft: Any) -> DraftDocument:
    return office.product.live.documents.drafts[draft["id"]]


def swept(office: DraftOffice, *, after: timedelta = timedelta()) -> Outcome:
    """One run of the sweep, later."""

    def later() -> datetime:
        return datetime.now(UTC) + after

    drafts = office.product.live.drafts
    return DraftSweep(drafts, DraftSending(lambda: drafts, lambda: office.product.mail, now=later), now=later).run()


@pytest.fixture(params=["draft.sending", "draft.handed_over"])
def died(request: pytest.FixtureRequest, office: DraftOffice) -> tuple[str, Any]:
    """A draft whose sending ended with its process, before or after the message was handed over."""
    place, draft = request.param, office.approved()

    def kill(name: str) -> None:
        if name == place:
            raise KilledError

    with listening(kill), pytest.raises(KilledError):
        office.ask("POST", f"{DRAFTS}/{draft['id']}/send", {})
    return place, draft


def test_a_sending_that_died_is_unknown_and_never_sent_again_by_itself(
    office: DraftOffice, died: tuple[str, Any]
) -> None:
    place, draft = died
    handed = 1 if place == "draft.handed_over" else 0
    assert (stored(office, draft).state, len(office.product.mail.handed)) == ("sending", handed)
    assert swept(office) is Outcome.UNCHANGED, "it may still be under way"
    for days in range(3):
        swept(office, after=LOST_AFTER + timedelta(days=days, seconds=1))
        assert (stored(office, draft).state, len(office.product.mail.handed)) == ("send_unknown", handed)
    first = stored(office, draft).message_id
    again = office.step(draft, "send", {"decision": "resend"})
    assert (again["state"], again["messageId"]) == ("sent", first)
    assert len(office.product.mail.written) == 1


def test_who_sends_while_it_is_being_sent_is_told_so(office: DraftOffice, died: tuple[str, Any]) -> None:
    _, draft = died
    refused = office.refused(draft, "send")
    assert (refused.status, refused.json["current"], refused.json["allowed"]) == (409, "sending", [])


def test_what_was_handed_over_late_is_sent_although_the_sweep_had_given_it_up(office: DraftOffice) -> None:
    draft = office.approved()

    def sweep_first(name: str) -> None:
        if name == "draft.handed_over":
            swept(office, after=LOST_AFTER + timedelta(seconds=1))

    with listening(sweep_first):
        sent = office.step(draft, "send")
    assert (sent["state"], len(office.product.mail.handed)) == ("sent", 1)


def test_of_many_who_send_at_once_one_does(office: DraftOffice) -> None:
    draft = office.approved()

    def send(_: int) -> Answer:
        return office.ask("POST", f"{DRAFTS}/{draft['id']}/send", {})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(16)))
    assert sorted(one.status for one in answers) == [200] + [409] * 15
    assert len(office.product.mail.handed) == 1


def test_of_edits_and_approvals_at_once_no_approved_content_is_another(office: DraftOffice) -> None:
    for _ in range(6):
        draft = office.step(office.draft(), "submit")

        def edit(n: int, path: str = f"{DRAFTS}/{draft['id']}") -> Answer:
            return office.ask("PUT", path, {"subject": f"Subject {n}"})

        def approve(_: int, reviewed: Any = draft) -> Answer:
            body = {"contentHash": reviewed["contentHash"]}
            return office.ask("POST", f"{DRAFTS}/{reviewed['id']}/approve", body, role=Role.MANAGER)

        with ThreadPoolExecutor(4) as threads:
            results = [threads.submit(approve if n % 2 else edit, n) for n in range(4)]
            assert {one.result().status for one in results} <= {200, 409}
        after = stored(office, draft)
        assert after.approved_hash in {None, after.content_hash}
        if after.state == "approved":
            assert after.content_hash == draft["contentHash"]


def test_what_nobody_has_is_tried_again_later_and_later_and_then_fails(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("deferred", "unreachable")] * (len(TRIED_AGAIN_AFTER) + 1)
    draft = office.step(office.approved(), "send")
    assert draft["state"] == "queued"
    assert swept(office) is Outcome.UNCHANGED, "its time has not come"
    waited = timedelta()
    for pause in TRIED_AGAIN_AFTER:
        waited += pause + timedelta(seconds=5)
        swept(office, after=waited)
    assert (stored(office, draft).state, stored(office, draft).fault) == ("failed", "unreachable")
    assert len(office.product.mail.handed) == len(TRIED_AGAIN_AFTER) + 1
    assert len({one.message_id for one in office.product.mail.handed}) == 1
    assert swept(office, after=waited * 10) is Outcome.UNCHANGED


def test_a_queued_e_mail_is_sent_by_the_sweep_with_its_own_event(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("deferred", "message_452")]
    draft = office.step(office.approved(followUpOn="2099-01-05"), "send")
    swept(office, after=timedelta(minutes=2))
    assert stored(office, draft).state == "sent"
    assert stored(office, draft).follow_up_task in office.product.live.documents.tasks
    own = [one for one in office.product.events if one.resource_ref == draft["id"] and one.user_id is None]
    assert [(one.action, one.metadata["move"]) for one in own] == [
        (AuditAction.DRAFT_DELIVERY, "begin"),
        (AuditAction.DRAFT_DELIVERY, "written"),
    ]


@pytest.mark.parametrize("subject", ["=?utf-8?b?/w==?=é", "=?utf-8?Q?Hi=0D=0ABcc:_evil=40evil.example?="])
def test_what_cannot_be_written_is_refused_before_it_counts_as_being_sent(office: DraftOffice, subject: str) -> None:
    draft = office.approved()
    drafts = office.product.live.documents.drafts
    drafts[draft["id"]] = stored(office, draft).model_copy(update={"subject": subject})
    refused = office.refused(draft, "send")
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "subject")
    assert (stored(office, draft).state, office.product.mail.handed) == ("approved", [])


def test_that_something_was_sent_is_said_without_a_way_to_send(
    office: DraftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data")]
    draft = office.step(office.approved(), "send")
    monkeypatch.setattr(DraftSending, "_mail", lambda _: pytest.fail("no mailer is needed"))
    assert office.step(draft, "send", {"decision": "was_sent"})["state"] == "sent"


def test_a_sweep_begins_nothing_when_its_minute_is_nearly_over(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("deferred", "message_452")] * 2
    for _ in range(2):
        office.step(office.approved(), "send")
    start, drafts = datetime.now(UTC) + timedelta(minutes=2), office.product.live.drafts

    def now() -> datetime:
        return start + (timedelta() if len(office.product.mail.handed) == 2 else BEGUN_WITHIN + timedelta(seconds=1))

    DraftSweep(drafts, DraftSending(lambda: drafts, lambda: office.product.mail, now=now), now=now).run()
    assert len(office.product.mail.handed) == 3


def test_a_letter_for_the_portal_is_sent_when_a_person_has_put_it_there(office: DraftOffice) -> None:
    link = {"organisation.portal_link": "https://portal.practice.example/messages"}
    draft = office.approved(channel="portal_link", fields=link)
    refused = office.refused(draft, "send")
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "placedInPortal")
    assert (stored(office, draft).state, office.product.mail.handed) == ("approved", [])
    offered = office.done("GET", f"/api/v1/components/guidance/{draft['contextId']}")["guidanceActions"][0]
    assert (offered["action"], offered["kind"], offered["form"]["required"]) == ("send", "form", ["placedInPortal"])
    assert office.step(draft, "send", {"placedInPortal": True})["state"] == "sent"
    (event,) = [
        one
        for one in office.product.events
        if one.resource_ref == draft["id"]
        and one.action is AuditAction.DRAFT_SEND
        and one.metadata.get("move") == "send"
    ]
    assert event.metadata["placedInPortal"] is True


def test_e_mails_that_nothing_can_send_do_not_hide_what_was_lost(
    office: DraftOffice, died: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, draft = died
    monkeypatch.setattr(draft_sending, "SWEPT_AT_ONCE", 1)
    drafts, late = office.product.live.documents.drafts, datetime.now(UTC) + LOST_AFTER + timedelta(seconds=1)
    for name in ("draft_a", "draft_b"):
        waiting = {"id": name, "state": "queued", "attend_at": datetime.now(UTC) - timedelta(days=1)}
        drafts[name] = stored(office, draft).model_copy(update=waiting)
    live = office.product.live.drafts
    DraftSweep(live, DraftSending(lambda: live, lambda: None, now=lambda: late), now=lambda: late).run()
    assert stored(office, draft).state == "send_unknown"
    assert {drafts[name].state for name in ("draft_a", "draft_b")} == {"queued"}


def test_a_queued_e_mail_can_be_discarded_and_is_not_sent(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("deferred", "message_452")]
    draft = office.step(office.approved(), "send")
    office.step(draft, "discard")
    assert swept(office, after=timedelta(days=1)) is Outcome.UNCHANGED
    assert len(office.product.mail.handed) == 1


def report(message_id: str, action: str = "failed", status: str = "5.1.1") -> dict[str, str]:
    return {
        "message": (
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
            f"Final-Recipient: rfc822; a@b.example\nAction: {action}\nStatus: {status}\n\n"
            f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n--b--\n"
        )
    }


def heard(office: DraftOffice, message_id: str, **said: str) -> Any:
    return office.done("POST", f"{MODE}/bounces", report(message_id, **said))


def test_a_bounce_is_matched_asks_for_another_address_and_closes_the_follow_up(office: DraftOffice) -> None:
    sent = office.sent(followUpOn="2099-01-05")
    told = heard(office, sent["messageId"])
    assert (told["outcome"], told["draft"]["state"], told["draft"]["heard"]["status"]) == (
        "bounced",
        "bounced",
        "5.1.1",
    )
    version = told["draft"]["version"]
    assert heard(office, sent["messageId"])["draft"]["version"] == version, "the same report is no change"
    assert office.product.live.documents.tasks[sent["followUpTask"]].state == "auto_closed"
    guidance = office.done("GET", f"/api/v1/components/guidance/{sent['contextId']}")["guidanceActions"]
    assert (guidance[0]["label"], guidance[0]["action"]) == ("Fix Address", "fill_missing_fields")
    params = {"draftId": sent["id"], "recipient": {"address": "new@patients.example"}}
    body = {"action": "fill_missing_fields", "contextId": sent["contextId"], "params": params}
    fixed = office.done("POST", f"{MODE}/quick-action", body)["data"]["draft"]
    assert (fixed["state"], fixed["recipient"]["address"]) == ("draft", "new@patients.example")
    office.step(fixed, "submit")
    office.step(fixed, "approve", {"contentHash": fixed["contentHash"]}, role=Role.MANAGER)
    again = office.step(fixed, "send")
    assert again["messageId"] != sent["messageId"]
    assert heard(office, sent["messageId"])["outcome"] == "outdated"
    assert office.read(again)["state"] == "sent"
    assert heard(office, again["messageId"])["outcome"] == "bounced", "the same words about another message count"


def test_what_is_sent_anew_after_it_came_back_is_followed_up_anew(office: DraftOffice) -> None:
    sent = office.sent(followUpOn="2099-01-05")
    heard(office, sent["messageId"])
    body = {"recipient": {"address": "new@patients.example"}}
    fixed = office.done("PUT", f"{DRAFTS}/{sent['id']}", body)
    office.step(fixed, "submit")
    office.step(fixed, "approve", {"contentHash": fixed["contentHash"]}, role=Role.MANAGER)
    again = office.step(fixed, "send")
    tasks = office.product.live.documents.tasks
    assert (tasks[sent["followUpTask"]].state, tasks[again["followUpTask"]].state) == ("auto_closed", "scheduled")


def test_a_delay_is_noted_and_a_delivery_shown(office: DraftOffice) -> None:
    sent = office.sent()
    delayed = heard(office, sent["messageId"], action="delayed", status="4.4.7")
    assert (delayed["outcome"], delayed["draft"]["state"]) == ("delayed", "sent")
    delivered = heard(office, sent["messageId"], action="delivered", status="2.0.0")
    assert (delivered["outcome"], delivered["draft"]["state"]) == ("delivered", "delivered")
    assert heard(office, sent["messageId"])["outcome"] == "bounced"


def test_a_report_settles_what_nobody_knew(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data")]
    unknown = office.step(office.approved(), "send")
    assert heard(office, unknown["messageId"])["draft"]["state"] == "bounced"


def test_what_only_a_report_tells_to_be_delivered_is_followed_up(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data")]
    unknown = office.step(office.approved(followUpOn="2099-01-05"), "send")
    told = heard(office, unknown["messageId"], action="delivered", status="2.0.0")["draft"]
    assert told["state"] == "delivered"
    assert office.product.live.documents.tasks[told["followUpTask"]].state == "scheduled"


def test_a_bounce_that_comes_before_the_sending_is_recorded_is_not_lost(office: DraftOffice) -> None:
    draft = office.approved()

    def bounce(name: str) -> None:
        if name == "draft.handed_over":
            heard(office, stored(office, draft).message_id or "")

    with listening(bounce):
        assert office.step(draft, "send")["state"] == "bounced"


def test_a_bounce_that_comes_before_a_sending_is_given_up_is_not_lost(
    office: DraftOffice, died: tuple[str, Any]
) -> None:
    _, draft = died
    heard(office, stored(office, draft).message_id or "")
    swept(office, after=LOST_AFTER + timedelta(seconds=1))
    assert stored(office, draft).state == "bounced"


def test_reports_about_others_messages_are_nobodys(office: DraftOffice) -> None:
    theirs = DraftOffice(office.product, LAKESIDE).sent()
    for message_id in (theirs["messageId"], "<nobodys@practice.example>"):
        assert heard(office, message_id) == {"outcome": "not_ours", "draft": None}
    assert DraftOffice(office.product, LAKESIDE).read(theirs)["state"] == "sent"


@pytest.mark.parametrize("garbage", ["hello", "Content-Type: multipart/report\n\nx", "From: a@b.example\n\nI am away."])
def test_what_is_no_report_is_refused(office: DraftOffice, garbage: str) -> None:
    answer = office.ask("POST", f"{MODE}/bounces", {"message": garbage})
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, "not_a_report")


_BODIES = {
    "request-changes": {"reason": "x"},
    "retract": {"reason": "x"},
    "approve": {"contentHash": "0" * 64},
    "revise": {"instruction": "shorten"},
}
_LEAVING = {
    "draft": {"submit", "discard", "revise"},
    "in_review": {"request-changes", "approve", "discard", "revise"},
    "approved": {"send", "discard", "revise"},
    "sent": {"retract", "answered"},
    "discarded": set[str](),
    "retracted": set[str](),
}


@pytest.mark.parametrize("state", _LEAVING)
def test_every_illegal_step_over_the_api_says_what_is_allowed(office: DraftOffice, state: str) -> None:
    def brought() -> Any:
        if state in {"discarded", "retracted"}:
            draft = office.draft() if state == "discarded" else office.sent()
            office.step(draft, state.removesuffix("ed") if state == "retracted" else "discard", {"reason": "x"})
            return draft
        if state == "in_review":
            return office.step(office.draft(), "submit")
        made: Any = {"draft": office.draft, "approved": office.approved, "sent": office.sent}[state]
        return made()

    draft = brought()
    steps = ("submit", "request-changes", "approve", "send", "discard", "retract", "answered", "revise")
    for step in steps:
        if step in _LEAVING[state]:
            continue
        refused = office.refused(draft, step, _BODIES.get(step), role=Role.MANAGER)
        assert (refused.status, refused.json["code"], refused.json["current"]) == (409, "invalid_transition", state), (
            step
        )
        assert refused.json["allowed"] == office.read(draft)["allowed"]
