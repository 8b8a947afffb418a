"""E-mail drafts as their routes know them: lists, review, and taking back. Sending is `draft_sending`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel

from shared.auth.permissions import Permission, allows
from shared.domain import draft_states as rules
from shared.domain.email.templates import templates
from shared.errors import ForbiddenError
from shared.models.api.drafts import (
    ApproveDraft,
    DiscardDraft,
    DraftList,
    DraftQuery,
    DraftSummary,
    DraftView,
    EditDraft,
    ReasonedStep,
    RetractDraft,
    Retracted,
    TemplateList,
)
from shared.models.caller import Caller
from shared.models.cursor import encode_cursor
from shared.models.firestore.documents import TaskDocument
from shared.models.firestore.drafts import DraftDocument
from shared.models.identifiers import derived_document_id
from shared.repositories.document_protocols import DraftFilter
from shared.services.draft_changes import MODE, Body, plain_body
from shared.services.draft_contents import check_complete
from shared.services.draft_follow_up import close_follow_up, follow_up_task
from shared.services.draft_standing import check_standing
from shared.services.draft_views import draft_view, template_view
from shared.services.draft_writing import DraftWriting
from shared.services.positions import position_of

ShowRetracted = Callable[[DraftDocument, DraftDocument | None], BaseModel]


def retracted_view(draft: DraftDocument, correction: DraftDocument | None) -> Retracted:
    """The retracted draft and its correction: what the route answers."""
    return Retracted(draft=draft_view(draft), correction=None if correction is None else draft_view(correction))


class DraftService(DraftWriting):
    """Drafts of an organisation."""

    def templates(self) -> TemplateList:
        """Every template, by name."""
        return TemplateList(templates=tuple(template_view(one) for one in templates()))

    def list_drafts(self, caller: Caller, query: DraftQuery) -> DraftList:
        """List the drafts of a context or one's own; leads and auditors may list all of them. Newest first."""
        if query.context_id is not None:
            self._contexts().context_in(caller, MODE, query.context_id)
        elif query.author is None and not allows(caller.role, Permission.DRAFT_READ_ALL):
            raise ForbiddenError("Your role lists its own drafts, or those of a context: send author or contextId")
        author = None if query.author is None else str(caller.user_id)
        filters = (caller.client_id, query.context_id, author, query.state)
        wanted = DraftFilter(state=query.state, author_id=author, context_id=query.context_id)
        after = position_of(query.cursor, filters)
        with self._access_log.reading(caller.seen("draft_list", resource_ref=query.context_id, mode=MODE)):
            found = self._db.firestore.drafts.find(caller.client_id, wanted, after=after, limit=query.limit + 1)
        shown = found[: query.limit]
        more = len(found) > query.limit
        return DraftList(
            drafts=tuple(DraftSummary.of(one) for one in shown),
            next_cursor=encode_cursor(filters, shown[-1].sort_at.isoformat(), shown[-1].id) if more else None,
        )

    def get(self, caller: Caller, draft_id: str) -> DraftView:
        """Show a draft. Raises NotFoundError."""
        draft = self.draft(caller, draft_id)
        event = caller.seen("draft", resource_ref=draft.id, patient_ref=draft.patient_uuid, mode=MODE)
        with self._access_log.reading(event):
            return draft_view(draft)

    def check_phi(self, caller: Caller, draft_id: str) -> DraftDocument:
        """Measure a draft against the records as they are now; nothing is stored."""
        draft, facts, _ = self.basis(caller, draft_id)
        return self.remeasured(draft, facts)

    def submit(self, caller: Caller, draft_id: str, *, version: int | None, answer: Body = plain_body) -> DraftDocument:
        """Ask for approval. What lacks something, discloses too much or holds no more is refused with the ways out."""
        _, facts, _ = self.basis(caller, draft_id, as_merged=True)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "submit", at=self._now())
            draft = self.remeasured(moved, facts)
            check_complete(draft)
            check_standing(stored, facts, role=caller.role)
            return draft.model_copy(update={"submitted_by": str(caller.user_id)})

        return self.changes.change(caller, draft_id, decide, version=version, move="submit", answer=answer)

    def request_changes(
        self, caller: Caller, draft_id: str, step: ReasonedStep, *, answer: Body = plain_body
    ) -> DraftDocument:
        """Give a draft back to its author, and say what is to be changed."""

        def decide(stored: DraftDocument) -> DraftDocument:
            return rules.move(stored, "request_changes", at=self._now(), reason=step.reason)

        return self.changes.change(
            caller, draft_id, decide, version=step.version, move="request_changes", answer=answer
        )

    def approve(self, caller: Caller, draft_id: str, step: ApproveDraft, *, answer: Body = plain_body) -> DraftDocument:
        """Approve exactly the content that was read. Above the limit, nobody approves what they have worded.

        A letter whose records have changed since it was merged is refused.
        """
        rules.check_reviewer(self.draft(caller, draft_id), by=str(caller.user_id), role=caller.role)
        _, facts, _ = self.basis(caller, draft_id, as_merged=True)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "approve", at=self._now())
            rules.check_content(stored, step.content_hash)
            draft = self.remeasured(moved, facts)
            rules.check_reviewer(draft, by=str(caller.user_id), role=caller.role)
            check_complete(draft)
            check_standing(stored, facts, role=caller.role)
            return draft.model_copy(update={"approved_hash": draft.content_hash, "approved_by": str(caller.user_id)})

        return self.changes.change(caller, draft_id, decide, version=step.version, move="approve", answer=answer)

    def discard(self, caller: Caller, draft_id: str, step: DiscardDraft, *, answer: Body = plain_body) -> DraftDocument:
        """Put a draft away for good; it was never sent, or came back."""

        def decide(stored: DraftDocument) -> DraftDocument:
            return rules.move(stored, "discard", at=self._now(), reason=step.reason)

        return self.changes.change(caller, draft_id, decide, version=step.version, move="discard", answer=answer)

    def answered(
        self, caller: Caller, draft_id: str, *, version: int | None, answer: Body = plain_body
    ) -> DraftDocument:
        """Note that an answer has come: nothing is to be followed up any more."""

        def decide(stored: DraftDocument) -> DraftDocument:
            now = self._now()
            rules.check_is_out(stored)
            if stored.answered_at is not None:
                return stored
            return stored.model_copy(update={"answered_at": now, "updated_at": now, "version": stored.version + 1})

        done = self.changes.change(caller, draft_id, decide, version=version, move="answered", answer=answer)
        close_follow_up(self._db.firestore, done, now=self._now)
        return done

    def retract(
        self, caller: Caller, draft_id: str, step: RetractDraft, *, shown: ShowRetracted = retracted_view
    ) -> tuple[DraftDocument, DraftDocument | None]:
        """Say that what was sent does not hold, and begin the e-mail that corrects it, linked both ways."""
        made: list[DraftDocument] = []

        def decide(stored: DraftDocument) -> DraftDocument:
            made.clear()
            after = rules.move(stored, "retract", at=self._now(), reason=step.reason)
            if step.correction:
                made.append(_correction(caller, after, now=self._now()))
                after = after.model_copy(update={"corrected_by": made[0].id})
            return after

        def correction() -> DraftDocument | None:
            return made[0] if made else None

        done = self.changes.change(
            caller,
            draft_id,
            decide,
            version=step.version,
            move="retract",
            answer=lambda draft: shown(draft, correction()),
            new=lambda _: tuple(made),
        )
        close_follow_up(self._db.firestore, done, now=self._now)
        return done, correction()

    def expect_answer(
        self, caller: Caller, draft_id: str, edit: EditDraft, *, answer: Body = plain_body
    ) -> DraftDocument:
        """Set by when an answer is expected; an approval stays. Of what is out a task asks for it from now on.

        The same day again changes nothing, another one takes the place of the day before with its task.
        """
        before: list[DraftDocument] = []
        made: list[TaskDocument] = []

        def decide(stored: DraftDocument) -> DraftDocument:
            before.clear()
            made.clear()
            now = self._now()
            rules.check_awaits_answer(stored)
            members = self.follow_up(caller, edit.follow_up_on, now)
            out = stored.state in rules.OUT
            if out and stored.follow_up_task is not None and stored.follow_up_at == members["follow_up_at"]:
                return stored
            before.append(stored)
            after = stored.model_copy(update=members | {"updated_at": now, "version": stored.version + 1})
            task = follow_up_task(after, anew=True) if out else None
            if task is None:
                return after
            made.append(task)
            return after.model_copy(update={"follow_up_task": task.id})

        done = self.changes.change(
            caller, draft_id, decide, version=None, move="follow_up", answer=answer, new=lambda _: tuple(made)
        )
        for replaced in before:
            if replaced.follow_up_task != done.follow_up_task:
                close_follow_up(self._db.firestore, replaced, now=self._now)
        return done


def _correction(caller: Caller, wrong: DraftDocument, *, now: datetime) -> DraftDocument:
    """A draft that says the same to the same person, to be corrected by hand; it answers the message it corrects."""
    me = str(caller.user_id)
    return wrong.model_copy(
        update={
            "id": derived_document_id("draft", wrong.client_id, wrong.id, "correction"),
            "version": 1,
            "created_at": now,
            "updated_at": now,
            "sort_at": now,
            "author_id": me,
            "contributors": tuple(dict.fromkeys((*wrong.contributors, me))),
            "state": "draft",
            "reason": None,
            "corrects": wrong.id,
            "corrected_by": None,
            "in_reply_to": wrong.message_id,
            "revisions": (),
            "revision_count": 0,
            **dict.fromkeys(
                (
                    "approved_hash",
                    "approved_by",
                    "submitted_by",
                    "message_id",
                    "sent_at",
                    "sent_by",
                    "mail_date",
                    "attend_at",
                    "fault",
                    "heard",
                    "follow_up_on",
                    "follow_up_at",
                    "follow_up_task",
                    "answered_at",
                )
            ),
            "message_ids": (),
            "attempts": 0,
        }
    )
