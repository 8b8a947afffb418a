"""Sentences about the front desk: the day in figures, who waits too long, who is not ready, what check-in lacks."""

from __future__ import annotations

from shared.assistant.desk_readings import (
    CheckInReading,
    DeskDayReading,
    DeskVisitSeen,
    NotReadyReading,
    WaitingReading,
)
from shared.assistant.grounded import about_work
from shared.assistant.grounded.saying import Statement, count, listed, money, plain, span, state, verb
from shared.assistant.grounded.told import Told
from shared.assistant.protocol import Citation

MOST_LISTED = 5
# Until here a visit is on its way through check-in.
_BEFORE_CHECKED_IN = frozenset({"scheduled", "confirmed", "arrived", "checking_in"})


def figures(told: Told) -> list[Statement]:
    """A day's visits in figures, and who comes next."""
    reading, data = told.readings["desk_day"], told.data("desk_day", DeskDayReading)
    if data is None:
        return []
    text = (
        f"The organization has {count(data.total, 'visit')} {span(data.day, data.day)}: {data.arrived} arrived,"
        f" {data.checked_in} checked in, {data.waiting_too_long} waiting too long, {data.not_ready} not ready."
    )
    said = [Statement(text, reading.sources[:1])]
    if data.not_ready and data.reasons:
        why = listed([f"{state(one.code)} ({one.visits})" for one in data.reasons[:MOST_LISTED]])
        said.append(Statement(f"Not ready because of: {why}.", reading.sources[:1]))
    if data.following is not None:
        one = data.following
        late = f", {count(one.minutes_late, 'minute')} late" if one.minutes_late else ""
        said.append(Statement(f"Next: {plain(one.patient)} at {one.time}{late}.", reading.cited(f"visits/{one.id}")))
    return said


def waiting(told: Told) -> list[Statement]:
    """Who waits longer than the organisation's limits, the longest first."""
    reading, data = told.readings["waiting"], told.data("waiting", WaitingReading)
    if data is None:
        return []
    if not data.visits:
        return [Statement("Nobody is waiting longer than your organization's limits now.", reading.sources[:1])]
    shown, number = data.visits[:MOST_LISTED], len(data.visits)
    least = "" if data.complete else "at least "
    text = f"{least}{count(number, 'patient')} {verb(number)} waiting too long{_some(number)}: "
    each = [f"{_whose(one)}, {state(one.status)} for {one.minutes} of {one.limit_minutes} minutes" for one in shown]
    return [Statement(f"{text[0].upper()}{text[1:]}{'; '.join(each)}.", _cited(told, "waiting", shown))]


def not_ready(told: Told) -> list[Statement]:
    """Which visits of a day are not ready, the most money at risk first."""
    reading, data = told.readings["not_ready"], told.data("not_ready", NotReadyReading)
    if data is None:
        return []
    when = span(data.day, data.day)
    if not data.total:
        return [Statement(f"No visit {when} is known not to be ready.", reading.sources[:1])]
    shown = data.visits[:MOST_LISTED]
    text = f"{count(data.total, 'visit')} {when} {verb(data.total)} not ready{_some(data.total)}: "
    return [Statement(text + "; ".join(_unready(one) for one in shown) + ".", _cited(told, "not_ready", shown))]


def check_in(told: Told) -> list[Statement]:
    """What check-in of the visit in hand lacks, and what else of the record stands in the way of the visit."""
    reading, data = told.readings.get("check_in"), told.data("check_in", CheckInReading)
    said: list[Statement] = []
    if reading is not None and data is not None:
        visit, context = data.visit, reading.sources[:1]
        if visit is None:
            said.append(Statement(f"This record has no visit {span(data.day, data.day)} to check in.", context))
        elif visit.status not in _BEFORE_CHECKED_IN:
            text = f"Visit {plain(visit.visit_number)} is {state(visit.status)}: there is nothing to check in."
            said.append(Statement(text, context))
        else:
            said += _lacking(data, visit, told)
    return [*said, *about_work.readiness(told)]


def _lacking(data: CheckInReading, visit: DeskVisitSeen, told: Told) -> list[Statement]:
    reading, number = told.readings["check_in"], plain(visit.visit_number)
    cited, when = reading.sources[:1], span(data.day, data.day)
    if not data.missing:
        return [Statement(f"Nothing is missing to check in visit {number} {when}.", cited)]
    each = "; ".join(f"{plain(one.text)} ({plain(one.clear)})" for one in data.missing)
    said = [Statement(f"Check-in of visit {number} {when} lacks {count(len(data.missing), 'step')}: {each}.", cited)]
    for reason in data.reasons if visit.readiness != "ready" else ():
        rule = None if reason.rule is None else f"rule:{reason.rule}"
        text = plain(reason.text).rstrip(".")
        said.append(Statement(f"Not ready: {text}.", (*cited, *reading.cited(rule))))
    return said


def _unready(one: DeskVisitSeen) -> str:
    at = "" if one.time is None else f" at {one.time}"
    why = listed([state(code) for code in one.reasons]) or "never checked"
    risk = "" if one.at_risk_cents is None else f", {money(one.at_risk_cents)} at risk"
    return f"{_whose(one)}{at}: {why}{risk}"


def _whose(one: DeskVisitSeen) -> str:
    return f"{plain(one.patient)} ({plain(one.mrn)})"


def _cited(told: Told, tool: str, visits: tuple[DeskVisitSeen, ...]) -> tuple[Citation, ...]:
    reading = told.readings[tool]
    return reading.sources[:1] + reading.cited(*(f"visits/{one.id}" for one in visits))


def _some(number: int) -> str:
    return f", {MOST_LISTED} of them" if number > MOST_LISTED else ""
