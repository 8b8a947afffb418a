"""The table of the backend mode's actions on a claim, in the order of their urgency."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.domain.claim.appeals import against
from shared.domain.claim.denial_codes import NextStep
from shared.domain.claim.denials import REMEDIES, known, next_steps
from shared.domain.claim.rejections import CLAIM_FORM, complaints, form_for, members_of
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.standing import ar_stage, authorization_gap, balance
from shared.domain.claim.states import UNFILED, WITH_PAYER
from shared.domain.claim.underpayment import missing
from shared.domain.claim.write_off import REASONS
from shared.domain.eligibility.registry import found
from shared.models.guidance import ActionKind
from shared.models.roles import Role
from shared.models.verdict import Evidence

_LEADS = frozenset({Role.ADMIN, Role.MANAGER})
BILLING = _LEADS | {Role.BILLER}
When = Callable[[ClaimSituation], Evidence | None]
Form = dict[str, Any]
_DAY: Form = {"type": "string", "format": "date"}
_TEXT: Form = {"type": "string", "minLength": 1, "maxLength": 200}
# What is corrected where the patient is.
_OTHER_RECORDS = frozenset({"patient", "coverage"})


def _nothing(_: ClaimSituation) -> None:
    return None


def _no_params(_: ClaimSituation) -> Form:
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
    roles: frozenset[Role] = BILLING
    kind: ActionKind = "button"
    hindered: When = _nothing
    params_for: Callable[[ClaimSituation], Form] = _no_params
    form_for: Callable[[ClaimSituation], Form | None] = _nothing
    confirm: str | None = None


def schema(required: tuple[str, ...] = (), **properties: Form) -> Form:
    """The JSON Schema of a form."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _in(rule: str, code: str, text: str, *states: str) -> When:
    def when(situation: ClaimSituation) -> Evidence | None:
        is_so = situation.claim.status in states
        return found(rule, code, text, situation.source, "status") if is_so else None

    return when


def _rejected(situation: ClaimSituation) -> Evidence | None:
    if situation.claim.status != "rejected":
        return None
    said = complaints(situation.claim.status_reason)
    text = "; ".join(one.text for one in said) or "The claim came back unread: it was never adjudicated"
    codes = ", ".join(one.code for one in said)
    return found("B01", "rejected", text, situation.source, "status_reason", codes=codes)


def _registration_named(situation: ClaimSituation) -> Evidence | None:
    members = [one for one in members_of(situation.claim.status_reason) if one.partition(".")[0] in _OTHER_RECORDS]
    if situation.claim.status != "rejected" or not members:
        return None
    text = f"The rejection names {', '.join(members)}"
    return found("B01", "rejected_registration", text, situation.source, "status_reason", members=", ".join(members))


def _correction(situation: ClaimSituation) -> Form:
    """What the rejection names; where it names nothing of the claim, all that can be corrected."""
    named = form_for(members_of(situation.claim.status_reason)) if situation.claim.status == "rejected" else None
    return named or {**(form_for(tuple(CLAIM_FORM)) or {}), "minProperties": 0}


def denied(step: NextStep) -> When:
    """When a denial's code has this step."""

    def when(situation: ClaimSituation) -> Evidence | None:
        claim = situation.claim
        over = claim.status == "denied_final" and step in {"write_off", "bill_patient"}
        if not (claim.status == "denied" or over) or step not in next_steps(claim.denial_code):
            return None
        row = known(claim.denial_code)
        text = "The payer has denied the claim" if row is None else row.meaning
        return found("B02", "denied", text, situation.source, "denial_code", denial=claim.denial_code or "")

    return when


def _step_hindered(step: NextStep) -> When:
    action = REMEDIES[step].action
    return {
        "start_appeal": against_appeal, "link_authorization": _none_fits, "bill_secondary": against_secondary,
    }.get(action, _nothing)  # fmt: skip


def against_appeal(situation: ClaimSituation) -> Evidence | None:
    """What keeps a claim from being appealed today."""
    return against(situation.file, situation.today)


def _none_fits(situation: ClaimSituation) -> Evidence | None:
    if situation.fitting:
        return None
    return found("E10", "no_authorization_fits", "No authorization on file fits the claim", situation.source)


def against_secondary(situation: ClaimSituation) -> Evidence | None:
    """What keeps the rest from going to another payer."""
    return None if situation.forwarding is None else situation.forwarding.hindrance


def _gap(situation: ClaimSituation) -> Evidence | None:
    if not authorization_gap(situation.claim):
        return None
    return found("B05", "authorization_gap", "An authorization is needed and none is linked", situation.source)


def _near(situation: ClaimSituation) -> Evidence | None:
    state = situation.filed_in
    if situation.claim.status not in UNFILED or situation.filing is None or state is None or state.level == "in_time":
        return None
    due = situation.filing.due
    text = f"The time for filing ends on {due}" if state.level != "past" else f"The time for filing ended on {due}"
    code = "filing_past" if state.level == "past" else "filing_near"
    return found("E22", code, text, situation.source, "service_date", due=due, days=state.days_left)


