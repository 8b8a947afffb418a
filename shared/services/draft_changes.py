"""What every change of a draft goes through: version, decision, audit event with what is disclosed, kept answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pydantic import BaseModel

from shared.auth.permissions import Permission, allows
from shared.db.selector import DatabaseSelector
from shared.errors import ForbiddenError, NotFoundError, PreconditionFailedError
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import Document
from shared.models.firestore.drafts import DraftDocument
from shared.repositories.changes import Change, KeptAnswer
from shared.services.clock import Clock
from shared.services.draft_views import draft_view
from shared.services.email_values import fields_hidden_from

MODE = "email-drafter"
Decide = Callable[[DraftDocument], DraftDocument]
Body = Callable[[DraftDocument], BaseModel]


def tells_hidden(draft: DraftDocument, caller: Caller) -> bool:
    """Whether others than the caller filled it from a field that the caller's role does not see."""
    used = {name for one in draft.used for name in one.fields} | set(draft.disclosed) | set(draft.answers)
    return draft.contributors != (str(caller.user_id),) and not used.isdisjoint(fields_hidden_from(caller.role))


def plain_body(draft: DraftDocument) -> BaseModel:
    """The draft itself: what the routes answer."""
    return draft_view(draft)


class DraftChanges:
    """Carries out changes of drafts."""

    def __init__(self, db: DatabaseSelector, *, now: Clock) -> None:
        self._db = db
        self._now = now

    def recall(self, caller: Caller) -> None:
        """Raise Replayed when the caller's Idempotency-Key was used within 24 hours."""
        self._db.firestore.kept_answers.recall(caller.idempotency)

    def check_may_read(self, caller: Caller, draft: DraftDocument) -> None:
        """Refuse a draft to who has not worded it, has not opened its context, and is no lead or auditor.

        One that was filled from a field that the role does not see is refused to all but who filled it in themselves.
        Raises NotFoundError, ForbiddenError.
        """
        me = str(caller.user_id)
        theirs = me in {draft.author_id, *draft.contributors}
        if not theirs and not allows(caller.role, Permission.DRAFT_READ_ALL):
            session = self._db.firestore.contexts.session(caller.session_id)
            if session is None or draft.context_id not in session.open_contexts:
                raise NotFoundError("There is no such record")
        if tells_hidden(draft, caller):
            raise ForbiddenError("The e-mail tells what your role does not see")

    def change(
        self,
        caller: Caller,
        draft_id: str,
        decide: Decide,
        *,
        version: int | None,
        move: str,
        answer: Body | None = plain_body,
        new: Callable[[DraftDocument], tuple[Document, ...]] = lambda _draft: (),
        said: Mapping[str, object] = MappingProxyType({}),
    ) -> DraftDocument:
        """Decide on the draft as it is stored and write it, with one audit event.

        Without an `answer`, a later change of the same request keeps it. The event says `said` as well.
        Raises PreconditionFailedError when the caller's version is stale, NotFoundError, and what `decide` raises.
        """
        self.recall(caller)
        expected = caller.if_match if caller.if_match is not None else version

        def changed(stored: DraftDocument) -> Change[DraftDocument]:
            self.check_may_read(caller, stored)
            check_version(stored, expected)
            after = decide(stored)
            return Change(after, event_of(caller, after, move, said), kept(caller, after, answer), new(after))

        return self._db.firestore.drafts.change(caller.client_id, draft_id, changed)


def check_version(draft: DraftDocument, expected: int | None) -> None:
    """Raise PreconditionFailedError unless `expected` is the draft's version, or was not said."""
    if expected is not None and expected != draft.version:
        current = draft_view(draft).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The draft has changed since you read it", current=current)


def event_of(
    caller: Caller, draft: DraftDocument, move: str, said: Mapping[str, object] = MappingProxyType({})
) -> AuditEvent:
    """The audit event of a change: what the e-mail discloses by name of field and kind, to which kind of recipient."""
    return caller.changed(
        "draft",
        resource_ref=draft.id,
        patient_ref=draft.patient_uuid,
        mode=MODE,
        metadata={"move": move, "state": draft.state} | disclosure(draft) | dict(said),
    )


def disclosure(draft: DraftDocument) -> dict[str, object]:
    """What an audit row says of an e-mail: names of fields and kinds, never values."""
    return {
        "template": draft.template,
        "recipientKind": draft.recipient.kind,
        "channel": draft.channel,
        "phiLevel": draft.phi_level,
        "disclosed": list(draft.disclosed),
    }


def kept(caller: Caller, draft: DraftDocument, answer: Body | None, status: int = 200) -> KeptAnswer | None:
    """The answer to keep for a repeated request."""
    if caller.idempotency is None or answer is None:
        return None
    return KeptAnswer(caller.idempotency, status, answer(draft).model_dump_json(by_alias=True))
