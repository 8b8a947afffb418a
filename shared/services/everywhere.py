"""The actions that guidance offers in every mode: their offers for a context, and how each is carried out.

Each is the work of one service (contexts, tasks, drafts), which writes its audit event and keeps its answer. Sharing
once more what the back office still has open, and what only reads, is audited here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from shared.auth.permissions import allows_guidance, allows_mode
from shared.errors import ConflictError
from shared.models.api.base import AnswerModel, RequestModel
from shared.models.api.current_context import ContextUpdate
from shared.models.api.drafts import NewDraft
from shared.models.api.guidance import (
    CreateTaskParams,
    DraftLetterParams,
    OpenRecordParams,
    ShareToBackendParams,
    SnoozeParams,
    SwitchModeParams,
    WhyNotParams,
)
from shared.models.api.modes import LABELS, ContextView, NoParams, SummaryView
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import ActionKind, GuidanceAction
from shared.services.access_log import AccessLog
from shared.services.current_context import CurrentContextService
from shared.services.draft_changes import MODE as DRAFTER
from shared.services.draft_contents import named_template
from shared.services.draft_views import draft_view
from shared.services.modes import ModeService
from shared.services.tasks import TaskService

Form = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Everywhere:
    """An action of every mode. `answer` is the member of the answer's data that holds what was made or moved.

    One that is `called_for` is offered only where what is on record asks for it, which the mode knows.
    """

    name: str
    label: str
    params: type[RequestModel]
    only_when: str
    answer: str = "explanation"
    kind: ActionKind = "form"
    called_for: bool = False


EVERYWHERE: dict[str, Everywhere] = {
    one.name: one
    for one in (
        Everywhere("open_record", "Open Record", OpenRecordParams, "always", "context"),
        Everywhere("switch_mode", "Switch Mode", SwitchModeParams, "your role works in another mode", "context"),
        Everywhere(
            "draft_email", "Draft E-Mail", DraftLetterParams, "the record calls for one", "draft", called_for=True
        ),
        Everywhere("create_task", "Create Task", CreateTaskParams, "always", "task"),
        Everywhere("snooze", "Snooze Task", SnoozeParams, "the record has an open task", "task"),
        Everywhere("share_to_backend", "Share to Backend", ShareToBackendParams, "always", "task", "handoff"),
        Everywhere("explain_verdict", "Explain Verdict", NoParams, "something is known of the record", kind="button"),
        Everywhere("why_not", "Why Not?", WhyNotParams, "always"),
    )
}


class EverywhereActions:
    """Offers and runs them."""

    def __init__(
        self, modes: ModeService, contexts: CurrentContextService, tasks: TaskService, access_log: AccessLog
    ) -> None:
        self._modes = modes
        self._contexts = contexts
        self._tasks = tasks
        self._access_log = access_log
        self._forms: dict[str, Callable[[Caller, ContextDocument], Form | None]] = {
            "open_record": _records,
            "switch_mode": self._other_modes,
            "snooze": self._open_tasks,
            "why_not": self._known_actions,
        }
        self._runs: dict[str, Callable[[Caller, ContextDocument, Any], AnswerModel]] = {
            "open_record": self._open_record,
            "switch_mode": self._switch_mode,
            "draft_email": self._draft_email,
            "create_task": self._create_task,
            "snooze": self._snooze,
            "share_to_backend": self._share_to_backend,
            "explain_verdict": self._explain_verdict,
        }

    def offered(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """Return those that the caller's role may run and that there is something for in this context."""
        return tuple(
            GuidanceAction(label=one.label, action=name, id=f"everywhere.{name}", kind=one.kind, form=form or None)
            for name, one in EVERYWHERE.items()
            if allows_guidance(caller.role, name) and (form := self.form_of(caller, context, name)) is not None
        )

    def form_of(self, caller: Caller, context: ContextDocument, name: str) -> Form | None:
        """Return the JSON Schema of what the action asks for, empty for nothing; None where it has no purpose."""
        if EVERYWHERE[name].called_for:
            return None
        if name == "explain_verdict":
            return {} if context.facts else None
        if name in self._forms:
            return self._forms[name](caller, context)
        return EVERYWHERE[name].params.model_json_schema(by_alias=True)

    def run(self, caller: Caller, context: ContextDocument, name: str, params: Any) -> AnswerModel:
        """Carry out an action; `params` is what its model made of them."""
        return self._runs[name](caller, context, params)

    def _open_record(self, caller: Caller, context: ContextDocument, params: OpenRecordParams) -> AnswerModel:
        return self._move(caller, context.mode, params.record_type, params.record_id)

    def _switch_mode(self, caller: Caller, context: ContextDocument, params: SwitchModeParams) -> AnswerModel:
        return self._move(caller, params.mode, LABELS[context.record_type], _reference(context))

    def _draft_email(self, caller: Caller, context: ContextDocument, params: DraftLetterParams) -> AnswerModel:
        """Go on with the record in the e-mail drafter, and draft the letter there.

        The draft is what a repetition is answered with: opening its context once more changes nothing.
        """
        drafts = self._modes.get_mode_handler(DRAFTER).drafts
        drafts.changes.recall(caller)
        named_template(params.template)
        record = params.record_type or LABELS[context.record_type], params.record_id or _reference(context)
        there = self._move(replace(caller, idempotency=None), DRAFTER, *record)
        wanted = params.model_dump(exclude={"record_type", "record_id", "recipient"})
        new = NewDraft(context_id=there.context_id, **wanted, recipient=params.recipient)
        view: AnswerModel = draft_view(drafts.create(caller, new))
        return view

    def _move(self, caller: Caller, mode: str, record_type: str, record_id: str) -> ContextView:
        wanted = {"mode": mode, "recordType": record_type, "recordId": record_id}
        return self._contexts.update(caller, ContextUpdate.model_validate(wanted))[0]

    def _create_task(self, caller: Caller, context: ContextDocument, params: CreateTaskParams) -> AnswerModel:
        return self._tasks.create_task(caller, params.in_context(context.id))

    def _snooze(self, caller: Caller, context: ContextDocument, params: SnoozeParams) -> AnswerModel:
        del context
        return self._tasks.snooze(caller, params.task_id, params.until)

    def _share_to_backend(self, caller: Caller, context: ContextDocument, params: ShareToBackendParams) -> AnswerModel:
        """Make a back-office task about the record, unless the back office has this very one open already."""
        label = params.label or f"Help from {context.mode} needed"
        members = dict(params) | {"label": label, "type": "backend"}
        said = hashlib.sha256(label.encode()).hexdigest()[:32]
        key = f"shared:{context.mode}:{context.record_type}:{context.record_uuid}:{said}"
        task, new = self._tasks.create_once(caller, CreateTaskParams(**members).in_context(context.id), key)
        if not new:
            event = caller.changed(
                "task",
                resource_ref=task.id,
                patient_ref=context.patient_uuid,
                mode=context.mode,
                metadata={"open": True},
            )
            self._access_log.publish(event)
        return task

    def _explain_verdict(self, caller: Caller, context: ContextDocument, params: NoParams) -> AnswerModel:
        """Explain from what the context keeps of its record; a mode with more to say has this action itself."""
        del params
        if not context.facts:
            raise ConflictError("Nothing is known of this record yet: there is nothing to explain")
        self._access_log.publish(
            caller.changed("context", resource_ref=context.id, patient_ref=context.patient_uuid, mode=context.mode)
        )
        return SummaryView(
            mode=context.mode,
            context_id=context.id,
            summary=context.summary,
            status=context.status,
            facts=context.facts,
            updated_at=context.updated_at,
        )

    def _other_modes(self, caller: Caller, context: ContextDocument) -> Form | None:
        modes = [one for one in sorted(self._modes.modes) if one != context.mode and allows_mode(caller.role, one)]
        return _form(mode={"enum": modes, "title": "Mode"}) if modes else None

    def _open_tasks(self, caller: Caller, context: ContextDocument) -> Form | None:
        choices = [{"const": task.id, "title": task.label} for task in self._tasks.open_here(caller, context, limit=25)]
        until = {"type": "string", "format": "date-time", "title": "Until"}
        return _form(taskId={"oneOf": choices, "title": "Task"}, until=until) if choices else None

    def _known_actions(self, caller: Caller, context: ContextDocument) -> Form:
        del caller
        names = sorted({*self._modes.handler_class(context.mode).actions(), *EVERYWHERE})
        return _form(action={"type": "string", "examples": names, "title": "Action"})


def _reference(context: ContextDocument) -> str:
    return context.record_id if context.record_type == "other" else context.record_uuid


def _records(caller: Caller, context: ContextDocument) -> Form:
    del caller, context
    record_id = {"type": "string", "minLength": 1, "maxLength": 100, "title": "Number"}
    return _form(recordType={"enum": list(LABELS.values()), "title": "Type"}, recordId=record_id)


def _form(**properties: Form) -> Form:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
