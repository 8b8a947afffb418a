"""From what is on file to a verdict. Answers on file are good for any date of service."""

from __future__ import annotations

from datetime import date

from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.states import AWAITING, IN_FORCE
from shared.models.authorization import AuthorizationState
from shared.models.firestore.documents import ContextStatus
from shared.models.records import Authorization, Coverage, EligibilityFile, Verdict
from shared.models.verdict import DateSource, Evidence, VerdictReceipt

GENERAL_SERVICE = "30"
# E05. X12 service type codes by visit type.
SERVICE_TYPES = {
    "office": "98",
    "general": GENERAL_SERVICE,
    "mental_health": "MH",
    "urgent": "UC",
    "physical_therapy": "PT",
    "chiropractic": "33",
    "emergency": "86",
    "pharmacy": "88",
    "dental": "35",
    "vision": "AL",
}


def service_date(file: EligibilityFile, *, asked: date | None, today: date) -> tuple[date, DateSource]:
    """E02: the date asked for, else that of the visit in context, else of the next booked visit, else today."""
    if asked is not None:
        return asked, "params"
    if file.context_visit is not None:
        return file.context_visit.visit_date, "context_visit"
    if file.next_visit is not None:
        return file.next_visit.visit_date, "next_visit"
    return today, "today"


def service_type(file: EligibilityFile, *, asked: str | None) -> str:
    """E05: the service type asked for, else that of the visit's type, else the general one (30)."""
    visit = file.context_visit or file.next_visit
    return asked or SERVICE_TYPES.get((visit.visit_type if visit else None) or "general", GENERAL_SERVICE)


def decide(
    file: EligibilityFile, *, asked_date: date | None = None, asked_service: str | None = None, today: date
) -> VerdictReceipt:
    """Decide whether the patient is covered, whether an authorization is needed, and what that means for the record."""
    on, source = service_date(file, asked=asked_date, today=today)
    service = service_type(file, asked=asked_service)
    verdict, coverage, evidence = coverage_on(file, on)
    requires_auth: bool | None = None
    met = False
    if coverage is not None:
        requires_auth, rule = authorization_needed(file, coverage, service)
        waived = fitting_authorization(file, coverage, service, on, among=frozenset({"not_required"}))
        if waived is not None:
            text = "The payer said that this service needs no authorization"
            requires_auth = False
            rule = Evidence("E09", "authorization_waived", text, f"authorizations/{waived.id}")
        evidence.append(rule)
        found = _authorization_evidence(file, coverage, service, on) if requires_auth else None
        met = found is not None and found.code == "authorization_on_file"
        evidence += [found] if found is not None else []
    return VerdictReceipt(
        verdict=verdict,
        requires_auth=requires_auth,
        authorization_met=met,
        status=status_of(verdict, requires_auth=requires_auth, met=met),
        date_of_service=on,
        date_source=source,
        service_type=service,
        coverage_id=coverage.id if coverage else None,
        evidence=tuple(evidence),
    )