def _far(situation: ClaimSituation) -> Evidence | None:
    if situation.claim.status not in {"draft", "ready", "corrected"} or _near(situation) is not None:
        return None
    return found("B08", "not_submitted", "The claim is not with the payer yet", situation.source, "status")


def against_submission(situation: ClaimSituation) -> Evidence | None:
    """What keeps a claim from being submitted: its state, a hold, or what scrubbing finds."""
    claim = situation.claim
    if claim.status not in {"draft", "ready", "corrected"}:
        words = f"The claim is {claim.status.replace('_', ' ')}"
        reason = f": {claim.hold_reason}" if claim.status == "on_hold" and claim.hold_reason else ""
        return found("B08", f"claim_{claim.status}", words + reason, situation.source, "status")
    blocks = () if situation.scrubbed is None else situation.scrubbed.blocks
    others = [one for one in blocks if one.code != "filing_past"]
    return next(iter(others), None)


def _submission(situation: ClaimSituation) -> Form | None:
    state = situation.filed_in
    if state is None or not state.needs_proof:
        return None
    kind = {"enum": ["clearinghouse_report", "payer_letter", "portal_record", "other"], "title": "Proof"}
    proof = schema(("kind", "reference", "filedOn"), kind=kind, reference=_TEXT, filedOn=_DAY)
    return schema(("proof",), proof=proof | {"title": "Proof of timely filing"})


def _underpaid(situation: ClaimSituation) -> Evidence | None:
    if situation.claim.status != "underpaid":
        return None
    short = missing(situation.claim) or balance(situation.claim)
    text = f"The payer paid {short:.2f} {situation.claim.currency} less than it owes"
    return found("B03", "underpaid", text, situation.source, "paid_amount", short=f"{short:.2f}")


def _refused_part(situation: ClaimSituation) -> Evidence | None:
    claim = situation.claim
    if claim.status != "partially_paid" or ar_stage(claim) != "insurance" or balance(claim) <= 0:
        return None
    return found("A01", "refused_in_part", "The payer has refused a part of it", situation.source, "paid_amount")


def _rest(situation: ClaimSituation) -> Evidence | None:
    forwarding = situation.forwarding
    if situation.claim.status != "partially_paid" or forwarding is None or forwarding.coverage is None:
        return None
    text = f"{forwarding.rest:.2f} {situation.claim.currency} are left, and another coverage holds"
    return found(
        "C11", "rest_for_secondary", text, f"coverages/{forwarding.coverage.id}", rest=f"{forwarding.rest:.2f}"
    )


def _asked(situation: ClaimSituation) -> Evidence | None:
    asked = situation.asked
    if asked is None:
        return None
    text = f"A write-off of {asked.amount:.2f} {situation.claim.currency} was asked for: {asked.reason}"
    return found("B07", "write_off_asked", text, situation.source, None, amount=f"{asked.amount:.2f}")


def _asked_params(situation: ClaimSituation) -> Form:
    asked = situation.asked
    return {} if asked is None else {"amount": float(asked.amount), "reason": asked.reason}


def _registration(situation: ClaimSituation) -> Form:
    return {"recordType": "Patient ID", "recordId": situation.file.patient.number}


def _appealed(situation: ClaimSituation) -> Evidence | None:
    if _between_levels(situation):
        return None
    return _in("A01", "appealed", "The payer decides on an appeal", "appealed")(situation)


def _lost_a_level(situation: ClaimSituation) -> Evidence | None:
    if not _between_levels(situation):
        return None
    return found("A01", "appeal_lost", "The payer has decided against the last appeal", situation.source, "status")


def _between_levels(situation: ClaimSituation) -> bool:
    """Whether a level of appeal was lost, and the next one is not filed yet."""
    appeals = situation.file.appeals
    return situation.claim.status == "appealed" and bool(appeals) and all(one.status != "open" for one in appeals)


def _outcome(_: ClaimSituation) -> Form:
    outcome = {"enum": ["won", "partially_won", "lost", "withdrawn"], "title": "Outcome"}
    return schema(("outcome", "decidedOn"), outcome=outcome, decidedOn=_DAY | {"title": "Decided on"},
                  paidAmount={"type": "number", "minimum": 0, "title": "Paid"})  # fmt: skip


def write_off_form(situation: ClaimSituation) -> Form:
    """What a write-off asks for; the whole of what is open unless something else is entered."""
    amount = {"type": "number", "exclusiveMinimum": 0, "default": float(balance(situation.claim)), "title": "Amount"}
    return schema(("reason",), amount=amount, reason={"enum": list(REASONS), "title": "Reason"})


def _appeal_form(_: ClaimSituation) -> Form:
    return schema((), filedOn=_DAY, reference=_TEXT, note=_TEXT)


