"""The guidance component: what to do next with a record, why something is not offered, and doing it.

What fits the record is the mode's to say; the actions of every mode come after. Both stores are read where the mode
reads its records for it (one file of a patient), to offer and to see what stands in the way of an action.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from shared.auth.permissions import ROLES_BY_GUIDANCE_ACTION, ROLES_BY_QUICK_ACTION, allows_action, allows_guidance
from shared.errors import ConflictError, FieldError, ForbiddenError, MobiusError, NotFoundError, ValidationFailedError
from shared.models.api.base import RequestModel, faults_of
from shared.models.api.guidance import DynamicGuidance, GuidanceExecution, GuidanceForm, GuidanceList, WhyNotParams
from shared.models.api.modes import QuickAction, QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.replay import Replayed
from shared.modes.base import BaseModeHandler, params_of
from shared.services.access_log import AccessLog
from shared.services.component import ComponentService
from shared.services.current_context import CurrentContextService
from shared.services.everywhere import EVERYWHERE, EverywhereActions
from shared.services.modes import ModeService
from shared.services.task_rules import situation_of
from shared.services.tasks import TaskService

OPEN_AT_MOST = 100


class GuidanceService(ComponentService):
    """The guidance component."""

    def __init__(
        self, modes: ModeService, contexts: CurrentContextService, tasks: TaskService, access_log: AccessLog
    ) -> None:
        super().__init__(modes.contexts.db)
        self._modes = modes
        self._everywhere = EverywhereActions(modes, contexts, tasks, access_log)
        self._tasks = tasks
        self._access_log = access_log

    def get_component_data(
        self, component_type: str, context_id: str | None, mode: str | None = None, *, caller: Caller
    ) -> GuidanceList:
        """Return what to do next in a context. Raises NotFoundError for another component."""
        if component_type != "guidance":
            raise NotFoundError(f"GuidanceService has no component {component_type}")
        return self.get_guidance_actions(caller, self.context_of(caller, context_id, mode).id)

    def get_guidance_actions(self, caller: Caller, context_id: str | None) -> GuidanceList:
        """Return what to do next in a context (the current one by default), most urgent first."""
        context = self.context_of(caller, context_id)
        event = caller.seen("guidance", resource_ref=context.id, patient_ref=context.patient_uuid, mode=context.mode)
        with self._access_log.reading(event):
            return GuidanceList(guidance_actions=self._offered(caller, context))

    def dynamic(self, caller: Caller, context_id: str | None) -> DynamicGuidance:
        """Return the same as buttons, and as forms for the actions that ask for something."""
        actions = self.get_guidance_actions(caller, context_id).guidance_actions
        return DynamicGuidance(
            buttons=tuple(one for one in actions if one.form is None),
            forms=tuple(_as_form(one) for one in actions if one.form is not None),
        )

    def execute(self, caller: Caller, request: GuidanceExecution) -> QuickActionResult:
        """Run an action of the context's mode, or one of every mode.

        Raises ValidationFailedError for an unknown action or wrong params, ForbiddenError for the role, ConflictError
        for an action that something stands in the way of, and (`stale_context`) when what is known of the record has
        changed. A repeated Idempotency-Key gets the first answer again whatever has changed since.
        """
        _refuse_role(caller, request.action)
        context = self.context_of(caller, request.context_id)
        handler = self._modes.get_mode_handler(context.mode)
        params_model = _known(handler, caller, request.action)
        own = _is_the_modes(handler, request.action)
        try:
            self._refuse_stale(caller, handler, context, request)
            if own:
                self._refuse_disabled(caller, handler, context, request.action)
                members = request.model_dump(include={"action", "params"}) | {"context_id": context.id}
                return self._modes.execute_quick_action(caller, context.mode, QuickAction(**members))
            params = params_of(params_model, request.params)
            if request.action == "why_not":
                return self._why_not(caller, handler, context, params)
            return _result(
                request.action,
                self._everywhere.run(caller, context, request.action, params).model_dump_json(by_alias=True),
            )
        except Replayed as again:
            if own:
                raise
            body = _result(request.action, again.body).model_dump_json(by_alias=True)
            raise Replayed(status=200, body=body) from again

    def _offered(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """Leave out what the role may not do or is not meant to, and what cannot be run from here."""
        handler = self._modes.get_mode_handler(context.mode)
        mode_actions = [
            one
            for one in handler.guidance(caller, context)
            if (not one.roles or caller.role in one.roles) and _can_run(handler, caller, one)
        ]
        mode_actions = self._without_covered(caller, context, mode_actions)
        listed = {one.action for one in mode_actions if one.action in handler.actions()}
        everywhere = [
            one
            for one in self._everywhere.offered(caller, context)
            if one.action not in listed
            and (one.action not in handler.actions() or allows_action(caller.role, one.action))
        ]
        return tuple(
            one.model_copy(update={"priority": number, "context_version": context.facts_version})
            for number, one in enumerate((*mode_actions, *everywhere), start=1)
        )

    def _without_covered(
        self, caller: Caller, context: ContextDocument, offers: list[GuidanceAction]
    ) -> list[GuidanceAction]:
        """Leave out an offer to make the task that a rule has made already: it stands in the list of tasks."""
        if all(one.action != "create_task" for one in offers):
            return offers
        open_here = self._tasks.open_here(caller, context, limit=OPEN_AT_MOST)
        covered = {situation_of(task) for task in open_here}
        return [one for one in offers if one.action != "create_task" or one.id not in covered]

    def _refuse_stale(
        self, caller: Caller, handler: BaseModeHandler, context: ContextDocument, request: GuidanceExecution
    ) -> None:
        given = {request.context_version, request.facts_version} - {None}
        if given - {context.facts_version}:
            current = {
                "contextId": context.id,
                "contextVersion": context.facts_version,
                "factsVersion": context.facts_version,
            }
            message = "What is known of this record has changed: look at what is offered now"
            self._refuse(caller, handler, ConflictError(message, code="stale_context", current=current))

    def _refuse_disabled(self, caller: Caller, handler: BaseModeHandler, context: ContextDocument, action: str) -> None:
        offers = [one for one in handler.guidance(caller, context) if one.action == action]
        if offers and all(one.disabled_reason for one in offers):
            self._refuse(caller, handler, ConflictError(offers[0].disabled_reason or "", code="action_disabled"))

    def _refuse(self, caller: Caller, handler: BaseModeHandler, error: MobiusError) -> None:
        """Raise `error`, unless this request was carried out before: its own effect may be what is in the way."""
        if caller.idempotency is not None:
            self._tasks.recall(caller)
            handler.recall(caller)
        raise error

    def _why_not(
        self, caller: Caller, handler: BaseModeHandler, context: ContextDocument, params: WhyNotParams
    ) -> QuickActionResult:
        """Say why an action is not offered or cannot be run: it is unknown, the role, or what is on record."""
        event = caller.changed("guidance", resource_ref=context.id, patient_ref=context.patient_uuid, mode=context.mode)
        with self._access_log.reading(event):
            reason = self._reason_against(caller, handler, context, params.action)
        data: dict[str, Any] = {"action": params.action, "available": reason is None}
        if reason is not None:
            data["reason"] = reason.model_dump(mode="json", by_alias=True)
        return QuickActionResult(success=True, data=data, guidance_actions=())

    def _reason_against(
        self, caller: Caller, handler: BaseModeHandler, context: ContextDocument, action: str
    ) -> GuidanceReason | None:
        try:
            _known(handler, caller, action)
        except ForbiddenError as error:
            return _reason("role_not_allowed", error.detail)
        except ValidationFailedError as error:
            return _reason("unknown_action", error.detail)
        if _is_the_modes(handler, action):
            return handler.why_not(caller, context, action)
        one = EVERYWHERE[action]
        if self._everywhere.form_of(caller, context, action) is not None:
            return None
        why = handler.why_not(caller, context, action) if one.called_for else None
        if one.called_for and any(offer.action == action for offer in self._offered(caller, context)):
            return why
        return why or _reason("not_offered", f"{one.label} is offered when {one.only_when}")


def _refuse_role(caller: Caller, action: str) -> None:
    """Raise ForbiddenError for an action that the role runs in no mode: nothing is read for it."""
    declared = action in ROLES_BY_QUICK_ACTION or action in ROLES_BY_GUIDANCE_ACTION
    if declared and not (_in_some_mode(caller, action) or allows_guidance(caller.role, action)):
        raise ForbiddenError("Your role does not allow this action")


def _in_some_mode(caller: Caller, action: str) -> bool:
    return action in ROLES_BY_QUICK_ACTION and allows_action(caller.role, action)


def _known(handler: BaseModeHandler, caller: Caller, action: str) -> type[RequestModel]:
    """Return the model of an action's params. Raises ValidationFailedError, ForbiddenError."""
    if _is_the_modes(handler, action):
        return handler.rule_for(caller, action).params
    if action not in EVERYWHERE:
        allowed = sorted({*handler.actions(), *EVERYWHERE})
        message = f"There is no such action here: {', '.join(allowed)}"
        raise ValidationFailedError(message, errors=(FieldError("action", "unknown_action", message),), allowed=allowed)
    if not allows_guidance(caller.role, action):
        raise ForbiddenError("Your role does not allow this action")
    return EVERYWHERE[action].params


