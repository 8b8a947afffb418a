"""Scrub rules: what would get a claim rejected or denied, found before it is submitted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.states import as_of
from shared.domain.claim.clocks import filing_of
from shared.domain.claim.scrubbing import Check, Hit, Scrubbed, ScrubInput, ScrubRule, Severity
from shared.domain.eligibility.dates import service_of
from shared.domain.eligibility.filing import filing_state
from shared.domain.eligibility.registry import found
from shared.models.verdict import Evidence

_LUHN_PREFIX = "80840"
_NPI = re.compile(r"[12][0-9]{9}", re.ASCII)
# Visits after which a service can be billed; in `_NEVER` it was not rendered at all.
RENDERED = frozenset({"completed", "checked_out"})
_NEVER = frozenset({"cancelled", "rescheduled", "no_show", "left_without_being_seen"})
# What the primary payer's claim must have become before the rest of it is billed to another one.
ANSWERED_BY_PRIMARY = frozenset({"paid", "partially_paid", "underpaid", "denied", "forwarded_secondary", "finalized"})
RULES: dict[str, ScrubRule] = {}


def scrub_rule(rule_id: str, *, source: str) -> Callable[[Check], Check]:
    """Declare a rule; they run in the order in which they stand here."""

    def declare(check: Check) -> Check:
        title = (check.__doc__ or "").partition("\n")[0].partition(": ")[2]
        RULES[rule_id] = ScrubRule(rule_id, title, source, check)
        return check

    return declare


def scrub(given: ScrubInput) -> Scrubbed:
    """Run every rule; what keeps the claim back comes first."""
    hits = [hit for rule in RULES.values() for hit in rule.check(given)]
    return Scrubbed(tuple(sorted(hits, key=lambda one: one.severity)))


def is_npi(number: str) -> bool:
    """Tell whether a number is a well-formed NPI: ten digits, whose last is Luhn's check digit behind 80840."""
    if _NPI.fullmatch(number) is None:
        return False
    digits = [int(one) for one in reversed(_LUHN_PREFIX + number)]
    doubled = (2 * one for one in digits[1::2])
    return (sum(digits[::2]) + sum(one - 9 if one > 9 else one for one in doubled)) % 10 == 0  # noqa: PLR2004


@scrub_rule("C01", source="45 CFR 162.406; CMS, NPI check digit (ISO 7812 Luhn with 80840)")
def _provider(given: ScrubInput) -> tuple[Hit, ...]:
    """C01: the provider is named and has a well-formed NPI."""
    provider = given.claim.provider_id
    if provider is None:
        return _hit("C01", "provider_missing", "No provider is named", given.source, "provider_id")
    source = f"providers/{provider}"
    if given.provider_npi is None:
        return _hit("C01", "npi_missing", "The provider has no NPI", source, "npi")
    if not is_npi(given.provider_npi):
        return _hit("C01", "npi_invalid", "The provider's NPI has a wrong form or check digit", source, "npi")
    return ()


@scrub_rule("C02", source="X12 005010X222A1, loop 2010BB")
def _payer(given: ScrubInput) -> tuple[Hit, ...]:
    """C02: a payer is named, and it is an insurance."""
    if given.claim.payer_id is None or given.payer is None:
        return _hit("C02", "payer_missing", "No payer is named", given.source, "payer_id")
    if given.self_pay:
        return _hit("C02", "payer_self_pay", "The patient pays: there is nobody to submit to", given.source, "payer_id")
    return ()


@scrub_rule("C03", source="X12 CARC 26, 27, 200; E02, E06 and E07 of the eligibility rules")
def _covered(given: ScrubInput) -> tuple[Hit, ...]:
    """C03: the payer's coverage is active on the date of service; what nobody can say yet is a warning."""
    if given.receipt is None or given.payer is None:
        return ()
    if given.receipt.coverage_id is None:
        text = "The patient has no coverage of this payer on file"
        return _hit("C03", "no_coverage_of_payer", text, f"payers/{given.payer.id}")
    because = given.receipt.evidence[0]
    if given.receipt.verdict == "not_eligible":
        text = "The coverage does not hold on the date of service"
        return _hit("C03", "not_covered", text, because.source, because.element, why=because.code)
    if given.receipt.verdict == "undetermined":
        text = "Nobody can say whether the coverage holds on the date of service"
        return _hit("C03", "coverage_unknown", text, because.source, because.element, severity="warn", why=because.code)
    return ()


