"""The draft's state machine: every state with every move, and what a move leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from shared.domain.draft_states import (
    BY_HAND,
    TRANSITIONS,
    DraftMove,
    allowed_moves,
    check_content,
    check_reviewer,
    is_approved,
    move,
)
from shared.errors import ConflictError, ForbiddenError, InvalidTransitionError, ValidationFailedError
from shared.models.firestore.drafts import DraftDocument, DraftState, PhiLevel, Recipient
from shared.models.roles import Role

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
STATES: tuple[DraftState, ...] = get_args(DraftState)
MOVES: tuple[DraftMove, ...] = get_args(DraftMove)
# The table as the design has it, written down once more: from each state, the moves that lead out of it.
DESIGN: dict[str, set[str]] = {
    "draft": {"edit", "submit", "discard"},
    "in_review": {"edit", "request_changes", "approve", "discard"},
    "changes_requested": {"edit", "discard"},
    "approved": {"edit", "send", "discard"},
    "queued": {"begin", "discard", "deliver"},
    "sending": {"confirm", "defer", "fail", "lose", "deliver"},
    "sent": {"retract", "deliver", "bounce"},
    "send_unknown": {"resend", "mark_sent", "confirm", "deliver", "bounce"},
    "delivered": {"retract", "bounce"},
    "bounced": {"edit", "discard"},
    "failed": {"edit", "send", "discard"},
    "discarded": set(),
    "retracted": set(),
}


def a_draft(state: DraftState, **members: object) -> DraftDocument:
    return DraftDocument(
        id="draft_1",
        client_id="c",
        created_at=NOW,
        updated_at=NOW,
        author_id="author",
        contributors=("author",),
        recipient=Recipient(kind="patient", address="a@b.example"),
        subject="s",
        body="b",
        content_hash="h",
        approved_hash="h",
        approved_by="lead",
        message_id="<a@b.example>",
        sort_at=NOW,
        state=state,
    ).model_copy(update=members)


def test_the_table_is_the_designs() -> None:
    assert {state: {one for one in MOVES if state in TRANSITIONS[one].sources} for state in STATES} == DESIGN
    assert set(TRANSITIONS) == set(MOVES)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted", MOVES)
def test_a_move_leads_where_the_table_says_or_is_refused_with_what_is_allowed(
    state: DraftState, wanted: DraftMove
) -> None:
    draft = a_draft(state)
    if wanted in DESIGN[state]:
        after = move(draft, wanted, at=NOW, reason="because")
        assert (after.state, after.version) == (TRANSITIONS[wanted].target, 2)
        return
    with pytest.raises(InvalidTransitionError) as refused:
        move(draft, wanted, at=NOW, reason="because")
    assert refused.value.extra == {"allowed": allowed_moves(draft), "current": state}
    assert set(allowed_moves(draft)) == DESIGN[state] & set(BY_HAND)


def test_an_edit_takes_approval_message_id_and_what_was_heard_away() -> None:
    after = move(a_draft("approved"), "edit", at=NOW)
    assert (after.approved_hash, after.approved_by, after.message_id, after.heard) == (None, None, None, None)
    assert not is_approved(after)


def test_an_approval_holds_for_its_content_alone() -> None:
    assert is_approved(a_draft("approved"))
    assert not is_approved(a_draft("approved", content_hash="another"))
    with pytest.raises(ConflictError):
        check_content(a_draft("in_review"), "another")


@pytest.mark.parametrize("wanted", ["request_changes", "retract"])
def test_some_moves_need_a_reason(wanted: DraftMove) -> None:
    state = next(iter(TRANSITIONS[wanted].sources))
    with pytest.raises(ValidationFailedError):
        move(a_draft(state), wanted, at=NOW)


@pytest.mark.parametrize("level", get_args(PhiLevel))
@pytest.mark.parametrize("role", [one for one in Role if one is not Role.AUDITOR])
@pytest.mark.parametrize("by", ["author", "editor", "stranger"])
def test_who_may_approve_what(level: PhiLevel, role: Role, by: str) -> None:
    draft = a_draft("in_review", phi_level=level, contributors=("author", "editor"))
    own = by != "stranger"
    allowed = level != "high" if own else role in {Role.ADMIN, Role.MANAGER}
    if allowed:
        check_reviewer(draft, by=by, role=role)
        return
    with pytest.raises(ForbiddenError) as refused:
        check_reviewer(draft, by=by, role=role)
    assert refused.value.code == ("four_eyes" if own else "forbidden")
