"""Sending approved drafts: that it begins is recorded first, with a fixed Message-ID; then the message is handed over.

Of one that was being sent when its process died nobody knows whether it went out. It is never sent again by itself: the
sweep says so, and a person decides. Only what certainly nobody has is tried again, a few times, later and later.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from shared.domain import draft_states as rules
from shared.domain.email.html_part import html_part
from shared.errors import (
    ConflictError,
    FieldError,
    InvalidTransitionError,
    StoreUnavailableError,
    ValidationFailedError,
)
from shared.failpoints import failpoint
from shared.mail.message import UnwritableMailError, write_message
from shared.mail.port import Mailer
from shared.models.api.drafts import SendDraft
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.caller import Caller
from shared.models.firestore.documents import Document
from shared.models.firestore.drafts import DraftDocument
from shared.models.mail import HandOver, Mailbox, OutgoingMail
from shared.models.outcome import Outcome
from shared.repositories.changes import Change, KeptAnswer
from shared.repositories.document_protocols import DraftRepository, DraftsUnderWay
from shared.services.clock import Clock
from shared.services.draft_changes import MODE, Body, DraftChanges, disclosure, event_of, kept, plain_body
from shared.services.draft_contents import check_complete, mailed_text
from shared.services.draft_follow_up import follow_up_task

if TYPE_CHECKING:
    from shared.services.draft_desk import DraftDesk

# Longer than a function can live after it has begun to send.
LOST_AFTER = timedelta(minutes=2)
TRIED_AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
SWEPT_AT_ONCE = 50
# Of the minute that the sweep may take: what begins later might not come to its end.
BEGUN_WITHIN = timedelta(seconds=45)
MOST_MESSAGE_IDS = 20

MakeEvent = Callable[[DraftDocument, str], AuditEvent]


class DraftSending:
    """Sends for a person, and goes on by itself with what waits."""

    def __init__(
        self, drafts: Callable[[], DraftRepository], mailer: Callable[[], Mailer | None], *, now: Clock
    ) -> None:
        self._drafts = drafts
        self._mailer = mailer
        self._now = now

    def send(
        self, caller: Caller, draft_id: str, asked: SendDraft, desk: DraftDesk, *, answer: Body = plain_body
    ) -> DraftDocument:
        """Send an approved draft now. What cannot be handed over yet stays queued.

        Of two who send at once, one does; the other is told where it is. A letter whose records have changed since it
        was merged is not sent. Raises InvalidTransitionError, ConflictError `record_changed`, StoreUnavailableError
        `mail_not_configured`.
        """
        changes = desk.changes
        if asked.decision == "was_sent":
            return self._was_sent(caller, draft_id, asked, changes, answer)
        mailer = self._mail()
        check_standing = desk.standing(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            now = self._now()
            if stored.state == "send_unknown" and asked.decision is None:
                raise _undecided(stored)
            queued = rules.move(stored, "send" if asked.decision is None else "resend", at=now)
            if not rules.is_approved(stored):
                raise ConflictError("Nobody has approved what this e-mail says now", code="not_approved")
            check_complete(stored)
            check_standing(stored)
            if stored.channel == "portal_link" and not asked.placed_in_portal:
                raise _not_placed()
            fresh = queued.model_copy(update={"sent_by": str(caller.user_id), "attempts": 0, "fault": None})
            sending = begun(fresh, mailer.sender, now=now)
            check_writable(sending, mailer.sender)
            return sending

        said: dict[str, object] = {"placedInPortal": True} if asked.placed_in_portal else {}
        sending = changes.change(caller, draft_id, decide, version=asked.version, move="send", answer=None, said=said)
        delivery = replace(caller, action=AuditAction.DRAFT_DELIVERY)
        return self._hand_over(
            sending,
            mailer,
            lambda draft, outcome: event_of(delivery, draft, outcome),
            lambda draft: kept(caller, draft, answer),
        )

    def _was_sent(
        self, caller: Caller, draft_id: str, asked: SendDraft, changes: DraftChanges, answer: Body
    ) -> DraftDocument:
        def decide(stored: DraftDocument) -> DraftDocument:
            now = self._now()
            return sent(rules.move(stored, "mark_sent", at=now), now=now)

        return changes.change(
            caller, draft_id, decide, version=asked.version, move="mark_sent", answer=answer, new=_with_task
        )

    def go_on(self, draft: DraftDocument) -> None:
        """Do what is due about a draft under way: send a queued one, give up one whose sending nobody finished."""
        mailer = self._mailer()
        if draft.state == "queued" and mailer is not None:
            began = self._begin(draft, mailer)
            if began is not None:
                self._hand_over(began, mailer, _by_itself, lambda _: None)
        elif draft.state == "sending":
            self._change(draft, _lost, "lost", due=True)

    def _begin(self, draft: DraftDocument, mailer: Mailer) -> DraftDocument | None:
        """Begin to send, unless somebody else did; None then."""
        mine: list[DraftDocument] = []

        def begin(stored: DraftDocument, now: datetime) -> DraftDocument | None:
            mine.clear()
            if stored.state != "queued" or not rules.is_approved(stored):
                return None
            mine.append(begun(stored, mailer.sender, now=now))
            return mine[0]

        self._change(draft, begin, "begin", due=True)
        return mine[0] if mine else None

    def _hand_over(
        self, draft: DraftDocument, mailer: Mailer, event: MakeEvent, keep: Callable[[DraftDocument], KeptAnswer | None]
    ) -> DraftDocument:
        """Hand the message over and record what came of it. Nothing but this writes a message."""
        failpoint("draft.sending")
        try:
            handed = mailer.send(message_of(draft, mailer.sender))
        except UnwritableMailError as exc:
            handed = HandOver("refused", f"unwritable_{exc.field}")
        failpoint("draft.handed_over")

        def decide(stored: DraftDocument) -> Change[DraftDocument] | None:
            if stored.message_id != draft.message_id:
                return None
            if stored.state in {"delivered", "bounced"}:  # a report was faster
                return Change(stored, event(stored, handed.code), keep(stored))
            if stored.state not in {"sending", "send_unknown"}:
                return None
            after = settled(stored, handed, now=self._now())
            if after is None:
                return None
            return Change(after, event(after, handed.code), keep(after), _with_task(after))

        return self._drafts().change(UUID(draft.client_id), draft.id, decide)

    def _change(
        self,
        draft: DraftDocument,
        decide: Callable[[DraftDocument, datetime], DraftDocument | None],
        outcome: str,
        *,
        due: bool,
    ) -> None:
        def decided(stored: DraftDocument) -> Change[DraftDocument] | None:
            now = self._now()
            if due and (stored.state != draft.state or stored.attend_at is None or stored.attend_at > now):
                return None
            after = decide(stored, now)
            return None if after is None else Change(after, _by_itself(after, outcome))

        self._drafts().change(UUID(draft.client_id), draft.id, decided)

    def _mail(self) -> Mailer:
        mailer = self._mailer()
        if mailer is None:
            raise StoreUnavailableError(
                "No way to send e-mail is configured", code="mail_not_configured", retry_after=60
            )
        return mailer


class DraftSweep:
    """Goes on with the drafts of every organisation that are due."""

    def __init__(self, under_way: DraftsUnderWay, sending: DraftSending, *, now: Clock) -> None:
        self._under_way = under_way
        self._sending = sending
        self._now = now

    def run(self) -> Outcome:
        """Send what waits, and say of what nobody finished that nobody knows."""
        started, last = self._now(), None
        while found := self._under_way.due(started, limit=SWEPT_AT_ONCE, after=last):
            for last in found:
                if self._now() - started > BEGUN_WITHIN:
                    return Outcome.DONE  # the next run goes on
                self._sending.go_on(last)
        return Outcome.UNCHANGED if last is None else Outcome.DONE


def begun(draft: DraftDocument, sender: Mailbox, *, now: datetime) -> DraftDocument:
    """A queued draft that is being sent: under its Message-ID and date, which it keeps, or gets its first ones now."""
    sending = rules.move(draft, "begin", at=now)
    message_id = draft.message_id or f"<{secrets.token_hex(16)}@{sender.address.partition('@')[2]}>"
    ids = tuple(dict.fromkeys((*draft.message_ids, message_id)))[-MOST_MESSAGE_IDS:]
    kept_date = draft.mail_date if draft.message_id is not None and draft.mail_date is not None else now
    return sending.model_copy(
        update={
            "message_id": message_id,
            "message_ids": ids,
            "mail_date": kept_date,
            "attempts": draft.attempts + 1,
            "heard": None,  # of an earlier sending
            "attend_at": now + LOST_AFTER,
        }
    )


def check_writable(draft: DraftDocument, sender: Mailbox) -> None:
    """Raise ValidationFailedError for what no message can be written of, before it counts as being sent."""
    try:
        write_message(message_of(draft, sender))
    except UnwritableMailError as exc:
        message = "This cannot be written into an e-mail: change it"
        raise ValidationFailedError(message, errors=(FieldError(exc.field, "unwritable", message),)) from exc


def settled(draft: DraftDocument, handed: HandOver, *, now: datetime) -> DraftDocument | None:
    """What a draft that is being sent becomes by what came of it; None when nobody knows more than before."""
    if handed.result == "accepted":
        out = sent(rules.move(draft, "confirm", at=now), now=now)
        returned = draft.heard is not None and draft.heard.action == "failed"  # before this could be recorded
        return rules.move(out, "bounce", at=now) if returned else out
    if draft.state != "sending":  # the sweep was faster, and a person may have decided already
        return None
    members: dict[str, object] = {"fault": handed.code}
    if handed.result == "unknown":
        return _lost(draft, now).model_copy(update=members)
    if handed.result == "refused" or draft.attempts > len(TRIED_AGAIN_AFTER):
        return rules.move(draft, "fail", at=now).model_copy(update=members)
    members["attend_at"] = now + TRIED_AGAIN_AFTER[draft.attempts - 1]
    return rules.move(draft, "defer", at=now).model_copy(update=members)


def _lost(draft: DraftDocument, now: datetime) -> DraftDocument:
    """What nobody finished sending; a report that came before this could be recorded tells where it is after all."""
    lost = rules.move(draft, "lose", at=now)
    if draft.heard is None or draft.heard.action != "failed":
        return lost
    return rules.move(lost, "bounce", at=now).model_copy(update={"sent_at": draft.mail_date})


def sent(draft: DraftDocument, *, now: datetime) -> DraftDocument:
    """A draft that has gone out, and the task that asks for its answer."""
    out = draft.model_copy(update={"sent_at": now, "fault": None})
    task = follow_up_task(out)
    return out if task is None else out.model_copy(update={"follow_up_task": task.id})


def message_of(draft: DraftDocument, sender: Mailbox) -> OutgoingMail:
    """The message that a draft is."""
    text = mailed_text(draft)
    return OutgoingMail(
        message_id=draft.message_id or "",
        date=draft.mail_date or draft.updated_at,
        sender=Mailbox(sender.address, draft.sender_name),
        recipient=Mailbox(draft.recipient.address or "", draft.recipient.name),
        subject=draft.subject,
        text=text,
        html=html_part(text),
        in_reply_to=draft.in_reply_to,
    )


def _with_task(draft: DraftDocument) -> tuple[Document, ...]:
    task = follow_up_task(draft) if draft.state == "sent" else None
    return () if task is None else (task,)


def _undecided(draft: DraftDocument) -> InvalidTransitionError:
    words = "Nobody knows whether this e-mail went out: decide whether to resend it or that it was_sent"
    return InvalidTransitionError(words, allowed=rules.allowed_moves(draft), current=draft.state)


def _not_placed() -> ValidationFailedError:
    message = "Only a notice is mailed: put the letter into the portal, then say so with placedInPortal"
    return ValidationFailedError(message, errors=(FieldError("placedInPortal", "not_in_portal", message),))


def _by_itself(draft: DraftDocument, outcome: str) -> AuditEvent:
    return own_act(
        UUID(draft.client_id),
        AuditAction.DRAFT_DELIVERY,
        "draft",
        cause="sweep_drafts",
        resource_ref=draft.id,
        patient_ref=draft.patient_uuid,
        mode=MODE,
        metadata={"move": outcome, "state": draft.state} | disclosure(draft),
    )
