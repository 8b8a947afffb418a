"""Carrying out changes of authorizations: version, step, audit event, kept answer; then all that shows them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from shared.domain.authorization.deciding import Effect
from shared.errors import PreconditionFailedError, StoreUnavailableError
from shared.models.api.authorizations import AuthorizationRecord
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.records import Authorization, EligibilityFile
from shared.repositories.authorization_protocols import AuthorizationCase, AuthorizationChange, VisitLink
from shared.repositories.protocols import KeptAnswer, RecordStore
from shared.services.access_log import AccessLog
from shared.services.authorization_views import authorization_view
from shared.services.clock import Clock

MODE = "eligibility"
# Makes the body to answer and to keep, from the authorization afterwards, the file it is part of, and its view.
Answer: TypeAlias = Callable[[Authorization, "EligibilityFile | None", AuthorizationRecord], str]


@dataclass(frozen=True, slots=True)
class Done:
    """What a change brought about: the authorization, its view, and the body that was kept as the answer."""

    authorization: Authorization
    view: AuthorizationRecord
    body: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A decided step: the authorization (None: nothing changes), a visit's link, what became of a payer's answer."""

    authorization: Authorization | None
    link: VisitLink | None = None
    effect: Effect | None = None


Step: TypeAlias = Callable[[AuthorizationCase], Stepped]


def record_body(_: Authorization, __: EligibilityFile | None, view: AuthorizationRecord) -> str:
    """The record itself: what the routes answer."""
    return view.model_dump_json(by_alias=True)


class AuthorizationChanges:
    """Carries out steps. `refresh` brings what shows an authorization elsewhere up to date, after the commit."""

    def __init__(
        self,
        store: Callable[[], RecordStore],
        access_log: AccessLog,
        refresh: Callable[[Caller, Authorization], None],
        *,
        now: Clock,
    ) -> None:
        self._store = store
        self._access_log = access_log
        self._refresh = refresh
        self._now = now

    def change(
        self,
        caller: Caller,
        reference: str,
        step: Step,
        change: str,
        *,
        version: int | None,
        visit: str | None = None,
        answer: Answer = record_body,
    ) -> Done:
        """Make a step under the authorization's lock; `version` is the one that was read, `change` names the step."""
        now = self._now()
        made: list[tuple[Done, AuditEvent]] = []

        def decide(case: AuthorizationCase) -> AuthorizationChange:
            before = case.authorization
            _check_version(caller, before, version, now)
            stepped = step(case)
            after = stepped.authorization or before
            view = authorization_view(caller, after, now, effect=stepped.effect)
            body = answer(after, None, view)
            event = event_of(caller, before, after, change if after is not before else "unchanged")
            made[:] = [(Done(after, view, body), event)]
            kept = KeptAnswer(caller.idempotency, 200, body) if caller.idempotency else None
            return AuthorizationChange(after, event, kept, stepped.link)

        self._store().authorizations.change(
            caller.client_id, reference, decide, changed_by=caller.user_id, key=caller.idempotency, visit=visit
        )
        return self.finished(caller, *made[0])

    def finished(self, caller: Caller, done: Done, event: AuditEvent) -> Done:
        """Publish the event while what shows the authorization is brought up to date.

        The change is committed: contexts that cannot be reached now are made anew when they are next asked for.
        """
        with self._access_log.handing_on(event), suppress(StoreUnavailableError):
            self._refresh(caller, done.authorization)
        return done


def event_of(caller: Caller, before: Authorization | None, after: Authorization, change: str) -> AuditEvent:
    """Make the audit event of a change: references and states only."""
    return caller.changed(
        "authorization",
        resource_id=after.id,
        patient_ref=str(after.patient_id),
        mode=MODE,
        metadata={
            "change": change,
            "from": None if before is None else before.status,
            "to": after.status,
            "version": after.version,
        },
    )


def _check_version(caller: Caller, current: Authorization, version: int | None, now: datetime) -> None:
    expected = caller.if_match if caller.if_match is not None else version
    if expected is not None and expected != current.version:
        shown = authorization_view(caller, current, now).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The authorization has changed since you read it", current=shown)
