"""The backend mode's actions before a claim is with the payer: scrub, hold, link, correct, submit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.domain.authorization.matching import mismatches
from shared.domain.authorization.states import as_of
from shared.domain.claim.clocks import with_clocks
from shared.domain.claim.scrub import need_of, scrub
from shared.domain.claim.scrubbing import Scrubbed, ScrubInput
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.states import CLOSED, UNFILED, ClaimMove, target_of
from shared.domain.eligibility.coverage import ranked
from shared.errors import ConflictError
from shared.models.api.claim_actions import (
    ClaimParams,
    CorrectParams,
    FilingProof,
    HoldParams,
    LinkAuthorizationParams,
    ScrubParams,
    SubmitParams,
)
from shared.models.api.eligibility import reason_view
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.claim import BilledClaim, ClaimFile, ClaimParty
from shared.models.firestore.documents import ContextDocument
from shared.models.records import Authorization, Payer
from shared.services.claim_desk import ClaimDesk, Told, next_version, no_step, refused

_LINKABLE = UNFILED | {"denied", "corrected"}
_TO_READY: dict[str, tuple[ClaimMove, ...]] = {
    "draft": ("make_ready", "submit"), "ready": ("submit",), "corrected": ("submit",),
}  # fmt: skip
_TO_CORRECT: dict[str, tuple[ClaimMove, ...]] = {"rejected": ("redraft",), "denied": ("correct",)}


class ClaimActions:
    """See CLAIM_ACTIONS."""

    def __init__(self, desk: ClaimDesk, db: DatabaseSelector) -> None:
        self._desk = desk
        self._db = db

    def scrub(self, caller: Caller, context: ContextDocument, params: ScrubParams) -> QuickActionResult:
        """Run the scrub rules and keep what they find; a claim that does not pass is put on hold."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            del situation
            claim = file.claim
            if claim.status in CLOSED:
                raise no_step(claim, "scrub")
            ground = self._ground(caller, file)
            found = scrub(ground)
            kept = _kept(found, ground.today)
            after = next_version(_clocked(claim, file, ground), scrub=kept)
            event = self._desk.event(claim, after, "scrubbed", reason=found.hold_reason, passed=found.passed)
            if params.hold and not found.passed and claim.status in {"draft", "ready"}:
                held, events = self._desk.through(after, ("hold",), reason=found.hold_reason)
                return Told(replace(held, version=after.version), (event, *events), told=told_of(found))
            return Told(after, (event,), told=told_of(found))

        return self._desk.change(caller, context, params, step, "scrub")

    def hold(self, caller: Caller, context: ContextDocument, params: HoldParams) -> QuickActionResult:
        """Hold a claim back, with a reason."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            del situation
            return Told(*self._desk.through(file.claim, ("hold",), reason=params.reason))

        return self._desk.change(caller, context, params, step, "hold")

    def release(self, caller: Caller, context: ContextDocument, params: ClaimParams) -> QuickActionResult:
        """Let a claim go on that is held back, or whose information was missing."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            del situation
            move: ClaimMove = "supply" if file.claim.status == "missing_information" else "release"
            return Told(*self._desk.through(file.claim, (move,)))

        return self._desk.change(caller, context, params, step, "release")

    def submit(self, caller: Caller, context: ContextDocument, params: SubmitParams) -> QuickActionResult:
        """Submit a claim that passes scrubbing; past its time for filing with proof only."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            del situation
            return self._submitted(caller, file, params.proof)

        return self._desk.change(caller, context, params, step, "submit")

    def correct(self, caller: Caller, context: ContextDocument, params: CorrectParams) -> QuickActionResult:
        """Correct what a rejection or a denial complains of, and send the claim again unless that is not wanted."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            del situation
            claim = file.claim
            moves = _TO_CORRECT.get(claim.status, ())
            if not moves and claim.status not in {"draft", "corrected"}:
                raise no_step(claim, "correct")
            corrected = self._corrected(caller, file, params)
            after, events = self._desk.through(corrected.claim, moves)
            changed = sorted(name for name in _CORRECTABLE if getattr(after, name) != getattr(claim, name))
            if not moves:
                after = replace(after, version=claim.version + 1)
            note = self._desk.event(
                claim, claim, "corrected_members", members=changed or None, attachment=params.attachment
            )
            entries = (note, *events) if changed or params.attachment else events
            if not params.resubmit:
                return Told(after, entries, told={"corrected": changed}, file=corrected)
            sent = self._submitted(caller, replace(corrected, claim=after), params.proof)
            done = replace(sent.claim, version=claim.version + 1)
            return Told(done, (*entries, *sent.events), told={"corrected": changed, **(sent.told or {})})

        return self._desk.change(caller, context, params, step, "correct")

    def link(self, caller: Caller, context: ContextDocument, params: LinkAuthorizationParams) -> QuickActionResult:
        """Link an authorization of the patient that fits the claim in every respect (E10)."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            del situation
            claim = file.claim
            if claim.status not in _LINKABLE:
                raise no_step(claim, "link_authorization")
            held = self._fitting(caller, file, params.authorization_id)
            after = next_version(claim, authorization_id=held.id)
            event = self._desk.event(claim, after, "authorization_linked", authorizationId=str(held.id))
            return Told(after, (event,), told={"authorizationId": str(held.id)})

        return self._desk.change(caller, context, params, step, "link_authorization")

    def _submitted(self, caller: Caller, file: ClaimFile, proof: FilingProof | None) -> Told:
        """Raises InvalidTransitionError for the state, ConflictError (`scrub_blocked`) with what keeps it back."""
        claim = file.claim
        moves = _TO_READY.get(claim.status)
        if moves is None:
            target_of(claim.status, "submit", reason=None)
            raise no_step(claim, "submit")
        ground = self._ground(caller, file, proof=proof is not None)
        if proof is not None:
            _check_proof(proof, claim, ground.today)
        found = scrub(ground)
        check_passed(found)
        clocked = replace(_clocked(claim, file, ground), scrub=_kept(found, ground.today))
        shown = None if proof is None else proof.model_dump(mode="json", by_alias=True)
        after, events = self._desk.through(clocked, moves, proof=shown)
        done = replace(after, submitted_date=ground.today, version=claim.version + 1)
        return Told(done, events, told=told_of(found))

    def _corrected(self, caller: Caller, file: ClaimFile, params: CorrectParams) -> ClaimFile:
        """The claim with what is given, beside its payer and provider then. Raises ValidationFailedError.

        Another payer's claim names another coverage, and no authorization of the payer before.
        """
        given: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(params, name)) is not None}
        payer, provider = file.payer, file.provider
        if params.payer_id is not None:
            payer, coverage = self._payer(caller, file, params.payer_id)
            given |= {"payer_id": payer.id, "coverage_id": coverage}
            if payer.id != file.claim.payer_id:
                given["authorization_id"] = None
        if params.provider_id is not None:
            provider = self._provider(caller, params.provider_id)
            given["provider_id"] = provider.id
        counted = {name: getattr(file.claim, name) for name in ("service_date", "payer_id")}
        if counted != {name: given.get(name, value) for name, value in counted.items()}:
            given["filing_due_on"] = None  # counted anew
        after = replace(file, claim=replace(file.claim, **given), payer=payer, provider=provider)
        if params.authorization_id is None:
            return after
        held = self._fitting(caller, after, params.authorization_id)
        return replace(after, claim=replace(after.claim, authorization_id=held.id))

    def _fitting(self, caller: Caller, file: ClaimFile, wanted: str) -> Authorization:
        """An authorization of the patient. Raises ConflictError for one that does not fit the claim (E10)."""
        ground = self._ground(caller, file)
        held = next((one for one in ground.file.authorizations if _is(one, wanted)), None)
        if held is None:
            raise refused("authorizationId", "unknown_authorization", "The patient has no such authorization")
        faults = mismatches(as_of(held, file.claim.service_date or ground.today), need_of(ground))
        if faults:
            words = f"The authorization does not fit: {'; '.join(one.text for one in faults)}"
            raise ConflictError(words, code="authorization_misfit", faults=[one.code for one in faults])
        return held

    def _payer(self, caller: Caller, file: ClaimFile, reference: str) -> tuple[Payer, UUID]:
        """A payer of the patient, and its coverage that is asked first."""
        found = self._db.postgres.records.resolve(caller.client_id, "payer", reference)
        patient = self._ground(caller, file).file
        payer = next((one for one in patient.payers if found is not None and one.id == found.id), None)
        coverage = next((one for one in ranked(patient.coverages) if payer and one.payer_id == payer.id), None)
        if payer is None or coverage is None:
            raise refused("payerId", "unknown_payer", "The patient has no coverage of this payer")
        return payer, coverage.id

    def _provider(self, caller: Caller, reference: str) -> ClaimParty:
        found = self._db.postgres.records.get(caller.client_id, "provider", reference, seen=None)
        if found is None:
            raise refused("providerId", "unknown_provider", "There is no such provider")
        number, name, npi = (found.data.get(member) for member in ("provider_number", "name", "npi"))
        return ClaimParty(found.id, str(number), str(name), None if npi is None else str(npi))

    def _ground(self, caller: Caller, file: ClaimFile, *, proof: bool = False) -> ScrubInput:
        today = self._desk.today(caller)
        return self._desk.situations.ground(caller.client_id, file, today, proof=proof)


_PLAIN = ("service_date", "amount", "payer_control_number", "procedure_codes", "diagnosis_codes")
_CORRECTABLE = (*_PLAIN, "payer_id", "provider_id", "authorization_id")


def told_of(found: Scrubbed) -> dict[str, Any]:
    """What scrubbing has found, as an answer tells it."""
    blocks, warnings = (
        [reason_view(one).model_dump(mode="json", by_alias=True) for one in some]
        for some in (found.blocks, found.warnings)
    )
    return {"scrub": {"passed": found.passed, "blocks": blocks, "warnings": warnings}}


def check_passed(found: Scrubbed) -> None:
    """Raise ConflictError (`scrub_blocked`) with what keeps a claim from being submitted."""
    if not found.passed:
        reasons = told_of(found)["scrub"]["blocks"]
        words = "; ".join(one.text for one in found.blocks)
        raise ConflictError(f"The claim does not pass scrubbing: {words}", code="scrub_blocked", missing=reasons)


def _kept(found: Scrubbed, today: date) -> dict[str, Any]:
    """What the claim keeps of its newest scrubbing: rules and codes, no sentences."""
    hits = [{"rule": one.evidence.rule, "code": one.evidence.code, "severity": one.severity} for one in found.hits]
    return {"on": str(today), "passed": found.passed, "hits": hits}


def _clocked(claim: BilledClaim, file: ClaimFile, ground: ScrubInput) -> BilledClaim:
    eob = None if ground.primary is None else ground.primary.adjudicated_on
    needed = None if ground.receipt is None else ground.receipt.requires_auth
    after = with_clocks(claim, file.payer, primary_eob=eob)
    return after if needed is None else replace(after, requires_authorization=needed)


def _check_proof(proof: FilingProof, claim: BilledClaim, today: date) -> None:
    if proof.filed_on > today:
        raise refused("proof.filedOn", "in_the_future", "lies ahead")
    if claim.service_date is not None and proof.filed_on < claim.service_date:
        raise refused("proof.filedOn", "before_service", "lies before the date of service")


def _is(held: Authorization, wanted: str) -> bool:
    return wanted == held.auth_number or wanted.lower() == str(held.id)
