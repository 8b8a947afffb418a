"""E21: what a verdict means for the record: its status, and whether a visit is ready."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.domain.eligibility.registry import rule
from shared.models.firestore.documents import ContextStatus
from shared.models.payer_answer import CheckFailure
from shared.models.records import Verdict
from shared.models.verdict import Evidence, VerdictReceipt

# Undetermined because of data on file that the caller can correct.
_TO_CORRECT = frozenset({"member_mismatch", "managed_plan", "rejected_needs_correction"})
_OPEN_NEED = frozenset({"authorization_depends"})
_NEEDED = _OPEN_NEED | {"authorization_required"}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a check says of a visit's readiness; the evidence names what stands in the way."""

    state: Literal["ready", "not_ready", "pending"]
    reasons: tuple[Evidence, ...] = ()


def status_of(
    verdict: Verdict,
    evidence: Iterable[Evidence],
    *,
    requires_auth: bool | None,
    met: bool,
    failure: CheckFailure | None,
) -> ContextStatus:
    """`error` when not covered or data must be corrected, `pending` while a check or an authorization is outstanding.

    An authorization is outstanding too when nobody has asked the payer yet whether it is needed.
    """
    codes = {one.code for one in evidence}
    if verdict == "not_eligible":
        return "error"
    if verdict == "undetermined":
        corrected = bool(codes & _TO_CORRECT) or (failure is not None and failure.kind == "needs_correction")
        return "error" if corrected else "pending"
    if (requires_auth is True and not met) or codes & _OPEN_NEED:
        return "pending"
    return "proceed"


@rule("E21")
def readiness_of(receipt: VerdictReceipt | None) -> Readiness:
    """E21: a check sets the readiness and never blocks: booking and treating stay possible whatever it says.

    Without a check, and while one is outstanding, the readiness is pending.
    """
    if receipt is None:
        return Readiness("pending")
    if receipt.verdict == "undetermined" and receipt.status == "pending":
        return Readiness("pending", _with_authorization(receipt.evidence))
    if receipt.verdict != "eligible":
        return Readiness("not_ready", _with_authorization(receipt.evidence))
    if receipt.status == "pending":
        return Readiness("not_ready", _about_authorization(receipt.evidence))
    return Readiness("ready")


def _with_authorization(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """What decided, and beside it the authorization that lacks: its override is a manager's whatever else is open."""
    codes = {one.code for one in evidence}
    lacking = codes & _NEEDED and "authorization_on_file" not in codes
    beside = _about_authorization(evidence[1:]) if lacking else ()
    return (*evidence[:1], *beside)


def _about_authorization(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(one for one in evidence if one.rule in {"E09", "E10", "E23"})
