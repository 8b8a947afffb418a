"""The appointment generator's export into patients, visits and what happened on their day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.catalog import ROOT
from shared.errors import ValidationFailedError
from shared.importing.medscheduler import is_medscheduler_folder, parse_medscheduler_folder
from shared.models.imported import ImportBatch, VisitRecord

ZONE = ZoneInfo("America/New_York")
EXPORT = ROOT.parent / "shared" / "data" / "appointments-medscheduler"
HEADER = (
    "appointment_id,slot_id,scheduling_date,appointment_date,appointment_time,scheduling_interval,status,check_in_time,"
    "appointment_duration,start_time,end_time,waiting_time,patient_id,sex,age,age_group\n"
)
ATTENDED = "a1,s1,2024-12-27,2025-01-02,08:00:00,5,attended,07:48:19,7.9,08:01:03,08:08:57,12.7,p1,Male,18,15-19\n"
PATIENTS = "patient_id,name,sex,dob\np1,Dr. Ana Maria Ruiz MD,Female,1981-03-04\n"
SLOTS = (
    "slot_id,appointment_date,appointment_time,is_available\n"
    "s1,2025-01-02,08:00:00,False\ns2,2025-01-02,08:15:00,True\ns3,2025-01-03,00:05:00,False\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, appointments=HEADER + ATTENDED, patients=PATIENTS, slots=SLOTS)


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8-sig")
    return folder


def read(folder: Path, *lines: str) -> ImportBatch:
    return parse_medscheduler_folder(write(folder, appointments=HEADER + "".join(lines)), zone=ZONE)


def line(**changes: str) -> str:
    names, cells = HEADER.strip().split(","), ATTENDED.strip().split(",")
    return ",".join(changes.get(name, cell) for name, cell in zip(names, cells, strict=True)) + "\n"


def happened(visit: VisitRecord) -> list[tuple[str, str]]:
    return [(fact.status, fact.at.astimezone(ZONE).strftime("%d %H:%M:%S")) for fact in visit.facts]


def test_attended_appointment_is_a_visit_with_what_happened(folder: Path) -> None:
    batch = parse_medscheduler_folder(folder, zone=ZONE)
    (visit,) = batch.visits
    assert is_medscheduler_folder(folder)
    assert (visit.status, visit.visit_date, visit.starts_at) == (
        "completed",
        date(2025, 1, 2),
        datetime(2025, 1, 2, 13, tzinfo=UTC),
    )
    assert visit.ends_at == datetime(2025, 1, 2, 13, 15, tzinfo=UTC)
    assert happened(visit) == [
        ("arrived", "02 07:48:19"),
        ("checked_in", "02 07:48:19"),
        ("with_provider", "02 08:01:03"),
        ("completed", "02 08:08:57"),
    ]
    assert visit.provider == batch.providers[0].source_ref
    assert batch.refused == []


def test_titles_are_no_names(folder: Path) -> None:
    batch = parse_medscheduler_folder(folder, zone=ZONE)
    assert (batch.patients[0].first_name, batch.patients[0].last_name) == ("Ana", "Maria Ruiz")
    assert batch.notes["patient", "title_left_out"] == 1


@pytest.mark.parametrize(
    ("outcome", "status", "note"),
    [
        ("cancelled", "cancelled", None),
        ("did not attend", "no_show", None),
        ("scheduled", "scheduled", None),
        ("unknown", "scheduled", "outcome_unknown"),
    ],
)
def test_outcome_without_times_invents_none(folder: Path, outcome: str, status: str, note: str | None) -> None:
    batch = read(folder, line(status=outcome, check_in_time="", start_time="", end_time=""))
    (visit,) = batch.visits
    assert (visit.status, visit.facts) == (status, ())
    assert [name for (_, name) in batch.notes if name.startswith("outcome")] == ([note] if note else [])


@pytest.mark.parametrize(
    ("changes", "note", "left"),
    [
        ({"check_in_time": ""}, "check_in_time_missing", ["with_provider", "completed"]),
        ({"end_time": ""}, "end_time_missing", ["arrived", "checked_in", "with_provider"]),
        ({"check_in_time": "08:02:00"}, "checked_in_after_start", ["with_provider", "completed"]),
        ({"start_time": "08:30:00"}, "started_after_end", ["arrived", "checked_in", "completed"]),
        ({"slot_id": "s9"}, "slot_unknown", None),
        ({"slot_id": "s2"}, "slot_at_another_time", None),
        ({"slot_id": "s2", "appointment_time": "08:15:00"}, "slot_marked_free", None),
        ({"scheduling_date": "2025-01-03"}, "booked_after_the_day", None),
    ],
)
def test_what_is_odd_is_taken_and_counted(
    folder: Path, changes: dict[str, str], note: str, left: list[str] | None
) -> None:
    batch = read(folder, line(**changes))
    assert batch.notes["visit", note] == 1
    if left is not None:
        assert [fact.status for fact in batch.visits[0].facts] == left


def test_sound_appointment_has_nothing_to_note(folder: Path) -> None:
    assert [name for (kind, name), count in read(folder, line()).notes.items() if kind == "visit" and count] == []


def test_times_past_midnight_fall_on_the_next_day_and_before_it_on_the_day_before(folder: Path) -> None:
    late = {"appointment_date": "2025-01-03", "appointment_time": "00:05:00", "slot_id": "s3"}
    batch = read(
        folder,
        line(**late, check_in_time="23:50:00", start_time="00:06:00", end_time="00:20:00"),
        line(appointment_id="a2", appointment_time="23:45:00", check_in_time="23:40:00", start_time="23:58:00",
             end_time="00:10:00"),
    )  # fmt: skip
    assert happened(batch.visits[0])[0] == ("arrived", "02 23:50:00")
    assert happened(batch.visits[1])[-1] == ("completed", "03 00:10:00")
    assert batch.notes["visit", "past_midnight"] == 2


def test_time_that_the_clock_leaves_out_is_noted(folder: Path) -> None:
    spring = line(appointment_date="2025-03-09", appointment_time="02:30:00", status="scheduled")
    batch = read(folder, spring)
    assert batch.notes["visit", "time_left_out_by_the_clock"] == 1
    assert batch.visits[0].starts_at == datetime(2025, 3, 9, 7, 30, tzinfo=UTC)


def test_slots_given_twice_are_told_apart_by_what_became_of_them(folder: Path) -> None:
    batch = read(folder, line(), line(appointment_id="a2"), line(appointment_id="a3", status="cancelled"))
    assert len(batch.visits) == 3
    assert (batch.notes["visit", "slot_booked_twice"], batch.notes["visit", "slot_booked_again_after_cancelling"]) == (
        1,
        1,
    )


@pytest.mark.parametrize(
    ("second", "reason"), [(ATTENDED, "number_repeated"), (line(appointment_id="a2", status="lost"), "unknown_status")]
)
def test_line_that_cannot_be_taken_is_refused_with_its_place(folder: Path, second: str, reason: str) -> None:
    batch = read(folder, line(), second)
    assert [(one.reason, one.path) for one in batch.refused] == [(reason, "appointments.csv:3")]
    assert len(batch.visits) == 1


def test_second_patient_with_a_number_is_refused(folder: Path) -> None:
    write(folder, patients=PATIENTS + "p1,Bo Xu,Male,1990-01-01\n")
    batch = parse_medscheduler_folder(folder, zone=ZONE)
    assert [(one.record_type, one.reason, one.path) for one in batch.refused] == [
        ("patient", "number_repeated", "patients.csv:3")
    ]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"appointment_date": "2025-02-30"}, "appointment_date"),
        ({"appointment_time": "8 o'clock"}, "appointment_time"),
        ({"appointment_time": ""}, "appointment_time"),
        ({"check_in_time": "25:00:00"}, "check_in_time"),
        ({"patient_id": ""}, "patient_id"),
    ],
)
def test_fault_names_file_line_and_column(folder: Path, changes: dict[str, str], column: str) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        read(folder, line(**changes))
    assert caught.value.errors[0].field == f"appointments.csv:2.{column}"


def test_moved_days_keep_the_past_and_open_what_is_ahead(folder: Path) -> None:
    write(folder, appointments=HEADER + line() + line(appointment_id="a2", appointment_date="2025-01-03", slot_id="s3")
          + line(appointment_id="a3", appointment_date="2025-01-03", status="cancelled"))  # fmt: skip
    today = datetime.now(ZONE).date()
    batch = parse_medscheduler_folder(folder, zone=ZONE, moved=today - date(2025, 1, 3))
    assert [(one.visit_date, one.status, len(one.facts)) for one in batch.visits] == [
        (today - timedelta(days=1), "completed", 4),
        (today, "scheduled", 0),
        (today, "cancelled", 0),
    ]
    # The clock on the wall stays, also where summer time began in between.
    assert [one.starts_at and one.starts_at.astimezone(ZONE).strftime("%H:%M") for one in batch.visits] == ["08:00"] * 3
    assert batch.notes["visit", "day_moved"] == 3


def test_no_appointment_is_booked_later_than_today(folder: Path) -> None:
    ahead = line(scheduling_date="2025-01-05", appointment_date="2025-01-09", status="scheduled")
    write(folder, appointments=HEADER + ahead)
    today = datetime.now(ZONE).date()
    (visit,) = parse_medscheduler_folder(folder, zone=ZONE, moved=today - date(2025, 1, 2)).visits
    assert visit.visit_date == today + timedelta(days=7)
    assert visit.booked_at == datetime.combine(today, datetime.min.time(), ZONE)


@pytest.mark.skipif(not EXPORT.is_dir(), reason="the reference data (../shared/data) is not there")
def test_published_export_is_read_completely() -> None:
    batch = parse_medscheduler_folder(EXPORT, zone=ZONE)
    assert (len(batch.patients), len(batch.visits), batch.refused) == (3028, 3406, [])
    assert Counter(one.status for one in batch.visits) == {
        "completed": 2516,
        "cancelled": 554,
        "no_show": 191,
        "scheduled": 127 + 18,
    }
    assert sum(len(one.facts) for one in batch.visits) == 4 * 2516
    assert {name: count for (kind, name), count in batch.notes.items() if kind == "visit"} == {
        "outcome_unknown": 18,
        "slot_booked_again_after_cancelling": 206,
    }
