"""What every mode can do: show its context and summary, and run its quick actions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from shared.auth.permissions import allows_action
from shared.errors import FieldError, ForbiddenError, ValidationFailedError
from shared.models.api.base import RequestModel, faults_of
from shared.models.api.modes import QuickActionResult, SummaryView
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.snapshot import Snapshot

if TYPE_CHECKING:
    from shared.clearinghouse.port import Clearinghouse
    from shared.db.selector import DatabaseSelector
    from shared.mail.port import Mailer
    from shared.services.access_log import AccessLog
    from shared.services.clock import Clock
    from shared.services.contexts import ContextService


@dataclass(frozen=True, slots=True)
class QuickActionRule:
    """A quick action of a mode: its label, its parameters, and the handler's method (`part.method`) that runs it.

    One that `only_reads` changes nothing, and asks nobody outside: an assistant may run it by itself.
    """

    name: str
    label: str
    params: type[RequestModel]
    method: str
    listed: bool = True  # an alias is not
    only_reads: bool = False


class BaseModeHandler:
    """A mode. Subclasses set the class members and implement the actions they declare."""

    mode: ClassVar[str]
    label: ClassVar[str]
    record_types: ClassVar[tuple[str, ...]] = ("patient", "claim", "visit", "authorization", "other")
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = ()
    contexts: ContextService  # set by the mode service, whose contexts they are
    clearinghouse: Callable[[], Clearinghouse | None]  # set by the mode service as well
    mailer: Callable[[], Mailer | None]  # likewise

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    def local_time(self, caller: Caller) -> datetime:
        """The time at the organisation."""
        return self._now().astimezone(ZoneInfo(caller.time_zone))

    @classmethod
    def actions(cls) -> Mapping[str, QuickActionRule]:
        """Return the quick actions by name."""
        return {rule.name: rule for rule in cls.quick_actions}

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """Word the summary of a context that was just opened on the record `number` of `record_type`."""
        return f"Working on {number}…" if record_type == "other" else f"Working on {record_type} {number}…"

    def get_context(self, context: ContextDocument) -> ContextDocument:
        """Return the context as this mode shows it."""
        return context

    def get_summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """Return the stored summary and facts; a mode that can read the records makes them anew."""
        del caller
        return SummaryView(
            mode=self.mode,
            context_id=context.id,
            summary=context.summary,
            status=context.status,
            facts=context.facts,
            updated_at=context.updated_at,
        )

    def snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot | None:
        """Make what the context says of its record anew, from the records as they are now.

        None where nothing of it rests on records: a mode that keeps no snapshot, or one that was not made yet.
        """
        del client_id, context, now
        return None

    def guidance(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """Return what to do next: the quick actions that the caller's role may run. The caller audits the read.

        A mode that knows the records says what fits them, and what stands in an action's way.
        """
        del context
        return tuple(
            GuidanceAction(label=rule.label, action=rule.name, id=f"{self.mode}.{rule.name}")
            for rule in self.quick_actions
            if allows_action(caller.role, rule.name)
        )

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """Say what about the record keeps `action` from being offered or run; None when nothing does."""
        del caller, context, action
        return None

    def recall(self, caller: Caller) -> None:
        """Raise Replayed when the caller's Idempotency-Key was used for an action whose answer this mode keeps."""
        del caller

    def execute_action(
        self, caller: Caller, context: ContextDocument, action: str, params: dict[str, Any]
    ) -> QuickActionResult:
        """Run a quick action with `params`, which its model checks."""
        rule = self.rule_for(caller, action)
        run: Callable[..., QuickActionResult] = attrgetter(rule.method)(self)
        return run(caller, context, params_of(rule.params, params))

    def rule_for(self, caller: Caller, action: str) -> QuickActionRule:
        """Return what `action` is. Raises ValidationFailedError for an unknown one, ForbiddenError for the role."""
        rule = self.actions().get(action)
        if rule is None:
            allowed = sorted(self.actions())
            message = f"This mode has no such action: {', '.join(allowed)}"
            raise ValidationFailedError(
                message, errors=(FieldError("action", "unknown_action", message),), allowed=allowed
            )
        if not allows_action(caller.role, action):
            raise ForbiddenError("Your role does not allow this action")
        return rule


def params_of(model: type[RequestModel], params: dict[str, Any]) -> Any:
    """Check the `params` of an action. Raises ValidationFailedError naming each as `params.<name>`."""
    try:
        return model.model_validate_json(json.dumps(params), strict=True, by_alias=True, by_name=False)
    except ValidationError as exc:
        errors = tuple(
            FieldError(".".join(("params", *map(str, location))), code, message)
            for location, code, message in faults_of(exc)
        )
        raise ValidationFailedError(f"{errors[0].field}: {errors[0].message}", errors=errors) from exc
