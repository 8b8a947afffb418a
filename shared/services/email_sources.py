"""Which of a patient's records an e-mail speaks of: those that its template holds for, and all of one family.

A letter about a claim names the claim's payer and its coverage, never those of another record of the same patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from shared.domain.authorization.states import as_of
from shared.domain.eligibility.coverage import ranked
from shared.domain.eligibility.coverage_standing import standing_on
from shared.domain.email.template import Template
from shared.models.firestore.documents import ContextDocument
from shared.models.patient_records import DatedClaim, VisitOnFile
from shared.models.records import Authorization, Coverage, EligibilityFile

_BOOKED = frozenset({"scheduled", "confirmed"})
_DECISIVE = ("active", "unknown", "inactive")
_WAITING = ("submitted", "pended", "contact_payer", "appealed", "peer_to_peer", "draft")


@dataclass(frozen=True, slots=True)
class Sources:
    """The records; None where there is none that the letter could speak of.

    `lacking` names those that it cannot do without, `rests_on` has the uuid of each that its template asks for.
    """

    visit: VisitOnFile | None
    claim: DatedClaim | None
    authorization: Authorization | None
    coverage: Coverage | None
    payer_id: UUID | None
    payer_name: str | None
    provider_id: UUID | None
    lacking: tuple[str, ...] = ()
    rests_on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnFile:
    """What is on file of the patient that the context is about."""

    file: EligibilityFile
    claims: tuple[DatedClaim, ...]
    visits: tuple[VisitOnFile, ...]

    @property
    def coded(self) -> tuple[DatedClaim | Authorization, ...]:
        """The records that have diagnoses."""
        return (*self.claims, *self.file.authorizations)

    def only(self, named: Mapping[str, str]) -> OnFile:
        """The same without the other records of the kinds that are `named`, each by its uuid."""
        requests = tuple(one for one in self.file.authorizations if _is(named, "authorization", one.id))
        return OnFile(
            file=replace(self.file, authorizations=requests),
            claims=tuple(one for one in self.claims if _is(named, "claim", one.claim.id)),
            visits=tuple(one for one in self.visits if _is(named, "visit", one.id)),
        )

    def states(self, today: date) -> dict[str, str]:
        """How each record stands today, by its uuid."""
        return (
            {str(one.claim.id): one.claim.status for one in self.claims}
            | {str(one.id): one.status for one in self.visits}
            | {str(one.id): as_of(one, today).status for one in self.file.authorizations}
            | {str(one.id): standing_on(one, self.file, today) for one in self.file.coverages}
        )


def _is(named: Mapping[str, str], record: str, record_id: UUID) -> bool:
    return record not in named or named[record] == str(record_id)


def choose(context: ContextDocument, held: OnFile, template: Template | None, *, today: date) -> Sources:
    """The records for a letter of this template, or for a person's own words."""
    states: Mapping[str, tuple[str, ...]] = {} if template is None else {**template.takes, **template.needs}
    family = _family(context, template)
    visit = _visit(context, held.visits, today, states.get("visit"))
    claim = _claim(context, held.claims, states.get("claim"))
    requests = held.file.authorizations
    if family == "claim":
        own = None if claim is None else claim.authorization_id
        requests = tuple(one for one in requests if one.id == own)
    authorization = _authorization(context, requests, today, states.get("authorization"), alone=family != "claim")
    coverage = _coverage(family, held.file, claim, authorization, today)
    if "coverage" in states:
        day = today if visit is None else max(visit.visit_date, today)
        coverage = _coverage_standing(held.file, states["coverage"], day)
    found = {
        "visit": None if visit is None else visit.id,
        "claim": None if claim is None else claim.claim.id,
        "authorization": None if authorization is None else authorization.id,
        "coverage": None if coverage is None else coverage.id,
    }
    lacking = tuple(f"{name}.record" for name in ({} if template is None else template.needs) if found[name] is None)
    rests_on = {name: str(found[name]) for name in states if found[name] is not None}
    payer_id, payer_name = _payer(family, held.file, claim, authorization, coverage)
    asker = claim if family == "claim" else authorization if family == "authorization" else visit
    provider_id = None if asker is None else asker.provider_id
    return Sources(visit, claim, authorization, coverage, payer_id, payer_name, provider_id, lacking, rests_on)


def _family(context: ContextDocument, template: Template | None) -> str:
    """The record that payer, coverage and provider are those of: what the template needs, else what the context is."""
    needed = set[str]() if template is None else template.needs.keys()
    named = next((one for one in ("claim", "authorization", "coverage") if one in needed), context.record_type)
    return named if named in {"claim", "authorization"} else "coverage"


