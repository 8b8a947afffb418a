"""The e-mail drafter's quick actions: each works on a draft of the context, its newest one by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import allows_action
from shared.domain import draft_guidance as guidance
from shared.errors import NotFoundError
from shared.models.api.drafts import (
    ApplyTemplateParams,
    ApproveDraft,
    ApproveParams,
    ChangesParams,
    CheckPhiParams,
    DiscardDraft,
    DiscardParams,
    DraftEmailParams,
    DraftReference,
    EditDraft,
    FillParams,
    FollowUpParams,
    NewDraft,
    ReasonedStep,
    RetractDraft,
    ReviseDraft,
    SendDraft,
    SendParams,
    ToneParams,
    Wording,
)
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.drafts import DraftDocument
from shared.services.access_log import AccessLog
from shared.services.draft_changes import MODE, Body, disclosure
from shared.services.draft_sending import DraftSending
from shared.services.draft_views import draft_view
from shared.services.drafts import DraftService

_OK = 200


class DraftActions:
    """See DRAFT_ACTIONS."""

    def __init__(self, drafts: DraftService, sending: DraftSending, access_log: AccessLog) -> None:
        self._drafts = drafts
        self._sending = sending
        self._access_log = access_log

    def draft_email(self, caller: Caller, context: ContextDocument, params: DraftEmailParams) -> QuickActionResult:
        """Draft an e-mail from a template."""
        new = NewDraft(context_id=context.id, **params.model_dump(exclude={"recipient"}), recipient=params.recipient)
        return _result(caller, self._drafts.create(caller, new, answer=_kept(caller), status=_OK))

    def apply_template(
        self, caller: Caller, context: ContextDocument, params: ApplyTemplateParams
    ) -> QuickActionResult:
        """Let a template take the place of what the draft says."""
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.apply_template(caller, draft_id, params.template, answer=_kept(caller)))

    def set_tone(self, caller: Caller, context: ContextDocument, params: ToneParams) -> QuickActionResult:
        """Word it in another tone."""
        return self._revise(caller, context, params, ReviseDraft(instruction="set_tone", tone=params.tone))

    def shorten(self, caller: Caller, context: ContextDocument, params: DraftReference) -> QuickActionResult:
        """Leave out what is not needed."""
        return self._worded(caller, context, params, "shorten")

    def expand(self, caller: Caller, context: ContextDocument, params: DraftReference) -> QuickActionResult:
        """Say more."""
        return self._worded(caller, context, params, "expand")

    def simplify(self, caller: Caller, context: ContextDocument, params: DraftReference) -> QuickActionResult:
        """Say it in plainer words."""
        return self._worded(caller, context, params, "simplify")

    def fill_missing_fields(self, caller: Caller, context: ContextDocument, params: FillParams) -> QuickActionResult:
        """Put in what the draft lacked, an address that takes the message, or other words."""
        edit = EditDraft(fields=params.fields, body=params.body, recipient=params.recipient)
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.edit(caller, draft_id, edit, answer=_kept(caller)))

    def check_phi(self, caller: Caller, context: ContextDocument, params: CheckPhiParams) -> QuickActionResult:
        """Say what the draft discloses and whether it may; take a way out where one is named."""
        draft_id = self._chosen(caller, context, params)
        if params.resolve is not None:
            return _result(caller, self._drafts.resolve_phi(caller, draft_id, params.resolve, answer=_kept(caller)))
        draft = self._drafts.check_phi(caller, draft_id)
        event = caller.changed(
            "draft",
            resource_ref=draft.id,
            patient_ref=draft.patient_uuid,
            mode=MODE,
            metadata={"move": "check_phi"} | disclosure(draft),
        )
        self._access_log.publish(event)
        return _result(caller, draft)

    def submit_for_review(self, caller: Caller, context: ContextDocument, params: DraftReference) -> QuickActionResult:
        """Ask for approval."""
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.submit(caller, draft_id, version=None, answer=_kept(caller)))

    def request_changes(self, caller: Caller, context: ContextDocument, params: ChangesParams) -> QuickActionResult:
        """Give it back to its author."""
        step = ReasonedStep(reason=params.reason)
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.request_changes(caller, draft_id, step, answer=_kept(caller)))

    def approve(self, caller: Caller, context: ContextDocument, params: ApproveParams) -> QuickActionResult:
        """Approve the content that was read."""
        step = ApproveDraft(content_hash=params.content_hash)
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.approve(caller, draft_id, step, answer=_kept(caller)))

    def send(self, caller: Caller, context: ContextDocument, params: SendParams) -> QuickActionResult:
        """Send what was approved, or decide about what nobody knows."""
        asked = SendDraft(decision=params.decision, placed_in_portal=params.placed_in_portal)
        draft_id = self._chosen(caller, context, params)
        sent = self._sending.send(caller, draft_id, asked, self._drafts, answer=_kept(caller))
        return _result(caller, sent)

    def discard(self, caller: Caller, context: ContextDocument, params: DiscardParams) -> QuickActionResult:
        """Put it away for good."""
        step = DiscardDraft(reason=params.reason)
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.discard(caller, draft_id, step, answer=_kept(caller)))

    def retract_and_correct(self, caller: Caller, context: ContextDocument, params: ChangesParams) -> QuickActionResult:
        """Take back what was sent; the answer shows the draft that corrects it."""
        done = self._drafts.retract(
            caller, self._chosen(caller, context, params), RetractDraft(reason=params.reason), shown=_as_result(caller)
        )
        return _as_result(caller)(*done)

    def create_follow_up_task(
        self, caller: Caller, context: ContextDocument, params: FollowUpParams
    ) -> QuickActionResult:
        """Say by when an answer is expected: then a task asks for it."""
        edit = EditDraft(follow_up_on=params.follow_up_on)
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.expect_answer(caller, draft_id, edit, answer=_kept(caller)))

    def _worded(
        self, caller: Caller, context: ContextDocument, params: DraftReference, instruction: Wording
    ) -> QuickActionResult:
        return self._revise(caller, context, params, ReviseDraft(instruction=instruction))

    def _revise(
        self, caller: Caller, context: ContextDocument, params: DraftReference, asked: ReviseDraft
    ) -> QuickActionResult:
        draft_id = self._chosen(caller, context, params)
        return _result(caller, self._drafts.revise(caller, draft_id, asked, answer=_kept(caller)))

    def _chosen(self, caller: Caller, context: ContextDocument, params: DraftReference) -> str:
        """The draft that was named, else the context's foremost one. Raises NotFoundError."""
        self._drafts.changes.recall(caller)
        if params.draft_id is not None:
            found = self._drafts.draft(caller, params.draft_id)
            if found.context_id != context.id:
                raise NotFoundError("There is no such record")
            return found.id
        drafts = self._drafts.newest(caller, context, limit=25)
        draft = guidance.foremost(drafts) or (drafts[0] if drafts else None)
        if draft is None:
            raise NotFoundError("No e-mail was drafted here yet")
        return draft.id


def _kept(caller: Caller) -> Body:
    return lambda draft: _result(caller, draft)


def _as_result(caller: Caller) -> Callable[[DraftDocument, DraftDocument | None], QuickActionResult]:
    """The answer to a retraction: what is to be done now with its correction."""

    def shown(draft: DraftDocument, correction: DraftDocument | None) -> QuickActionResult:
        result = _result(caller, correction or draft)
        return result.model_copy(update={"data": result.data | {"retracted": draft.id}})

    return shown


def _result(caller: Caller, draft: DraftDocument) -> QuickActionResult:
    offered = guidance.guidance((draft,), by=str(caller.user_id))
    data: dict[str, Any] = {
        "status": guidance.status_of((draft,)),
        "draft": draft_view(draft).model_dump(mode="json", by_alias=True),
    }
    return QuickActionResult(
        success=True,
        data=data,
        guidance_actions=tuple(one for one in offered if allows_action(caller.role, one.action)),
    )
