"""What is heard of messages after they were sent: delivery reports, matched to the draft that was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shared.domain import draft_states as rules
from shared.errors import FieldError, InvalidTransitionError, ValidationFailedError
from shared.mail.reports import UnreadableReportError, read_report
from shared.models.api.drafts import ReportOutcome, ReportResult
from shared.models.caller import Caller
from shared.models.firestore.documents import Document
from shared.models.firestore.drafts import DeliveryNote, DraftDocument
from shared.models.mail import DeliveryReport
from shared.repositories.document_protocols import DraftRepository
from shared.repositories.protocols import LiveStore
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.draft_changes import MODE, DraftChanges
from shared.services.draft_follow_up import close_follow_up, follow_up_task
from shared.services.draft_views import draft_view


class DraftReports:
    """Takes reports in."""

    def __init__(
        self, live: Callable[[], LiveStore], changes: DraftChanges, access_log: AccessLog, *, now: Clock
    ) -> None:
        self._live = live
        self._changes = changes
        self._access_log = access_log
        self._now = now

    def take(self, caller: Caller, raw: str) -> ReportResult:
        """Read a report and note what it says; the same one again changes nothing.

        A delay changes no state, a report about an earlier sending neither. Raises ValidationFailedError for what is
        no report.
        """
        self._changes.recall(caller)
        try:
            report = read_report(raw)
        except UnreadableReportError as exc:
            message = f"This is not a delivery report: {exc}"
            raise ValidationFailedError(message, errors=(FieldError("message", "not_a_report", message),)) from exc
        drafts = self._live().drafts
        draft = _sent_under(drafts, caller, report)
        if draft is None:
            self._access_log.publish(caller.changed("draft", mode=MODE, metadata={"outcome": "not_ours"}))
            return ReportResult(outcome="not_ours", draft=None)
        if draft.message_id not in report.message_ids:
            event = caller.changed("draft", resource_ref=draft.id, mode=MODE, metadata={"outcome": "outdated"})
            self._access_log.publish(event)
            return ReportResult(outcome="outdated", draft=draft_view(draft))
        return self._note(caller, draft, report)

    def _note(self, caller: Caller, draft: DraftDocument, report: DeliveryReport) -> ReportResult:
        def decide(stored: DraftDocument) -> DraftDocument:
            return heard(stored, report, now=self._now())

        def shown(after: DraftDocument) -> ReportResult:
            return ReportResult(outcome=_outcome(after, report), draft=draft_view(after))

        after = self._changes.change(
            caller, draft.id, decide, version=None, move=f"report:{report.action}", answer=shown, new=_task_of
        )
        if after.state == "bounced":
            close_follow_up(self._live(), after, now=self._now)
        return shown(after)


def heard(draft: DraftDocument, report: DeliveryReport, *, now: datetime) -> DraftDocument:
    """The draft after a report: bounced, delivered, or only with a note. The same report again is no change.

    Of one that is still being sent a bounce is noted until its sending is recorded, and no report of another end then.
    """
    note = DeliveryNote(action=report.action, status=report.status, at=now)
    known = draft.heard
    if known is not None and (known.action, known.status) == (note.action, note.status):
        return draft
    if known is not None and known.action == "failed" and draft.state == "sending":
        return draft
    if report.action == "failed" and draft.state != "bounced":
        after = _moved(draft, "bounce", now)
    elif report.action == "delivered":
        after = _moved(draft, "deliver", now)
    else:
        after = draft
    if after is draft:
        after = draft.model_copy(update={"updated_at": now, "version": draft.version + 1})
    return after.model_copy(update={"heard": note})


def _moved(draft: DraftDocument, move: rules.DraftMove, now: datetime) -> DraftDocument:
    """The draft after the move; as it is where the report comes too late to mean anything."""
    try:
        moved = rules.move(draft, move, at=now)
    except InvalidTransitionError:
        return draft
    moved = moved.model_copy(update={"fault": None, "sent_at": moved.sent_at or draft.mail_date})
    task = follow_up_task(moved) if move == "deliver" and moved.follow_up_task is None else None
    return moved if task is None else moved.model_copy(update={"follow_up_task": task.id})


def _task_of(draft: DraftDocument) -> tuple[Document, ...]:
    """The task that asks for the answer, where only the report tells that the message went out."""
    task = follow_up_task(draft) if draft.state == "delivered" else None
    return () if task is None or task.id != draft.follow_up_task else (task,)


def _outcome(draft: DraftDocument, report: DeliveryReport) -> ReportOutcome:
    if draft.state == "bounced" and report.action == "failed":
        return "bounced"
    if draft.state == "delivered" and report.action == "delivered":
        return "delivered"
    return "delayed" if report.action == "delayed" else "noted"


def _sent_under(drafts: DraftRepository, caller: Caller, report: DeliveryReport) -> DraftDocument | None:
    """The draft that one of the report's Message-IDs belongs to, within the organisation."""
    for message_id in report.message_ids[:10]:
        found = drafts.of_message(caller.client_id, message_id)
        if found is not None:
            return found
    return None
