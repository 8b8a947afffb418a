"""Tools that read a patient's claims, visits and deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from shared.assistant.protocol import Citation
from shared.assistant.readings import (
    ClaimSeen,
    ClaimsReading,
    DeadlineSeen,
    DeadlinesReading,
    Reading,
    VisitSeen,
    VisitsReading,
)
from shared.assistant.record_tools import OfPatient, patient_seen, patient_source
from shared.assistant.tools import Desk, Tool
from shared.auth.permissions import hidden_fields
from shared.domain.authorization.states import AWAITING, IN_FORCE, as_of
from shared.domain.eligibility.filing import filing_deadline
from shared.domain.questions.states import UNFILED_CLAIMS
from shared.models.api.base import Day
from shared.models.api.eligibility import cents
from shared.models.caller import Caller
from shared.models.patient_records import DatedClaim, VisitOnFile
from shared.models.records import Authorization


class RangeParams(OfPatient):
    """From which day to which, both included; open where left out."""

    first: Day | None = None
    last: Day | None = None


def read_claims(desk: Desk, params: RangeParams) -> Reading:
    """See Tool.read."""
    found = desk.services.patient_records().claims(
        desk.caller, desk.reference(params.patient), first=params.first, last=params.last, mode=desk.context.mode
    )
    patient = patient_seen(desk, params.patient)
    data = ClaimsReading(
        patient=patient,
        first=params.first,
        last=params.last,
        claims=tuple(_claim(one) for one in found.claims),
        complete=found.complete,
        hidden=tuple(sorted(hidden_fields(desk.caller.role, "claim"))),
    )
    sources = [Citation(f"claims/{one.claim.id}", f"Claim {one.claim.claim_number}") for one in found.claims]
    return Reading(data, (patient_source(patient), *sources))


def read_visits(desk: Desk, params: RangeParams) -> Reading:
    """See Tool.read."""
    found = desk.services.patient_records().visits(
        desk.caller, desk.reference(params.patient), first=params.first, last=params.last, mode=desk.context.mode
    )
    patient = patient_seen(desk, params.patient)
    data = VisitsReading(
        patient=patient,
        first=params.first,
        last=params.last,
        visits=tuple(_visit(one, desk.caller) for one in found.visits),
        complete=found.complete,
    )
    sources = [Citation(f"visits/{one.id}", f"Visit {one.visit_number}") for one in found.visits]
    return Reading(data, (patient_source(patient), *sources))


def read_deadlines(desk: Desk, params: OfPatient) -> Reading:
    """See Tool.read: claims that are not filed yet (E22), ends of authorizations, and payers' decisions (E23)."""
    reference = desk.reference(params.patient)
    file = desk.file(params.patient)
    found = desk.services.patient_records().claims(desk.caller, reference, mode=desk.context.mode)
    deadlines = [one for claim in found.claims for one in _of_claim(claim, desk)]
    deadlines += [one for held in file.authorizations for one in _of_authorization(as_of(held, desk.today), desk)]
    deadlines.sort(key=lambda one: (one.due, one.label))
    undated = sum(one.claim.status in UNFILED_CLAIMS and one.claim.service_date is None for one in found.claims)
    patient = patient_seen(desk, params.patient)
    data = DeadlinesReading(patient=patient, deadlines=tuple(deadlines), undated=undated, complete=found.complete)
    cited = [Citation(one.source, one.label) for one in deadlines]
    cited += [Citation(f"rule:{one.rule}", f"Rule {one.rule}") for one in deadlines if one.rule]
    return Reading(data, (patient_source(patient), *dict.fromkeys(cited)))


def _claim(found: DatedClaim) -> ClaimSeen:
    claim = found.claim
    return ClaimSeen(
        id=str(claim.id),
        claim_number=claim.claim_number,
        status=claim.status,
        amount_cents=cents(claim.amount) or 0,
        paid_cents=cents(claim.paid_amount),
        currency=claim.currency,
        service_date=claim.service_date,
        submitted_date=claim.submitted_date,
        payer=claim.payer_name,
        denial_reason=claim.denial_reason,
    )


def _visit(found: VisitOnFile, caller: Caller) -> VisitSeen:
    starts = None if found.starts_at is None else found.starts_at.astimezone(ZoneInfo(caller.time_zone))
    return VisitSeen(
        id=str(found.id),
        visit_number=found.visit_number,
        visit_date=found.visit_date,
        time=None if starts is None else starts.strftime("%H:%M"),
        visit_type=found.visit_type,
        status=found.status,
        readiness=found.readiness,
        provider=found.provider_name,
    )


def _of_claim(found: DatedClaim, desk: Desk) -> Iterator[DeadlineSeen]:
    claim = found.claim
    source, label = f"claims/{claim.id}", f"Claim {claim.claim_number}"
    if claim.status in UNFILED_CLAIMS and claim.service_date is not None:
        due = filing_deadline(claim.service_date, found.payer)
        yield _deadline("filing", label, due.due, desk, source, rule="E22", confirmed=due.confirmed)
    if found.next_deadline_at is not None:
        day = found.next_deadline_at.astimezone(ZoneInfo(desk.caller.time_zone)).date()
        yield _deadline("claim", label, day, desk, source)


def _of_authorization(held: Authorization, desk: Desk) -> Iterator[DeadlineSeen]:
    source, label = f"authorizations/{held.id}", f"Authorization {held.auth_number}"
    if held.status in IN_FORCE and held.period_end is not None:
        yield _deadline("authorization_end", label, held.period_end, desk, source, rule="E11")
    if held.status in AWAITING and held.decision_due_at is not None:
        day = held.decision_due_at.astimezone(ZoneInfo(desk.caller.time_zone)).date()
        yield _deadline("decision", label, day, desk, source, rule="E23")


def _deadline(
    kind: str, label: str, due: date, desk: Desk, source: str, *, rule: str | None = None, confirmed: bool = True
) -> DeadlineSeen:
    left = (due - desk.today).days
    return DeadlineSeen(kind=kind, label=label, due=due, days_left=left, confirmed=confirmed, source=source, rule=rule)


CLAIMS = Tool(
    "claims",
    "A patient's claims by service date: number, status, amounts, payer, dates, and why one was denied.",
    "Read the claims",
    RangeParams,
    read_claims,
    ("patient", "claim"),
)
VISITS = Tool(
    "visits",
    "A patient's visits, past and to come: day, time, type, status, readiness, provider.",
    "Read the visits",
    RangeParams,
    read_visits,
    ("patient", "visit"),
)
DEADLINES = Tool(
    "deadlines",
    "Until when a patient's claims must be filed, authorizations end, and payers must decide.",
    "Worked out the deadlines",
    OfPatient,
    read_deadlines,
    ("patient", "claim", "authorization"),
)
