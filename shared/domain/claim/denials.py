"""Denials: reading a code as people and payers write it, and what follows from the ones that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from shared.domain.claim.denial_codes import DENIAL_CODES, PUBLISHED, DenialCode, NextStep
from shared.errors import FieldError, ValidationFailedError
from shared.models.claim import CauseStep, GroupCode
from shared.models.guidance import ActionKind
from shared.models.roles import Role

GROUPS: tuple[GroupCode, ...] = get_args(GroupCode)
STEPS: tuple[CauseStep, ...] = get_args(CauseStep)
_WRITTEN = re.compile(r"(CO|PR|OA|PI|CR)[- ]?([A-Z]?[0-9]{1,3})")
# Who does the work of a step, in which mode they do it, and what keeps the next claim from the same denial.
OWNERS: dict[CauseStep, tuple[str, Role, str]] = {
    "eligibility_check": (
        "eligibility", Role.ELIGIBILITY_SPECIALIST, "Check coverage for the date of service before the visit",
    ),
    "registration": ("front-desk", Role.FRONT_DESK, "Review demographics and insurance cards at check-in"),
    "authorization": (
        "eligibility", Role.ELIGIBILITY_SPECIALIST, "Request the authorization before the service is rendered",
    ),
    "scheduling": ("front-desk", Role.FRONT_DESK, "Book within the plan's network, referral and visit limits"),
    "coding": ("backend", Role.BILLER, "Review codes and documentation before the claim is submitted"),
    "filing": ("backend", Role.BILLER, "Submit complete claims within the payer's time"),
    "payer": ("backend", Role.MANAGER, "Raise it with the payer: the contract or its processing is at fault"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remedy:
    """A next step as guidance offers it: the quick action or action of every mode that does it, and with what."""

    label: str
    action: str
    params: tuple[tuple[str, str], ...] = ()
    kind: ActionKind = "form"


def _asked(label: str, what: str, role: Role) -> Remedy:
    """Work of another role: a task for its pool."""
    params = (("label", what), ("type", "shared"), ("assignedTo", f"role:{role}"))
    return Remedy(label, "create_task", params, "handoff")


REMEDIES: dict[NextStep, Remedy] = {
    "retro_authorization": _asked(
        "Request Retroactive Authorization", "Request a retroactive authorization", Role.ELIGIBILITY_SPECIALIST
    ),
    "link_authorization": Remedy("Link Authorization", "link_authorization"),
    "appeal_authorization": Remedy("Appeal: Authorization", "start_appeal", (("ground", "authorization"),)),
    "appeal_clinically": Remedy("Clinical Appeal", "start_appeal", (("ground", "medical_necessity"),)),
    "peer_to_peer": Remedy(
        "Request Peer-to-Peer Review", "start_appeal", (("ground", "medical_necessity"), ("kind", "peer_to_peer"))
    ),
    "verify_cob": _asked(
        "Verify Coordination of Benefits", "Verify coordination of benefits", Role.ELIGIBILITY_SPECIALIST
    ),
    "recheck_eligibility": _asked(
        "Re-verify Eligibility", "Check coverage again for the date of service", Role.ELIGIBILITY_SPECIALIST
    ),
    "prove_filing": Remedy("Send Proof of Filing", "start_appeal", (("ground", "timely_filing"),)),
    "attach_documents": Remedy("Read Remark and Attach", "correct_and_resubmit"),
    "correct_coding": Remedy("Correct Coding and Resubmit", "correct_and_resubmit"),
    "correct_claim": Remedy("Correct and Resubmit", "correct_and_resubmit"),
    "correct_registration": _asked("Correct Registration", "Correct the patient's registration", Role.FRONT_DESK),
    "find_original": Remedy("Check Status of the Original", "claim_status_check", kind="button"),
    "bill_other_payer": Remedy("Bill the Right Payer", "correct_and_resubmit"),
    "bill_secondary": Remedy("Bill Secondary Payer", "bill_secondary"),
    "bill_patient": _asked("Bill the Patient", "Send the patient a statement", Role.BILLER),
    "appeal": Remedy("Appeal", "start_appeal", (("ground", "other"),)),
    "write_off": Remedy("Write Off", "write_off"),
}
# Of a code that has no row: what can be done about any denial.
ANY_DENIAL: tuple[NextStep, ...] = ("correct_claim", "appeal", "write_off")


def parts_of(code: str) -> tuple[GroupCode, str] | None:
    """Group and reason of a code written as CO-197, `co 197` or CO197; None for what is no such code."""
    read = _WRITTEN.fullmatch(code.strip().upper())
    if read is None:
        return None
    group = next(one for one in GROUPS if one == read[1])
    return group, read[2].lstrip("0") or "0"


def published(code: str) -> tuple[GroupCode, str]:
    """Group and reason of a code. Raises ValidationFailedError for one that the published list does not have."""
    parts = parts_of(code)
    if parts is None:
        raise _refused("invalid_code", "Write a group and a reason code, as CO-197")
    if parts[1] not in PUBLISHED:
        raise _refused("unknown_code", "The published list of adjustment reasons has no such code")
    return parts


def known(code: str | None) -> DenialCode | None:
    """The row of a denial's code; None where there is none, or the code cannot be read."""
    parts = None if code is None else parts_of(code)
    return None if parts is None else DENIAL_CODES.get(parts[1])


def next_steps(code: str | None) -> tuple[NextStep, ...]:
    """What may get a denial paid, best first. What the patient owes (group PR) is billed, never written off."""
    row, parts = known(code), None if code is None else parts_of(code)
    steps = ANY_DENIAL if row is None else row.next_steps
    if parts is not None and parts[0] == "PR":
        own = tuple(step for step in steps if step != "write_off")
        return own if "bill_patient" in own else (*own, "bill_patient")
    return steps


def cause_of(code: str | None) -> CauseStep:
    """The step that a denial goes back to; the payer's where nothing else is known."""
    row = known(code)
    return "payer" if row is None else row.step


def causes(codes: Iterable[str | None]) -> dict[CauseStep, int]:
    """How many denials go back to each step; steps without any are left out."""
    found: dict[CauseStep, int] = {}
    for code in codes:
        step = cause_of(code)
        found[step] = found.get(step, 0) + 1
    return found


def _refused(code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"params.code: {message}", errors=(FieldError("params.code", code, message),))
