"""Reads an export of the appointment generator medscheduler (a folder) into patients, a provider and visits.

An appointment that was attended tells three moments of its day: when the patient checked in (they had arrived at the
latest then), when the visit with the provider started, and when it ended. They are kept as facts, from which the day's
board can be shown as it was. Of a cancelled appointment, and of a patient who did not attend, the export does not say
since when, and of an `unknown` outcome nothing: such a visit stays booked, for nobody knows better.

The export knows neither providers nor the length of a slot: its visits get one stand-in provider, and end with their
slot, whose length is the least distance of two slots of one day. What is odd is taken and counted in the notes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from shared.importing import values
from shared.importing.csv_table import Line, rows
from shared.models.imported import (
    SEXES,
    ImportBatch,
    PatientRecord,
    ProviderRecord,
    Refusal,
    VisitFact,
    VisitRecord,
)

PROVIDER_NUMBER = "medscheduler"
STATUSES = {
    "attended": "completed",
    "cancelled": "cancelled",
    "did not attend": "no_show",
    "scheduled": "scheduled",
    "unknown": "scheduled",
}
_TITLES = frozenset(
    ["dr.", "miss", "mr.", "mrs.", "ms.", "jr.", "sr.", "ii", "iii", "iv", "v", "dds", "dvm", "md", "phd"]
)
_HALF_A_DAY = timedelta(hours=12)


def is_medscheduler_folder(folder: Path) -> bool:
    """Whether `folder` looks like such an export."""
    return all((folder / f"{name}.csv").is_file() for name in ("appointments", "patients", "slots"))


def parse_medscheduler_folder(folder: Path, *, zone: ZoneInfo, moved: timedelta = timedelta()) -> ImportBatch:
    """The records of an export. Raises ValidationFailedError naming `file.csv:line.COLUMN` of a fault.

    `moved` shifts every day of the export (for a demonstration, so that one of them is today). From today on nothing
    has happened yet then: such visits are booked, or cancelled.
    """
    batch = ImportBatch()
    batch.providers.append(
        ProviderRecord(
            path="appointments.csv",
            source_ref=_ref("providers", PROVIDER_NUMBER),
            number=PROVIDER_NUMBER,
            kind="organization",
            name="Provider not named in the appointments",
        )
    )
    _patients(batch, folder, zone)
    _Appointments(batch, _slots(batch, folder), zone, moved).read(folder)
    return batch


def _ref(kind: str, identity: str) -> str:
    return f"medscheduler:{kind}/{identity}"


def _patients(batch: ImportBatch, folder: Path, zone: ZoneInfo) -> None:
    today, known = datetime.now(zone).date(), set[str]()
    for line in rows(folder, "patients"):
        identity, born = line.required("patient_id"), line.day("dob")
        if born is not None and born > today:
            line.fault("dob", "in_the_future", "A birth date does not lie in the future")
        if identity in known:
            batch.refused.append(Refusal("patient", "number_repeated", line.path))
            continue
        known.add(identity)
        first, last, titled = _name(line.required("name"))
        if titled:
            batch.notes["patient", "title_left_out"] += 1
        batch.patients.append(
            PatientRecord(
                path=line.path,
                source_ref=_ref("patients", identity),
                mrn=identity,
                first_name=first,
                last_name=last,
                date_of_birth=born,
                sex=SEXES.get((line.text("sex") or "").casefold()),
            )
        )


def _name(name: str) -> tuple[str, str, bool]:
    """First and last name, and whether a title was left out. Who has one name only has it as both."""
    words = name.split()
    plain = [word for word in words if word.casefold() not in _TITLES] or words
    return plain[0], " ".join(plain[1:]) or plain[0], len(plain) < len(words)


@dataclass(slots=True)
class _Slots:
    """The slots by id, and how long one is; None when no day has two."""

    begins: dict[str, datetime] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    length: timedelta | None = None


def _slots(batch: ImportBatch, folder: Path) -> _Slots:
    slots, of_day = _Slots(), defaultdict[date, set[datetime]](set)
    for line in rows(folder, "slots"):
        identity, begins = line.required("slot_id"), _begins(line)
        if identity in slots.begins or begins in of_day[begins.date()]:
            batch.notes["visit", "slot_repeated"] += 1
        slots.begins.setdefault(identity, begins)
        of_day[begins.date()].add(begins)
        if (line.text("is_available") or "").casefold() == "true":
            slots.free.add(identity)
    steps = [later - one for day in of_day.values() for one, later in pairwise(sorted(day))]
    slots.length = min(steps, default=None)
    return slots


class _Appointments:
    """Reads the appointments into visits, and counts what is odd about them."""

    def __init__(self, batch: ImportBatch, slots: _Slots, zone: ZoneInfo, moved: timedelta) -> None:
        self._batch = batch
        self._slots = slots
        self._zone = zone
        self._moved = moved
        self._today = datetime.now(zone).date()

    def read(self, folder: Path) -> None:
        known = set[str]()
        taken: dict[str, Counter[bool]] = defaultdict(Counter)  # by slot: how many stand, how many were cancelled
        for line in rows(folder, "appointments"):
            identity, outcome = line.required("appointment_id"), line.required("status").casefold()
            reason = "number_repeated" if identity in known else None if outcome in STATUSES else "unknown_status"
            if reason is not None:
                self._batch.refused.append(Refusal("visit", reason, line.path))
                continue
            known.add(identity)
            if slot := line.text("slot_id"):
                taken[slot][outcome != "cancelled"] += 1
            self._batch.visits.append(self._visit(line, identity, outcome))
        for slot, appointments in taken.items():
            self._note("slot_booked_twice", max(appointments[True] - 1, 0))
            self._note("slot_booked_again_after_cancelling", appointments[False] if appointments[True] else 0)
            self._note("slot_marked_free", slot in self._slots.free and appointments[True] > 0)

    def _visit(self, line: Line, identity: str, outcome: str) -> VisitRecord:
        begins = _begins(line)
        self._compare(line, begins)
        facts = tuple(self._facts(line, begins)) if outcome == "attended" else ()
        if outcome == "unknown":
            self._note("outcome_unknown")
        day, starts_at = begins.date() + self._moved, self._instant(begins)
        visit = VisitRecord(
            path=line.path,
            source_ref=_ref("appointments", identity),
            number=identity,
            patient=_ref("patients", line.required("patient_id")),
            visit_date=day,
            status=STATUSES[outcome],
            starts_at=starts_at,
            ends_at=None if self._slots.length is None else starts_at + self._slots.length,
            provider=_ref("providers", PROVIDER_NUMBER),
            facts=facts,
            stepwise=True,
            booked_at=self._booked_at(line, begins, facts),
        )
        if not self._moved:
            return visit
        self._note("day_moved")
        ahead = day >= self._today and outcome != "cancelled"
        return replace(visit, status="scheduled", facts=()) if ahead else visit

    def _booked_at(self, line: Line, begins: datetime, facts: tuple[VisitFact, ...]) -> datetime:
        """The beginning of the day on which it was booked: the export has no time. Nothing happened before it.

        A day of booking that was moved beyond today is today's: what is booked was booked already.
        """
        day = min((line.day("scheduling_date") or begins.date()) + self._moved, self._today)
        booked = datetime.combine(day, time()).replace(tzinfo=self._zone).astimezone(UTC)
        return min(booked, *(fact.at - timedelta(minutes=1) for fact in facts[:1]), booked)

    def _compare(self, line: Line, begins: datetime) -> None:
        """Note where the appointment does not agree with its slot, or with when it was made."""
        slot = line.text("slot_id")
        if slot is None or slot not in self._slots.begins:
            self._note("slot_unknown")
        elif self._slots.begins[slot] != begins:
            self._note("slot_at_another_time")
        booked = line.day("scheduling_date")
        self._note("booked_after_the_day", booked is not None and booked > begins.date())

    def _facts(self, line: Line, begins: datetime) -> Iterator[VisitFact]:
        """What happened on the day, in order; a moment that is missing or contradicts a later one is left out."""
        moments = {column: self._moment(line, column, begins) for column in ("check_in_time", "start_time", "end_time")}
        for column, moment in moments.items():
            self._note(f"{column}_missing", moment is None)
        arrived, started, ended = moments.values()
        if arrived is not None and (reference := started or ended) is not None and arrived > reference:
            self._note("checked_in_after_start")
            arrived = None
        if started is not None and ended is not None and started > ended:
            self._note("started_after_end")
            started = None
        if arrived is not None:
            yield VisitFact("arrived", self._instant(arrived))
            yield VisitFact("checked_in", self._instant(arrived))
        if started is not None:
            yield VisitFact("with_provider", self._instant(started))
        if ended is not None:
            yield VisitFact("completed", self._instant(ended))

    def _moment(self, line: Line, column: str, begins: datetime) -> datetime | None:
        """The time of day in `column` on the day on which it is nearest to the appointment."""
        at = _time(line, column)
        if at is None:
            return None
        moment = datetime.combine(begins.date(), at)
        for days in (1, -1):
            if abs(moment - begins) > _HALF_A_DAY and abs(moment + timedelta(days=days) - begins) <= _HALF_A_DAY:
                self._note("past_midnight")
                return moment + timedelta(days=days)
        return moment

    def _instant(self, local: datetime) -> datetime:
        """`local`, moved, at the organisation; a time that its clocks leave out is the one an hour later."""
        placed = (local + self._moved).replace(tzinfo=self._zone)
        instant = placed.astimezone(UTC)
        self._note(
            "time_left_out_by_the_clock", instant.astimezone(self._zone).replace(tzinfo=None) != local + self._moved
        )
        return instant

    def _note(self, note: str, count: int = 1) -> None:
        if count:
            self._batch.notes["visit", note] += count


def _begins(line: Line) -> datetime:
    """When a slot or an appointment begins, by the clock on the wall."""
    day = line.day("appointment_date") or line.fault("appointment_date", "required", "This cell is required")
    at = _time(line, "appointment_time")
    return datetime.combine(day, at or line.fault("appointment_time", "required", "This cell is required"))


def _time(line: Line, column: str) -> time | None:
    text = line.text(column)
    try:
        return None if text is None else values.time_of_day(text)
    except ValueError:
        line.fault(column, "time_invalid", "A time HH:MM or HH:MM:SS is expected here")
