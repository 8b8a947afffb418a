"""From what was asked and what is on file to a request: what it is for, under which coverage, by whom, when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from pydantic.alias_generators import to_camel

from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.requesting import check_period
from shared.domain.authorization.states import AWAITING, IN_FORCE, OPEN, as_of
from shared.domain.authorization.units import RESERVING, USING, with_visit
from shared.domain.eligibility.dates import SERVICE_TYPES, is_active
from shared.errors import FieldError, ValidationFailedError
from shared.models.api.authorizations import AuthorizationMembers
from shared.models.authorization import VisitHold
from shared.models.identifiers import spoken_number, uuid7
from shared.models.records import Authorization, Coverage, EligibilityFile, Visit
from shared.repositories.authorization_protocols import ClaimLine, RequestGround, VisitLink

FARTHEST = timedelta(days=1096)


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as a draft, the visit it is for, and the member id and NPI that go with it."""

    authorization: Authorization
    link: VisitLink | None
    member_id: str | None
    provider_npi: str | None


def draft_of(asked: AuthorizationMembers, ground: RequestGround, *, today: date) -> Draft:
    """Put a request together. Raises ValidationFailedError naming what there is no record of, or makes no sense."""
    _check_references(asked, ground)
    visit = _visit(asked, ground.file)
    start = asked.period_start or (visit.visit_date if visit and asked.period_end is None else None)
    end = asked.period_end or (visit.visit_date if visit and asked.period_start is None else None)
    on = start or (visit.visit_date if visit else today)
    coverage = _coverage(asked, ground, on)
    payer_id = ground.payer_id or (coverage.payer_id if coverage else None)
    provider_id = ground.provider_id or (visit.provider_id if visit else None)
    units = asked.units or (1 if visit else None)
    authorization = Authorization(
        id=uuid7(),
        auth_number=spoken_number("AUTH"),
        patient_id=ground.file.patient.id,
        payer_id=payer_id,
        coverage_id=coverage.id if coverage else None,
        provider_id=provider_id,
        service_type=asked.service_type or (None if asked.procedure_codes else _service_of(visit)),
        procedure_codes=tuple(dict.fromkeys(asked.procedure_codes)),
        diagnosis_codes=tuple(dict.fromkeys(asked.diagnosis_codes)),
        status="draft",
        requested_date=None,
        approved_date=None,
        period_start=start,
        period_end=end,
        units_requested=units,
        units_approved=None,
        units_used=0,
        units_reserved=0,
        urgency=asked.urgency or "standard",
        notes=asked.notes,
    )
    _check_days(authorization, today)
    link = _link(visit, authorization, ground.file, today)
    if link is not None and visit is not None:
        hold = VisitHold(visit.id, visit.visit_date, visit.status)
        authorization = replace(with_visit(authorization, hold), version=authorization.version)
    npi = ground.npis.get(provider_id) if provider_id else None
    return Draft(authorization, link, coverage.member_id if coverage else None, npi)


def completed(draft: Authorization, given: AuthorizationMembers, *, today: date) -> Authorization:
    """Return a draft with what was missing; references are those of the draft. Raises ValidationFailedError."""
    fixed = [
        name for name in ("payer_id", "coverage_id", "provider_id", "visit_id") if getattr(given, name) is not None
    ]
    if fixed:
        errors = tuple(_fault(to_camel(name), "fixed", "is fixed when the draft is made") for name in fixed)
        raise ValidationFailedError(f"{errors[0].field} {errors[0].message}", errors=errors)
    whole = replace(
        draft,
        service_type=given.service_type or draft.service_type,
        procedure_codes=given.procedure_codes or draft.procedure_codes,
        diagnosis_codes=given.diagnosis_codes or draft.diagnosis_codes,
        period_start=given.period_start or draft.period_start,
        period_end=given.period_end or draft.period_end,
        units_requested=given.units or draft.units_requested,
        urgency=given.urgency or draft.urgency,
        notes=given.notes or draft.notes,
    )
    _check_days(whole, today)
    return whole


def like(wanted: Authorization, file: EligibilityFile, today: date) -> tuple[Authorization, ...]:
    """The authorizations on file for the same thing that are not over, newest first."""
    return tuple(
        one
        for one in (as_of(held, today) for held in file.authorizations)
        if one.status in OPEN | IN_FORCE | {"not_required"} and one.id != wanted.id and _same(one, wanted)
    )


def in_place_of(wanted: Authorization, file: EligibilityFile, today: date) -> Authorization | None:
    """The authorization that makes `wanted` needless: with the payer already, or granted and enough for it."""
    need = need_of(wanted)
    for one in like(wanted, file, today):
        stored = next(held for held in file.authorizations if held.id == one.id)
        if one.status in AWAITING or mismatches(one, need) == ():
            return stored
    return None


