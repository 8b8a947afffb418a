"""E12, E14 and E15: what is left of the visits, what the copay is, and how far the deductible is met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from shared.domain.eligibility.dates import in_periods, service_of
from shared.domain.eligibility.on_file import VISITS
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import BenefitLine
from shared.models.records import Visit
from shared.models.verdict import Accumulator, Copay, Deductible, Evidence, Network, VisitLimit

COPAY, COINSURANCE, DEDUCTIBLE, OUT_OF_POCKET, LIMIT = "B", "A", "C", "G", "F"
# EB06: what remains, what was used this year, what remains of a lifetime.
REMAINING, USED, LIFETIME_REMAINING = "29", "24", "33"
_FAMILY = frozenset({"FAM", "ESP", "ECH", "SPC"})
_OF_DEPENDENTS, _OF_SUBSCRIBER = frozenset({"DEP", "CHD", "SPO"}), frozenset({"EMP"})
ZERO = Decimal("0.00")


@rule("E12")
def visit_limit(
    lines: Sequence[BenefitLine], booked: Iterable[Visit], service: str
) -> tuple[VisitLimit | None, Evidence | None]:
    """E12: warn when the booked visits leave less than one of the visits that remain, and name the one that takes it.

    Visits count that are of the service and lie in the limit's period. None when what remains is not known.
    """
    of_visits = [line for line in lines if line.quantity is not None and line.quantity_qualifier in (VISITS, None)]
    remaining = min((one for one in of_visits if one.period == REMAINING), key=_quantity, default=None)
    if remaining is None or remaining.quantity is None:
        return None, None
    total = max((int(_quantity(one)) for one in of_visits if one.period != REMAINING), default=None)
    left = int(remaining.quantity)
    counting = [
        visit
        for visit in booked
        if service_of(visit.visit_type) == service and in_periods(remaining.periods, visit.visit_date) is not False
    ]
    if left - len(counting) >= 1:
        return VisitLimit(total, left, len(counting)), None
    last = counting[min(max(left - 1, 0), len(counting) - 1)] if counting else None
    limit = VisitLimit(total, left, len(counting), last.id if last else None, last.visit_date if last else None)
    return limit, _runs_out(limit, remaining.source)


def _runs_out(limit: VisitLimit, source: str) -> Evidence:
    given = {"remaining": limit.remaining, "booked": limit.booked}
    if limit.runs_out_on is None:
        return found("E12", "visit_limit_reached", "No covered visit is left", source, "EB10", **given)
    on = limit.runs_out_on.isoformat()
    if limit.remaining < 1:
        text = f"No covered visit is left for the one booked for {on}"
        return found("E12", "visit_limit_reached", text, source, "EB10", **given, visit_date=on)
    text = f"The covered visits run out with the one booked for {on}"
    return found("E12", "visits_run_out", text, source, "EB10", **given, visit_date=on)


def _quantity(line: BenefitLine) -> Decimal:
    return line.quantity or ZERO


@rule("E14")
def copay_of(lines: Sequence[BenefitLine], network: Network | None) -> tuple[Copay | None, Evidence | None]:
    """E14: the copay of the service's own line before the general one's, in our network.

    Lines that contradict each other give a range that somebody must review, never an average. Where our network is
    not known, the amounts in and out of it are both shown.
    """
    told = [line for line in lines if line.amount is not None and line.period != REMAINING]
    if not told:
        return None, None
    amounts = sorted({line.amount for line in told if line.amount is not None})
    low, high = amounts[0], amounts[-1]
    source = told[0].source
    if network is None and {"Y", "N"} & {line.network for line in told}:
        inside, outside = _amounts(told, "N"), _amounts(told, "Y")
        review = len(inside) > 1 or len(outside) > 1
        copay = Copay(low, high, review, max(inside, default=None), max(outside, default=None))
        text = f"Copay {low:.2f} to {high:.2f} USD, depending on the network" if low != high else f"Copay {low:.2f} USD"
        return copay, found("E14", "copay_by_network", text, source, "EB12", low=low, high=high)
    if low != high:
        text = f"The copay is between {low:.2f} and {high:.2f} USD: the answer contradicts itself"
        evidence = found("E14", "copay_needs_review", text, source, "EB07", low=low, high=high)
        return Copay(low, high, needs_review=True), evidence
    return Copay(low, high, needs_review=False), found(
        "E14", "copay", f"Copay {low:.2f} USD", source, "EB07", amount=low
    )


def _amounts(lines: Iterable[BenefitLine], without: str) -> set[Decimal]:
    return {line.amount for line in lines if line.amount is not None and line.network != without}


@rule("E15", source="X12 005010X279A1, EB01 C and G, EB06 23, 24, 29")
def deductible_of(lines: Sequence[BenefitLine], *, dependent: bool) -> tuple[Deductible | None, Evidence | None]:
    """E15: base against remaining, of the individual and the family; met when either is met.

    Lines for dependents count for a dependent alone, lines for the subscriber for the subscriber alone. Of lines that
    contradict each other the larger remainder counts.
    """
    individual, family = accumulators(lines, dependent=dependent)
    if individual is None and family is None:
        return None, None
    remains = [one.remaining for one in (individual, family) if one is not None and one.remaining is not None]
    met = None if not remains else min(remains) <= 0
    deductible = Deductible(individual, family, met, ZERO if met else min(remains, default=None))
    source = lines[0].source
    if met:
        return deductible, found("E15", "deductible_met", "The deductible is met", source, "EB07")
    if deductible.remaining is None:
        return deductible, found("E15", "deductible_unknown", "What is left of the deductible is not known", source)
    text = f"{deductible.remaining:.2f} USD of the deductible are left"
    return deductible, found("E15", "deductible_left", text, source, "EB07", remaining=deductible.remaining)


def accumulators(lines: Iterable[BenefitLine], *, dependent: bool) -> tuple[Accumulator | None, Accumulator | None]:
    """The individual's and the family's base amount and what remains of it; None where no line is about them."""
    leave_out = _OF_SUBSCRIBER if dependent else _OF_DEPENDENTS
    counting = [line for line in lines if line.amount is not None and line.level not in leave_out]
    family = [line for line in counting if line.level in _FAMILY]
    return _accumulator([line for line in counting if line.level not in _FAMILY]), _accumulator(family)


def _accumulator(lines: Sequence[BenefitLine]) -> Accumulator | None:
    if not lines:
        return None
    by_period = {REMAINING: [], USED: [], None: []}  # type: dict[str | None, list[Decimal]]
    for line in lines:
        period = REMAINING if line.period == LIFETIME_REMAINING else line.period
        by_period[period if period in by_period else None].append(line.amount or ZERO)
    base = max(by_period[None], default=None)
    remaining = max(by_period[REMAINING], default=None)
    if remaining is None and base is not None and (by_period[USED] or base == 0):
        remaining = max(ZERO, base - max(by_period[USED], default=ZERO))
    return Accumulator(base, remaining)
