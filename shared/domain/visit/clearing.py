"""What clears each reason for which a visit is not ready: one table from reasons to actions.

An action is the front desk's own, or that of the mode whose work it is; there the front desk hands the visit on.
Source: the design's guidance table (one button a reason) and the rules that the reasons name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.models.visit import Readiness, ReadinessReason

Pool = Literal["eligibility", "backend"]
NEVER_CHECKED = ReadinessReason("never_checked", "Eligibility was never checked for this day", "E04")


@dataclass(frozen=True, slots=True)
class Clearing:
    """The action that clears reasons; `pool` is who is asked to by `handoff`."""

    action: str
    label: str
    pool: Pool | None = None
    params: dict[str, Any] = field(default_factory=dict)


_CHECK = Clearing("handoff", "Ask for an eligibility check", "eligibility", {"to": "eligibility"})
_AUTHORIZATION = Clearing("handoff", "Ask for the authorization", "eligibility", {"to": "eligibility"})
_PAYER_SETUP = Clearing("handoff", "Ask billing to set up the payer", "backend", {"to": "backend"})
_CORRECT = Clearing("update_demographics", "Correct the patient's data")
_CALL_PATIENT = Clearing("call_script", "Call the patient about other coverage", params={"whom": "patient"})
_CALL_PAYER = Clearing("call_script", "Call the payer", params={"whom": "payer"})

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
    "managed_plan": Clearing("handoff", "Ask to switch the payer", "eligibility", {"to": "eligibility"}),
    "verify_cob": Clearing("handoff", "Ask to verify who pays first", "eligibility", {"to": "eligibility"}),
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