def need_of(wanted: Authorization) -> ServiceNeed:
    """What `wanted` asks for, as a service to be rendered on the first day of its period."""
    return ServiceNeed(
        on=wanted.period_start,
        payer_id=wanted.payer_id,
        service_type=wanted.service_type,
        procedure_codes=wanted.procedure_codes,
        provider_id=wanted.provider_id,
        units=wanted.units_requested or 1,
        visit_id=wanted.visits[0].visit_id if wanted.visits else None,
    )


def need_of_claim(claim: ClaimLine, procedure: str | None) -> ServiceNeed:
    """What a claim's service needed; its service type is that of its visit."""
    return ServiceNeed(
        on=claim.service_date,
        payer_id=claim.payer_id,
        service_type=_service_of(claim.visit),
        procedure_codes=(procedure,) if procedure else (),
        provider_id=claim.provider_id,
        visit_id=claim.visit.id if claim.visit else None,
        patient_id=claim.patient_id,
    )


def _same(held: Authorization, wanted: Authorization) -> bool:
    alike = ("payer_id", "service_type", "provider_id")
    if any(getattr(held, name) != getattr(wanted, name) for name in alike):
        return False
    if set(held.procedure_codes) != set(wanted.procedure_codes):
        return False
    starts, ends = (held.period_start, wanted.period_start), (held.period_end, wanted.period_end)
    start = max((day for day in starts if day), default=None)
    end = min((day for day in ends if day), default=None)
    return start is None or end is None or start <= end


def _check_references(asked: AuthorizationMembers, ground: RequestGround) -> None:
    file = ground.file
    known = {str(coverage.id): coverage for coverage in file.coverages}
    faults = []
    if asked.payer_id is not None and ground.payer_id is None:
        faults.append(_fault("payerId", "unknown_payer", "There is no such payer"))
    if asked.provider_id is not None and ground.provider_id is None:
        faults.append(_fault("providerId", "unknown_provider", "There is no such provider"))
    if asked.visit_id is not None and file.context_visit is None:
        faults.append(_fault("visitId", "unknown_visit", "The patient has no such visit"))
    if asked.coverage_id is not None:
        coverage = known.get(asked.coverage_id.lower())
        if coverage is None:
            faults.append(_fault("coverageId", "unknown_coverage", "The patient has no such coverage"))
        elif ground.payer_id not in (None, coverage.payer_id):
            faults.append(_fault("payerId", "other_payer", "The coverage is of another payer"))
    if faults:
        raise ValidationFailedError(f"{faults[0].field}: {faults[0].message}", errors=tuple(faults))


def _visit(asked: AuthorizationMembers, file: EligibilityFile) -> Visit | None:
    """The visit that is meant: the one named or in context, else the next one when it lies in the period asked for."""
    if file.context_visit is not None:
        return file.context_visit
    coming = file.next_visit
    if coming is None:
        return None
    start, end = asked.period_start or date.min, asked.period_end or date.max
    return coming if start <= coming.visit_date <= end else None


def _coverage(asked: AuthorizationMembers, ground: RequestGround, on: date) -> Coverage | None:
    """The coverage that is named, else the first one in force on the day, of the payer where one is named."""
    if asked.coverage_id is not None:
        return next(one for one in ground.file.coverages if str(one.id) == asked.coverage_id.lower())
    fitting = [
        one
        for one in ground.file.coverages
        if one.status == "active" and one.payer_kind != "self_pay" and is_active(one, on)
        if ground.payer_id in (None, one.payer_id)
    ]
    return min(fitting, key=lambda one: (one.rank, str(one.id)), default=None)


def _service_of(visit: Visit | None) -> str | None:
    return None if visit is None or visit.visit_type is None else SERVICE_TYPES.get(visit.visit_type)


def _link(visit: Visit | None, authorization: Authorization, file: EligibilityFile, today: date) -> VisitLink | None:
    """Link the visit that the request is for, unless another authorization that is not over has it."""
    if visit is None or visit.status not in RESERVING | USING:
        return None
    holder = next((one for one in file.authorizations if one.id == visit.authorization_id), None)
    if holder is not None and as_of(holder, today).status in OPEN | IN_FORCE:
        return None
    return VisitLink(visit.id, before=visit.authorization_id, now=authorization.id)


def _check_days(authorization: Authorization, today: date) -> None:
    check_period(authorization)
    for name, day in (("periodStart", authorization.period_start), ("periodEnd", authorization.period_end)):
        if day is not None and abs(day - today) > FARTHEST:
            errors = (_fault(name, "too_far", "must lie within three years of today"),)
            raise ValidationFailedError(f"{name} {errors[0].message}", errors=errors)


def _fault(field: str, code: str, message: str) -> FieldError:
    return FieldError(field, code, message)
