"""What the words for a state mean, by what they are about: "outstanding" claims are others than "outstanding" tasks."""

from __future__ import annotations

from collections.abc import Mapping

Statuses = Mapping[str, frozenset[str]]

_CLAIM_WORK = frozenset({"draft", "on_hold", "missing_information", "ready"})
_CLAIM_WITH_PAYER = frozenset({"submitted", "accepted", "pended", "appealed", "corrected", "forwarded_secondary"})
# Neither paid nor denied, written off or voided: somebody still works on it, or the payer has it.
OUTSTANDING_CLAIMS = _CLAIM_WORK | _CLAIM_WITH_PAYER | {"rejected"}
UNFILED_CLAIMS = _CLAIM_WORK | {"rejected"}
DENIED_CLAIMS = frozenset({"denied", "denied_final"})
_AUTHORIZATION_WITH_PAYER = frozenset(
    {"submitted", "pended", "contact_payer", "extension_requested", "peer_to_peer", "appealed"}
)
_AUTHORIZATION_IN_FORCE = frozenset({"approved", "partially_approved", "modified", "extension_requested"})

CLAIM_STATES: Statuses = {
    "denied": DENIED_CLAIMS,
    "rejected": frozenset({"rejected"}),
    "paid": frozenset({"paid", "partially_paid", "underpaid", "finalized"}),
    "partially_paid": frozenset({"partially_paid"}),
    "underpaid": frozenset({"underpaid"}),
    "unpaid": OUTSTANDING_CLAIMS | DENIED_CLAIMS,
    "outstanding": OUTSTANDING_CLAIMS,
    "open": OUTSTANDING_CLAIMS,
    "pending": OUTSTANDING_CLAIMS,
    "pended": frozenset({"pended"}),
    "submitted": frozenset({"submitted"}),
    "accepted": frozenset({"accepted"}),
    "draft": _CLAIM_WORK,
    "held": frozenset({"on_hold"}),
    "appealed": frozenset({"appealed"}),
    "written_off": frozenset({"written_off"}),
    "finalized": frozenset({"finalized"}),
    "voided": frozenset({"voided"}),
}
AUTHORIZATION_STATES: Statuses = {
    "denied": frozenset({"denied", "denied_final"}),
    "pending": _AUTHORIZATION_WITH_PAYER,
    "outstanding": _AUTHORIZATION_WITH_PAYER | {"draft", "error"},
    "open": _AUTHORIZATION_WITH_PAYER | {"draft", "error"},
    "pended": frozenset({"pended"}),
    "submitted": frozenset({"submitted"}),
    "draft": frozenset({"draft"}),
    "approved": _AUTHORIZATION_IN_FORCE,
    "active": _AUTHORIZATION_IN_FORCE,
    "expired": frozenset({"expired"}),
    "exhausted": frozenset({"exhausted"}),
    "cancelled": frozenset({"cancelled"}),
    "revoked": frozenset({"revoked"}),
    "appealed": frozenset({"appealed"}),
}
VISIT_STATES: Statuses = {
    "scheduled": frozenset({"scheduled", "confirmed"}),
    "confirmed": frozenset({"confirmed"}),
    "completed": frozenset({"completed", "checked_out"}),
    "cancelled": frozenset({"cancelled"}),
    "no_show": frozenset({"no_show"}),
    "arrived": frozenset({"arrived", "checking_in", "checked_in", "roomed", "with_provider"}),
}
TASK_STATES: Statuses = {
    "open": frozenset({"open"}),
    "outstanding": frozenset({"open"}),
    "pending": frozenset({"open"}),
    "completed": frozenset({"completed"}),
    "finalized": frozenset({"completed"}),
    "overdue": frozenset({"overdue"}),
    "due": frozenset({"due"}),
}

# Work queues of claims, by the words for what lies in them.
QUEUE_STATES: Statuses = {
    "denied": frozenset({"denied"}),
    "rejected": frozenset({"rejected"}),
    "underpaid": frozenset({"underpaid"}),
    "pended": frozenset({"pended_too_long"}),
}


def unchanged(*words: str) -> Statuses:
    """Words for a state that may be said and choose nothing: "is her active coverage good?"."""
    return {word: frozenset() for word in words}
