"""What everything about drafts needs: the draft, its context, and what the records say now."""

from __future__ import annotations

from collections.abc import Callable
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
    ) -> tuple[DraftDocument, EmailFacts, ContextDocument]:
        """The draft, what the records say now, and the context; read before anything is decided.

        Nothing is read for somebody who names a `recipient` that is nobody of ours. Raises NotFoundError.
        """
        self.changes.recall(caller)
        draft = self.draft(caller, draft_id)
        context = self._contexts().context_in(caller, MODE, draft.context_id)
        if recipient is not None:
            self._contents.check_known(caller, context, recipient, recipient.kind or draft.recipient.kind)
        of = template or (None if draft.template is None else named_template(draft.template))
        return draft, self.facts(caller, context, of), context

    def facts(self, caller: Caller, context: ContextDocument, template: Template | None) -> EmailFacts:
        """What the records say now of what the template speaks of, as far as the caller sees them.

        What the request does with it is its audit row.
        """
        return self._values.read(caller, context, template, today=caller.today(self._now()))

    def remeasured(self, draft: DraftDocument, facts: EmailFacts) -> DraftDocument:
        """The draft with what it discloses by the records as they are now."""
        known = with_facts(facts, draft.answers)
        return draft.model_copy(update=phi_members(measured(draft, draft.subject, draft.body, known)))

    @staticmethod
    def follow_up(caller: Caller, day: date | None, now: datetime) -> dict[str, object]:
        """The members that say by when an answer is expected. Raises ValidationFailedError."""
        at = follow_up_at(day, caller, now)
        return {"follow_up_on": None if day is None else str(day), "follow_up_at": at}
