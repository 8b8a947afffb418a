"""The backend mode's actions after the payer has answered: denial, appeal, secondary billing, write-off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from shared.domain.claim.appeals import appeal_due, filed, levels, peer_to_peer_due
from shared.domain.claim.clocks import decided_anew, filing_of
from shared.domain.claim.denials import cause_of, published
from shared.domain.claim.moving import MoveDetails, answer
from shared.domain.claim.moving import step as take
from shared.domain.claim.secondary import forwarding
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.standing import balance
from shared.domain.claim.states import WITH_PAYER, ClaimMove, steps_between, target_of
from shared.domain.claim.write_off import agreed_in, approvers, is_agreed, limit_of, may_write_off, needs_approval
from shared.domain.claim.write_off_request import ASKED, REFUSED, WriteOffRequest
from shared.errors import ConflictError, ForbiddenError
from shared.models.api.claim_actions import (
    AppealOutcomeParams,
    AppealParams,
    DenialParams,
    SecondaryParams,
    WriteOffParams,
)
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.claim import Adjustment, Appeal, AppealStatus, BilledClaim, ClaimFile
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.roles import Role
from shared.services.claim_desk import ClaimDesk, Told, next_version, no_step, refused

ASKED_PEER, PEER_DECIDED = "peer_to_peer_asked", "peer_to_peer_decided"
_LEADS = frozenset({Role.ADMIN, Role.MANAGER})
_TO_DENIED: frozenset[ClaimMove | None] = frozenset({"accept", "pend", "deny"})
_PATIENTS_PART = frozenset({"1", "2", "3"})
_OUTCOMES: dict[str, tuple[ClaimMove, AppealStatus]] = {
    "won": ("pay", "won"),
    "partially_won": ("pay_partially", "partially_won"),
    "lost": ("uphold_denial", "lost"),
    "withdrawn": ("uphold_denial", "withdrawn"),
}


class ClaimAnswers:
    """See CLAIM_ACTIONS."""

    def __init__(self, desk: ClaimDesk) -> None:
        self._desk = desk

    def deny(self, caller: Caller, context: ContextDocument, params: DenialParams) -> QuickActionResult:
        """Record a payer's denial: its code, the deadlines that run from it, and the step that it goes back to."""
        group, carc = published(params.code)
        if group == "PR" and carc in _PATIENTS_PART:
            raise refused("code", "not_a_denial", "Deductible, coinsurance and copay are the patient's part")

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            claim = file.claim
            if not set(steps_between(claim.status, "denied") or (None,)) <= _TO_DENIED:
                raise no_step(claim, "record_denial")  # it would take back a payment, or what an appeal is about
            decided = _decided(params.decided_on, claim, situation.today)
            denied = Adjustment(group, carc, balance(claim), params.remarks)
            given = MoveDetails(
                reason=denied.code,
                on=decided,
                adjustments=(denied,),
                payer_control_number=params.control_number,
            )
            after, events = answer(claim, "denied", given, at=self._desk.now(), today=situation.today)
            after = decided_anew(file, replace(after, denial_code=denied.code))
            return Told(after, events, told={"rootCause": cause_of(denied.code)})

        return self._desk.change(caller, context, params, step, "deny")

    def appeal(self, caller: Caller, context: ContextDocument, params: AppealParams) -> QuickActionResult:
        """Ask the payer to decide again: at the next level there is, in time, or in a talk between physicians."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            on = _decided(params.filed_on, file.claim, situation.today, name="filedOn")
            if params.kind == "peer_to_peer":
                return self._peer_to_peer(file.claim, params, on)
            return self._appealed(file, params, on)

        return self._desk.change(caller, context, params, step, "appeal")

    def outcome(self, caller: Caller, context: ContextDocument, params: AppealOutcomeParams) -> QuickActionResult:
        """Record how the payer decided on an appeal, or on a talk between physicians."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            claim = file.claim
            decided = _decided(params.decided_on, claim, situation.today)
            if claim.status == "denied" and self._peer_asked(caller, claim):
                return self._peer_decided(claim, params, decided)
            appeal = next((one for one in file.appeals if one.status == "open"), None)
            if appeal is None and not file.appeals:  # appealed by its history alone: nothing tells of a level
                appeal = Appeal(uuid7(), 1, "open", claim.adjudicated_on or decided)
            if claim.status != "appealed" or appeal is None:
                raise no_step(claim, "record_appeal_outcome")
            if decided < appeal.filed_on:
                raise refused("decidedOn", "before_filing", "lies before the day on which the appeal was filed")
            return self._decided_on(file, appeal, params, decided, today=situation.today)

        return self._desk.change(caller, context, params, step, "appeal_outcome")

    def secondary(self, caller: Caller, context: ContextDocument, params: SecondaryParams) -> QuickActionResult:
        """Bill the rest of a claim to another payer: a new claim, and this one is forwarded."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            claim = file.claim
            ground = self._desk.situations.ground(caller.client_id, file, situation.today)
            wanted = (params.coverage_id or "").lower()
            chosen = next((one for one in ground.file.coverages if str(one.id) == wanted), None)
            if params.coverage_id is not None and chosen is None:
                raise refused("coverageId", "unknown_coverage", "The patient has no such coverage")
            found = forwarding(
                claim, ground.file.coverages, today=situation.today, chosen=chosen, before=ground.payers_before
            )
            target_of(claim.status, "forward_secondary", reason=None)
            if found.hindrance is not None or found.coverage is None:
                why = found.hindrance
                raise ConflictError(why.text if why else "No other coverage", code=why.code if why else "conflict")
            other = next((one for one in ground.file.payers if one.id == found.coverage.payer_id), None)
            made = BilledClaim(
                id=uuid7(),
                claim_number=self._free_number(caller, file),
                patient_id=claim.patient_id,
                status="draft",
                amount=found.rest,
                currency=claim.currency,
                service_date=claim.service_date,
                payer_id=found.coverage.payer_id,
                coverage_id=found.coverage.id,
                visit_id=claim.visit_id,
                provider_id=claim.provider_id,
                claim_type=claim.claim_type,
                procedure_codes=claim.procedure_codes,
                diagnosis_codes=claim.diagnosis_codes,
                secondary_of_id=claim.id,
            )
            deadline = filing_of(made, other, primary_eob=claim.adjudicated_on)
            made = replace(made, filing_due_on=None if deadline is None else deadline.due)
            after, events = self._desk.through(
                claim, ("forward_secondary",), secondaryId=str(made.id), amount=found.rest
            )
            told = {"secondary": {"id": str(made.id), "claimNumber": made.claim_number, "amount": float(made.amount)}}
            return Told(after, events, made=made, told=told)

        return self._desk.change(caller, context, params, step, "bill_secondary")

    def write_off(self, caller: Caller, context: ContextDocument, params: WriteOffParams) -> QuickActionResult:
        """Give an amount up, within the limit of the caller's role; above it a lead is asked."""

        def step(file: ClaimFile, situation: ClaimSituation) -> Told:
            claim, asked = file.claim, situation.asked
            if params.refuse:
                return self._refuse(caller, claim, asked, params)
            target_of(claim.status, "write_off", reason=params.reason)
            left = balance(claim)
            amount = left if params.amount is None else params.amount
            if amount > left or left <= 0:
                raise refused("amount", "more_than_open", f"Only {left:.2f} {claim.currency} are open")
            # What was written off before counts too: a limit is not to be got round in parts.
            total = amount + (claim.written_off_amount or Decimal(0))
            agreed = Decimal(0)
            if is_agreed(params.reason):
                agreed = agreed_in(claim, self._desk.situations.history(caller.client_id, claim))
            if not may_write_off(caller.role, total, agreed=agreed):
                return self._ask(caller, claim, amount, params)
            return self._written_off(caller, claim, amount, params, whole=amount == left)

        return self._desk.change(caller, context, params, step, "write_off")

    def _free_number(self, caller: Caller, file: ClaimFile) -> str:
        """The claim's number with the next place behind it that no claim has."""
        place = len(file.secondary_ids) + 2
        while self._desk.has_claim(caller, number := f"{file.claim.claim_number}-{place}"):
            place += 1
        return number

    def _written_off(
        self, caller: Caller, claim: BilledClaim, amount: Decimal, params: WriteOffParams, *, whole: bool
    ) -> Told:
        total = amount + (claim.written_off_amount or Decimal(0))
        members: dict[str, Any] = {"written_off_amount": total}
        if needs_approval(total):
            members["write_off_approved_by"] = caller.user_id
        told = {"writeOff": {"amount": float(amount), "reason": params.reason, "asked": False}}
        if whole:
            after, events = self._desk.through(
                claim, ("write_off",), reason=params.reason, amount=amount, note=params.note
            )
            return Told(replace(after, **members), events, told=told)
        after = next_version(claim, **members)
        event = self._desk.event(
            claim, after, "written_off_in_part", reason=params.reason, amount=amount, note=params.note
        )
        return Told(after, (event,), told=told)

    def _ask(self, caller: Caller, claim: BilledClaim, amount: Decimal, params: WriteOffParams) -> Told:
        """Above the limit: a request in the claim's history, which a rule makes a task of."""
        if claim.status in WITH_PAYER:
            raise ConflictError("The payer has not decided yet: it is too early to ask for that", code="with_payer")
        total = amount + (claim.written_off_amount or Decimal(0))
        roles = [role.value for role in approvers(total) if role != caller.role]
        after = next_version(claim)
        event = self._desk.event(claim, after, ASKED, reason=params.reason, amount=amount, note=params.note)
        limit = limit_of(caller.role)
        told = {
            "writeOff": {
                "amount": float(amount),
                "reason": params.reason,
                "asked": True,
                "limit": None if limit is None else float(limit),
                "approvers": roles,
            }
        }
        return Told(after, (event,), told=told)

    def _refuse(
        self, caller: Caller, claim: BilledClaim, asked: WriteOffRequest | None, params: WriteOffParams
    ) -> Told:
        if caller.role not in _LEADS:
            raise ForbiddenError("Your role does not decide on write-offs")
        if asked is None:
            raise ConflictError("No write-off waits for a decision", code="nothing_asked")
        after = next_version(claim)
        event = self._desk.event(claim, after, REFUSED, reason=params.reason, amount=asked.amount, note=params.note)
        return Told(after, (event,), told={"writeOff": {"amount": float(asked.amount), "refused": True}})

    def _appealed(self, file: ClaimFile, params: AppealParams, on: date) -> Told:
        claim = file.claim
        further = claim.status == "appealed"
        if not further:
            target_of(claim.status, "appeal", reason=params.ground)
        appeal = filed(file, on, params.ground, params.reference)
        level = appeal.level
        name = levels(file.payer)[level - 1].name
        kept: dict[str, Any] = {"level": level, "name": name, "filedOn": str(on), "note": params.note}
        told = {"appeal": {"level": level, "name": name, "decisionDueOn": str(appeal.due_on)}}
        if further:
            after = next_version(claim, appeal_due_on=None)
            event = self._desk.event(claim, after, "appealed_further", reason=params.ground, **kept)
            return Told(after, (event,), appeal, told=told)
        after, events = self._desk.through(claim, ("appeal",), reason=params.ground, **kept)
        return Told(after, events, appeal, told=told)

    def _decided_on(
        self, file: ClaimFile, appeal: Appeal, params: AppealOutcomeParams, decided: date, *, today: date
    ) -> Told:
        claim = file.claim
        move, status = _OUTCOMES[params.outcome]
        closed = replace(appeal, status=status, decided_on=decided)
        told: dict[str, Any] = {"appeal": {"level": appeal.level, "status": status}}
        if params.go_on:
            if appeal.level >= len(levels(file.payer)):
                raise ConflictError("This was the last level of appeal", code="no_level_left")
            due = appeal_due(appeal.level + 1, decided, file.payer)[0]
            after = next_version(claim, appeal_due_on=due)
            event = self._desk.event(claim, after, "appeal_lost", reason="lost", level=appeal.level)
            return Told(after, (event,), closed, told=told | {"nextLevelDueOn": str(due)})
        paid = params.paid_amount
        if paid is not None:
            _check_paid(claim, paid, partial=params.outcome == "partially_won")
        given = MoveDetails(reason=params.outcome, on=decided, paid=paid)
        after, event = take(claim, move, given, at=self._desk.now(), today=today)
        if move == "pay_partially":
            after = decided_anew(file, after)
        return Told(after, (event,), closed, told=told)

    def _peer_to_peer(self, claim: BilledClaim, params: AppealParams, filed: date) -> Told:
        if claim.status != "denied":
            raise no_step(claim, "peer_to_peer")
        due = None if claim.adjudicated_on is None else peer_to_peer_due(claim.adjudicated_on)
        after = next_version(claim)
        event = self._desk.event(
            claim, after, ASKED_PEER, reason=params.ground, filedOn=str(filed), reference=params.reference
        )
        late = due is not None and filed > due
        told = {"peerToPeer": {"usuallyUntil": None if due is None else str(due), "late": late}}
        return Told(after, (event,), told=told)

    def _peer_decided(self, claim: BilledClaim, params: AppealOutcomeParams, decided: date) -> Told:
        """A talk that was won lets the payer decide anew; one that was lost leaves the appeal."""
        if params.outcome == "won":
            after, events = self._desk.through(claim, ("reverse",), reason="peer_to_peer_won")
            return Told(after, events, told={"peerToPeer": {"status": "won"}})
        after = next_version(claim)
        event = self._desk.event(claim, after, PEER_DECIDED, reason=params.outcome, decidedOn=str(decided))
        return Told(after, (event,), told={"peerToPeer": {"status": params.outcome}})

    def _peer_asked(self, caller: Caller, claim: BilledClaim) -> bool:
        """Whether a talk was asked for since the denial, and was not decided on."""
        open_talk = False
        for one in self._desk.situations.history(caller.client_id, claim):
            if one.kind == ASKED_PEER:
                open_talk = True
            elif one.kind == PEER_DECIDED or one.from_status != one.to_status:
                open_talk = False
        return open_talk


def _check_paid(claim: BilledClaim, paid: Decimal, *, partial: bool) -> None:
    """Refuse what an appeal that was won cannot have brought: nothing more than before, or more than was billed."""
    if not (claim.paid_amount or Decimal(0)) < paid <= claim.amount:
        raise refused("paidAmount", "out_of_range", "is more than was paid before, and no more than was billed")
    if partial and paid == claim.amount:
        raise refused("paidAmount", "not_partial", "A part is less than what was billed")


def _decided(given: date | None, claim: BilledClaim, today: date, *, name: str = "decidedOn") -> date:
    """The day that was given, or today. Raises ValidationFailedError for one that cannot be."""
    on = today if given is None else given
    if on > today:
        raise refused(name, "in_the_future", "lies ahead")
    earliest = claim.adjudicated_on if name == "filedOn" else claim.service_date
    if earliest is not None and on < earliest:
        code = "before_decision" if name == "filedOn" else "before_service"
        raise refused(name, code, f"lies before {earliest}")
    return on
