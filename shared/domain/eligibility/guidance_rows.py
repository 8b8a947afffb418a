"""The table of the eligibility mode's actions, in the order of their urgency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.domain.eligibility.coverage import readings_of
from shared.domain.eligibility.registry import found
from shared.domain.eligibility.situation import Situation
from shared.domain.eligibility.switch_offer import against_offer, offer_form, offer_params, payer_named, payer_on_file
from shared.models.guidance import ActionKind
from shared.models.roles import Role
from shared.models.verdict import Evidence

_LEADS = frozenset({Role.ADMIN, Role.MANAGER})
_ELIGIBILITY = _LEADS | {Role.ELIGIBILITY_SPECIALIST}
_FRONT = _ELIGIBILITY | {Role.FRONT_DESK}
_SETUP = frozenset({Role.BILLER, Role.ADMIN})
_EVERYBODY = frozenset(Role)

When = Callable[[Situation], Evidence | None]
_NOT_IN_FORCE = frozenset({"coverage_inactive", "coverage_not_in_force", "plan_inactive"})
# What a person corrects, as JSON Schema of the one member.
_CORRECTIONS: dict[str, dict[str, Any]] = {
    "patient.dateOfBirth": {"type": "string", "format": "date", "title": "Date of birth"},
    "patient.lastName": {"type": "string", "minLength": 1, "title": "Last name"},
    "patient.firstName": {"type": "string", "minLength": 1, "title": "First name"},
    "patient.sex": {"enum": ["female", "male", "other", "unknown"], "title": "Sex"},
    "coverage.memberId": {"type": "string", "minLength": 1, "title": "Member id"},
    "coverage.subscriberName": {"type": "string", "minLength": 1, "title": "Subscriber"},
    "coverage.planName": {"type": "string", "minLength": 1, "title": "Plan"},
    "check.dateOfService": {"type": "string", "format": "date", "title": "Date of service"},
    "check.serviceType": {"type": "string", "pattern": "^[A-Z0-9]{1,2}$", "title": "Service type"},
    "payer.electronicId": {"type": "string", "minLength": 1, "title": "Payer id"},
}


def _nothing(_: Situation) -> None:
    return None


def _no_params(_: Situation) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Row:
    """An action: when it is offered (the evidence that calls for it), and in a sentence `only_when`."""

    key: str
    label: str
    action: str
    rule: str
    only_when: str
    when: When
    roles: frozenset[Role] = _ELIGIBILITY
    kind: ActionKind = "button"
    hindered: When = _nothing
    params_for: Callable[[Situation], dict[str, Any]] = _no_params
    form_for: Callable[[Situation], dict[str, Any] | None] = _nothing
    naming: Callable[[Situation], str | None] = _nothing

    def label_for(self, situation: Situation) -> str:
        """The label, which can name a time."""
        return self.naming(situation) or self.label


def _fired(*codes: str) -> When:
    return lambda situation: situation.receipt.fired(*codes)


def _stale(situation: Situation) -> Evidence | None:
    receipt = situation.receipt
    open_question = receipt.verdict == "undetermined" and receipt.failure is None
    return situation.stale or (receipt.evidence[0] if open_question else None)


def _stale_of_several(situation: Situation) -> Evidence | None:
    counting = [one for one in situation.receipt.inputs.coverages if one.status != "removed"]
    return situation.stale if len(counting) > 1 else None


def _failed(*kinds: str) -> When:
    def when(situation: Situation) -> Evidence | None:
        failure = situation.receipt.failure
        return _why(situation) if failure is not None and failure.kind in kinds else None

    return when


def _why(situation: Situation) -> Evidence:
    """What stands in the way of an answer; that nobody asks again by itself, where that is so."""
    return situation.receipt.fired("attempts_used_up") or situation.receipt.evidence[0]


def _to_correct(situation: Situation) -> Evidence | None:
    return _failed("needs_correction")(situation) or situation.receipt.fired("member_mismatch")


def _without_answer(situation: Situation) -> Evidence | None:
    return _why(situation) if situation.receipt.verdict == "undetermined" else None


def _not_covered(situation: Situation) -> Evidence | None:
    return situation.receipt.evidence[0] if situation.receipt.verdict == "not_eligible" else None


def _not_active(situation: Situation) -> Evidence | None:
    """That no plan is in force: the letter says so, and of a service that is not covered it would not be true."""
    reason = _not_covered(situation)
    return reason if reason is not None and reason.code in _NOT_IN_FORCE else None


def _to_request(situation: Situation) -> Evidence | None:
    receipt = situation.receipt
    if receipt.requires_auth is not True or receipt.authorization_met or receipt.fired("authorization_awaited"):
        return None
    return receipt.fired("authorization_required")


def _under_way(situation: Situation) -> Evidence | None:
    return found("E04", "check_in_flight", "A check is on its way") if situation.in_flight else None


def _too_early(situation: Situation) -> Evidence | None:
    failure = situation.receipt.failure
    if failure is None or failure.retry_at is None or failure.retry_at <= situation.now:
        return _under_way(situation)
    moment = failure.retry_at.astimezone(situation.now.tzinfo)
    return found("E19", "retry_later", f"The next attempt is at {moment:%Y-%m-%d %H:%M}", retry_at=moment.isoformat())


def _retry_label(situation: Situation) -> str | None:
    failure = situation.receipt.failure
    if failure is None or failure.retry_at is None:
        return None
    moment = failure.retry_at.astimezone(situation.now.tzinfo)
    return f"Retry at {moment:%H:%M}" if moment.date() == situation.now.date() else f"Retry on {moment:%Y-%m-%d}"


def _correction(situation: Situation) -> dict[str, Any]:
    failure = situation.receipt.failure
    mismatch = situation.receipt.fired("member_mismatch")
    names = failure.fields if failure is not None else ()
    if mismatch is not None and "member" in mismatch.params:
        first, *rest = mismatch.params["member"].split("_")
        names = ("patient." + first + "".join(word.capitalize() for word in rest), "coverage.memberId")
    properties = {name: _CORRECTIONS[name] for name in names if name in _CORRECTIONS}
    return {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": False}


def _required(**properties: dict[str, Any]) -> Callable[[Situation], dict[str, Any]]:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return lambda _: schema


def _given(**params: Any) -> Callable[[Situation], dict[str, Any]]:
    return lambda _: dict(params)


def _question(situation: Situation) -> dict[str, Any]:
    receipt = situation.receipt
    return {"dateOfService": receipt.date_of_service.isoformat(), "serviceType": receipt.service_type}


def _active_first(situation: Situation) -> dict[str, Any]:
    """The coverages that are active on the day, in the order of their rank: ranked so, they go before the others."""
    receipt = situation.receipt
    active = [one.coverage.id for one in readings_of(receipt) if one.state == "active" and not one.is_self_pay]
    return {"dateOfService": receipt.date_of_service.isoformat(), "order": [str(one) for one in active]}


def _of_source(name: str, *codes: str) -> Callable[[Situation], dict[str, Any]]:
    """The id of the record that the evidence is about."""

    def params(situation: Situation) -> dict[str, Any]:
        evidence = situation.receipt.fired(*codes)
        return {} if evidence is None or evidence.source is None else {name: evidence.source.partition("/")[2]}

    return params


def _status_inquiry(situation: Situation) -> dict[str, Any]:
    """The letter about the very authorization that is waited for: a patient can have several."""
    awaited = _of_source("recordId", "decision_overdue", "authorization_awaited")(situation)
    return {"template": "auth_status_inquiry"} | ({"recordType": "Authorization ID"} | awaited if awaited else {})


_DOCUMENTS = _required(
    kind={"type": "string", "minLength": 1, "title": "Kind of document"},
    date={"type": "string", "format": "date", "title": "Sent on"},
    channel={"enum": ["fax", "portal", "mail", "phone", "email"], "title": "Channel"},
    reference={"type": "string", "minLength": 1, "title": "Reference"},
)
_EVIDENCE = _required(evidence={"type": "string", "minLength": 1, "title": "Who said so, when, and the reference"})
_NO_ANSWER = "nobody can say yet whether the patient is covered"
_AWAITED = "the payer has not decided on an authorization"

ROWS: tuple[Row, ...] = (
    Row(
        "correct", "Correct Data", "update_demographics", "E19", "the payer refuses data that we sent", _to_correct,
        roles=_FRONT, kind="form", form_for=_correction,
    ),
    Row(
        "switch_payer", "Switch Payer", "switch_payer", "E17",
        "Medicare or Medicaid names a plan that pays instead, or a payer whose plan is not active names another one",
        payer_named, kind="form", form_for=offer_form, params_for=offer_params, hindered=against_offer,
    ),
    Row(
        "switch_on_file", "Switch Payer", "switch_payer", "E17",
        "a plan that pays instead of Medicare or Medicaid is on file beside it",
        payer_on_file, params_for=offer_params, hindered=against_offer,
    ),
    Row(
        "enrolment", "Create Enrolment Task", "create_task", "E20", "the payer's connection is not set up",
        _failed("payer_setup"), roles=_SETUP,
        params_for=_given(label="Enrol with the payer's connection", type="backend"),
    ),
    Row(
        "payer_id", "Change Payer ID", "open_record", "E20", "the payer's connection is not set up",
        _failed("payer_setup"), roles=_SETUP, kind="link", params_for=_given(recordType="payer"),
    ),
    Row(
        "retry", "Retry", "check_eligibility", "E19", "the payer could not answer", _failed("retryable", "date_window"),
        roles=_FRONT, hindered=_too_early, params_for=_question, naming=_retry_label,
    ),
    Row(
        "check", "Check Eligibility", "check_eligibility", "E04",
        "eligibility was not checked, the check is no longer good, or it brought no answer",
        _stale, roles=_FRONT, hindered=_under_way,
    ),
    Row(
        "check_all", "Check All Coverages", "recheck_all_coverages", "E04",
        "several coverages are on file and their check is no longer good",
        _stale_of_several, roles=_FRONT, hindered=_under_way,
    ),
    Row(
        "request_auth", "Request Authorization", "request_auth", "E09",
        "an authorization is needed and none is on file or requested", _to_request, params_for=_question,
    ),
    Row(
        "escalate", "Escalate", "share_to_backend", "E23", "the payer's decision is overdue",
        _fired("decision_overdue"), kind="handoff",
    ),
    Row(
        "auth_requirement", "Check Authorization Requirement", "check_auth_requirement", "E09",
        "the payer says that it depends", _fired("authorization_depends"), params_for=_question,
    ),
    Row(
        "not_required", "Mark Not Required", "mark_auth_not_required", "E09", "the payer says that it depends",
        _fired("authorization_depends"), kind="form", form_for=_EVIDENCE,
    ),
    Row(
        "documents", "Record Documents Sent", "record_documents_sent", "E10", _AWAITED, _fired("authorization_awaited"),
        kind="form", form_for=_DOCUMENTS, params_for=_of_source("authorizationId", "authorization_awaited"),
    ),
    Row(
        "auth_status", "Check Authorization Status", "check_authorization_status", "E10", _AWAITED,
        _fired("authorization_awaited"), params_for=_of_source("authorizationId", "authorization_awaited"),
    ),
    Row(
        "status_mail", "Draft Status E-Mail", "draft_email", "E23", _AWAITED,
        _fired("decision_overdue", "authorization_awaited"), params_for=_status_inquiry,
    ),
    Row(
        "extend", "Extend Authorization", "extend_authorization", "E11", "an authorization ends soon or has few units",
        _fired("authorization_expiring"), params_for=_of_source("authorizationId", "authorization_expiring"),
    ),
    Row(
        "move_visit", "Move the Visit", "reschedule_visit", "E11", "an authorization ends soon, or visits run out",
        _fired("authorization_expiring", "visits_run_out", "visit_limit_reached"), roles=_FRONT,
    ),
    Row(
        "other_coverage", "Ask for Other Coverage", "recheck_all_coverages", "E07", "the patient is not covered",
        _not_covered, roles=_FRONT,
    ),
    Row(
        "contact_patient", "Contact the Patient", "draft_email", "E07", "no coverage is active",
        _not_active, roles=_FRONT, params_for=_given(template="coverage_inactive_notice"),
    ),
    Row(
        "cob", "Verify Coordination of Benefits", "verify_cob", "E18", "two payers may be responsible",
        _fired("verify_cob"),
    ),
    Row(
        "rank_again", "Rank Coverages Again", "verify_cob", "E25", "a coverage ranked first is not active",
        _fired("rank_again"), params_for=_active_first,
    ),
    Row(
        "call_script", "Payer Call Script", "call_script", "E20", _NO_ANSWER, _without_answer, kind="checklist",
    ),
    Row(
        "self_pay", "Self-Pay Path", "estimate_patient_cost", "E24", "the patient is not covered, or nobody can say",
        _fired("self_pay_path"), roles=_FRONT, params_for=_given(selfPay=True),
    ),
)  # fmt: skip

OPEN_RECORD = Row("record", "View Full Record", "view_record", "E21", "always", _nothing, roles=_EVERYBODY)
ALWAYS: tuple[Row, ...] = (
    OPEN_RECORD,
    Row(
        "provider", "Contact Provider", "contact_provider", "E21", "always", _nothing,
        roles=_EVERYBODY - {Role.AUDITOR}, kind="handoff",
    ),
)  # fmt: skip
