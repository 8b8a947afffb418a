"""A schedule is checked as a job: each verdict that is stored agrees with plain SQL over the imported periods."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.e2e.person import API, ELIGIBILITY, Database, Person
from tests.e2e.test_imported_data import COVERED, CSV, FHIR, run_import
from tests.stack import LAKESIDE, RunningStack

FULL, REDUCED = 500, 60
WINDOW = timedelta(days=30)
PATIENCE = 300.0

pytestmark = pytest.mark.skipif(not (FHIR.is_dir() and CSV.is_dir()), reason="../shared/data is not here")

_VISITS = """
SELECT v.id, v.patient_id, v.visit_date FROM visits v JOIN clients c ON c.id = v.client_id
WHERE c.name = :name AND v.deleted_at IS NULL AND v.status NOT IN ('cancelled', 'rescheduled')
ORDER BY v.visit_date, v.id
"""
_CHECKS = """
SELECT date_of_service, verdict, state, receipt IS NOT NULL AS receipt FROM eligibility_checks
WHERE patient_id = :patient AND date_of_service = :on AND created_at >= :since
"""


def windows(visits: list[dict[str, Any]], enough: int) -> list[tuple[date, date, list[dict[str, Any]]]]:
    """Ranges of days, newest first, until they hold `enough` visits."""
    found: list[tuple[date, date, list[dict[str, Any]]]] = []
    left = list(visits)
    while left and sum(len(inside) for _, _, inside in found) < enough:
        last = left[-1]["visit_date"]
        inside = [one for one in left if one["visit_date"] >= last - WINDOW]
        found.append((last - WINDOW, last, inside))
        left = left[: len(left) - len(inside)]
    return found


def finished(person: Person, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while True:
        job: dict[str, Any] = person.done("GET", f"{API}/jobs/{job_id}")
        if job["state"] not in {"queued", "running"} or time.monotonic() > until:
            return job
        time.sleep(0.5)


def test_every_visit_of_a_schedule_gets_the_verdict_of_its_day(
    stack: RunningStack, database: Database, signed_in: Callable[..., Person], full_volume: bool
) -> None:
    run_import(stack, FHIR, CSV)
    since = database.rows("SELECT now() AS now")[0]["now"]
    person = signed_in("manager", LAKESIDE)
    visits = database.rows(_VISITS, name=LAKESIDE)
    patient = database.rows("SELECT mrn FROM patients WHERE id = :id", id=visits[-1]["patient_id"])[0]["mrn"]
    context = person.open(str(patient), "Patient ID")
    checked = 0
    expected = {True: "eligible", False: "not_eligible"}
    for first, last, inside in windows(visits, FULL if full_volume else REDUCED):
        params = {"dateFrom": first.isoformat(), "dateTo": last.isoformat()}
        action = {"action": "batch_check_schedule", "params": params, "contextId": context}
        answer = person.call("POST", f"{ELIGIBILITY}/quick-action", action)
        assert (answer.status_code, answer.json()["data"]["total"]) == (202, len(inside)), answer.text
        job = finished(person, answer.json()["data"]["jobId"])
        assert (job["state"], job["total"]) == ("done", len(inside)), job
        for visit in inside:
            plain = database.rows(COVERED, patient=visit["patient_id"], on=visit["visit_date"])[0]
            unknown = not plain["covered"] and (plain["undated"] or not plain["insured"])
            wanted = "undetermined" if unknown else expected[plain["covered"]]
            stored = database.rows(_CHECKS, patient=visit["patient_id"], on=visit["visit_date"], since=since)
            same = [one for one in inside if (one["patient_id"], one["visit_date"]) == (visit["patient_id"],
                    visit["visit_date"])]  # fmt: skip
            assert len(stored) == len(same), visit
            assert {(one["verdict"], one["state"], one["receipt"]) for one in stored} == {(wanted, "completed", True)}
        checked += len(inside)
    assert checked >= (FULL if full_volume else REDUCED)