def coverage_on(file: EligibilityFile, on: date) -> tuple[Verdict, Coverage | None, list[Evidence]]:
    """E01, E02, E07: the first active coverage in rank order; without one, not eligible or undetermined."""
    ranked = sorted((c for c in file.coverages if c.status != "removed"), key=lambda c: (c.rank, str(c.id)))
    in_force = [coverage for coverage in ranked if coverage.status == "active"]
    insured = [coverage for coverage in in_force if coverage.payer_kind != "self_pay"]
    active = [coverage for coverage in insured if is_active(coverage, on)]
    if active:
        first = active[0]
        evidence = [Evidence("E02", "coverage_active", "Coverage is active on the date", f"coverages/{first.id}")]
        evidence += [
            Evidence(
                "E18", "verify_cob", "Another coverage is active too: verify who pays first", f"coverages/{other.id}"
            )
            for other in active[1:]
            if other.payer_id != first.payer_id
        ]
        return "eligible", first, evidence
    undated = [coverage for coverage in insured if coverage.period_start is None]
    if undated:
        text = "The coverage on file has no start date"
        return "undetermined", None, [Evidence("E02", "coverage_period_unknown", text, f"coverages/{undated[0].id}")]
    uninsured = [c for c in in_force if c.payer_kind == "self_pay" and is_active(c, on)]
    if uninsured:
        text = "No insurance is on file for the date"
        return "not_eligible", None, [Evidence("E24", "no_insurance", text, f"coverages/{uninsured[0].id}")]
    if not ranked:
        return "undetermined", None, [Evidence("E07", "no_coverage_on_file", "No coverage is on file")]
    out_of_force = [c for c in ranked if c.status != "active" and is_active(c, on)]
    if out_of_force:
        first = out_of_force[0]
        text = f"The coverage on file for the date is {first.status}"
        return "not_eligible", None, [Evidence("E02", "coverage_not_in_force", text, f"coverages/{first.id}")]
    text = "No coverage on file is active on the date"
    return "not_eligible", None, [Evidence("E02", "coverage_inactive", text, f"coverages/{ranked[0].id}")]


def is_active(coverage: Coverage, on: date) -> bool:
    """E02: start <= date <= end; no end is open, no start is not known to be active."""
    if coverage.period_start is None or coverage.period_start > on:
        return False
    return coverage.period_end is None or on <= coverage.period_end


def authorization_needed(file: EligibilityFile, coverage: Coverage, service: str) -> tuple[bool | None, Evidence]:
    """E09: the payer's rule for the service, else its general rule; None when there is no rule or it depends."""
    rules = {rule.service_type: rule for rule in file.payer_rules if rule.payer_id == coverage.payer_id}
    rule = rules.get(service) or rules.get(GENERAL_SERVICE)
    if rule is None:
        return None, Evidence("E09", "auth_requirement_unknown", "No rule of the payer is on file for this service")
    words = {True: "required", False: "not_required", None: "depends"}
    code = f"authorization_{words[rule.requires_auth]}"
    text = (
        f"The payer's rule for service {rule.service_type}: authorization {words[rule.requires_auth].replace('_', ' ')}"
    )
    return rule.requires_auth, Evidence("E09", code, text, f"payer_rules/{rule.id}")


def fitting_authorization(
    file: EligibilityFile,
    coverage: Coverage,
    service: str,
    on: date,
    *,
    among: frozenset[AuthorizationState] = IN_FORCE,
) -> Authorization | None:
    """E10: an authorization whose payer, service, provider, dates and units all fit, in one of the states `among`."""
    visit = next((one for one in (file.context_visit, file.next_visit) if one and one.visit_date == on), None)
    need = ServiceNeed(
        on=on,
        payer_id=coverage.payer_id,
        service_type=service,
        provider_id=visit.provider_id if visit else None,
        visit_id=visit.id if visit else None,
    )
    own = {"status", "units"} if among == AWAITING else set()
    for held in file.authorizations:
        if held.status in among and not {fault.code for fault in mismatches(held, need)} - own:
            return held
    return None


def status_of(verdict: Verdict, *, requires_auth: bool | None, met: bool) -> ContextStatus:
    """Return `error` when not covered, `pending` while a check or an authorization is outstanding, else `proceed`."""
    if verdict == "not_eligible":
        return "error"
    if verdict == "undetermined" or (requires_auth is True and not met):
        return "pending"
    return "proceed"


def _authorization_evidence(file: EligibilityFile, coverage: Coverage, service: str, on: date) -> Evidence | None:
    """E10: the authorization that fits, else the one that the payer is deciding about."""
    fitting = fitting_authorization(file, coverage, service, on)
    if fitting is not None:
        return Evidence("E10", "authorization_on_file", "An authorization fits", f"authorizations/{fitting.id}")
    awaited = fitting_authorization(file, coverage, service, on, among=AWAITING)
    if awaited is not None:
        text = "An authorization was requested; the payer has not decided"
        return Evidence("E10", "authorization_awaited", text, f"authorizations/{awaited.id}")
    return None
