"""Writing drafts: from a template or in own words, by hand or by an instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from shared.assistant.rewriting import Rewriter, refused, rewrite
from shared.domain import draft_states as rules
from shared.domain.email.phi_meter import remove
from shared.errors import ConflictError, PreconditionFailedError
from shared.models.api.drafts import Channel, EditDraft, NewDraft, NewRecipient, RecipientKind, ReviseDraft
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.drafts import DraftDocument, Recipient
from shared.models.identifiers import derived_document_id, document_id
from shared.services.draft_changes import MODE, Body, event_of, kept, plain_body
from shared.services.draft_contents import (
    answers_of,
    measured,
    named_template,
    refuse,
    style_of,
    template_of,
    with_facts,
    with_revision,
    without_used,
)
from shared.services.draft_desk import DraftDesk
from shared.services.email_values import EmailFacts

_LENGTHS = {"shorten": {"long": "standard"}, "expand": {"short": "standard"}}
_ENDS = {"shorten": "short", "expand": "long"}
_NAMES = ("patient.full_name", "visit.provider", "provider.name", "payer.name", "author.name", "organisation.name")


def _nobody() -> None:
    """Functions that never rewrite have no connection to a model."""


class DraftWriting(DraftDesk):
    """Every change of what a draft says makes it a draft again."""

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
        _, facts, context = self.basis(caller, draft_id, edit.recipient)

        def decide(stored: DraftDocument) -> DraftDocument:
            now = self._now()
            given = stored.answers | (edit.fields or {})
            known = with_facts(facts, given)
            recipient = self._contents.recipient(
                caller, context, edit.recipient or NewRecipient(), facts, before=stored.recipient
            )
            moved = rules.move(stored, "edit", at=now)
            _check_template(stored.template, recipient.kind, edit.channel or stored.channel)
            members: dict[str, object] = {
                "recipient": recipient,
                "answers": given,
                "channel": edit.channel or stored.channel,
                "contributors": _with(stored.contributors, caller),
            }
            if "follow_up_on" in edit.model_fields_set:
                members |= self.follow_up(caller, edit.follow_up_on, now)
            draft = self._reworded(moved.model_copy(update=members), known, edit.subject, edit.body)
            return with_revision(stored, draft, "edit", caller)

        return self.changes.change(caller, draft_id, decide, version=edit.version, move="edit", answer=answer)

    def revise(
        self,
        caller: Caller,
        draft_id: str,
        asked: ReviseDraft,
        *,
        rewriter: Callable[[], Rewriter | None] = _nobody,
        answer: Body = plain_body,
    ) -> DraftDocument:
        """Word the template anew: in another tone, shorter, longer, in plainer words. Only a model rewrites freely.

        What a person wrote stays as it is, unless it is that which is to be rewritten.
        """
        if asked.wish is not None:
            return self._rewritten(caller, draft_id, asked, rewriter, answer)
        _, facts, _ = self.basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            template = template_of(stored)
            moved = rules.move(stored, "edit", at=self._now())
            draft = moved.model_copy(
                update=_style(stored, asked) | {"contributors": _with(stored.contributors, caller)}
            )
            known = with_facts(facts, stored.answers)
            draft = self._contents.restyled(draft, template, style_of(stored), known)
            said = asked.instruction if asked.tone is None else f"{asked.instruction}:{asked.tone}"
            return with_revision(stored, draft, said, caller)

        return self.changes.change(
            caller, draft_id, decide, version=asked.version, move=asked.instruction, answer=answer
        )

    def _rewritten(
        self,
        caller: Caller,
        draft_id: str,
        asked: ReviseDraft,
        rewriter: Callable[[], Rewriter | None],
        answer: Body,
    ) -> DraftDocument:
        """Have a model put the body in other words; taken only where no fact changed and no more is disclosed.

        The model is asked once, before anything is decided: whoever changed the draft meanwhile is not overwritten.
        """
        draft, facts, _ = self.basis(caller, draft_id)
        rules.move(draft, "edit", at=self._now())
        model = rewriter()
        if model is None:
            raise ConflictError("No model is set up that could put the text in other words", code="no_model")
        known = with_facts(facts, draft.answers)
        names = [str(known.values.get(name) or "") for name in _NAMES] + [draft.recipient.name]
        done = rewrite(model, draft.body, asked.wish or "", known=known.known, names=names)
        if done.text is None:
            raise refused(done)
        body = done.text

        def decide(stored: DraftDocument) -> DraftDocument:
            if (stored.body, stored.recipient) != (draft.body, draft.recipient):
                raise PreconditionFailedError("The draft was changed while the model wrote")
            moved = rules.move(stored, "edit", at=self._now())
            moved = moved.model_copy(update={"own_words": True, "contributors": _with(stored.contributors, caller)})
            return with_revision(stored, self._contents.merged(moved, stored.subject, body, known), "rewrite", caller)

        return self.changes.change(caller, draft_id, decide, version=asked.version, move="rewrite", answer=answer)

    def apply_template(self, caller: Caller, draft_id: str, name: str, *, answer: Body = plain_body) -> DraftDocument:
        """Let a template take the place of what the draft says; its recipient stays when it is of the same kind."""
        template = named_template(name)
        _, facts, context = self.basis(caller, draft_id, template=template)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "edit", at=self._now())
            wanted = NewRecipient(kind=template.recipient)
            recipient = self._contents.recipient(caller, context, wanted, facts, before=stored.recipient)
            members = {"template": name, "own_subject": False, "recipient": recipient, "channel": template.channel}
            draft = moved.model_copy(update=members | {"contributors": _with(stored.contributors, caller)})
            draft = self._contents.worded(draft, template, with_facts(facts, stored.answers))
            return with_revision(stored, draft, f"apply_template:{name}", caller)

        return self.changes.change(caller, draft_id, decide, version=None, move="apply_template", answer=answer)

    def resolve_phi(
        self, caller: Caller, draft_id: str, way: Literal["remove", "portal_link"], *, answer: Body = plain_body
    ) -> DraftDocument:
        """Take a way out of disclosing too much: mark as removed what is too much, or let it be read in the portal."""
        _, facts, _ = self.basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            known = with_facts(facts, stored.answers)
            moved = rules.move(stored, "edit", at=self._now())
            moved = moved.model_copy(update={"contributors": _with(stored.contributors, caller)})
            if way == "portal_link":
                draft = self._reworded(moved.model_copy(update={"channel": way}), known, None, None)
            else:
                reasons = measured(stored, stored.subject, stored.body, known).reasons
                said = remove(stored.subject, reasons, part="subject"), remove(stored.body, reasons)
                moved = without_used(moved, frozenset(one.finding.field for one in reasons))
                draft = self._reworded(moved, known, *said)
            return with_revision(stored, draft, f"phi:{way}", caller)

        return self.changes.change(caller, draft_id, decide, version=None, move=f"phi:{way}", answer=answer)

    def _new(self, caller: Caller, context: ContextDocument, new: NewDraft) -> DraftDocument:
        now, key = self._now(), caller.idempotency
        template = None if new.template is None else named_template(new.template)
        answers = answers_of(new.fields)
        kind = new.recipient.kind or (template.recipient if template else "other")
        _check_template(new.template, kind, new.channel)
        self._contents.check_known(caller, context, new.recipient, kind)
        facts = self.facts(caller, context, template).with_answers(answers)
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
        ).model_copy(update=self.follow_up(caller, new.follow_up_on, now))
        if template is not None:
            return self._contents.worded(draft, template, facts)
        return self._contents.merged(draft, new.subject or "", new.body or "", facts)

    def _reworded(
        self, draft: DraftDocument, facts: EmailFacts, subject: str | None, body: str | None
    ) -> DraftDocument:
        """The draft with a person's subject or body, and with what is known now in the rest."""
        said = draft.subject if subject is None else subject, draft.body if body is None else body
        merged = self._contents.merged(draft, *said, facts)
        if draft.template is None:
            return merged
        own_subject = draft.own_subject or (subject is not None and subject != draft.subject)
        letter = merged.model_copy(update={"own_subject": own_subject})
        return self._contents.restyled(letter, named_template(draft.template), style_of(draft), facts)


def _check_template(name: str | None, kind: RecipientKind, channel: Channel | None) -> None:
    """Refuse to send a template's letter to somebody else than it is for, or on a way that protects less."""
    if name is None:
        return
    template = named_template(name)
    if kind != template.recipient:
        refuse("recipient.kind", "not_for_recipient", "is not whom this template is for")
    if template.channel == "portal_link" and channel == "plain_email":
        refuse("channel", "below_template", "protects less than this template needs: it is read in the portal")


def _style(draft: DraftDocument, asked: ReviseDraft) -> dict[str, object]:
    """The members of a draft's style that an instruction changes."""
    if asked.instruction == "set_tone":
        return {"tone": asked.tone}
    if asked.instruction == "simplify":
        return {"simplified": True}
    return {"length": _LENGTHS[asked.instruction].get(draft.length, _ENDS[asked.instruction])}


def _with(contributors: tuple[str, ...], caller: Caller) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*contributors, str(caller.user_id))))
