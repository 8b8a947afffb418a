"""Sentences about a patient's records: who it is, authorizations, claims, visits, deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.assistant.grounded.saying import (
    Statement,
    by_state,
    count,
    day,
    listed,
    money,
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
    ClaimSeen,
    ClaimsReading,
    DeadlinesReading,
    PatientReading,
    VisitSeen,
    VisitsReading,
)  # fmt: skip
from shared.domain.questions.states import DENIED_CLAIMS, OUTSTANDING_CLAIMS
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
    whose, scope = who(data.patient), _scope(told)
    cited = reading.cited(f"patients/{data.patient.id}", *(f"authorizations/{one.id}" for one in wanted[:MOST_LISTED]))
    if told.number is not None and not wanted:
        return [Statement(f"{whose} has no authorization {quoted(told.number)}.", cited)]
    if not wanted:
        text = f"{whose} has no {scope}authorizations{when_said(told)}."
        if data.authorizations:
            text += f" On file: {by_state(one.status for one in data.authorizations)}."
        return [Statement(text, cited)]
    head = f"{whose} has {count(len(wanted), f'{scope}authorization')}{when_said(told)}"
    said = [Statement(f"{head}: {by_state(one.status for one in wanted)}.", cited)]
    said += [Statement(_authorization(one), reading.cited(f"authorizations/{one.id}")) for one in wanted[:MOST_LISTED]]
    return said


def claims(told: Told) -> list[Statement]:
    """The claims asked for, counted by status with their amounts, and the newest of them."""
    data = told.data("claims", ClaimsReading)
    if data is None:
        return []
    reading, wanted = told.readings["claims"], _claims_meant(told, data)
    whose, when = who(data.patient), when_said(told, "with a service date ")
    patient = reading.cited(f"patients/{data.patient.id}")
    if told.number is not None and not wanted:
        return [Statement(f"{whose} has no claim {quoted(told.number)}{when}.", patient)]
    if told.number is not None:
        return [_claim(one, told) for one in wanted]
    latest = told.ask.limit or (1 if "last" in told.ask.concepts else None)
    said = [_claims_head(told, data, wanted, whose, when)]
    if latest is not None and wanted:
        said = [Statement(f"The newest of {count(len(wanted), f'{_scope(told)}claim')} of {whose}{when}:", patient)]
    said += [_claim(one, told) for one in wanted[: latest or MOST_LISTED]]
    if latest is None and len(wanted) > MOST_LISTED:
        said.append(Statement(f"These are the {MOST_LISTED} newest of them.", patient))
    return said


def why_claims(told: Told) -> list[Statement]:
    """Why claims were denied, as far as the role sees it."""
    data = told.data("claims", ClaimsReading)
    if data is None:
        return []
    reading = told.readings["claims"]
    wanted = [
        one for one in _claims_meant(told, data) if told.number or one.status in (told.ask.states or DENIED_CLAIMS)
    ]
    whose, patient = who(data.patient), reading.cited(f"patients/{data.patient.id}")
    if not wanted:
        if told.number is not None:
            return [Statement(f"{whose} has no claim {quoted(told.number)}.", patient)]
        return claims(told)
    if "denialReason" in data.hidden:
        text = f"Your role does not see why a claim was denied. {whose} has {count(len(wanted), 'claim')}: "
        return [Statement(f"{text}{by_state(one.status for one in wanted)}.", patient)]
    said = []
    for one in wanted[:MOST_LISTED]:
        reason = (
            "no reason is on file"
            if one.denial_reason is None
            else f"the reason on file is {quoted(one.denial_reason)}"
        )
        text = f"Claim {plain(one.claim_number)} is {state(one.status)}: {reason}."
        said.append(Statement(text, reading.cited(f"claims/{one.id}")))
    return said


def when_claims(told: Told) -> list[Statement]:
    """When claims were submitted; when one was paid is not on file."""
    said = claims(told)
    if "s:paid" in told.ask.concepts:
        said.append(Statement("On which day a claim was paid is not among what I can read."))
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
    scope = _scope(told)
    if not wanted:
        return [Statement(f"{whose} has no {scope}visits{when_said(told)}.", patient)]
    shown = wanted[: told.ask.limit or MOST_LISTED]
    more = "" if data.complete else " (of the newest that I read)"
    states = by_state(one.status for one in wanted)
    head = f"{whose} has {count(len(wanted), f'{scope}visit')}{when_said(told)}{more}: {states}."
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
            f"{whose} has no {late}deadlines{when_said(told)}: no claim that is still to be filed, no authorization"
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


def _scope(told: Told) -> str:
    """The words for the states asked for, as an adjective."""
    words = sorted(one[2:] for one in told.ask.concepts if one.startswith("s:") and told.ask.states)
    return "".join(f"{listed([state(one) for one in words], 'or')} ") if words else ""


def when_said(told: Told, before: str = "") -> str:
    """The days asked for as they stand in a sentence, `before` in front of them."""
    period = told.period
    return "" if period is None else f" {before}{span(period.first, period.last)}"


def _touches(one: AuthorizationRecord, told: Told) -> bool:
    """Whether an authorization ends within the days asked for, or for other questions holds on one of them."""
    if told.number is not None and told.number.casefold() not in {one.auth_number.casefold(), one.id}:
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


def _claims_meant(told: Told, data: ClaimsReading) -> list[ClaimSeen]:
    if told.number is not None:
        wanted = told.number.casefold()
        return [one for one in data.claims if wanted in {one.claim_number.casefold(), one.id}]
    states = told.ask.states or (DENIED_CLAIMS if "denial" in told.ask.concepts else frozenset())
    return [one for one in data.claims if not states or one.status in states]


def _claims_head(told: Told, data: ClaimsReading, wanted: Sequence[ClaimSeen], whose: str, when: str) -> Statement:
    reading = told.readings["claims"]
    cited = reading.cited(f"patients/{data.patient.id}", *(f"claims/{one.id}" for one in wanted[:MOST_LISTED]))
    scope = _scope(told) or ("denied " if "denial" in told.ask.concepts else "")
    more = "" if data.complete else f" Only the newest {len(data.claims)} claims were read."
    if not wanted:
        others = f" On file{when}: {by_state(one.status for one in data.claims)}." if data.claims and scope else ""
        return Statement(f"{whose} has no {scope}claims{when}.{others}{more}", cited)
    sums = _sums(wanted)
    text = f"{whose} has {count(len(wanted), f'{scope}claim')}{when}: {by_state(one.status for one in wanted)}; {sums}."
    denied = sum(one.status in DENIED_CLAIMS for one in data.claims)
    if told.ask.states and told.ask.states == OUTSTANDING_CLAIMS and denied:
        text += f" Besides, {denied} {verb(denied)} denied."
    return Statement(text + more, cited)


def _sums(wanted: Sequence[ClaimSeen]) -> str:
    billed: dict[str, int] = {}
    paid: dict[str, int] = {}
    for one in wanted:
        billed[one.currency] = billed.get(one.currency, 0) + one.amount_cents
        paid[one.currency] = paid.get(one.currency, 0) + (one.paid_cents or 0)
    together = listed([money(cents, currency) for currency, cents in billed.items()])
    return f"{together} billed, {listed([money(cents, currency) for currency, cents in paid.items()])} paid"


def _claim(one: ClaimSeen, told: Told) -> Statement:
    parts = [
        f"Claim {plain(one.claim_number)} is {state(one.status)}",
        f"{money(one.amount_cents, one.currency)} billed",
    ]
    if one.paid_cents is not None:
        parts.append(f"{money(one.paid_cents, one.currency)} paid")
    for name, on in (("service", one.service_date), ("submitted", one.submitted_date)):
        parts.append(f"{name} {on.isoformat()}" if on is not None else f"no {name} date on file")
    if one.payer is not None:
        parts.append(plain(one.payer))
    if one.denial_reason is not None:
        parts.append(f"reason {quoted(one.denial_reason)}")
    return Statement("; ".join(parts) + ".", told.readings["claims"].cited(f"claims/{one.id}"))


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
