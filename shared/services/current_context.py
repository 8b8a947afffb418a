"""The context component: the session's current record, in whatever mode the session is in."""

from __future__ import annotations

from shared.auth.permissions import allows_mode
from shared.errors import FieldError, ForbiddenError, NotFoundError, ValidationFailedError
from shared.models.api.current_context import ContextHistory, ContextUpdate
from shared.models.api.modes import ContextView, QuickAction, QuickActionResult, SetContext, SummaryView
from shared.models.caller import Caller
from shared.services.access_log import AccessLog
from shared.services.modes import ModeService


class CurrentContextService:
    """Shows and moves the record in hand. What a mode does with it is the mode's own."""

    def __init__(self, modes: ModeService, access_log: AccessLog) -> None:
        self._modes = modes
        self._access_log = access_log

    def get(self, caller: Caller, context_id: str | None) -> ContextView:
        """Return the current context, or the one named. Raises NotFoundError (`context_not_set`)."""
        context = self._modes.contexts.context_of(caller, context_id)
        return self._modes.get_context(caller, context.mode, context.id)

    def update(self, caller: Caller, wanted: ContextUpdate) -> tuple[ContextView, bool]:
        """Work on a record in a mode; tell whether its context is new.

        Raises ValidationFailedError naming `mode` when the session is in none, NotFoundError for an unknown mode or
        record, ForbiddenError for a mode that the caller's role does not work in.
        """
        mode = wanted.mode or self._session_mode(caller)
        self._modes.handler_class(mode)
        if not allows_mode(caller.role, mode):
            raise ForbiddenError("Your role does not work in this mode")
        return self._modes.set_context(caller, mode, self._record(caller, wanted))

    def summary(self, caller: Caller, context_id: str | None) -> SummaryView:
        """Return the summary of the current context, or of the one named."""
        context = self._modes.contexts.context_of(caller, context_id)
        return self._modes.get_summary(caller, context.mode, context.id)

    def execute(self, caller: Caller, request: QuickAction) -> QuickActionResult:
        """Run a quick action of the mode of the current context, or of the one named."""
        context = self._modes.contexts.context_of(caller, request.context_id)
        return self._modes.execute_quick_action(
            caller, context.mode, request.model_copy(update={"context_id": context.id})
        )

    def history(self, caller: Caller) -> ContextHistory:
        """Return the contexts opened in this sign-in, in modes that the caller's role still works in."""
        store = self._modes.contexts.db.firestore.contexts
        session = store.session(caller.session_id)
        opened = () if session is None else session.open_contexts
        with self._access_log.reading(caller.seen("context_list", resource_ref=caller.session_id)):
            found = store.several(caller.client_id, opened)
        return ContextHistory(
            contexts=tuple(
                ContextView.of(found[context_id])
                for context_id in reversed(opened)
                if context_id in found and allows_mode(caller.role, found[context_id].mode)
            )
        )

    def _session_mode(self, caller: Caller) -> str:
        session = self._modes.contexts.db.firestore.contexts.session(caller.session_id)
        if session is None or session.current_mode is None:
            message = "Name the mode: this sign-in is in none yet"
            raise ValidationFailedError(message, errors=(FieldError("mode", "missing", message),))
        return session.current_mode

    def _record(self, caller: Caller, wanted: ContextUpdate) -> SetContext:
        """Return the record named, else the one in hand in the mode that the session is in."""
        if wanted.record_type is not None and wanted.record_id is not None:
            return SetContext(record_type=wanted.record_type, record_id=wanted.record_id)
        session = self._modes.contexts.db.firestore.contexts.session(caller.session_id)
        current = session and session.current_mode and session.current_contexts.get(session.current_mode)
        if not current:
            raise NotFoundError("No record is open: set a context first", code="context_not_set")
        context = self._modes.contexts.db.bound(caller.client_id).get_context(current)
        reference = context.record_id if context.record_type == "other" else context.record_uuid
        return SetContext.model_validate({"recordType": context.record_type, "recordId": reference})
