"""What clears each reason for which a visit is not ready: one table from reasons to actions.

An action is the front desk's own, or that of the mode whose work it is; there the front desk hands the visit on.
Source: the design's guidance table (one button a reason) and the rules that the reasons name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.models.guidance import ActionKind
from shared.models.visit import DeskVisit, Readiness, ReadinessReason

NEVER_CHECKED = ReadinessReason("never_checked", "Eligibility was never checked for this day", "E04")


@dataclass(frozen=True, slots=True)
class Clearing:
    """The action that clears reasons, what it is run with, and what it asks for (JSON Schema)."""

    action: str
    label: str
    kind: ActionKind = "handoff"
    params: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] | None = None

    def params_of(self, visit: DeskVisit) -> dict[str, Any]:
        """What the action is run with for this visit; a patient is corrected without one."""
        return self.params if self.action == "update_demographics" else self.params | {"visitId": str(visit.id)}


_CORRECTION = {
    "type": "object",
    "properties": {
        "version": {"type": "integer", "minimum": 1, "title": "Version read"},
        "firstName": {"type": "string", "minLength": 1, "title": "First name"},
        "lastName": {"type": "string", "minLength": 1, "title": "Last name"},
        "dateOfBirth": {"type": "string", "format": "date", "title": "Date of birth"},
    },
    "required": ["version"],
    "additionalProperties": False,
}
_ELIGIBILITY, _BILLING = {"to": "eligibility"}, {"to": "billing"}
_CHECK = Clearing("handoff", "Ask for an Eligibility Check", params=_ELIGIBILITY)
_AUTHORIZATION = Clearing("handoff", "Ask for the Authorization", params=_ELIGIBILITY)
_PAYER_SETUP = Clearing("handoff", "Ask Billing to Set Up the Payer", params=_BILLING)
_CORRECT = Clearing("update_demographics", "Correct the Patient's Data", "form", form=_CORRECTION)
_CALL_PATIENT = Clearing("call_script", "Call the Patient", "button", {"whom": "patient"})
_CALL_PAYER = Clearing("call_script", "Call the Payer", "button", {"whom": "payer"})

_BY_CODE: dict[str, Clearing] = {
    "never_checked": _CHECK,
    "check_in_flight": _CHECK,
    "coverage_edited": _CHECK,
    "month_turned": _CHECK,
    "plan_year_turned": _CHECK,
    "member_mismatch": _CORRECT,
    "rejected_needs_correction": _CORRECT,
    "rejected_payer_setup": _PAYER_SETUP,
    "payer_not_enrolled": _PAYER_SETUP,
    "managed_plan": Clearing("handoff", "Ask to Switch the Payer", params=_ELIGIBILITY),
    "verify_cob": Clearing("handoff", "Ask to Verify Who Pays First", params=_ELIGIBILITY),
}
_BY_RULE: dict[str, Clearing] = {
    "E02": _CALL_PATIENT,
    "E06": _CALL_PATIENT,
    "E07": _CALL_PATIENT,
    "E08": _CORRECT,
    "E09": _AUTHORIZATION,
    "E10": _AUTHORIZATION,
    "E19": _CALL_PAYER,
    "E20": _CALL_PAYER,
    "E23": _AUTHORIZATION,
    "E24": _CALL_PATIENT,
}


def clearing_of(reason: ReadinessReason) -> Clearing:
    """The action that clears a reason; what no row names is work for eligibility."""
    return _BY_CODE.get(reason.code) or _BY_RULE.get(reason.rule_id or "") or _CHECK


def reasons_of(readiness: Readiness, reasons: Iterable[ReadinessReason]) -> tuple[ReadinessReason, ...]:
    """Why a visit is not ready; of one of which nothing is known, that it was never checked."""
    if readiness == "ready":
        return ()
    return tuple(reasons) or (NEVER_CHECKED,)


def clearings(reasons: Iterable[ReadinessReason]) -> Iterator[tuple[ReadinessReason, Clearing]]:
    """Each reason with what clears it, in the order of the reasons."""
    for reason in reasons:
        yield reason, clearing_of(reason)
