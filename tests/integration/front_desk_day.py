"""A day at the front desk as the sample appointments tell it, and a board that is made from the history alone.

The board is made by plain code that knows nothing of the product's rules, so that the two can be compared.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.database import Database

APPOINTMENTS = Path(__file__).parents[3] / "shared/data/appointments-medscheduler/appointments.csv"
ZONE = ZoneInfo("America/Chicago")
LIMITS = {"arrived": 10, "checked_in": 15, "roomed": 40}
GRACE = timedelta(minutes=15)
_HISTORY = """
SELECT v.visit_number, v.starts_at, v.walk_in, h.id, h.to_status, h.changed_at, h.undoes
FROM visits v JOIN visit_status_history h ON h.visit_id = v.id AND h.axis = 'status'
WHERE v.client_id = :client AND v.visit_date = :day AND v.deleted_at IS NULL ORDER BY h.changed_at, h.id
"""
# What the board says of a visit: status, since when, when the patient came, minutes waited, too long, minutes late.
Told = tuple[str, datetime, datetime | None, int | None, bool, int]


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """Something that happens at the desk."""

    at: datetime
    visit: str
    action: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Appointment:
    """A row of the sample."""

    number: str
    booked: datetime
    starts_at: datetime
    status: str
    came: datetime | None
    begun: datetime | None
    ended: datetime | None

    def happenings(self) -> Iterator[Happening]:
        """What happens on the day, in order."""
        if self.status == "cancelled":
            yield Happening(self.starts_at - timedelta(hours=1), self.number, "cancel_visit")
        elif self.status == "did not attend":
            yield Happening(self.starts_at + GRACE - timedelta(seconds=1), self.number, "mark_no_show too early")
            yield Happening(self.starts_at + GRACE, self.number, "mark_no_show")
        elif self.came is not None and self.begun is not None and self.ended is not None:
            quarter = (self.begun - self.came) / 4
            for n, action in enumerate(("mark_arrived", "start_check_in", "complete_check_in", "room_patient")):
                yield Happening(self.came + n * quarter, self.number, action)
            yield Happening(self.begun, self.number, "start_visit")
            yield Happening(self.ended, self.number, "check_out")
            yield Happening(self.ended + timedelta(minutes=2), self.number, "complete_visit")


def appointments_by_day() -> dict[date, list[Appointment]]:
    """The sample's appointments by their day."""
    days: dict[date, list[Appointment]] = defaultdict(list)
    with APPOINTMENTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["appointment_date"])

            def at(time: str, day: date = day) -> datetime | None:
                return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZONE).astimezone(UTC) if time else None

            start = at(row["appointment_time"])
            assert start is not None
            booked = datetime.fromisoformat(row["scheduling_date"]).replace(tzinfo=ZONE).astimezone(UTC)
            times = (at(row[name]) for name in ("check_in_time", "start_time", "end_time"))
            days[day].append(Appointment(f"A{row['appointment_id']}", booked, start, row["status"], *times))
    return days


def recomputed(database: Database, client: object, day: date, now: datetime) -> dict[str, Told]:
    """The board of a day, from the rows of the history and nothing else."""
    entries: dict[str, list[Any]] = defaultdict(list)
    for row in database.rows(_HISTORY, client=client, day=day):
        entries[row["visit_number"]].append(row)
    return {number: _told(rows, now) for number, rows in entries.items()}


def _told(rows: list[Any], now: datetime) -> Told:
    undone = {row["undoes"] for row in rows}
    standing = [row for row in rows if row["undoes"] is None and row["id"] not in undone]
    last = standing[-1]
    came = next((row["changed_at"] for row in reversed(standing) if row["to_status"] == "arrived"), None)
    status, since, start = last["to_status"], last["changed_at"], last["starts_at"]
    minutes, late = None, 0
    if status in {"arrived", "checking_in", "checked_in", "roomed"}:
        minutes = (now - since) // timedelta(minutes=1)
    if came is not None:
        late = max(timedelta(0), came - start) // timedelta(minutes=1)
    elif status in {"scheduled", "confirmed"}:
        late = max(timedelta(0), now - start) // timedelta(minutes=1)
    return status, since, came, minutes, minutes is not None and minutes >= LIMITS.get(status, 10**6), late