@scrub_rule("C04", source="X12 CARC 15, 197, 198, 284; E09 and E10 of the eligibility rules")
def _authorized(given: ScrubInput) -> tuple[Hit, ...]:
    """C04: an authorization that is named fits (E10); one that is needed (E09) is there."""
    claim = given.claim
    if given.authorization is not None:
        held = as_of(given.authorization, given.claim.service_date or given.today)
        faults = [one.code for one in mismatches(held, need_of(given))]
        if not faults:
            return ()
        text = f"The authorization does not fit: {', '.join(faults)}"
        return _hit("C04", "authorization_misfit", text, f"authorizations/{held.id}", None, faults=", ".join(faults))
    receipt = given.receipt
    needed = claim.requires_authorization if receipt is None else receipt.requires_auth
    needed = needed or claim.requires_authorization
    if needed and not (receipt is not None and receipt.authorization_met):
        return _hit("C04", "authorization_missing", "An authorization is needed and none fits", given.source)
    if needed:
        text = "An authorization fits and the claim does not name it"
        return _hit("C04", "authorization_not_linked", text, given.source, "authorization_id", severity="warn")
    depends = None if receipt is None else receipt.fired("authorization_depends", "auth_requirement_unknown")
    if depends is not None:
        return (Hit("warn", found("C04", depends.code, depends.text, depends.source, depends.element)),)
    return ()


def need_of(given: ScrubInput) -> ServiceNeed:
    """What the claim's service needs of an authorization."""
    claim = given.claim
    return ServiceNeed(
        on=claim.service_date,
        payer_id=claim.payer_id,
        service_type=None if given.visit is None else service_of(given.visit.visit_type),
        procedure_codes=claim.procedure_codes,
        provider_id=claim.provider_id,
        visit_id=claim.visit_id,
        patient_id=claim.patient_id,
    )


@scrub_rule("C05", source="X12 CARC 14, 110; X12 005010X222A1, DTP*472")
def _dated(given: ScrubInput) -> tuple[Hit, ...]:
    """C05: the date of service is there, not ahead, and not before the patient's birth."""
    on, born = given.claim.service_date, given.file.patient.date_of_birth
    if on is None:
        return _hit("C05", "service_date_missing", "There is no date of service", given.source, "service_date")
    if on > given.today:
        return _hit("C05", "service_date_ahead", "The date of service lies ahead", given.source, "service_date")
    if born is not None and on < born:
        text = "The date of service lies before the patient's birth"
        return _hit("C05", "service_before_birth", text, given.source, "service_date")
    return ()


@scrub_rule("C06", source="X12 CARC 29; E22 of the eligibility rules")
def _in_time(given: ScrubInput) -> tuple[Hit, ...]:
    """C06: the time for filing has not passed, or there is proof that it was filed in time; corrected, that for it."""
    eob = None if given.primary is None else given.primary.adjudicated_on
    deadline = filing_of(given.claim, given.payer, primary_eob=eob)
    if deadline is None:
        return ()
    again = given.claim.corrected_due_on
    if given.claim.status == "corrected" and again is not None:
        deadline = replace(deadline, start=given.claim.adjudicated_on or deadline.start, due=again)
    state = filing_state(deadline, given.today)
    if state.needs_proof and not given.filing_proof:
        text = f"The time for filing ended on {deadline.due}"
        return _hit("C06", "filing_past", text, given.source, "service_date", due=deadline.due)
    if state.level != "in_time":
        text = f"The time for filing ends on {deadline.due}"
        return _hit("C06", "filing_near", text, given.source, "service_date", severity="warn", due=deadline.due)
    return ()


@scrub_rule("C07", source="X12 005010X222A1, CLM02; X12 claim status 402")
def _amount(given: ScrubInput) -> tuple[Hit, ...]:
    """C07: more than nothing is billed."""
    if given.claim.amount <= 0:
        return _hit("C07", "amount_not_positive", "Nothing is billed", given.source, "amount")
    return ()


