"""The eligibility mode's quick actions about authorizations: each works on the context's patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from shared.auth.permissions import allows_action
from shared.domain.authorization.guidance import foremost, next_steps
from shared.domain.authorization.requesting import rule_for
from shared.domain.authorization.states import as_of
from shared.errors import NotFoundError
from shared.models.api.authorizations import (
    AuthorizationMembers,
    AuthorizationRecord,
    AuthorizationReference,
    ExtendParams,
    NotRequiredParams,
    RecordDecisionParams,
    RequirementParams,
)
from shared.models.api.eligibility import verdict_view
from shared.models.api.modes import QuickActionResult
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.records import Authorization, EligibilityFile
from shared.models.replay import Replayed
from shared.models.verdict import VerdictReceipt
from shared.services.access_log import AccessLog
from shared.services.authorization_changes import MODE, Answer, Done
from shared.services.authorization_contexts import references_in
from shared.services.authorization_views import authorization_view
from shared.services.authorizations import AuthorizationService
from shared.services.clock import Clock

OK = 200


class PatientDesk(Protocol):
    """What these actions need of the mode that they are part of."""

    def file_for(self, caller: Caller, context: ContextDocument, *, seen: AuditEvent | None) -> EligibilityFile:
        """Read the file of the context's patient. Raises ValidationFailedError for a context without one."""
        ...

    def verdict_on(
        self, caller: Caller, file: EligibilityFile, *, asked_date: date | None = None, asked_service: str | None = None
    ) -> VerdictReceipt:
        """Decide on a file, as of the newest check unless something else is asked."""
        ...

    def bring_up_to_date(self, caller: Caller, context: ContextDocument) -> None:
        """Let the context show what is on file now."""
        ...


