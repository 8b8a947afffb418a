"""Writing drafts: from a template or in own words, by hand or by an instruction."""

from __future__ import annotations

from typing import Literal

from shared.domain import draft_states as rules
from shared.domain.email.phi_meter import remove
from shared.models.api.drafts import EditDraft, NewDraft, NewRecipient, ReviseDraft
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
    template_of,
    with_facts,
    with_revision,
)
from shared.services.draft_desk import DraftDesk
from shared.services.email_values import EmailFacts

_LENGTHS = {"shorten": {"long": "standard"}, "expand": {"short": "standard"}}
_ENDS = {"shorten": "short", "expand": "long"}


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
        _, facts, context = self.basis(caller, draft_id)

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
                members |= self.follow_up(caller, edit.follow_up_on, now)
            draft = moved.model_copy(update=members)
            if edit.subject is not None or edit.body is not None:
                draft = draft.model_copy(update={"own_words": True})
            draft = self._reworded(draft, known, edit.subject, edit.body)
            return with_revision(stored, draft, "edit", caller)

        return self.changes.change(caller, draft_id, decide, version=edit.version, move="edit", answer=answer)

    def revise(self, caller: Caller, draft_id: str, asked: ReviseDraft, *, answer: Body = plain_body) -> DraftDocument:
        """Word the template anew: in another tone, shorter, longer, in plainer words."""
        _, facts, _ = self.basis(caller, draft_id)

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
        _, facts, context = self.basis(caller, draft_id)

        def decide(stored: DraftDocument) -> DraftDocument:
            moved = rules.move(stored, "edit", at=self._now())
            wanted = NewRecipient(kind=template.recipient)
            recipient = self._contents.recipient(caller, context, wanted, facts, before=stored.recipient)
            members = {"template": name, "own_words": False, "recipient": recipient, "channel": template.channel}
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
                draft = self._contents.merged(moved.model_copy(update={"own_words": True}), *said, known)
            return with_revision(stored, draft, f"phi:{way}", caller)

        return self.changes.change(caller, draft_id, decide, version=None, move=f"phi:{way}", answer=answer)

    def _new(self, caller: Caller, context: ContextDocument, new: NewDraft) -> DraftDocument:
        now, key = self._now(), caller.idempotency
        template = None if new.template is None else named_template(new.template)
        facts = self.facts(caller, context).with_answers(answers_of(new.fields))
        kind = new.recipient.kind or (template.recipient if template else "other")
        if template is not None and kind != template.recipient:
            refuse("recipient.kind", "not_for_recipient", "is not whom this template is for")
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
        if draft.own_words or draft.template is None:
            said = draft.subject if subject is None else subject, draft.body if body is None else body
            return self._contents.merged(draft, *said, facts)
        return self._contents.worded(draft, named_template(draft.template), facts)


def _style(draft: DraftDocument, asked: ReviseDraft) -> dict[str, object]:
    """The members of a draft's style that an instruction changes."""
    if asked.instruction == "set_tone":
        return {"tone": asked.tone}
    if asked.instruction == "simplify":
        return {"simplified": True}
    return {"length": _LENGTHS[asked.instruction].get(draft.length, _ENDS[asked.instruction])}


def _with(contributors: tuple[str, ...], caller: Caller) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*contributors, str(caller.user_id))))
