"""Authorizations: asking the payer, recording the answer, extending, appealing, and the visits that take units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from shared.domain.authorization.deciding import answered
from shared.domain.authorization.holding import need_of_visit, released, reserved
from shared.domain.authorization.requesting import (
    extended,
    not_required,
    resubmitted,
    rule_for,
    submitted,
)
from shared.domain.authorization.states import BY_HAND, AuthorizationMove, as_of, moved, target_of
from shared.errors import (
    FieldError,
    NotFoundError,
    ValidationFailedError,
)
from shared.models.api.authorizations import (
    AuthorizationMembers,
    AuthorizationRecord,
    AuthorizationRequest,
    AuthorizationStep,
    AuthorizationSubmit,
    DecisionRequest,
    ExtensionMembers,
    MatchQuery,
    MatchView,
    ReleaseRequest,
    ReserveRequest,
)
from shared.models.audit import AuditEvent
from shared.models.authorization import ExtensionRequest, VisitHold
from shared.models.caller import Caller
from shared.models.records import Authorization, PayerRule, Visit
from shared.repositories.authorization_protocols import (
    AuthorizationCase,
    AuthorizationChange,
    RequestGround,
    RequestReferences,
    VisitLink,
)
from shared.repositories.protocols import KeptAnswer, RecordStore
from shared.services.access_log import AccessLog
from shared.services.authorization_answers import AnswerReader
from shared.services.authorization_changes import (
    MODE,
    Answer,
    AuthorizationChanges,
    Done,
    Stepped,
    event_of,
    record_body,
)
from shared.services.authorization_contexts import AuthorizationContexts
from shared.services.authorization_requests import Draft, completed, draft_of, in_place_of, like, need_of_claim
from shared.services.authorization_views import authorization_view, match_view
from shared.services.clock import Clock

CREATED = 201


class AuthorizationService:
    """What people do with authorizations; see AuthorizationChanges for how it is carried out."""

    def __init__(
        self,
        store: Callable[[], RecordStore],
        access_log: AccessLog,
        reader: AnswerReader,
        contexts: AuthorizationContexts,
        *,
        now: Clock,
    ) -> None:
        self._store = store
        self._access_log = access_log
        self._reader = reader
        self._contexts = contexts
        self._changes = AuthorizationChanges(store, access_log, contexts.refresh, now=now)
        self._now = now

    def get(self, caller: Caller, reference: str) -> AuthorizationRecord:
        """Return an authorization by uuid or number. Raises NotFoundError for an unknown or foreign one."""
        event = caller.seen("authorization", mode=MODE, same=reference)
        with self._access_log.in_transaction(event) as seen:
            found = self._store().authorizations.get(caller.client_id, reference, seen=seen)
            if found is None:
                raise NotFoundError("There is no such record")
        return authorization_view(caller, found, self._now())

    def match(self, caller: Caller, reference: str, query: MatchQuery) -> MatchView:
        """Compare an authorization with a visit or a claim (E10). Raises NotFoundError, ValidationFailedError."""
        store = self._store().authorizations
        event = caller.seen("authorization", mode=MODE, same=reference)
        with self._access_log.in_transaction(event) as seen:
            held = store.get(caller.client_id, reference, seen=seen)
            if held is None:
                raise NotFoundError("There is no such record")
        if query.claim_id is not None:
            claim = store.claim(caller.client_id, query.claim_id)
            need = None if claim is None else need_of_claim(claim, query.procedure)
        else:
            visit = store.visit(caller.client_id, query.visit_id or "")
            need = None if visit is None else need_of_visit(visit, held, procedure=query.procedure)
        if need is None or need.patient_id != held.patient_id:  # another patient's is as unknown
            name = "claimId" if query.claim_id is not None else "visitId"
            message = "The patient has no such record"
            raise ValidationFailedError(message, errors=(FieldError(name, "unknown_record", message),))
        return match_view(held, need)

    def ask(self, caller: Caller, body: AuthorizationRequest) -> Done:
        """Make the request of a body that says whom it is for; see request."""
        return self.request(caller, body, self._contexts.references(caller, body), send=not body.draft)

    def request(
        self,
        caller: Caller,
        asked: AuthorizationMembers,
        references: RequestReferences,
        *,
        send: bool = True,
        reuse: bool = False,
        evidence: str | None = None,
        answer: Answer = record_body,
        status: int = CREATED,
    ) -> Done:
        """Ask the payer, or (`send` false) keep a draft, or record with `evidence` that nothing needs to be asked.

        With `reuse`, an authorization that makes the request needless is returned in its place. Raises NotFoundError
        for an unknown patient, ValidationFailedError naming every member that is missing or names no record.
        """
        now = self._now()
        today = caller.today(now)
        made: list[tuple[Done, AuditEvent]] = []

        def decide(ground: RequestGround) -> AuthorizationChange:
            draft = draft_of(asked, ground, today=today)
            known = in_place_of(draft.authorization, ground.file, today) if reuse else None
            link = None if known else draft.link
            new = known or self._asked(caller, draft, ground, send=send, evidence=evidence)
            file = ground.file
            doubles = () if known else like(new, file, today)
            view = authorization_view(caller, new, now, doubles=doubles)
            others = tuple(held for held in file.authorizations if held.id != new.id)
            body = answer(new, replace(file, authorizations=(new, *others)), view)
            event = event_of(caller, None if known is None else new, new, "found" if known else "requested")
            made[:] = [(Done(new, view, body), event)]
            kept = KeptAnswer(caller.idempotency, status, body) if caller.idempotency else None
            return AuthorizationChange(new, event, kept, link)

        found = self._store().authorizations.request(
            caller.client_id, references, decide, today=today, changed_by=caller.user_id, key=caller.idempotency
        )
        if found is None:
            raise NotFoundError("There is no such record")
        return self._changes.finished(caller, *made[0])

    def submit(self, caller: Caller, reference: str, body: AuthorizationSubmit) -> Done:
        """Send a draft, with what it lacked. Raises ValidationFailedError naming every member that is missing."""

        def step(case: AuthorizationCase) -> Stepped:
            draft = case.authorization
            if draft.status == "draft":
                draft = completed(draft, body, today=caller.today(self._now()))
            sent = submitted(
                draft,
                _rule(case),
                member_id=case.member_id,
                provider_npi=case.provider_npi,
                at=self._now(),
                zone=_zone(caller),
            )
            return Stepped(sent)

        return self._changes.change(caller, reference, step, "submitted", version=body.version)

    def move(self, caller: Caller, reference: str, choice: str, body: AuthorizationStep) -> Done:
        """Make a step that a person decides, one of BY_HAND. Raises InvalidTransitionError with the steps there are."""
        move = BY_HAND[choice]

        def step(case: AuthorizationCase) -> Stepped:
            self._check_today(caller, case.authorization, move, body.reason)
            if move == "resubmit":
                sent = resubmitted(case.authorization, _rule(case), at=self._now(), zone=_zone(caller))
                return Stepped(sent)
            after = moved(case.authorization, move, reason=body.reason)
            if after is not None and move in {"appeal", "peer_to_peer", "cancel", "revoke"}:
                after = replace(after, decision_due_at=None)  # these have no clock of ours
            return Stepped(after)

        return self._changes.change(caller, reference, step, move, version=body.version)

    def extend(self, caller: Caller, reference: str, asked: ExtensionMembers, *, answer: Answer = record_body) -> Done:
        """Ask for more than was granted. Raises InvalidTransitionError, ConflictError, ValidationFailedError."""

        def step(case: AuthorizationCase) -> Stepped:
            self._check_today(caller, case.authorization, "extend", None)
            more = ExtensionRequest(self._now(), asked.units, asked.period_end)
            return Stepped(extended(case.authorization, more, _rule(case), zone=_zone(caller)))

        return self._changes.change(caller, reference, step, "extend", version=asked.version, answer=answer)

    def decide(self, caller: Caller, reference: str, given: DecisionRequest, *, answer: Answer = record_body) -> Done:
        """Record a payer's answer. The same one again and an older one change nothing.

        Raises ValidationFailedError for what cannot be read, InvalidTransitionError for what the state does not take.
        """
        decision = self._reader.read(given, _zone(caller))

        def step(case: AuthorizationCase) -> Stepped:
            applied = answered(case.authorization, decision, received_at=self._now(), zone=_zone(caller))
            return Stepped(applied.authorization, effect=applied.effect)

        return self._changes.change(caller, reference, step, "answered", version=given.version, answer=answer)

    def reserve(self, caller: Caller, reference: str, body: ReserveRequest) -> Done:
        """Hold units for a visit of the patient. Raises ConflictError when too few are left or it does not fit."""

        def step(case: AuthorizationCase) -> Stepped:
            visit = _own_visit(case)
            hold = VisitHold(visit.id, visit.visit_date, visit.status, body.units)
            after = reserved(case.authorization, visit, hold, today=caller.today(self._now()))
            link = VisitLink(visit.id, visit.authorization_id, case.authorization.id, body.units)
            return Stepped(after, link if after is not None else None)

        return self._changes.change(caller, reference, step, "reserved", version=body.version, visit=body.visit_id)

    def release(self, caller: Caller, reference: str, body: ReleaseRequest) -> Done:
        """Give back the units that are held for a visit. Raises ConflictError when they are used."""

        def step(case: AuthorizationCase) -> Stepped:
            visit = _own_visit(case)
            after = released(case.authorization, visit)
            link = VisitLink(visit.id, case.authorization.id, None)
            return Stepped(after, link if after is not None else None)

        return self._changes.change(caller, reference, step, "released", version=body.version, visit=body.visit_id)

    def _asked(
        self, caller: Caller, draft: Draft, ground: RequestGround, *, send: bool, evidence: str | None
    ) -> Authorization:
        new = draft.authorization
        if evidence is not None:
            return replace(not_required(new, evidence), version=1)
        if not send:
            return new
        sent = submitted(
            new,
            rule_for(ground.rules, new.payer_id, new.service_type, procedures=new.procedure_codes),
            member_id=draft.member_id,
            provider_npi=draft.provider_npi,
            at=self._now(),
            zone=_zone(caller),
        )
        return replace(sent or new, version=1)

    def _check_today(self, caller: Caller, stored: Authorization, move: AuthorizationMove, reason: str | None) -> None:
        """A grant that is exhausted or expired today takes no step that only a grant takes."""
        target_of(as_of(stored, caller.today(self._now())).status, move, reason=reason or "given")


def _own_visit(case: AuthorizationCase) -> Visit:
    """The visit that was named; another patient's is as unknown as one that is not there."""
    visit = case.visit
    if visit is None or visit.patient_id != case.authorization.patient_id:
        message = "The patient has no such visit"
        raise ValidationFailedError(message, errors=(FieldError("visitId", "unknown_visit", message),))
    return visit


def _rule(case: AuthorizationCase) -> PayerRule | None:
    held = case.authorization
    return rule_for(case.rules, held.payer_id, held.service_type, procedures=held.procedure_codes)


def _zone(caller: Caller) -> ZoneInfo:
    return ZoneInfo(caller.time_zone)