class AuthorizationActions:
    """See AUTHORIZATION_ACTIONS. Each answer tells what the status of the context is now and what follows."""

    def __init__(self, desk: PatientDesk, service: AuthorizationService, access_log: AccessLog, *, now: Clock) -> None:
        self._desk = desk
        self._service = service
        self._access_log = access_log
        self._now = now

    def requirement(self, caller: Caller, context: ContextDocument, params: RequirementParams) -> QuickActionResult:
        """Tell whether an authorization is needed for a day and service, why, and what the payer wants to know."""
        file = self._read(caller, context)
        receipt = self._desk.verdict_on(
            caller, file, asked_date=params.date_of_service, asked_service=params.service_type
        )
        coverage = next((one for one in file.coverages if one.id == receipt.coverage_id), None)
        rule = None if coverage is None else rule_for(file.payer_rules, coverage.payer_id, receipt.service_type)
        held = self._foremost(caller, file)
        told: dict[str, Any] = {
            "requiredFields": list(rule.required_fields) if rule else [],
            "decisionHours": rule.decision_hours if rule else None,
            "decisionDays": rule.decision_days if rule else None,
        }
        return self._result(caller, receipt, held, told=told)

    def request(self, caller: Caller, context: ContextDocument, params: AuthorizationMembers) -> QuickActionResult:
        """Ask the payer; what is asked already, or granted and enough, is answered instead."""
        return self._asked(caller, context, params)

    def not_required(self, caller: Caller, context: ContextDocument, params: NotRequiredParams) -> QuickActionResult:
        """Record that nothing needs to be asked, and how that is known."""
        return self._asked(caller, context, params, evidence=params.evidence)

    def status(self, caller: Caller, context: ContextDocument, params: AuthorizationReference) -> QuickActionResult:
        """Tell how an authorization stands: its state, deadline and units."""
        file = self._read(caller, context)
        held = self._chosen(caller, context, file, params.authorization_id)
        return self._result(caller, self._desk.verdict_on(caller, file), held)

    def extend(self, caller: Caller, context: ContextDocument, params: ExtendParams) -> QuickActionResult:
        """Ask for more units or a later end."""
        file = self._desk.file_for(caller, context, seen=None)
        held = self._existing(caller, context, file, params.authorization_id)
        answer = self._answer(caller, file)
        return self._carried_out(
            caller, context, lambda: self._service.extend(caller, str(held.id), params, answer=answer)
        )

    def record(self, caller: Caller, context: ContextDocument, params: RecordDecisionParams) -> QuickActionResult:
        """Record the payer's answer."""
        file = self._desk.file_for(caller, context, seen=None)
        held = self._existing(caller, context, file, params.authorization_id)
        answer = self._answer(caller, file)
        return self._carried_out(
            caller, context, lambda: self._service.decide(caller, str(held.id), params, answer=answer)
        )

    def _asked(
        self, caller: Caller, context: ContextDocument, params: AuthorizationMembers, *, evidence: str | None = None
    ) -> QuickActionResult:
        references, answer = references_in(context, params), self._answer(caller, None)

        def ask() -> Done:
            return self._service.request(
                caller, params, references, reuse=True, evidence=evidence, answer=answer, status=OK
            )

        return self._carried_out(caller, context, ask)

    def _read(self, caller: Caller, context: ContextDocument) -> EligibilityFile:
        event = caller.seen("authorization", mode=MODE, resource_ref=context.id)
        with self._access_log.in_transaction(event) as seen:
            return self._desk.file_for(caller, context, seen=seen)

    def _answer(self, caller: Caller, read: EligibilityFile | None) -> Answer:
        """The answer after a change: the verdict on the file with the authorization as it is then."""

        def answer(after: Authorization, file: EligibilityFile | None, view: AuthorizationRecord) -> str:
            known = file or _with(read, after)
            receipt = self._desk.verdict_on(caller, known)
            return self._result(caller, receipt, after, view=view).model_dump_json(by_alias=True)

        return answer

    def _result(
        self,
        caller: Caller,
        receipt: VerdictReceipt,
        held: Authorization | None,
        *,
        view: AuthorizationRecord | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> QuickActionResult:
        today = caller.today(self._now())
        known = None if held is None else as_of(held, today)
        if held is not None and view is None:
            view = authorization_view(caller, held, self._now())
        shown = None if view is None else view.model_dump(mode="json", by_alias=True)
        steps = next_steps(known, today, needed=receipt.requires_auth)
        return QuickActionResult(
            success=True,
            data={
                **verdict_view(receipt).model_dump(mode="json", by_alias=True),
                **(told or {}),
                "authorization": shown,
            },
            guidance_actions=tuple(step for step in steps if allows_action(caller.role, step.action)),
        )

    def _foremost(self, caller: Caller, file: EligibilityFile) -> Authorization | None:
        found = foremost(file.authorizations, caller.today(self._now()))
        return None if found is None else next(one for one in file.authorizations if one.id == found.id)

    def _chosen(
        self, caller: Caller, context: ContextDocument, file: EligibilityFile, reference: str | None
    ) -> Authorization | None:
        """The one that was named, else the context's own, else the foremost; None when the patient has none.

        Raises NotFoundError for one that is not this patient's, known or not.
        """
        if reference is None and context.record_type == "authorization":
            reference = context.record_uuid
        if reference is None:
            return self._foremost(caller, file)
        wanted = reference.lower()
        for held in file.authorizations:
            if reference == held.auth_number or wanted == str(held.id):
                return held
        raise NotFoundError("There is no such record")

    def _existing(
        self, caller: Caller, context: ContextDocument, file: EligibilityFile, reference: str | None
    ) -> Authorization:
        held = self._chosen(caller, context, file, reference)
        if held is None:
            raise NotFoundError("The patient has no authorization")
        return held

    def _carried_out(self, caller: Caller, context: ContextDocument, change: Callable[[], Done]) -> QuickActionResult:
        """Run `change`. A repetition brings the context up to date once more: the first try may have ended before."""
        try:
            done = change()
        except Replayed:
            self._desk.bring_up_to_date(caller, context)
            raise
        return QuickActionResult.model_validate_json(done.body)


def _with(file: EligibilityFile | None, after: Authorization) -> EligibilityFile:
    if file is None:
        raise LookupError("A change of an authorization on file needs the file")
    held = tuple(after if one.id == after.id else one for one in file.authorizations)
    return replace(file, authorizations=held)
