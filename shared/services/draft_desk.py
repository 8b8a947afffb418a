"""What everything about drafts needs: the draft, its context, and what the records say now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from shared.db.selector import DatabaseSelector
from shared.domain.email.template import Template
from shared.errors import NotFoundError
from shared.models.api.drafts import NewRecipient
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.drafts import DraftDocument
from shared.repositories.document_protocols import DraftFilter
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.draft_changes import MODE, DraftChanges
from shared.services.draft_contents import (
    DraftContents,
    follow_up_at,
    measured,
    named_template,
    phi_members,
    with_facts,
)
from shared.services.draft_standing import check_standing, rests_on_records
from shared.services.email_values import EmailFacts, EmailValues

if TYPE_CHECKING:
    from shared.services.contexts import ContextService


class DraftDesk:
    """Reads for the services that write and review drafts."""

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

    def draft(self, caller: Caller, draft_id: str) -> DraftDocument:
        """Read a draft that the caller may read, for a service that audits what it does."""
        found = self._db.firestore.drafts.get(caller.client_id, draft_id)
        if found is None:
            raise NotFoundError("There is no such record")
        self.changes.check_may_read(caller, found)
        return found

    def newest(self, caller: Caller, context: ContextDocument, limit: int = 1) -> list[DraftDocument]:
        """The newest drafts of a context."""
        wanted = DraftFilter(context_id=context.id)
        return self._db.firestore.drafts.find(caller.client_id, wanted, after=None, limit=limit)

    def basis(
        self,
        caller: Caller,
        draft_id: str,
        recipient: NewRecipient | None = None,
        template: Template | None = None,
        *,
        as_merged: bool = False,
    ) -> tuple[DraftDocument, EmailFacts, ContextDocument]:
        """The draft, what the records say now, and the context; read before anything is decided.

        Nothing is read for somebody who names a `recipient` that is nobody of ours. With `as_merged` the records are
        those that the draft was merged from, and no others. Raises NotFoundError.
        """
        self.changes.recall(caller)
        draft = self.draft(caller, draft_id)
        context = self._contexts().context_in(caller, MODE, draft.context_id)
        if recipient is not None:
            self._contents.check_known(caller, context, recipient, recipient.kind or draft.recipient.kind)
        of = template or (None if draft.template is None else named_template(draft.template))
        rested_on = draft.rests_on if as_merged else None
        return draft, self.facts(caller, context, of, rested_on=rested_on), context

    def facts(
        self,
        caller: Caller,
        context: ContextDocument,
        template: Template | None,
        *,
        rested_on: Mapping[str, str] | None = None,
    ) -> EmailFacts:
        """What the records say now of what the template speaks of, as far as the caller sees them.

        What the request does with it is its audit row.
        """
        today = caller.today(self._now())
        return self._values.read(caller, context, template, today=today, rested_on=rested_on)

    def standing(self, caller: Caller, draft_id: str) -> Callable[[DraftDocument], None]:
        """What refuses a draft whose records are not as its letter tells; they are read now, before it is decided.

        Of a draft that asks nothing of a record none is read. Raises NotFoundError.
        """
        self.changes.recall(caller)
        if not rests_on_records(self.draft(caller, draft_id)):
            return lambda draft: check_standing(draft, None, role=caller.role)
        _, facts, _ = self.basis(caller, draft_id, as_merged=True)
        return lambda draft: check_standing(draft, facts, role=caller.role)

    def remeasured(self, draft: DraftDocument, facts: EmailFacts) -> DraftDocument:
        """The draft with what it discloses by the records as they are now."""
        known = with_facts(facts, draft.answers)
        return draft.model_copy(update=phi_members(measured(draft, draft.subject, draft.body, known)))

    @staticmethod
    def follow_up(caller: Caller, day: date | None, now: datetime) -> dict[str, object]:
        """The members that say by when an answer is expected. Raises ValidationFailedError."""
        at = follow_up_at(day, caller, now)
        return {"follow_up_on": None if day is None else str(day), "follow_up_at": at}