def _claim(
    context: ContextDocument, claims: tuple[DatedClaim, ...], states: tuple[str, ...] | None
) -> DatedClaim | None:
    """The context's own claim, else the newest, in one of the states."""
    if context.record_type == "claim":
        claims = tuple(one for one in claims if str(one.claim.id) == context.record_uuid)
    return next((one for one in claims if states is None or one.claim.status in states), None)


def _visit(
    context: ContextDocument, visits: tuple[VisitOnFile, ...], today: date, states: tuple[str, ...] | None
) -> VisitOnFile | None:
    """The context's own visit, else the next booked one, else the newest that has passed; in one of the states.

    A booked visit whose day has passed is none to come: nobody is reminded of it.
    """
    if context.record_type == "visit":
        visits = tuple(one for one in visits if str(one.id) == context.record_uuid)
        if states is None:
            return next(iter(visits), None)
    coming = [one for one in visits if one.visit_date >= today and one.status in _BOOKED]
    passed = [one for one in visits if one.visit_date < today]
    if states is not None:
        coming = [one for one in coming if one.status in states]
        passed = [one for one in visits if one.status in states and one.status not in _BOOKED]
    return min(coming, key=lambda one: (one.visit_date, one.visit_number), default=passed[0] if passed else None)


def _authorization(
    context: ContextDocument,
    held: tuple[Authorization, ...],
    today: date,
    states: tuple[str, ...] | None,
    *,
    alone: bool,
) -> Authorization | None:
    """The context's own, else one that somebody waits for, else the newest; in one of the states as they are today."""
    if alone and context.record_type == "authorization":
        held = tuple(one for one in held if str(one.id) == context.record_uuid)
    held = tuple(one for one in held if states is None or as_of(one, today).status in states)
    waiting = (one for one in held if one.status in _WAITING)
    return next(waiting, None) or (held[0] if held else None)


def _coverage(
    family: str, file: EligibilityFile, claim: DatedClaim | None, authorization: Authorization | None, today: date
) -> Coverage | None:
    """The one that the record names, else the one with its payer on its day; of no other payer."""
    insured = [one for one in file.coverages if one.payer_kind != "self_pay" and one.status != "removed"]
    if family == "claim":
        payer_id = None if claim is None or claim.payer is None else claim.payer.id
        day = None if claim is None else claim.claim.service_date
        return _of_record(insured, None if claim is None else claim.coverage_id, payer_id, day)
    if family == "authorization":
        if authorization is None:
            return None
        day = authorization.period_start or authorization.requested_date or today
        return _of_record(insured, authorization.coverage_id, authorization.payer_id, day)
    return insured[0] if insured else None


def _coverage_standing(file: EligibilityFile, states: tuple[str, ...], day: date) -> Coverage | None:
    """The coverage that decides about the day, in one of the states; of several that are over the last to end.

    Who has an active one is not told that another is over, nor where nobody knows of one.
    """
    standing = [(standing_on(one, file, day), one) for one in ranked(file.coverages) if one.payer_kind != "self_pay"]
    decisive = next((state for state in _DECISIVE if state in {told for told, _ in standing}), None)
    held = [one for told, one in standing if told == decisive]
    if decisive not in states or not held:
        return None
    return held[0] if decisive == "active" else max(held, key=lambda one: one.period_end or date.max)


def _of_record(
    insured: Iterable[Coverage], coverage_id: UUID | None, payer_id: UUID | None, day: date | None
) -> Coverage | None:
    """The coverage of a record; one of another payer than the record's is not, though it be noted with it."""
    of_payer = [one for one in insured if payer_id is None or one.payer_id == payer_id]
    named = next((one for one in of_payer if coverage_id is not None and one.id == coverage_id), None)
    if named is not None or payer_id is None or day is None:
        return named
    return next((one for one in of_payer if _covers(one, day)), None)


def _covers(one: Coverage, day: date) -> bool:
    return (one.period_start or date.min) <= day <= (one.period_end or date.max)


def _payer(
    family: str,
    file: EligibilityFile,
    claim: DatedClaim | None,
    authorization: Authorization | None,
    coverage: Coverage | None,
) -> tuple[UUID | None, str | None]:
    if family == "claim" and claim is not None and claim.payer is not None:
        return claim.payer.id, claim.payer.name
    if family == "authorization" and authorization is not None and authorization.payer_id is not None:
        named = (one.name for one in file.payers if one.id == authorization.payer_id)
        return authorization.payer_id, next(named, None)
    return (None, None) if coverage is None else (coverage.payer_id, coverage.payer_name)