def _is_the_modes(handler: BaseModeHandler, action: str) -> bool:
    """Tell whether a mode runs the action; why something is not offered here, only this component knows."""
    return action in handler.actions() and action != "why_not"


def _can_run(handler: BaseModeHandler, caller: Caller, offer: GuidanceAction) -> bool:
    """Tell whether the action exists, the role may run it, and its params lack nothing but what its form asks for."""
    try:
        model = _known(handler, caller, offer.action)
        model.model_validate_json(json.dumps(offer.params), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        asked = (offer.form or {}).get("properties", {})
        # What is wrong with the whole (one of two members is needed) is for the form to settle as well.
        return bool(asked) and all(
            not where or (code == "missing" and where[0] in asked) for where, code, _ in faults_of(error)
        )
    except MobiusError:
        return False
    return True


def _result(action: str, body: str) -> QuickActionResult:
    """Show what an action of every mode made; the answer kept for a repeated request is shown the same."""
    return QuickActionResult(success=True, data={EVERYWHERE[action].answer: json.loads(body)}, guidance_actions=())


def _as_form(action: GuidanceAction) -> GuidanceForm:
    return GuidanceForm(
        id=action.id or action.action,
        title=action.label,
        schema=action.form or {},
        submit_action=action.action,
        params=action.params,
        disabled_reason=action.disabled_reason,
        context_version=action.context_version or 1,
        expires_at=action.expires_at,
    )


def _reason(code: str, text: str) -> GuidanceReason:
    return GuidanceReason(rule_id="guidance", code=code, text=text)
