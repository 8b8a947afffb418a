"""Tools that read a patient's file: who it is, coverage and verdict, benefits, authorizations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from pydantic import Field

from shared.assistant.protocol import Citation
from shared.assistant.readings import (
    AuthorizationsReading,
    CoverageReading,
    FoundPatient,
    FoundPatients,
    PatientReading,
    Reading,
    Stretch,
)
from shared.assistant.tools import Desk, Tool
from shared.auth.permissions import hidden_fields
from shared.domain import eligibility as rules
from shared.domain.authorization.states import as_of
from shared.models.api.base import Day, RequestModel
from shared.models.api.eligibility import patient_view, verdict_view
from shared.models.api.modes import PatientEligibility, PatientView
from shared.models.api.records import SearchQuery
from shared.models.records import EligibilityFile
from shared.models.verdict import VerdictReceipt

_REFERENCE = re.compile(r"(?:[a-z_]+/[A-Za-z0-9_-]+|rule:E\d{2})")
MOST_FOUND = 5
LONGEST_STRETCH = timedelta(days=731)


class OfPatient(RequestModel):
    """Which patient: MRN or uuid; the record in hand's by default."""

    patient: str | None = Field(default=None, max_length=100, description="MRN or uuid; left out: the record in hand")


class FindParams(RequestModel):
    """Whom to look for: names, an MRN, a date of birth, in any order."""

    query: str = Field(min_length=1, max_length=200)


class CoverageParams(OfPatient):
    """For which day or days; by default for the visit in hand, the next booked visit, or today."""

    first: Day | None = None
    last: Day | None = None
    service_type: str | None = Field(default=None, pattern=r"^[A-Z0-9]{1,2}$", description="X12 service type")
    procedure: str | None = Field(default=None, max_length=10, description="CPT or HCPCS code")


class AuthorizationParams(OfPatient):
    """Which authorizations: all of the patient by default, or the one with a number."""

    number: str | None = Field(default=None, max_length=100)


def patient_seen(desk: Desk, given: str | None) -> PatientView:
    """Who it is, as far as the caller's role needs it; read with the file."""
    return _view(desk, desk.file(given)).patient


def patient_source(patient: PatientView) -> Citation:
    """The citation of a patient."""
    return Citation(f"patients/{patient.id}", f"Patient {patient.mrn}")


def read_patient(desk: Desk, params: OfPatient) -> Reading:
    """See Tool.read."""
    file = desk.file(params.patient)
    patient = patient_seen(desk, params.patient)
    names = [name for one in file.coverages for name in (one.payer_name, one.plan_name) if name]
    return Reading(PatientReading(patient=patient, plans=tuple(dict.fromkeys(names))), (patient_source(patient),))


def find_patients(desk: Desk, params: FindParams) -> Reading:
    """See Tool.read."""
    query = SearchQuery(q=params.query, type="patient", limit=MOST_FOUND + 1)
    hits = desk.services.records().search(desk.caller, query).results
    found = tuple(FoundPatient(id=one.id, mrn=one.number, label=one.label) for one in hits[:MOST_FOUND])
    sources = tuple(Citation(f"patients/{one.id}", f"Patient {one.mrn}") for one in found)
    return Reading(FoundPatients(patients=found, complete=len(hits) <= MOST_FOUND), sources)


def read_coverage(desk: Desk, params: CoverageParams) -> Reading:
    """See Tool.read: the verdict for each stretch of the days asked for."""
    file, today = desk.file(params.patient), desk.today

    def decided(on: date | None) -> VerdictReceipt:
        return rules.decide(
            file, asked_date=on, asked_service=params.service_type, procedure=params.procedure, today=today
        )

    receipts = [(receipt.date_of_service, receipt) for receipt in map(decided, _edges(file, params, today))]
    stretches = _stretches(receipts, params, today)
    now_receipt = decided(today)
    view = _view(desk, file)
    situation = rules.situation_of(file, receipts[0][1], now=desk.local_time)
    check = view.newest_check
    data = CoverageReading(
        patient=view.patient,
        stretches=stretches,
        today=verdict_view(now_receipt),
        coverages=view.coverages,
        newest_check=check,
        stale=None if situation.stale is None else situation.stale.text,
    )
    citations = [patient_source(view.patient)]
    titles = {str(one.id): " ".join(filter(None, (one.payer, one.plan_name))) for one in view.coverages}
    citations += [Citation(f"coverages/{identity}", f"Coverage: {title}") for identity, title in titles.items()]
    if check is not None:
        citations.append(Citation(f"eligibility_checks/{check.id}", f"Check of {check.checked_at.date().isoformat()}"))
    citations += _evidence(file, [one for _, one in receipts] + [now_receipt])
    return Reading(data, tuple(dict.fromkeys(citations)))


def read_benefits(desk: Desk, params: CoverageParams) -> Reading:
    """See Tool.read. Benefits are those of one day: of several, the first, unless today is among them."""
    first, last = params.first, params.last
    if first != last:
        current = (first or desk.today) <= desk.today <= (last or desk.today)
        params = params.model_copy(update=dict.fromkeys(("first", "last"), None if current else first or last))
    return read_coverage(desk, params)


