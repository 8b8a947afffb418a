"""The modes as one service: which there are, their handlers, contexts and quick actions."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from shared import modes as mode_modules
from shared.auth.permissions import allows_action, allows_mode
from shared.db.selector import DatabaseSelector
from shared.errors import NotFoundError
from shared.models.api.meta import ModeList, ModeView, QuickActionView
from shared.models.api.modes import (
    LABELS,
    MACHINE_NAMES,
    ContextView,
    QuickAction,
    QuickActionResult,
    SetContext,
    SummaryView,
)
from shared.models.caller import Caller
from shared.modes.base import BaseModeHandler
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.contexts import ContextService

if TYPE_CHECKING:
    from shared.clearinghouse.port import Clearinghouse
    from shared.mail.port import Mailer


def _nobody() -> None:
    """No payer connection, and no way to send e-mail."""


class ModeService:
    """Finds handlers by name and imports them on first use: a mode that is not asked for costs nothing."""

    def __init__(
        self,
        db_selector: DatabaseSelector,
        access_log: AccessLog,
        contexts: ContextService,
        *,
        now: Clock,
        clearinghouse: Callable[[], Clearinghouse | None] = _nobody,
        mailer: Callable[[], Mailer | None] = _nobody,
    ) -> None:
        self._db = db_selector
        self._access_log = access_log
        self.contexts = contexts
        self._now = now
        self._clearinghouse = clearinghouse
        self._mailer = mailer

    @cached_property
    def modes(self) -> dict[str, str]:
        """Import path of each mode's handler class by the mode's name; one module of `shared.modes` is one mode."""
        return {
            module.name.replace("_", "-"): f"{mode_modules.__name__}.{module.name}:{_class_name(module.name)}"
            for module in pkgutil.iter_modules(mode_modules.__path__)
            if module.name != "base"
        }

    def handler_class(self, mode: str) -> type[BaseModeHandler]:
        """Import the handler class of `mode`. Raises NotFoundError (`mode_not_found`) naming the known modes."""
        path = self.modes.get(mode)
        if path is None:
            known = sorted(self.modes)
            raise NotFoundError(f"Known modes: {', '.join(known)}", code="mode_not_found", allowed=known)
        module, _, name = path.partition(":")
        found: type[BaseModeHandler] = getattr(import_module(module), name)
        return found

    def get_mode_handler(self, mode: str) -> Any:
        """Return a handler of `mode`, with its stores."""
        make: Any = self.handler_class(mode)
        handler = make(self._db, self._access_log, now=self._now)
        handler.contexts = self.contexts
        handler.clearinghouse = self._clearinghouse
        handler.mailer = self._mailer
        return handler

    def list_modes(self, caller: Caller) -> ModeList:
        """List the modes that the caller's role works in, with the quick actions it may run."""
        return ModeList(
            modes=tuple(
                _view(self.handler_class(mode), caller) for mode in sorted(self.modes) if allows_mode(caller.role, mode)
            )
        )

    def get_context(self, caller: Caller, mode: str, context_id: str | None = None) -> ContextView:
        """Return the caller's current context in `mode`, or the one named."""
        handler = self.get_mode_handler(mode)
        return ContextView.of(handler.get_context(self.contexts.current(caller, mode, context_id)))

    def set_context(self, caller: Caller, mode: str, wanted: SetContext) -> tuple[ContextView, bool]:
        """Open a record in `mode`; tell whether the context is new."""
        handler = self.handler_class(mode)
        record_type = MACHINE_NAMES.get(wanted.record_type, wanted.record_type)
        context, new = self.contexts.open(
            caller, mode, wanted, lambda number: handler.fresh_summary(record_type, number)
        )
        return ContextView.of(context), new

    def get_summary(self, caller: Caller, mode: str, context_id: str | None = None) -> SummaryView:
        """Return the summary of the caller's current context in `mode`, or of the one named."""
        context = self.contexts.context_in(caller, mode, context_id)
        summary: SummaryView = self.get_mode_handler(mode).get_summary(caller, context)
        return summary

    def execute_quick_action(self, caller: Caller, mode: str, request: QuickAction) -> QuickActionResult:
        """Run a quick action of `mode` on a context."""
        handler = self.get_mode_handler(mode)
        handler.rule_for(caller, request.action)
        context = self.contexts.context_in(caller, mode, request.context_id)
        result: QuickActionResult = handler.execute_action(caller, context, request.action, request.params)
        return result


def _view(handler: type[BaseModeHandler], caller: Caller) -> ModeView:
    return ModeView(
        mode=handler.mode,
        label=handler.label,
        record_types=tuple(LABELS[name] for name in handler.record_types),
        quick_actions=tuple(
            QuickActionView(action=rule.name, label=rule.label, params=rule.params.model_json_schema(by_alias=True))
            for rule in handler.quick_actions
            if rule.listed and allows_action(caller.role, rule.name)
        ),
    )


def _class_name(module: str) -> str:
    return "".join(word.capitalize() for word in module.split("_")) + "ModeHandler"
