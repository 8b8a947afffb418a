"""Sentences about coverage: the verdict, why, which plans, since when and until when, and the newest check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.assistant.grounded.saying import Statement, count, day, listed, plain, plan_of, quoted, span, who
from shared.assistant.grounded.told import Told
from shared.assistant.protocol import Citation
from shared.assistant.readings import ActionReading, CoverageReading, Reading, Stretch
from shared.domain.questions.words import name_words
from shared.models.api.modes import CoverageView, ReasonView, VerdictView

_DAY = {"next_visit": "the next booked visit", "context_visit": "the day of the visit", "today": "today"}
# Only what somebody should act on is worth a sentence beside the verdict.
_AUTHORIZATION = {
    "authorization_on_file": "An authorization on file fits.",
    "authorization_awaited": "An authorization is needed and was requested; the payer has not decided.",
    "authorization_denied": "An authorization is needed, and the payer denied it.",
    "authorization_misfit": "An authorization is needed, and the one on file does not fit.",
    "authorization_depends": "Whether an authorization is needed depends: the payer must be asked.",
    "auth_requirement_unknown": "No rule on file says whether an authorization is needed.",
    "authorization_waived": "No authorization is needed: the payer said so.",
    "authorization_required": "An authorization is needed, and none that fits is on file.",
    "authorization_not_required": "No authorization is needed.",
}
MOST_LISTED = 5


def verdict(told: Told) -> list[Statement]:
    """Whether the patient is covered, for each stretch of the days asked for."""
    reading, data = _of(told)
    said = [_stretch(one, data, reading, told) for one in data.stretches]
    only = data.stretches[0]
    if not told.ask.days and only.first != told.today:
        now = Stretch(first=told.today, last=told.today, verdict=data.today)
        said.append(_stretch(now, data, reading, told, also=True))
    if len(data.stretches) == 1 and only.verdict.verdict == "eligible":
        said += authorization_sentence(only.verdict, reading)
    return [*said, *_other_plan(told, data, reading), checked_sentence(told)]


def why(told: Told) -> list[Statement]:
    """The verdict with all its reasons."""
    reading, data = _of(told)
    said = []
    for one in data.stretches:
        said.append(_stretch(one, data, reading, told))
        reasons = [f"{_unstopped(reason)} ({reason.rule_id})" for reason in one.verdict.reasons]
        said.append(Statement(f"What decided: {'; '.join(reasons)}.", _cited(one.verdict.reasons, reading)))
    return [*said, checked_sentence(told)]


def plans(told: Told) -> list[Statement]:
    """The coverages in force on the day asked for, today by default; without one, the last that ended."""
    reading, data = _of(told)
    on = told.period.first if told.period and told.period.first else told.today
    concepts = told.ask.concepts
    wanted = [one for one in data.coverages if in_force(one, on)]
    word = ""
    if "secondary" in concepts and "primary" not in concepts:
        word = "secondary "
        wanted = [one for one in wanted if one.kind == "insurance"][1:]
    elif "primary" in concepts and "secondary" not in concepts:
        word = "primary "
        wanted = [one for one in wanted if one.kind == "insurance"][:1]
    when = "today" if on == told.today else f"on {day(on)}"
    whose = who(data.patient)
    sources = reading.cited(f"patients/{data.patient.id}", *(f"coverages/{one.id}" for one in wanted[:MOST_LISTED]))
    if wanted:
        text = f"{whose} has {count(len(wanted), f'{word}coverage')} in force {when}: {_listing(wanted)}."
        return [Statement(text, sources)]
    text = f"{whose} has no {word}coverage in force {when}; {count(len(data.coverages), 'coverage')} on file."
    ended = [one for one in data.coverages if one.period_end is not None and one.period_end < on]
    if not word and ended:
        newest = max(ended, key=lambda one: one.period_end or date.min)
        text += f" The last that ended: {described(newest)}."
        sources += reading.cited(f"coverages/{newest.id}")
    return [Statement(text, sources)]


def member(told: Told) -> list[Statement]:
    """The member ids, for roles that see them."""
    reading, data = _of(told)
    wanted = [one for one in data.coverages if in_force(one, told.today)] or list(data.coverages[:1])
    if wanted and all(one.member_id is None for one in wanted):
        text = f"No member id is shown for {who(data.patient)}: none is on file, or your role does not see it."
    elif wanted:
        ids = [f"{plain(one.member_id)} with {plan_of(one.payer, one.plan_name)}" for one in wanted if one.member_id]
        text = f"Member id of {who(data.patient)}: {listed(ids[:MOST_LISTED])}."
    else:
        text = f"{who(data.patient)} has no coverage on file, and so no member id."
    cited = reading.cited(f"patients/{data.patient.id}", *(f"coverages/{one.id}" for one in wanted))
    return [Statement(text, cited)]


def period(told: Told) -> list[Statement]:
    """Since when and until when the coverages run."""
    reading, data = _of(told)
    on = told.period.first if told.period and told.period.first else told.today
    wanted = [one for one in data.coverages if in_force(one, on)]
    if not wanted:
        return plans(told)
    cited = reading.cited(f"patients/{data.patient.id}", *(f"coverages/{one.id}" for one in wanted[:MOST_LISTED]))
    return [Statement(f"Coverage of {who(data.patient)}: {_listing(wanted)}.", cited)]


def checked(told: Told) -> list[Statement]:
    """When eligibility was checked last, and what came of it."""
    return [checked_sentence(told, whole=True)]


def changed(told: Told) -> list[Statement]:
    """What is different from the last check; only the quick action that compares can say."""
    ran = told.data("quick_action", ActionReading)
    if ran is None:
        text = "What has changed since the last check, I compare in the Agentic mode only."
        return [Statement(text), checked_sentence(told, whole=True)]
    reading, difference = told.readings["quick_action"], ran.data.get("difference")
    if difference is None:
        return [Statement("There is no completed check to compare with.", reading.sources)]
    changes = [f"{one['member']} was {one['before']} and is {one['after']}" for one in difference["changes"]]
    text = (
        f"Since the last check: {plain('; '.join(changes))}."
        if changes
        else "Nothing has changed since the last check."
    )
    return [Statement(text, reading.sources)]


def checked_sentence(told: Told, *, whole: bool = False) -> Statement:
    """The newest check in a sentence."""
    reading, data = _of(told)
    check = data.newest_check
    if check is None:
        text = f"Eligibility of {who(data.patient)} was never checked: this is what is on file."
        return Statement(
            text if not whole else text.partition(":")[0] + ".", reading.cited(f"patients/{data.patient.id}")
        )
    at = check.checked_at.strftime("%Y-%m-%d %H:%M UTC")
    result = check.verdict.replace("_", " ")
    text = f"Eligibility was last checked at {at}: {result} for {check.date_of_service.isoformat()}."
    if data.stale is not None:
        text += f" {data.stale}."
    return Statement(text, reading.cited(f"eligibility_checks/{check.id}"))


def authorization_sentence(verdict: VerdictView, reading: Reading) -> list[Statement]:
    """Whether an authorization is needed and there; nothing when the verdict says nothing of it."""
    codes = {one.code: one for one in verdict.reasons}
    found = next((code for code in _AUTHORIZATION if code in codes), None)
    if found is None:
        return []
    return [Statement(_AUTHORIZATION[found], _cited([codes[found]], reading))]


def in_force(one: CoverageView, on: date) -> bool:
    """Whether a coverage on file holds on a day, as far as its own period says."""
    if one.status != "active" or one.period_start is None or one.period_start > on:
        return False
    return one.period_end is None or on <= one.period_end


def described(one: CoverageView) -> str:
    """A coverage with its period."""
    name = "self-pay, no insurance" if one.kind == "self_pay" else plan_of(one.payer, one.plan_name)
    begin = "no start on file" if one.period_start is None else f"from {one.period_start.isoformat()}"
    end = "no end on file" if one.period_end is None else f"to {one.period_end.isoformat()}"
    return (
        f"{name} ({begin}, {end})" if one.period_start is None or one.period_end is None else f"{name} ({begin} {end})"
    )


def _listing(coverages: Sequence[CoverageView]) -> str:
    shown = [described(one) for one in coverages[:MOST_LISTED]]
    more = len(coverages) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _other_plan(told: Told, data: CoverageReading, reading: Reading) -> list[Statement]:
    """A plan that the question names, where it is not the one that covers the patient then."""
    own = name_words(f"{data.patient.first_name} {data.patient.last_name}")
    named = [word for word in told.ask.unknown if word.plain not in own]
    deciding = {one.verdict.coverage_id for one in data.stretches if one.verdict.verdict == "eligible"}
    plans = [name_words(plan_of(one.payer, one.plan_name)) for one in data.coverages if one.id in deciding]
    if not named or any({word.plain for word in named} <= plan for plan in plans):
        return []
    words = quoted(" ".join(word.text for word in named))
    return [Statement(f"It is not {words} that covers the patient then.", reading.cited(f"patients/{data.patient.id}"))]


def _of(told: Told) -> tuple[Reading, CoverageReading]:
    """The reading of whichever of the two tools was asked."""
    for tool in ("coverage", "benefits"):
        data = told.data(tool, CoverageReading)
        if data is not None:
            return told.readings[tool], data
    raise LookupError("neither coverage nor benefits were read")


def _stretch(one: Stretch, data: CoverageReading, reading: Reading, told: Told, *, also: bool = False) -> Statement:
    verdict = one.verdict
    when = span(one.first, one.last)
    if not told.ask.days and not also and verdict.date_of_service_source in _DAY:
        when = f"{when}, {_DAY[verdict.date_of_service_source]}"
    elif one.first == one.last == told.today:
        when = f"{when}, today"
    if told.ask.service is not None:
        when += f", for service type {told.ask.service}"
    past = one.last < told.today
    name, reason = who(data.patient), f"{_unstopped(verdict.reasons[0])}." if verdict.reasons else ""
    held = next((coverage for coverage in data.coverages if coverage.id == verdict.coverage_id), None)
    sources = reading.cited(f"patients/{data.patient.id}", f"coverages/{held.id}" if held else None)
    sources += tuple(cited for cited in _cited(verdict.reasons, reading) if cited not in sources)
    if verdict.verdict == "eligible" and held is not None:
        text = f"{name} {'was' if past else 'is'} covered {when}: {described(held)}."
    elif verdict.verdict == "undetermined":
        text = f"Whether {name} {'was' if past else 'is'} covered {when} cannot be determined. {reason}"
    else:
        text = f"{name} {'was' if past else 'is'} not covered {when}. {reason}"
    return Statement(text.strip(), sources)


def _cited(reasons: Sequence[ReasonView], reading: Reading) -> tuple[Citation, ...]:
    references = [one for reason in reasons for one in (reason.source, f"rule:{reason.rule_id}")]
    return reading.cited(*references)


def _unstopped(reason: ReasonView) -> str:
    return plain(reason.text).rstrip(".")