def _authorization_form(situation: ClaimSituation) -> Form:
    choices = [{"const": str(one.id), "title": one.auth_number} for one in situation.fitting]
    one_of = {"oneOf": choices} if choices else _TEXT
    return schema(("authorizationId",), authorizationId=one_of | {"title": "Authorization"})


_FORMS: dict[str, Callable[[ClaimSituation], Form | None]] = {
    "start_appeal": _appeal_form, "link_authorization": _authorization_form, "correct_and_resubmit": _correction,
    "write_off": write_off_form,
}  # fmt: skip


def _given(params: tuple[tuple[str, str], ...]) -> Callable[[ClaimSituation], Form]:
    return lambda _: dict(params)


def _remedy_rows() -> Iterator[Row]:
    for step, remedy in REMEDIES.items():
        yield Row(
            f"denied.{step}", remedy.label, remedy.action, "B02", "a denial's reason calls for it", denied(step),
            kind=remedy.kind, hindered=_step_hindered(step), form_for=_FORMS.get(remedy.action, _nothing),
            params_for=_given(remedy.params),
        )  # fmt: skip


ROWS: tuple[Row, ...] = (
    Row(
        "approve_write_off", "Approve Write-Off", "write_off", "B07", "a write-off waits for approval", _asked,
        roles=_LEADS, params_for=_asked_params, confirm="Write this amount off?",
    ),
    Row(
        "correct", "Correct and Resubmit", "correct_and_resubmit", "B01", "the claim was rejected", _rejected,
        kind="form", form_for=_correction,
    ),
    Row(
        "correct_registration", "Correct Registration", "open_record", "B01",
        "a rejection names the patient or the coverage", _registration_named, kind="link", params_for=_registration,
    ),
    Row(
        "submit_now", "Submit Now", "submit_claim", "E22", "the deadline for filing is near", _near, kind="form",
        hindered=against_submission, form_for=_submission,
    ),
    Row(
        "gap", "Link Authorization", "link_authorization", "B05", "an authorization is needed and none is linked",
        _gap, kind="form", hindered=_none_fits, form_for=_authorization_form,
    ),
    *_remedy_rows(),
    Row(
        "appeal_underpayment", "Appeal Underpayment", "start_appeal", "B03", "the payer paid less than it owes",
        _underpaid, kind="form", hindered=against_appeal, form_for=_appeal_form,
        params_for=_given((("ground", "underpayment"),)),
    ),
    Row(
        "appeal_refused_part", "Appeal What Was Refused", "start_appeal", "A01", "the payer refused a part of a claim",
        _refused_part, kind="form", hindered=against_appeal, form_for=_appeal_form,
        params_for=_given((("ground", "other"),)),
    ),
    Row(
        "appeal_further", "Appeal at the Next Level", "start_appeal", "A01", "a level of appeal was lost",
        _lost_a_level, kind="form", hindered=against_appeal, form_for=_appeal_form,
        params_for=_given((("ground", "other"),)),
    ),
    Row(
        "secondary", "Bill Secondary Payer", "bill_secondary", "C11", "a rest is left and another coverage holds",
        _rest, hindered=against_secondary,
    ),
    Row(
        "outcome", "Record Appeal Outcome", "record_appeal_outcome", "A01", "an appeal is open", _appealed,
        kind="form", form_for=_outcome,
    ),
    Row(
        "release", "Release Hold", "release_hold", "B08", "the claim is on hold",
        _in("B08", "on_hold", "The claim is held back", "on_hold", "missing_information"),
    ),
    Row(
        "submit", "Submit Claim", "submit_claim", "B08", "the claim is not with the payer yet", _far,
        hindered=against_submission,
    ),
    Row(
        "scrub", "Scrub Claim", "scrub_claim", "B08", "the claim is not with the payer yet",
        _in("B08", "not_submitted", "The claim is not with the payer yet", *sorted(UNFILED), "corrected"),
    ),
    Row(
        "status", "Check Claim Status", "claim_status_check", "B04", "the claim is with the payer",
        _in("B04", "with_payer", "The claim is with the payer", *sorted(WITH_PAYER)),
    ),
    Row(
        "record_denial", "Record Denial", "record_denial", "B02", "the claim is with the payer",
        _in("B04", "with_payer", "The claim is with the payer", "accepted", "pended"), kind="form",
        form_for=lambda _: schema(("code",), code=_TEXT | {"title": "Group and reason (CO-197)"}, decidedOn=_DAY),
    ),
)  # fmt: skip
_DEADLINES = Row("deadlines", "Deadlines", "deadline_list", "E22", "always", _nothing)
ALWAYS: tuple[Row, ...] = (_DEADLINES,)
DESK: tuple[Row, ...] = (
    Row("work_queue", "Work Queues", "work_queue", "B01", "always", _nothing),
    _DEADLINES,
    Row("aging", "Aging Report", "aging_report", "B04", "always", _nothing),
    Row("root_cause", "Denials by Root Cause", "denial_root_cause", "B06", "always", _nothing),
)
