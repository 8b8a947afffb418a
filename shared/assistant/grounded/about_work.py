"""Sentences about the work on a record: tasks, alerts, what blocks a visit, what is offered, a summary of it all."""

from __future__ import annotations

from datetime import date, datetime

from shared.assistant.grounded import about_coverage, about_records
from shared.assistant.grounded.saying import Statement, by_state, count, day, listed, plain, quoted, verb
from shared.assistant.grounded.told import Told
from shared.assistant.readings import (
    AlertsReading,
    AuthorizationsReading,
    ClaimsReading,
    CoverageReading,
    GuidanceReading,
    TasksReading,
    VisitsReading,
)  # fmt: skip
from shared.models.api.tasks import TaskView

MOST_LISTED = 5


def tasks(told: Told) -> list[Statement]:
    """The tasks asked for, soonest first."""
    reading, data = told.readings["tasks"], told.data("tasks", TasksReading)
    if data is None:
        return []
    wanted = list(data.tasks)
    period = told.period
    if period is not None:
        low, high = period.first or date.min, period.last or date.max
        wanted = [one for one in wanted if one.due_at is not None and low <= _day(one.due_at, told) <= high]
    elif "s:due" in told.ask.concepts or "deadline" in told.ask.concepts:
        wanted = [one for one in wanted if one.due_at is not None]
    context = reading.sources[:1]
    scope = "completed " if "completed" in told.ask.states else "overdue " if "overdue" in told.ask.states else "open "
    whose = " assigned to you" if "mine" in told.ask.concepts else ""
    when = "" if period is None else f" due{told.when()}"
    if not wanted:
        return [Statement(f"This record has no {scope}tasks{whose}{when}.", context)]
    shown = wanted[:MOST_LISTED]
    more = f", {MOST_LISTED} of them" if len(wanted) > MOST_LISTED else ""
    cited = context + reading.cited(*(f"tasks/{one.id}" for one in shown))
    text = f"This record has {count(len(wanted), f'{scope}task')}{whose}{when}{more}: "
    return [Statement(text + "; ".join(_task(one, told) for one in shown) + ".", cited)]


def alerts(told: Told) -> list[Statement]:
    """The caller's active alerts about the record."""
    reading, data = told.readings["alerts"], told.data("alerts", AlertsReading)
    if data is None:
        return []
    context = reading.sources[:1]
    if not data.alerts:
        return [Statement("You have no active alerts about this record.", context)]
    shown = data.alerts[:MOST_LISTED]
    texts = [f"{one.severity}: {quoted(one.message)}" for one in shown]
    cited = context + reading.cited(*(f"alerts/{one.id}" for one in shown))
    return [
        Statement(f"You have {count(len(data.alerts), 'active alert')} about this record: {'; '.join(texts)}.", cited)
    ]


def readiness(told: Told) -> list[Statement]:
    """What the records know that stands in the way of the visit."""
    data = told.data("coverage", CoverageReading)
    said: list[Statement] = []
    if told.data("visits", VisitsReading) is not None:
        said += about_records.next_visit(told)
    if data is not None:
        said += [*_hindrances(data, told), *about_coverage.verdict(told)]
    open_tasks = told.data("tasks", TasksReading)
    if open_tasks is not None:
        number = len(open_tasks.tasks)
        text = f"{count(number, 'task').capitalize()} {verb(number)} open on this record."
        said.append(Statement(text, told.readings["tasks"].sources[:1]))
    if "check_in" not in told.readings:
        said.append(Statement("Identity, forms and payments at the desk are told in the front desk's mode."))
    return said


def guidance(told: Told) -> list[Statement]:
    """What is offered; in the Manual mode nothing is."""
    if told.assistant_mode == "Manual":
        return [Statement("You have chosen Manual: I offer no actions. They stand beside the record.")]
    reading, data = told.readings["guidance"], told.data("guidance", GuidanceReading)
    if data is None:
        return []
    usable = [one for one in data.actions if one.disabled_reason is None]
    if not usable:
        return [Statement("Nothing is offered to your role for this record.", reading.sources)]
    first, *others = usable
    why = f" ({plain(first.reason.text).rstrip('.')})" if first.reason is not None else ""
    rest = f" Also offered: {listed([one.label for one in others[:4]])}." if others else ""
    return [Statement(f"Next: {first.label}{why}.{rest}", reading.sources)]


def summary(told: Told) -> list[Statement]:
    """The patient, the verdict, and counts of everything else."""
    said = about_records.identity(told)
    if told.data("coverage", CoverageReading) is not None:
        said += about_coverage.verdict(told)
    held = told.data("authorizations", AuthorizationsReading)
    if held is not None:
        states = by_state(one.status for one in held.authorizations)
        text = (
            f"{count(len(held.authorizations), 'authorization').capitalize()} on file{f': {states}' if states else ''}."
        )
        said.append(Statement(text, told.readings["authorizations"].sources[:1]))
    filed = told.data("claims", ClaimsReading)
    if filed is not None:
        states = by_state(one.status for one in filed.claims)
        text = f"{count(len(filed.claims), 'claim').capitalize()} on file{f': {states}' if states else ''}."
        said.append(Statement(text, told.readings["claims"].sources[:1]))
    if told.data("visits", VisitsReading) is not None:
        said += about_records.next_visit(told)
    open_tasks = told.data("tasks", TasksReading)
    if open_tasks is not None:
        number = len(open_tasks.tasks)
        said.append(Statement(f"{count(number, 'open task').capitalize()}.", told.readings["tasks"].sources[:1]))
    return said


def _hindrances(data: CoverageReading, told: Told) -> list[Statement]:
    """What of coverage and authorization stands in the way of the visit."""
    only, reading = data.stretches[0].verdict, told.readings["coverage"]
    cited = reading.cited(f"patients/{data.patient.id}", *(one.source for one in only.reasons))
    if only.status == "proceed":
        return [Statement("Of coverage and authorization, nothing on record stands in the way.", cited)]
    if only.verdict == "eligible":
        return [Statement("In the way: an authorization that is needed is not there.", cited)]
    word = "not confirmed" if only.verdict == "undetermined" else "missing"
    return [Statement(f"In the way: coverage for {day(only.date_of_service)} is {word}.", cited)]


def _task(one: TaskView, told: Told) -> str:
    due = "" if one.due_at is None else f", due {day(_day(one.due_at, told))}"
    return f"{quoted(one.label)} ({one.state.replace('_', ' ')}{due})"


def _day(at: datetime, told: Told) -> date:
    return at.astimezone(told.zone).date()
