"""Sentences about benefits and costs: copay, deductible, coinsurance, visits left, and authorization that is needed."""

from __future__ import annotations

from collections.abc import Callable

from shared.assistant.grounded.about_coverage import authorization_sentence, checked_sentence, verdict
from shared.assistant.grounded.saying import Statement, count, day, money, who
from shared.assistant.grounded.told import Told
from shared.assistant.readings import ActionReading, CoverageReading
from shared.models.api.modes import FiguresView

Figure = Callable[[FiguresView], str | None]


def _copay(figures: FiguresView) -> str | None:
    ends = figures.copay_range_cents
    if ends is None:
        return None
    low, high = ends
    amount = money(low) if low == high else f"between {money(low)} and {money(high)}"
    return f"the copay is {amount}{' (sources differ: to be reviewed)' if figures.needs_review and low != high else ''}"


def _deductible(figures: FiguresView) -> str | None:
    if figures.deductible_met:
        return "the deductible is met"
    left = figures.deductible_left_cents
    return None if left is None else f"{money(left)} of the deductible is left"


def _coinsurance(figures: FiguresView) -> str | None:
    percent = figures.coinsurance_percent
    return None if percent is None else f"the coinsurance is {percent:g} %"


def _out_of_pocket(figures: FiguresView) -> str | None:
    left = figures.out_of_pocket_left_cents
    return None if left is None else f"{money(left)} is left until the out-of-pocket maximum"


def _network(figures: FiguresView) -> str | None:
    word = {"in": "in", "out": "out of"}.get(figures.network or "")
    return None if word is None else f"the practice is {word} network"


def _visits_left(figures: FiguresView) -> str | None:
    left = figures.visits_left
    return None if left is None else f"{count(left, 'visit')} {'is' if left == 1 else 'are'} left"


_FIGURES: dict[str, tuple[str, Figure]] = {
    "copay": ("copay", _copay),
    "deductible": ("deductible", _deductible),
    "coinsurance": ("coinsurance", _coinsurance),
    "out_of_pocket": ("out-of-pocket maximum", _out_of_pocket),
    "network": ("network of the practice", _network),
    "visits_left": ("limit of visits", _visits_left),
}


def figure(name: str) -> Callable[[Told], list[Statement]]:
    """What is on file of one figure."""
    return lambda told: _figures(told, (name,))


def everything(told: Told) -> list[Statement]:
    """All figures that are on file."""
    return _figures(told, tuple(name for name in _FIGURES if name != "network"))


def cost(told: Told) -> list[Statement]:
    """What is known of the patient's costs. A price is never made up; an estimate needs what the payer allows."""
    ran = told.data("quick_action", ActionReading)
    estimate = None if ran is None else ran.data.get("estimate")
    if ran is not None and estimate is not None:
        low, high = round(estimate["low"] * 100), round(estimate["high"] * 100)
        amount = money(low) if low == high else f"between {money(low)} and {money(high)}"
        text = f"An estimate, not a price: the patient pays {amount} when the payer allows {money(_allowed(told))}."
        if estimate["missing"]:
            text += f" Not on file: {', '.join(estimate['missing'])}."
        return [Statement(text, told.readings["quick_action"].sources)]
    closing = "That is no price. From the amount that the payer allows, I estimate in the Agentic mode only."
    return [*everything(told), Statement(closing)]


def needed(told: Told) -> list[Statement]:
    """Whether an authorization is needed on the day, and whether one is there."""
    reading, data = told.readings["benefits"], told.data("benefits", CoverageReading)
    if data is None:
        return []
    only = data.stretches[0].verdict
    if only.verdict != "eligible":
        return [*verdict(told), Statement("Without coverage on that day, no payer's rule about authorization applies.")]
    when = f"For {day(only.date_of_service)}, service type {only.service_type}"
    answer = {
        True: f"{when}, {who(data.patient)} needs an authorization.",
        False: f"{when}, {who(data.patient)} needs no authorization.",
        None: f"{when}, it is not known whether {who(data.patient)} needs an authorization.",
    }[only.requires_auth]
    rules = [one for one in only.reasons if one.rule_id in {"E09", "E10"}]
    cited = reading.cited(f"patients/{data.patient.id}", only.coverage_id and f"coverages/{only.coverage_id}")
    cited += reading.cited(*(part for one in rules for part in (one.source, f"rule:{one.rule_id}")))
    if only.requires_auth is not True:
        return [Statement(answer, cited)]
    known = [one for one in authorization_sentence(only, reading) if "none that fits" not in one.text]
    return [Statement(answer, cited), *(known or [Statement("None that fits is on file.", cited)])]


def _figures(told: Told, names: tuple[str, ...]) -> list[Statement]:
    tool = "benefits"
    reading, data = told.readings[tool], told.data(tool, CoverageReading)
    if data is None:
        return []
    only = data.stretches[0].verdict
    if only.verdict != "eligible":
        return [*verdict(told), Statement("So no benefits apply on that day.")]
    figures = only.figures
    when = f"For {day(only.date_of_service)}, service type {only.service_type}, {who(data.patient)}: "
    cited = reading.cited(f"patients/{data.patient.id}", only.coverage_id and f"coverages/{only.coverage_id}")
    told_of = {
        name: None if figures is None else read(figures) for name, (_, read) in _FIGURES.items() if name in names
    }
    known = [text for text in told_of.values() if text is not None]
    unknown = [_FIGURES[name][0] for name, text in told_of.items() if text is None]
    parts = known + ([f"not on file: {', '.join(unknown)}"] if unknown else [])
    return [Statement(f"{when}{'; '.join(parts)}.", cited), checked_sentence(told)]


def _allowed(told: Told) -> int:
    return int((told.ask.amount or 0) * 100)
