"""E-mail drafts: writing them, having them reviewed, and taking back what was sent. Sending is `draft_sending`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from shared.auth.permissions import Permission, allows
from shared.db.selector import DatabaseSelector
from shared.domain import draft_states as rules
from shared.domain.email.phi_meter import remove
from shared.domain.email.templates import templates
from shared.errors import ForbiddenError, NotFoundError
from shared.models.api.drafts import (
    ApproveDraft,
    DiscardDraft,
    DraftList,
    DraftQuery,
    DraftSummary,
    DraftView,
    EditDraft,
    NewDraft,
    NewRecipient,
    ReasonedStep,
    RetractDraft,
    Retracted,
    ReviseDraft,
    TemplateList,
)
from shared.models.caller import Caller
from shared.models.cursor import encode_cursor
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.drafts import DraftDocument, Recipient
from shared.models.identifiers import derived_document_id, document_id
from shared.repositories.document_protocols import DraftFilter
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.draft_changes import MODE, Body, DraftChanges, event_of, kept, plain_body
from shared.services.draft_contents import (
    DraftContents,
    answers_of,
    check_complete,
    follow_up_at,
    measured,
    named_template,
    phi_members,
    template_of,
    with_facts,
    with_revision,
)
from shared.services.draft_follow_up import close_follow_up
from shared.services.draft_views import draft_view, template_view
from shared.services.email_values import EmailFacts, EmailValues
from shared.services.positions import position_of

if TYPE_CHECKING:
    from shared.services.contexts import ContextService

ShowRetracted = Callable[[DraftDocument, DraftDocument | None], BaseModel]
_LENGTHS = {"shorten": {"long": "standard"}, "expand": {"short": "standard"}}
_ENDS = {"shorten": "short", "expand": "long"}


def retracted_view(draft: DraftDocument, correction: DraftDocument | None) -> Retracted:
    """The retracted draft and its correction: what the route answers."""
    return Retracted(draft=draft_view(draft), correction=None if correction is None else draft_view(correction))


class DraftService:
    """Drafts of an organisation."""

    def __init__(
        self, db: DatabaseSelector, access_log: AccessLog, contexts: Callable[[], ContextService], *, now: Clock
    ) -> None:
        self._db = db
        self._access_log = access_log
        self._contexts = contexts
        self._now = now
        self._values = EmailValues(db)
        self._contents = DraftContents(self._values)
        self.changes = DraftChanges(db, now=now)

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

    def draft(self, caller: Caller, draft_id: str) -> DraftDocument:
        """Read a draft, for a service that audits what it does."""
        found = self._db.firestore.drafts.get(caller.client_id, draft_id)
        if found is None:
            raise NotFoundError("There is no such record")
        return found

    def newest(self, caller: Caller, context: ContextDocument, limit: int = 1) -> list[DraftDocument]:
        """The newest drafts of a context."""
        wanted = DraftFilter(context_id=context.id)
        return self._db.firestore.drafts.find(caller.client_id, wanted, after=None, limit=limit)

    def create(self, caller: Caller, new: NewDraft, *, answer: Body = plain_body, status: int = 201) -> DraftDocument:
        """Draft an e-mail in a context. A repeated Idempotency-Key gets the first answer again."""
        self.changes.recall(caller)
        context = self._contexts().context_in(caller, MODE, new.context_id)
        draft = self._new(caller, context, new)
        event = event_of(caller, draft, "create")
        stored, _ = self._db.firestore.drafts.create(draft, event, kept(caller, draft, answer, status))
        return stored

    def edit(self, caller: Caller, draft_id: str, edit: EditDraft, *, answer: Body = plain_body) -> DraftDocument:
        """Change what the edit names; whatever was approved is approved no more."""
        before, facts, context = self._basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            now = self._now()
            given = stored.answers | (edit.fields or {})
            known = with_facts(facts, given)
            recipient = self._contents.recipient(
                caller, context, edit.recipient or NewRecipient(), facts, before=stored.recipient
            )
            moved = rules.move(stored, "edit", at=now)
            members: dict[str, object] = {
                "recipient": recipient,
                "answers": given,
                "channel": edit.channel or stored.channel,
                "contributors": _with(stored.contributors, caller),
            }
            if "follow_up_on" in edit.model_fields_set:
                members |= self._follow_up(caller, edit.follow_up_on, now)
            draft = moved.model_copy(update=members)
            if edit.subject is not None or edit.body is not None:
                draft = draft.model_copy(update={"own_words": True})
            draft = self._reworded(draft, known, edit.subject, edit.body)
            return with_revision(stored, draft, "edit", caller)

        del before
        return self.changes.change(caller, draft_id, decide, version=edit.version, move="edit", answer=answer)

    def revise(self, caller: Caller, draft_id: str, asked: ReviseDraft, *, answer: Body = plain_body) -> DraftDocument:
        """Word the template anew: in another tone, shorter, longer, in plainer words."""
        _, facts, _ = self._basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            template = template_of(stored)
            moved = rules.move(stored, "edit", at=self._now())
            draft = moved.model_copy(
                update=_style(stored, asked) | {"contributors": _with(stored.contributors, caller)}
            )
            draft = self._contents.worded(draft, template, with_facts(facts, stored.answers))
            said = asked.instruction if asked.tone is None else f"{asked.instruction}:{asked.tone}"
            return with_revision(stored, draft, said, caller)

        return self.changes.change(
            caller, draft_id, decide, version=asked.version, move=asked.instruction, answer=answer
        )

    def apply_template(self, caller: Caller, draft_id: str, name: str, *, answer: Body = plain_body) -> DraftDocument:
        """Let a template take the place of what the draft says; its recipient stays when it is of the same kind."""
        template = named_template(name)
        _, facts, context = self._basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "edit", at=self._now())
            wanted = NewRecipient(kind=template.recipient)
            recipient = self._contents.recipient(caller, context, wanted, facts, before=stored.recipient)
            members = {"template": name, "own_words": False, "recipient": recipient, "channel": template.channel}
            draft = moved.model_copy(update=members | {"contributors": _with(stored.contributors, caller)})
            draft = self._contents.worded(draft, template, with_facts(facts, stored.answers))
            return with_revision(stored, draft, f"apply_template:{name}", caller)

        return self.changes.change(caller, draft_id, decide, version=None, move="apply_template", answer=answer)

    def check_phi(self, caller: Caller, draft_id: str) -> DraftDocument:
        """Measure a draft against the records as they are now; nothing is stored."""
        draft, facts, _ = self._basis(caller, draft_id)
        return self._remeasured(draft, facts)

    def resolve_phi(
        self, caller: Caller, draft_id: str, way: Literal["remove", "portal_link"], *, answer: Body = plain_body
    ) -> DraftDocument:
        """Take a way out of disclosing too much: mark as removed what is too much, or let it be read in the portal."""
        _, facts, _ = self._basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            known = with_facts(facts, stored.answers)
            moved = rules.move(stored, "edit", at=self._now())
            moved = moved.model_copy(update={"contributors": _with(stored.contributors, caller)})
            if way == "portal_link":
                draft = self._reworded(moved.model_copy(update={"channel": way}), known, None, None)
            else:
                reasons = measured(stored, stored.subject, stored.body, known).reasons
                said = remove(stored.subject, reasons, part="subject"), remove(stored.body, reasons)
                draft = self._contents.merged(moved.model_copy(update={"own_words": True}), *said, known)
            return with_revision(stored, draft, f"phi:{way}", caller)

        return self.changes.change(caller, draft_id, decide, version=None, move=f"phi:{way}", answer=answer)

    def submit(self, caller: Caller, draft_id: str, *, version: int | None, answer: Body = plain_body) -> DraftDocument:
        """Ask for approval. What lacks something or discloses too much is refused with the ways out."""
        _, facts, _ = self._basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "submit", at=self._now())
            draft = self._remeasured(moved, facts)
            check_complete(draft)
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
        """Approve exactly the content that was read. Above the limit, nobody approves what they have worded."""
        _, facts, _ = self._basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "approve", at=self._now())
            rules.check_content(stored, step.content_hash)
            draft = self._remeasured(moved, facts)
            rules.check_reviewer(draft, by=str(caller.user_id), role=caller.role)
            check_complete(draft)
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
        """Set by when an answer is expected of an e-mail that is not sent yet; its approval stays."""

        def decide(stored: DraftDocument) -> DraftDocument:
            now = self._now()
            rules.check_not_over(stored)
            members = self._follow_up(caller, edit.follow_up_on, now)
            return stored.model_copy(update=members | {"updated_at": now, "version": stored.version + 1})

        return self.changes.change(caller, draft_id, decide, version=None, move="follow_up", answer=answer)

    def _new(self, caller: Caller, context: ContextDocument, new: NewDraft) -> DraftDocument:
        now, key = self._now(), caller.idempotency
        template = None if new.template is None else named_template(new.template)
        facts = self._facts(caller, context).with_answers(answers_of(new.fields))
        kind = new.recipient.kind or (template.recipient if template else "other")
        if template is not None and kind != template.recipient:
            _refuse_kind()
        recipient = self._contents.recipient(
            caller, context, new.recipient.model_copy(update={"kind": kind}), facts, before=Recipient(kind=kind)
        )
        me = str(caller.user_id)
        draft = DraftDocument(
            id=document_id("draft") if key is None else derived_document_id("draft", key.id, now.date()),
            client_id=str(caller.client_id),
            created_at=now,
            updated_at=now,
            context_id=context.id,
            patient_uuid=context.patient_uuid,
            record_type=context.record_type,
            record_uuid=context.record_uuid,
            author_id=me,
            contributors=(me,),
            template=new.template,
            recipient=recipient,
            subject="",
            body="",
            tone=new.tone,
            length=new.length,
            simplified=new.simplified,
            own_words=template is None,
            answers=new.fields,
            channel=new.channel or (template.channel if template else "plain_email"),
            content_hash="",
            sort_at=now,
        ).model_copy(update=self._follow_up(caller, new.follow_up_on, now))
        if template is not None:
            return self._contents.worded(draft, template, facts)
        return self._contents.merged(draft, new.subject or "", new.body or "", facts)

    def _basis(self, caller: Caller, draft_id: str) -> tuple[DraftDocument, EmailFacts, ContextDocument]:
        """The draft, what the records say now, and the context; read before anything is decided."""
        self.changes.recall(caller)
        draft = self.draft(caller, draft_id)
        context = self._contexts().context_in(caller, MODE, draft.context_id)
        return draft, self._facts(caller, context), context

    def _facts(self, caller: Caller, context: ContextDocument) -> EmailFacts:
        event = caller.seen("patient", resource_ref=context.id, mode=MODE)
        with self._access_log.in_transaction(event) as seen:
            return self._values.read(caller, context, today=caller.today(self._now()), seen=seen)

    def _reworded(
        self, draft: DraftDocument, facts: EmailFacts, subject: str | None, body: str | None
    ) -> DraftDocument:
        if draft.own_words or draft.template is None:
            said = draft.subject if subject is None else subject, draft.body if body is None else body
            return self._contents.merged(draft, *said, facts)
        return self._contents.worded(draft, named_template(draft.template), facts)

    def _remeasured(self, draft: DraftDocument, facts: EmailFacts) -> DraftDocument:
        known = with_facts(facts, draft.answers)
        return draft.model_copy(update=phi_members(measured(draft, draft.subject, draft.body, known)))

    @staticmethod
    def _follow_up(caller: Caller, day: date | None, now: datetime) -> dict[str, object]:
        at = follow_up_at(day, caller, now)
        return {"follow_up_on": None if day is None else str(day), "follow_up_at": at}


def _style(draft: DraftDocument, asked: ReviseDraft) -> dict[str, object]:
    """The members of a draft's style that an instruction changes."""
    if asked.instruction == "set_tone":
        return {"tone": asked.tone}
    if asked.instruction == "simplify":
        return {"simplified": True}
    return {"length": _LENGTHS[asked.instruction].get(draft.length, _ENDS[asked.instruction])}


def _with(contributors: tuple[str, ...], caller: Caller) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*contributors, str(caller.user_id))))


def _refuse_kind() -> None:
    from shared.services.draft_contents import refuse

    refuse("recipient.kind", "not_for_recipient", "is not whom this template is for")


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
