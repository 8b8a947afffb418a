"""E-mail drafts beside what all documents have: one contract, both implementations."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from shared.models.firestore.drafts import DraftDocument
from shared.repositories.changes import Change
from tests.contract.conftest import Live
from tests.contract.test_documents import draft
from tests.unit.factories import NOW


def test_a_draft_is_found_by_every_message_id_it_was_sent_under(live: Live) -> None:
    first, second = "<one@practice.example>", "<two@practice.example>"
    sent = draft(live.client, message_id=second, message_ids=(first, second))
    for one in (sent, draft(uuid4(), message_ids=("<three@practice.example>",))):
        live.store.drafts.create(one, None)
    assert [live.store.drafts.of_message(live.client, one) for one in (first, second)] == [sent, sent]
    assert live.store.drafts.of_message(live.client, "<three@practice.example>") is None


def test_drafts_under_way_are_due_longest_first_whosever_they_are(live: Live) -> None:
    early, late = NOW - timedelta(days=9000), NOW - timedelta(days=8999)
    second = draft(live.client, state="queued", attend_at=late)
    first = draft(uuid4(), state="sending", attend_at=early)
    for one in (second, first, draft(live.client), draft(live.client, attend_at=NOW)):
        live.store.drafts.create(one, None)
    found = [one for one in live.under_way.due(late, limit=50) if one.id in {first.id, second.id}]
    assert found == [first, second]
    assert live.under_way.due(early, limit=1) == [first]
    assert second in live.under_way.due(late, limit=50, after=first)
    assert first not in live.under_way.due(late, limit=50, after=first)
    assert second not in live.under_way.due(late, limit=50, after=second)


def test_what_corrects_a_draft_comes_into_being_with_its_retraction(live: Live) -> None:
    wrong, right = draft(live.client, state="sent"), draft(live.client)
    live.store.drafts.create(wrong, None)

    def retract(stored: DraftDocument) -> Change[DraftDocument]:
        return Change(stored.model_copy(update={"state": "retracted", "corrected_by": right.id}), None, new=(right,))

    live.store.drafts.change(live.client, wrong.id, retract)
    assert live.store.drafts.get(live.client, right.id) == right
