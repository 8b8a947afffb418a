"""The base of the component services: resolving the context that a component works on."""

from __future__ import annotations

from typing import Any

from shared.auth.permissions import allows_mode
from shared.db.selector import DatabaseSelector
from shared.errors import ForbiddenError, NotFoundError
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument


class ComponentService:
    """A component (tasks, feedback, …) over the selector's stores."""

    def __init__(self, db_selector: DatabaseSelector) -> None:
        self.db = db_selector

    def get_component_data(
        self, component_type: str, context_id: str | None, mode: str | None = None, *, caller: Caller
    ) -> Any:
        """Return what the component shows for a context. Each component says what that is.

        Raises NotFoundError for a component this service is not.
        """
        del context_id, mode, caller
        raise NotFoundError(f"{type(self).__name__} has no component {component_type}")

    def context_of(self, caller: Caller, context_id: str | None, mode: str | None = None) -> ContextDocument:
        """Return the context asked for, else the caller's current one in `mode` (the session's mode).

        Raises NotFoundError (`context_not_set` when there is no current one), ForbiddenError for a mode that the
        caller's role does not work in.
        """
        context = self._read_context(caller, context_id or self._current(caller, mode))
        if not allows_mode(caller.role, context.mode):
            raise ForbiddenError("Your role does not work in this mode")
        return context

    def _read_context(self, caller: Caller, context_id: str) -> ContextDocument:
        """Return a context by id. Raises NotFoundError."""
        return self.db.bound(caller.client_id).get_context(context_id)

    def _current(self, caller: Caller, mode: str | None) -> str:
        session = self.db.firestore.contexts.session(caller.session_id)
        mode = mode or (session.current_mode if session else None)
        if session is None or mode is None or mode not in session.current_contexts:
            raise NotFoundError("No record is open: set a context first", code="context_not_set")
        return session.current_contexts[mode]
