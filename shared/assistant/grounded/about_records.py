"""Sentences about a patient's records: who it is, authorizations, claims, visits, deadlines."""

from __future__ import annotations

from datetime import date

from shared.assistant.grounded.saying import (
    Statement,
    by_state,
    count,
    day,
    plain,
    quoted,
    span,
    state,
    verb,
    who,
)  # fmt: skip
from shared.assistant.grounded.told import Told
from shared.assistant.readings import (
    AuthorizationsReading,
    DeadlinesReading,
    PatientReading,
    VisitSeen,
    VisitsReading,
)  # fmt: skip
from shared.models.api.authorizations import AuthorizationRecord

MOST_LISTED = 5
_OVER = frozenset({"cancelled", "rescheduled", "no_show", "left_without_being_seen"})
_SEEN = frozenset({"arrived", "checking_in", "checked_in", "roomed", "with_provider", "checked_out", "completed"})
_FLAGS = {
    "expiring": "ends soon",
    "few_units": "few units left",
    "decision_overdue": "the payer's decision is overdue",
    "overused": "more units used than granted",
}
_DEADLINES = {
    "filing": "must be filed by",
    "claim": "has its next deadline on",
    "authorization_end": "ends on",
    "decision": "is to be decided by the payer by",
}


def identity(told: Told) -> list[Statement]:
    """Who the patient is."""
    data = told.data("patient", PatientReading)
    if data is None:
        return []
    patient, sources = data.patient, told.readings["patient"].sources
    born = "date of birth not on file" if patient.date_of_birth is None else f"born {patient.date_of_birth.isoformat()}"
    if patient.date_of_birth is not None:
        born += f", {count(_age(patient.date_of_birth, told.today), 'year')} old"
    rest = "" if patient.sex is None else f", {plain(patient.sex)}"
    return [Statement(f"The patient is {who(patient)}, {born}{rest}.", sources)]


def phone(told: Told) -> list[Statement]:
    """The telephone number, for roles that see it."""
    data = told.data("patient", PatientReading)
    if data is None:
        return []
    sources = told.readings["patient"].sources
    if data.patient.phone is None:
        text = f"No telephone number is shown for {who(data.patient)}: none is on file, or your role does not see it."
        return [Statement(text, sources)]
    return [Statement(f"The telephone number of {who(data.patient)} is {plain(data.patient.phone)}.", sources)]


def authorizations(told: Told) -> list[Statement]:
    """The authorizations asked for, counted by status, each with its dates and units."""
    reading, data = told.readings["authorizations"], told.data("authorizations", AuthorizationsReading)
    if data is None:
        return []
    wanted = [one for one in data.authorizations if not told.ask.states or one.status in told.ask.states]
    wanted = [one for one in wanted if _touches(one, told)]
    whose, scope = who(data.patient), told.scope
    cited = reading.cited(f"patients/{data.patient.id}", *(f"authorizations/{one.id}" for one in wanted[:MOST_LISTED]))
    if told.number is not None and not wanted:
        return [Statement(f"{whose} has no authorization {quoted(told.number)}.", cited)]
    of = "" if told.ask.service is None else f" for service type {told.ask.service}"
    of += "" if told.ask.procedure is None else f" for procedure {plain(told.ask.procedure)}"
    if not wanted:
        text = f"{whose} has no {scope}authorizations{of}{told.when()}."
        if data.authorizations:
            text += f" On file: {by_state(one.status for one in data.authorizations)}."
        return [Statement(text, cited)]
    head = f"{whose} has {count(len(wanted), f'{scope}authorization')}{of}{told.when()}"
    said = [Statement(f"{head}: {by_state(one.status for one in wanted)}.", cited)]
    said += [Statement(_authorization(one), reading.cited(f"authorizations/{one.id}")) for one in wanted[:MOST_LISTED]]
    return said


def next_visit(told: Told) -> list[Statement]:
    """The soonest visit that is booked."""
    return _one_visit(told, coming=True)


def last_visit(told: Told) -> list[Statement]:
    """The newest visit that took place."""
    return _one_visit(told, coming=False)


def visits(told: Told) -> list[Statement]:
    """The visits asked for, counted by status, and the first of them."""
    reading, data = told.readings["visits"], told.data("visits", VisitsReading)
    if data is None:
        return []
    wanted = [one for one in data.visits if not told.ask.states or one.status in told.ask.states]
    if told.number is not None:
        wanted = [one for one in wanted if told.number.casefold() in {one.visit_number.casefold(), one.id}]
    whose, patient = who(data.patient), reading.cited(f"patients/{data.patient.id}")
    if told.number is not None and not wanted:
        return [Statement(f"{whose} has no visit {quoted(told.number)}.", patient)]
    scope = told.scope
    if not wanted:
        return [Statement(f"{whose} has no {scope}visits{told.when()}.", patient)]
    shown = wanted[: told.ask.limit or MOST_LISTED]
    more = "" if data.complete else " (of the newest that I read)"
    states = by_state(one.status for one in wanted)
    head = f"{whose} has {count(len(wanted), f'{scope}visit')}{told.when()}{more}: {states}."
    said = (
        []
        if told.number is not None
        else [Statement(head, patient + reading.cited(*(f"visits/{one.id}" for one in shown)))]
    )
    return said + [Statement(_visit(one), reading.cited(f"visits/{one.id}")) for one in shown]


