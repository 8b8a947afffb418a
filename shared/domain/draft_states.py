"""The e-mail draft's state machine: one table of moves. Source: the design's e-mail draft states.

`draft → in_review → approved → queued → sending → sent → delivered | bounced | failed`, with `changes_requested`,
`send_unknown`, `discarded` and `retracted` beside it. An edit leads back to `draft` and takes the approval away.
Some moves are people's, the others follow from what came of handing the message over, or from what is heard of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.auth.permissions import Permission, allows
from shared.domain.steps import reason_missing
from shared.errors import ConflictError, ForbiddenError, InvalidTransitionError
from shared.models.firestore.drafts import SENDING_STATES, DraftDocument, DraftState
from shared.models.roles import Role

DraftMove = Literal[
    "edit",
    "submit",
    "request_changes",
    "approve",
    "send",
    "resend",
    "mark_sent",
    "discard",
    "retract",
    "begin",
    "confirm",
    "defer",
    "fail",
    "lose",
    "deliver",
    "bounce",
]
BEFORE_SENDING: frozenset[DraftState] = frozenset({"draft", "in_review", "changes_requested", "approved"})
OUT: frozenset[DraftState] = frozenset({"sent", "delivered"})
PUT_AWAY: frozenset[DraftState] = frozenset({"discarded", "retracted"})


@dataclass(frozen=True, slots=True)
class Transition:
    """Where a move leads, from where it is possible, whether it needs a reason, and whether people make it."""

    sources: frozenset[DraftState]
    target: DraftState
    needs_reason: bool = False
    by_hand: bool = True


TRANSITIONS: dict[DraftMove, Transition] = {
    "edit": Transition(BEFORE_SENDING | {"failed", "bounced"}, "draft"),
    "submit": Transition(frozenset({"draft"}), "in_review"),
    "request_changes": Transition(frozenset({"in_review"}), "changes_requested", needs_reason=True),
    "approve": Transition(frozenset({"in_review"}), "approved"),
    "send": Transition(frozenset({"approved", "failed"}), "queued"),
    "resend": Transition(frozenset({"send_unknown"}), "queued"),
    "mark_sent": Transition(frozenset({"send_unknown"}), "sent"),
    "discard": Transition(BEFORE_SENDING | {"queued", "failed", "bounced"}, "discarded"),
    "retract": Transition(OUT, "retracted", needs_reason=True),
    "begin": Transition(frozenset({"queued"}), "sending", by_hand=False),
    "confirm": Transition(frozenset({"sending", "send_unknown"}), "sent", by_hand=False),
    "defer": Transition(frozenset({"sending"}), "queued", by_hand=False),
    "fail": Transition(frozenset({"sending"}), "failed", by_hand=False),
    "lose": Transition(frozenset({"sending"}), "send_unknown", by_hand=False),
    # A message that arrived has gone out, whatever could be recorded of its sending; it waits for no other one.
    "deliver": Transition(frozenset({"sent", "send_unknown", "sending", "queued"}), "delivered", by_hand=False),
    "bounce": Transition(OUT | {"send_unknown"}, "bounced", by_hand=False),
}
BY_HAND: tuple[DraftMove, ...] = tuple(move for move, one in TRANSITIONS.items() if one.by_hand)


def allowed_moves(draft: DraftDocument) -> list[DraftMove]:
    """List the moves that a person can make with `draft` now."""
    return [move for move in BY_HAND if draft.state in TRANSITIONS[move].sources]


def move(draft: DraftDocument, wanted: DraftMove, *, at: datetime, reason: str | None = None) -> DraftDocument:
    """Return `draft` after the move, one version further.

    Raises InvalidTransitionError with the moves there are (`allowed`) and the state (`current`),
    ValidationFailedError when a reason is missing.
    """
    transition = TRANSITIONS[wanted]
    if draft.state not in transition.sources:
        words = f"A draft that is {draft.state} cannot {wanted}"
        raise InvalidTransitionError(words, allowed=allowed_moves(draft), current=draft.state)
    if transition.needs_reason and reason is None:
        raise reason_missing()
    members: dict[str, object] = {"state": transition.target, "updated_at": at, "version": draft.version + 1}
    if transition.by_hand and wanted != "edit":  # while it is revised, the reviewer's words stay before the author
        members["reason"] = reason
    if wanted == "edit":
        members |= dict.fromkeys(
            ("approved_hash", "approved_by", "submitted_by", "message_id", "mail_date", "sent_at", "fault", "heard",
             "follow_up_task")
        )  # fmt: skip
    if transition.target not in SENDING_STATES:
        members["attend_at"] = None
    return draft.model_copy(update=members)


def check_reviewer(draft: DraftDocument, *, by: str, role: Role) -> None:
    """Refuse an approval that is not this person's to give. Raises ForbiddenError.

    Leads approve; authors approve what is their own, but nobody what they have worded when it discloses much.
    """
    own = by in {draft.author_id, *draft.contributors}
    if own and draft.phi_level == "high":
        raise ForbiddenError("Somebody else must approve what discloses this much", code="four_eyes")
    if not own and not allows(role, Permission.DRAFT_APPROVE):
        raise ForbiddenError("Your role does not approve other people's e-mails")


def check_content(draft: DraftDocument, content_hash: str | None) -> None:
    """Refuse to approve a content that is not the one that was read. Raises ConflictError."""
    if content_hash is not None and content_hash != draft.content_hash:
        raise ConflictError("The e-mail was changed since you read it", code="stale_content", current=draft.state)


def is_approved(draft: DraftDocument) -> bool:
    """Tell whether somebody has approved exactly this content."""
    return draft.approved_hash is not None and draft.approved_hash == draft.content_hash


def check_is_out(draft: DraftDocument) -> None:
    """Refuse to note an answer to what was never sent. Raises InvalidTransitionError."""
    if draft.state not in OUT:
        words = f"A draft that is {draft.state} has no answer"
        raise InvalidTransitionError(words, allowed=allowed_moves(draft), current=draft.state)


def check_awaits_answer(draft: DraftDocument) -> None:
    """Refuse to follow up an e-mail that is put away, taken back or answered. Raises ConflictError."""
    if draft.state in PUT_AWAY:
        words = f"A draft that is {draft.state} is not followed up any more"
        raise InvalidTransitionError(words, allowed=allowed_moves(draft), current=draft.state)
    if draft.answered_at is not None:
        raise ConflictError("The answer to this e-mail has come", code="answered", current=draft.state)
