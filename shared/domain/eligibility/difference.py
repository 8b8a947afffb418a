"""How a verdict differs from the check before it, and whether that matters."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from shared.domain.eligibility.verdict import replay
from shared.models.verdict import Change, Difference, VerdictReceipt

Reader = Callable[[VerdictReceipt], str | None]


def _copay(receipt: VerdictReceipt) -> str | None:
    copay = receipt.figures.copay
    if copay is None:
        return None
    return f"{copay.low:.2f}" if copay.low == copay.high else f"{copay.low:.2f}-{copay.high:.2f}"


def _visits_left(receipt: VerdictReceipt) -> str | None:
    limit = receipt.figures.visit_limit
    return None if limit is None else str(limit.left)


def _authorization(receipt: VerdictReceipt) -> str | None:
    return {True: "required", False: "not_required", None: None}[receipt.requires_auth]


def _deductible(receipt: VerdictReceipt) -> str | None:
    deductible = receipt.figures.deductible
    return None if deductible is None or deductible.remaining is None else f"{deductible.remaining:.2f}"


def _out_of_pocket(receipt: VerdictReceipt) -> str | None:
    left = receipt.figures.out_of_pocket
    return None if left is None else f"{left:.2f}"


def _of_coverage(member: str) -> Reader:
    def read(receipt: VerdictReceipt) -> str | None:
        value = None if receipt.coverage is None else getattr(receipt.coverage, member)
        return None if value is None else str(value)

    return read


# What is compared, in the order in which it is told; material changes raise an alert, the others are only shown.
_MATERIAL: tuple[tuple[str, Reader], ...] = (
    ("verdict", lambda receipt: receipt.verdict),
    ("payer", _of_coverage("payer_name")),
    ("plan", _of_coverage("plan_name")),
    ("requires_auth", _authorization),
    ("copay", _copay),
    ("visits_left", _visits_left),
)
_IMMATERIAL: tuple[tuple[str, Reader], ...] = (
    ("authorization_met", lambda receipt: str(receipt.authorization_met).lower()),
    ("deductible_left", _deductible),
    ("out_of_pocket_left", _out_of_pocket),
    ("coinsurance", lambda receipt: None if receipt.figures.coinsurance is None else str(receipt.figures.coinsurance)),
    ("period_end", _of_coverage("period_end")),
    ("coverage_version", _of_coverage("version")),
)


def difference(previous: UUID, before: VerdictReceipt, after: VerdictReceipt) -> Difference:
    """Compare a verdict with that of the check `previous`: what was known then, asked the same question as now.

    Asking about another day or service is no change of what is known: what was on file then is decided again for the
    day and service of now. An answer that a payer gave for a day is compared as it is.
    """
    if not before.inputs.answers:
        before = replay(before, on=after.date_of_service, service=after.service_type)
    changes = []
    for members, material in ((_MATERIAL, True), (_IMMATERIAL, False)):
        for member, read in members:
            old, new = read(before), read(after)
            if old != new:
                changes.append(Change(member, old, new, material))
    return Difference(previous, tuple(changes))
