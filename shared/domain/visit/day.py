"""A day at the front desk in figures, and in sentences; every sentence rests on facts, every fact on its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import ContextStatus, Fact
from shared.models.visit import DeskVisit

SHOWN_REASONS = 3
_SOURCE = "visits"


@dataclass(frozen=True, slots=True)
class NextPatient:
    """The visit that comes next and whose it is; `minutes_late` counts from its start while nobody has come.

    Who walked in has no time to be late for, also where the arrival was taken back.
    """

    visit_id: UUID
    name: str
    starts_at: datetime
    minutes_late: int = 0

    def told(self, zone: ZoneInfo) -> str:
        """Who comes at what time, and how late they are."""
        late = "" if not self.minutes_late else f" ({self.minutes_late} min late)"
        return f"{self.name} at {self.starts_at.astimezone(zone):%H:%M}{late}"


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A day's visits that take place. `reasons` counts why some are not ready, the most frequent first.

    `arrived` are those whose patient came, also who left without being seen; `checked_in` those of them who were
    checked in and stayed; `not_ready` are those that are still open and not ready.
    """

    day: date
    total: int
    arrived: int
    checked_in: int
    waiting_too_long: int
    not_ready: int
    reasons: tuple[tuple[str, int], ...] = ()
    following: NextPatient | None = None


@dataclass(frozen=True, slots=True)
class MoneyAtRisk:
    """What a visit is likely to bring, and how that is known: never more than a record says.

    `claim_history` is the amount of the patient's newest claim, `copay` what the coverage of the day asks for.
    """

    amount: Decimal
    basis: Literal["claim_history", "copay"]
    source: str


def sentences(figures: DayFigures, zone: ZoneInfo, *, is_today: bool) -> tuple[Text, ...]:
    """Put a day's figures into sentences."""
    return tuple(_sentences(figures, zone, is_today=is_today))


def _sentences(figures: DayFigures, zone: ZoneInfo, *, is_today: bool) -> Iterator[Text]:
    day = figures.day.isoformat()
    reasons = ", ".join(_words(code) for code, _ in figures.reasons[:SHOWN_REASONS])
    text = (
        f"{figures.total} {'today' if is_today else f'on {day}'}: {figures.arrived} arrived,"
        f" {figures.checked_in} checked in, {figures.waiting_too_long} waiting too long,"
        f" {figures.not_ready} not ready{f' ({reasons})' if reasons else ''}"
    )
    params: dict[str, str | int | None] = {
        "day": day,
        "total": figures.total,
        "arrived": figures.arrived,
        "checkedIn": figures.checked_in,
        "waitingTooLong": figures.waiting_too_long,
        "notReady": figures.not_ready,
        "reasons": ",".join(code for code, _ in figures.reasons[:SHOWN_REASONS]),
    }
    yield Text(code="day_at_the_desk", params=params, text=text)
    following = figures.following
    if following is None:
        yield Text(code="nobody_next", text="Next: nobody is expected any more")
        return
    at = following.starts_at.astimezone(zone).strftime("%H:%M")
    whom: dict[str, str | int | None] = {"patient": following.name, "time": at, "minutesLate": following.minutes_late}
    yield Text(code="next_patient", params=whom, text=f"Next: {following.told(zone)}")


def day_facts(figures: DayFigures, zone: ZoneInfo) -> tuple[Fact, ...]:
    """State a day's figures, each with where it is counted."""
    counts = (
        ("Visits", figures.total, "visits_of_day"),
        ("Arrived", figures.arrived, "arrived"),
        ("Checked in", figures.checked_in, "checked_in"),
        ("Waiting too long", figures.waiting_too_long, "waiting_too_long"),
        ("Not ready", figures.not_ready, "not_ready"),
    )
    day = {"day": figures.day.isoformat()}
    told = [Fact(label=label, value=str(count), source=_SOURCE, code=code, params=day) for label, count, code in counts]
    told += [
        Fact(label="Reason", value=f"{_words(code)}: {count}", source=_SOURCE, code=code, params={"count": str(count)})
        for code, count in figures.reasons[:SHOWN_REASONS]
    ]
    if figures.following is not None:
        source = f"visits/{figures.following.visit_id}"
        told.append(Fact(label="Next", value=figures.following.told(zone), source=source, code="next_patient"))
    return tuple(told)


def visit_sentence(visit: DeskVisit, zone: ZoneInfo) -> Text:
    """Say where one visit stands; who the patient is stands in the record."""
    at = "" if visit.starts_at is None else f" at {visit.starts_at.astimezone(zone):%H:%M}"
    reasons = ", ".join(_words(one.code) for one in visit.readiness_reasons[:SHOWN_REASONS])
    why = f" ({reasons})" if reasons and visit.readiness != "ready" else ""
    overridden = " by override" if visit.readiness_source == "manual" else ""
    day = visit.visit_date.isoformat()
    text = (
        f"Visit {visit.visit_number} on {day}{at}: {_words(visit.status)}, {_words(visit.readiness)}{overridden}{why}"
    )
    params: dict[str, str | int | None] = {
        "visit": visit.visit_number,
        "day": day,
        "status": visit.status,
        "readiness": visit.readiness,
        "source": visit.readiness_source,
    }
    return Text(code="visit_stands", params=params, text=text)


def visit_facts(visit: DeskVisit) -> tuple[Fact, ...]:
    """State where one visit stands."""
    source = f"visits/{visit.id}"
    told = [
        Fact(label="Status", value=_words(visit.status), source=source, code=visit.status),
        Fact(label="Readiness", value=_words(visit.readiness), source=source, code=visit.readiness),
    ]
    told += [
        Fact(label="Reason", value=one.text, source=f"rule:{one.rule_id}" if one.rule_id else source, code=one.code)
        for one in visit.readiness_reasons
    ]
    return tuple(told)


def status_of(visit: DeskVisit | None, *, missing: bool = False) -> ContextStatus:
    """`error` when the desk must correct something, `pending` while something stands in the way, else `proceed`."""
    if visit is None or visit.status in _BEHIND:
        return "proceed"
    if any(one.code in _TO_CORRECT for one in visit.readiness_reasons) and visit.readiness == "not_ready":
        return "error"
    return "pending" if visit.readiness != "ready" or missing else "proceed"


_BEHIND = frozenset(
    {"checked_in", "roomed", "with_provider", "checked_out", "completed", "cancelled", "rescheduled", "no_show"}
    | {"left_without_being_seen"}
)
_TO_CORRECT = frozenset({"member_mismatch", "rejected_needs_correction"})


def _words(code: str) -> str:
    return code.replace("_", " ")
