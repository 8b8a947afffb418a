"""A delivery report that is faster than the record of the sending: the message is out, and is never sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.failpoints import listening
from shared.models.audit import AuditAction
from shared.models.mail import HandOver
from shared.models.outcome import Outcome
from shared.services.draft_sending import LOST_AFTER
from tests.functions.draft_office import DRAFTS, DraftOffice
from tests.functions.in_memory import InMemoryProduct
from tests.functions.test_draft_sending import KilledError, heard, stored, swept

DAY = "2099-01-05"


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def delivered(office: DraftOffice, draft: Any) -> Any:
    return heard(office, stored(office, draft).message_id or "", action="delivered", status="2.0.0")


def at_hand_over(do: Callable[[], Any]) -> Callable[[str], None]:
    return lambda name: do() and None if name == "draft.handed_over" else None


def killed(office: DraftOffice, draft: Any) -> None:
    def kill(name: str) -> None:
        if name == "draft.handed_over":
            raise KilledError

    with listening(kill), pytest.raises(KilledError):
        office.ask("POST", f"{DRAFTS}/{draft['id']}/send", {})


def followed_up(office: DraftOffice) -> list[str]:
    tasks = office.product.live.documents.tasks.values()
    return [one.id for one in tasks if one.source == "rule:email_follow_up" and one.state == "scheduled"]


def test_what_arrived_although_its_sender_died_is_delivered_and_followed_up(office: DraftOffice) -> None:
    draft = office.approved(followUpOn=DAY)
    killed(office, draft)
    told = delivered(office, draft)
    assert (told["outcome"], told["draft"]["state"]) == ("delivered", "delivered")
    assert told["draft"]["sentAt"] is not None
    assert followed_up(office) == [told["draft"]["followUpTask"]]
    version = told["draft"]["version"]
    assert delivered(office, draft)["draft"]["version"] == version, "the same report is no change"
    assert swept(office, after=LOST_AFTER + timedelta(days=1)) is Outcome.UNCHANGED
    refused = office.refused(draft, "send")
    assert (refused.status, refused.json["current"]) == (409, "delivered")
    assert (len(office.product.mail.handed), len(followed_up(office))) == (1, 1)


@pytest.mark.parametrize(
    "handed", [HandOver("accepted", "written"), HandOver("deferred", "message_452"), HandOver("refused", "message_550"),
               HandOver("unknown", "no_answer_after_data")]
)  # fmt: skip
def test_whatever_comes_of_the_hand_over_afterwards_it_stays_delivered(office: DraftOffice, handed: HandOver) -> None:
    office.product.mail.answers = [handed]
    draft = office.approved(followUpOn=DAY)
    path = f"{DRAFTS}/{draft['id']}/send"
    with listening(at_hand_over(lambda: delivered(office, draft))):
        sent = office.done("POST", path, {}, Idempotency_Key="once")
    assert (sent["state"], sent["fault"]) == ("delivered", None)
    assert office.done("POST", path, {}, Idempotency_Key="once") == sent
    swept(office, after=timedelta(days=1))
    assert (stored(office, draft).state, len(office.product.mail.handed)) == ("delivered", 1)
    assert followed_up(office) == [sent["followUpTask"]]
    moves = [
        one.metadata["move"]
        for one in office.product.events
        if one.resource_ref == draft["id"] and one.action is AuditAction.DRAFT_DELIVERY
    ]
    assert moves == [handed.code]


def test_what_waits_to_be_sent_again_is_not_when_it_has_arrived(office: DraftOffice) -> None:
    """A first sending that nobody knew of, sent again by a person's decision, and put off by the server."""
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data"), HandOver("deferred", "message_452")]
    draft = office.step(office.approved(), "send")
    waiting = office.step(draft, "send", {"decision": "resend"})
    assert waiting["state"] == "queued"
    told = delivered(office, draft)
    assert (told["draft"]["state"], told["draft"]["fault"]) == ("delivered", None)
    assert swept(office, after=timedelta(days=1)) is Outcome.UNCHANGED
    assert len(office.product.mail.handed) == 2


def test_a_bounce_that_was_heard_first_is_not_lost_by_a_later_word(office: DraftOffice) -> None:
    draft = office.approved()
    killed(office, draft)
    heard(office, stored(office, draft).message_id or "")
    assert delivered(office, draft)["outcome"] == "noted"
    swept(office, after=LOST_AFTER + timedelta(seconds=1))
    assert stored(office, draft).state == "bounced"


def test_a_bounce_of_an_earlier_sending_does_not_count_for_the_next_one(office: DraftOffice) -> None:
    office.product.mail.answers = [HandOver("unknown", "no_answer_after_data"), HandOver("deferred", "message_452")]
    draft = office.step(office.approved(followUpOn=DAY), "send")
    office.step(draft, "send", {"decision": "resend"})
    message_id = stored(office, draft).message_id or ""
    assert heard(office, message_id)["draft"]["state"] == "queued"
    swept(office, after=timedelta(minutes=2))
    assert (stored(office, draft).state, len(followed_up(office))) == ("sent", 1)
    assert heard(office, message_id)["draft"]["state"] == "bounced"
