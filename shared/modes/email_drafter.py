"""The e-mail drafter: letters that are right, that say no more than they may, and that a person sends."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from shared.domain import draft_guidance as rules
from shared.models.api.drafts import DraftView, Retracted
from shared.models.api.modes import SummaryView
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.drafts import DraftDocument
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.repositories.document_protocols import DraftFilter
from shared.services.draft_action_table import DRAFT_ACTIONS

if TYPE_CHECKING:
    from shared.services.draft_actions import DraftActions
    from shared.services.draft_reports import DraftReports
    from shared.services.draft_sending import DraftSending
    from shared.services.drafts import DraftService

SUMMED_UP = 50
LONGEST_SUMMARY = 600


class EmailDrafterModeHandler(BaseModeHandler):
    """See BaseModeHandler. Who works in it and who may run its actions: shared/auth/permissions.py."""

    mode: ClassVar[str] = "email-drafter"
    label: ClassVar[str] = "E-Mail Drafter"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = DRAFT_ACTIONS

    @cached_property
    def drafts(self) -> DraftService:
        """Drafts, for the routes that only this mode has."""
        from shared.services.drafts import DraftService

        return DraftService(self._db, self._access_log, lambda: self.contexts, now=self._now)

    @cached_property
    def sending(self) -> DraftSending:
        """Sending them."""
        from shared.services.draft_sending import DraftSending

        return DraftSending(lambda: self._db.firestore.drafts, self.mailer, now=self._now)

    @cached_property
    def reports(self) -> DraftReports:
        """What is heard of them afterwards."""
        from shared.services.draft_reports import DraftReports

        return DraftReports(lambda: self._db.firestore, self.drafts.changes, self._access_log, now=self._now)

    @cached_property
    def letters(self) -> DraftActions:
        """The quick actions."""
        from shared.services.draft_actions import DraftActions

        return DraftActions(self.drafts, self.sending, self._access_log)

    @staticmethod
    def show(draft: DraftDocument) -> DraftView:
        """The draft as the routes answer it."""
        from shared.services.draft_views import draft_view

        return draft_view(draft)

    @staticmethod
    def show_retracted(draft: DraftDocument, correction: DraftDocument | None) -> Retracted:
        """A retracted draft and the one that corrects it."""
        from shared.services.drafts import retracted_view

        return retracted_view(draft, correction)

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        return f"No e-mail about {number if record_type == 'other' else f'{record_type} {number}'} yet."

    def get_summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """See BaseModeHandler.get_summary. It is made from the drafts as they are now."""
        event = caller.seen("draft_list", resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode)
        with self._access_log.reading(event):
            found = self._of(caller, context, SUMMED_UP + 1)
        drafts = found[:SUMMED_UP]
        sentences = rules.sentences(drafts, more=len(found) > SUMMED_UP)
        return SummaryView(
            mode=self.mode,
            context_id=context.id,
            summary=" ".join(one.text for one in sentences)[:LONGEST_SUMMARY],
            status=rules.status_of(drafts),
            facts=rules.facts(drafts),
            sentences=sentences,
            updated_at=max((one.updated_at for one in drafts), default=context.updated_at),
        )

    def guidance(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """See BaseModeHandler.guidance."""
        return rules.guidance(self._theirs(caller, context), by=str(caller.user_id))

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """See BaseModeHandler.why_not."""
        return rules.why_not(self._theirs(caller, context), action, by=str(caller.user_id))

    def recall(self, caller: Caller) -> None:
        """See BaseModeHandler.recall."""
        self._db.firestore.kept_answers.recall(caller.idempotency)

    def _theirs(self, caller: Caller, context: ContextDocument) -> list[DraftDocument]:
        """Those with which the caller may do anything at all."""
        from shared.services.draft_changes import tells_hidden

        return [one for one in self._of(caller, context, SUMMED_UP) if not tells_hidden(one, caller)]

    def _of(self, caller: Caller, context: ContextDocument, limit: int) -> list[DraftDocument]:
        wanted = DraftFilter(context_id=context.id)
        return self._db.firestore.drafts.find(caller.client_id, wanted, after=None, limit=limit)