@scrub_rule("C08", source="X12 CARC 18")
def _once(given: ScrubInput) -> tuple[Hit, ...]:
    """C08: no other claim has the same patient, date of service, amount and provider."""
    if not given.twins or given.claim.service_date is None:
        return ()
    text = f"Another claim is for the same service: {', '.join(given.twins[:3])}"
    return _hit("C08", "duplicate_claim", text, given.source, None, claims=", ".join(given.twins[:3]))


@scrub_rule("C09", source="X12 005010X222A1, loops 2010BA and 2010CA (NM1, DMG)")
def _person(given: ScrubInput) -> tuple[Hit, ...]:
    """C09: name, date of birth and sex of the patient are on file."""
    patient = given.file.patient
    source = f"patients/{patient.id}"
    hits: list[Hit] = []
    if not (patient.first_name.strip() and patient.last_name.strip()):
        hits += _hit("C09", "name_missing", "The patient's name is not complete", source, "last_name")
    if patient.date_of_birth is None:
        hits += _hit("C09", "birth_date_missing", "The patient's date of birth is not on file", source, "date_of_birth")
    if patient.sex is None:
        text = "The patient's sex is not on file; it would be sent as unknown"
        hits += _hit("C09", "sex_missing", text, source, "sex", severity="warn")
    return tuple(hits)


@scrub_rule("C10", source="Mobius OS: what was not rendered is not billed")
def _rendered(given: ScrubInput) -> tuple[Hit, ...]:
    """C10: the visit that is billed has taken place, and on the day that is billed."""
    visit = given.visit
    if visit is None:
        text = "The claim names no visit: nothing shows that the service was rendered"
        return _hit("C10", "visit_unknown", text, given.source, "visit_id", severity="warn")
    source = f"visits/{visit.id}"
    if visit.status in _NEVER:
        return _hit("C10", "visit_not_held", f"The visit is {visit.status.replace('_', ' ')}", source, "status")
    if visit.status not in RENDERED:
        return _hit("C10", "visit_not_completed", "The visit is not completed", source, "status", status=visit.status)
    if given.claim.service_date not in {None, visit.visit_date}:
        text = f"The visit was on {visit.visit_date}"
        return _hit("C10", "visit_on_another_day", text, source, "visit_date", severity="warn", on=visit.visit_date)
    return ()


@scrub_rule("C11", source="X12 CARC 22, 129; X12 005010X222A1, loop 2320")
def _after_primary(given: ScrubInput) -> tuple[Hit, ...]:
    """C11: a secondary claim has the primary payer's decision; a primary one goes to the payer that comes first."""
    if given.claim.secondary_of_id is not None:
        source = f"claims/{given.claim.secondary_of_id}"
        primary = given.primary
        if primary is None or primary.status not in ANSWERED_BY_PRIMARY:
            return _hit("C11", "primary_not_decided", "The primary payer has not decided", source, "status")
        if primary.adjudicated_on is None:
            text = "The date of the primary payer's explanation of benefits is not on file"
            return _hit("C11", "primary_eob_missing", text, source, "adjudicated_on")
        return ()
    first, own = given.overall, given.receipt
    if first is None or own is None or first.verdict != "eligible" or own.coverage_id in {None, first.coverage_id}:
        return ()
    text = "Another coverage of the patient comes first on the date of service"
    return _hit("C11", "other_payer_first", text, f"coverages/{first.coverage_id}", "rank", severity="warn")


@scrub_rule("C12", source="X12 005010X222A1, HI and SV1; X12 CARC 11, 16")
def _coded(given: ScrubInput) -> tuple[Hit, ...]:
    """C12: a claim that names its procedures names diagnoses too. One with neither is not coded here."""
    claim = given.claim
    if claim.procedure_codes and not claim.diagnosis_codes:
        return _hit("C12", "diagnosis_missing", "Procedures without a diagnosis", given.source, "diagnosis_codes")
    if claim.diagnosis_codes and not claim.procedure_codes:
        return _hit("C12", "procedure_missing", "Diagnoses without a procedure", given.source, "procedure_codes")
    return ()


def _hit(
    rule: str,
    code: str,
    text: str,
    source: str | None,
    element: str | None = None,
    *,
    severity: Severity = "block",
    **params: object,
) -> tuple[Hit, ...]:
    evidence: Evidence = found(rule, code, text, source, element, **params)
    return (Hit(severity, evidence),)