def deadlines(told: Told) -> list[Statement]:
    """Deadlines that are to come or have passed, soonest first."""
    reading, data = told.readings["deadlines"], told.data("deadlines", DeadlinesReading)
    if data is None:
        return []
    wanted = [one for one in data.deadlines if _kind_meant(one.kind, told)]
    if "s:overdue" in told.ask.concepts:
        wanted = [one for one in wanted if one.days_left < 0]
    if told.period is not None:
        low, high = told.period.first or date.min, told.period.last or date.max
        wanted = [one for one in wanted if low <= one.due <= high]
    if told.number is not None:
        wanted = [one for one in wanted if one.label.casefold().endswith(told.number.casefold())]
    whose, patient = who(data.patient), reading.cited(f"patients/{data.patient.id}")
    if not wanted:
        late = "overdue " if "s:overdue" in told.ask.concepts else ""
        text = (
            f"{whose} has no {late}deadlines{told.when()}: no claim that is still to be filed, no authorization"
            " that ends, no decision that a payer owes."
        )
        return [Statement(text, patient)]
    said = []
    for one in wanted[: 2 * MOST_LISTED]:
        left = f"in {count(one.days_left, 'day')}" if one.days_left > 0 else "today" if one.days_left == 0 else (
            f"{count(-one.days_left, 'day')} ago")  # fmt: skip
        sure = "" if one.confirmed else " (unconfirmed: the payer's time is not known)"
        text = f"{plain(one.label)} {_DEADLINES[one.kind]} {day(one.due)}, {left}{sure}."
        said.append(Statement(text, reading.cited(one.source, one.rule and f"rule:{one.rule}")))
    if data.undated:
        text = f"{count(data.undated, 'claim')} to be filed {verb(data.undated, 'has')} no service date to count from."
        said.append(Statement(text.capitalize(), patient))
    return said


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _touches(one: AuthorizationRecord, told: Told) -> bool:
    """Whether an authorization ends within the days asked for, or for other questions holds on one of them."""
    if told.number is not None and told.number.casefold() not in {one.auth_number.casefold(), one.id}:
        return False
    if told.ask.service is not None and one.service_type != told.ask.service:
        return False
    if told.ask.procedure is not None and told.ask.procedure not in one.procedure_codes:
        return False
    period = told.period
    if period is None:
        return True
    low, high = period.first or date.min, period.last or date.max
    if "expire" in told.ask.concepts:
        return one.period_end is not None and low <= one.period_end <= high
    return (one.period_start or date.max) <= high and (one.period_end or date.max) >= low


def _authorization(one: AuthorizationRecord) -> str:
    parts = [f"{plain(one.auth_number)} is {state(one.status)}"]
    if one.service_type is not None:
        parts.append(f"service type {one.service_type}")
    for name, on in (("requested", one.requested_date), ("approved", one.approved_date)):
        if on is not None:
            parts.append(f"{name} {on.isoformat()}")
    if one.period_start is not None or one.period_end is not None:
        parts.append(f"for {span(one.period_start, one.period_end).removeprefix('on ')}")
    if one.units.approved is not None:
        parts.append(f"{one.units.remaining} of {count(one.units.approved, 'unit')} left")
    if one.decision_due_at is not None and one.approved_date is None:
        parts.append(f"the payer decides by {one.decision_due_at.date().isoformat()}")
    if one.status_reason is not None:
        parts.append(f"reason {quoted(one.status_reason)}")
    parts += [_FLAGS[flag] for flag in one.flags]
    return "; ".join(parts) + "."


def _one_visit(told: Told, *, coming: bool) -> list[Statement]:
    reading, data = told.readings["visits"], told.data("visits", VisitsReading)
    if data is None:
        return []
    if coming:
        fitting = [
            one for one in data.visits if one.visit_date >= told.today and one.status not in _OVER | {"completed"}
        ]
        fitting.sort(key=lambda one: (one.visit_date, one.time or "", one.id))
    else:
        fitting = [one for one in data.visits if one.visit_date <= told.today and one.status in _SEEN]
    patient = reading.cited(f"patients/{data.patient.id}")
    if not fitting:
        none = "has no visit booked from today on" if coming else "has no past visit on file that took place"
        return [Statement(f"{who(data.patient)} {none}.", patient)]
    shown = fitting[: told.ask.limit or 1]
    word = "next" if coming else "last"
    head = f"The {word} {'visit' if len(shown) == 1 else f'{len(shown)} visits'} of {who(data.patient)}: "
    cited = reading.cited(*(f"visits/{one.id}" for one in shown))
    return [Statement(head + " ".join(_visit(one) for one in shown), patient + cited)]


def _visit(one: VisitSeen) -> str:
    at = f" at {one.time}" if one.time is not None else ""
    kind = f", {state(plain(one.visit_type))}" if one.visit_type is not None else ""
    provider = f", with {plain(one.provider)}" if one.provider is not None else ""
    ready = f", readiness {state(one.readiness)}" if one.status in {"scheduled", "confirmed"} else ""
    return f"{plain(one.visit_number)} on {day(one.visit_date)}{at}{kind}{provider}: {state(one.status)}{ready}."


def _kind_meant(kind: str, told: Told) -> bool:
    concepts = told.ask.concepts
    if concepts & {"file", "claim"}:
        return kind in {"filing", "claim"}
    if "decision" in concepts:
        return kind == "decision"
    if "authorization" in concepts:
        return kind in {"authorization_end", "decision"}
    return True