def read_authorizations(desk: Desk, params: AuthorizationParams) -> Reading:
    """See Tool.read."""
    from shared.services.authorization_views import authorization_view

    file = desk.file(params.patient)
    patient = patient_seen(desk, params.patient)
    held = [as_of(one, desk.today) for one in file.authorizations]
    if params.number is not None:
        wanted = params.number.casefold()
        held = [one for one in held if wanted in {one.auth_number.casefold(), str(one.id)}]
    views = tuple(authorization_view(desk.caller, replace(one, patient_id=file.patient.id), desk.now) for one in held)
    sources = [patient_source(patient)]
    sources += [Citation(f"authorizations/{one.id}", f"Authorization {one.auth_number}") for one in held]
    return Reading(AuthorizationsReading(patient=patient, authorizations=views), tuple(sources))


def _view(desk: Desk, file: EligibilityFile) -> PatientEligibility:
    hidden, of_coverage = (hidden_fields(desk.caller.role, kind) for kind in ("patient", "coverage"))
    return patient_view(file, rules.decide(file, today=desk.today), hidden, of_coverage)


def _edges(file: EligibilityFile, params: CoverageParams, today: date) -> list[date | None]:
    """The days on which a verdict may change within the days asked for; None: the day that the rules choose."""
    if params.first is None and params.last is None:
        return [None]
    first, last = _bounds(params, today)
    days = {first}
    for one in file.coverages:
        days |= {day for day in (one.period_start, one.period_end and one.period_end + timedelta(days=1)) if day}
    return [day for day in sorted(days) if first <= day <= last]


def _bounds(params: CoverageParams, today: date) -> tuple[date, date]:
    first = params.first or min(today, params.last or today)
    last = params.last or max(today, first)
    return first, min(last, first + LONGEST_STRETCH)


def _stretches(receipts: list[tuple[date, VerdictReceipt]], params: CoverageParams, today: date) -> tuple[Stretch, ...]:
    last = receipts[0][0] if params.first is None and params.last is None else _bounds(params, today)[1]
    found: list[tuple[date, date, VerdictReceipt]] = []
    for n, (first, receipt) in enumerate(receipts):
        end = receipts[n + 1][0] - timedelta(days=1) if n + 1 < len(receipts) else last
        if found and _outcome(found[-1][2]) == _outcome(receipt):
            found[-1] = (found[-1][0], end, found[-1][2])
        else:
            found.append((first, end, receipt))
    return tuple(Stretch(first=first, last=end, verdict=verdict_view(one)) for first, end, one in found)


def _outcome(receipt: VerdictReceipt) -> tuple[object, ...]:
    return receipt.verdict, receipt.coverage_id, receipt.requires_auth, receipt.authorization_met


def _evidence(file: EligibilityFile, receipts: Iterable[VerdictReceipt]) -> list[Citation]:
    """The records and rules that the verdicts rest on."""
    titles = {f"authorizations/{one.id}": f"Authorization {one.auth_number}" for one in file.authorizations}
    titles |= {f"payers/{one.id}": f"Payer {one.name}" for one in file.payers}
    found = []
    for receipt in receipts:
        for one in (*receipt.evidence, *receipt.suggestions):
            found.append(Citation(f"rule:{one.rule}", f"Rule {one.rule}: {rules.RULES[one.rule].title}"))
            if one.source and _REFERENCE.fullmatch(one.source) and not one.source.startswith("coverages/"):
                kind = one.source.partition("/")[0].rstrip("s").replace("_", " ")
                found.append(Citation(one.source, titles.get(one.source, kind.capitalize())))
    return found


PATIENT = Tool(
    "patient",
    "Who the patient is: name, MRN, date of birth, sex, phone as far as the role sees it, and the plans on file.",
    "Read the patient",
    OfPatient,
    read_patient,
    ("patient",),
)
FIND_PATIENTS = Tool(
    "find_patients",
    "Look for patients of the organisation by name, MRN or date of birth.",
    "Looked for the patient",
    FindParams,
    find_patients,
    ("patient",),
)
COVERAGE = Tool(
    "coverage",
    "Whether a patient is covered on a day or on days, why, and which coverages are on file.",
    "Decided about the coverage from what is on file",
    CoverageParams,
    read_coverage,
    ("patient", "coverage"),
)
BENEFITS = Tool(
    "benefits",
    "Copay, coinsurance, deductible, out-of-pocket and visits left for a day and service, as far as they are known.",
    "Worked out the benefits from what is on file",
    CoverageParams,
    read_benefits,
    ("patient", "coverage"),
)
AUTHORIZATIONS = Tool(
    "authorizations",
    "A patient's authorizations as they are today: status, period, units left, until when the payer must decide.",
    "Read the authorizations",
    AuthorizationParams,
    read_authorizations,
    ("patient", "authorization"),
)
