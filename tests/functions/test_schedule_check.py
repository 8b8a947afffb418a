"""`batch_check_schedule` through the real app on in-memory stores: which visits, and what is stored of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared import bootstrap, bootstrap_events
from shared.models.firestore.jobs import JobDocument
from shared.models.outcome import Outcome
from shared.models.roles import Role
from shared.services import schedule_check
from tests.functions.authorization_office import Office, day, faults, today
from tests.functions.in_memory import InMemoryProduct

ACTION = "batch_check_schedule"


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    at_work = Office(product)
    at_work.open()
    return at_work


def begun(office: Office, **params: Any) -> dict[str, Any]:
    answer = office.try_to(ACTION, params)
    assert answer.status == 202, answer.json
    told: dict[str, Any] = answer.json
    return told


def finished(office: Office, job_id: str) -> dict[str, Any]:
    """Let every turn be done, as the event of each write begins it."""
    jobs = bootstrap.live_store().jobs
    for _ in range(9):
        job = jobs.get(office.organisation.id, job_id)
        assert job is not None
        written = job.model_dump(mode="json", by_alias=True)
        if bootstrap_events.job_runner().job_written(job_id, written) is Outcome.UNCHANGED:
            break
    found: dict[str, Any] = office.product.request("GET", f"/api/v1/jobs/{job_id}", role=office.role).json
    return found


def stored_jobs(office: Office) -> dict[str, JobDocument]:
    return office.product.live.documents.jobs


def checks(office: Office) -> list[dict[str, Any]]:
    return office.product.records.tables.rows["eligibility_checks"]


def test_every_visit_of_the_day_is_checked_once(office: Office) -> None:
    for number in ("V-1", "V-2"):
        office.visit(number, visit_date=today())
    office.visit("V-OFF", visit_date=today(), status="cancelled")
    office.visit("V-MOVED", visit_date=today(), status="rescheduled")
    office.visit("V-LATER", visit_date=today() + timedelta(days=1))
    told = begun(office)
    assert told["success"] is True
    assert (told["data"]["total"], told["data"]["status"]) == (2, "pending")
    assert [one["action"] for one in told["guidanceActions"]] == ["view_record"]
    assert checks(office) == []
    job = finished(office, told["data"]["jobId"])
    assert (job["state"], job["total"], len(checks(office))) == ("done", 2, 2)
    assert {row["date_of_service"] for row in checks(office)} == {today()}
    assert all(row["receipt"] for row in checks(office))
    events = [one for one in office.product.records.tables.events if one.resource_type == "eligibility_check"]
    assert {one.resource_id for one in events} == {row["id"] for row in checks(office)}
    finished(office, told["data"]["jobId"])
    assert len(checks(office)) == 2


def test_an_item_that_is_done_again_stores_nothing_twice(office: Office) -> None:
    office.visit("V-1", visit_date=today())
    job_id = begun(office)["data"]["jobId"]
    jobs = bootstrap.live_store().jobs
    job = jobs.get(office.organisation.id, job_id)
    assert job is not None
    before = job.model_dump(mode="json", by_alias=True)
    finished(office, job_id)
    stored_jobs(office)[job_id] = job  # a runner that was killed before it wrote what it did
    assert bootstrap_events.job_runner().job_written(job_id, before) is Outcome.DONE
    assert len(checks(office)) == 1


def test_an_open_context_of_a_visit_shows_what_its_check_said(office: Office) -> None:
    office.open("VIS-2041", "Visit ID")
    assert office.context_status() == "proceed"
    when = office.product.records.tables.rows["visits"][0]["visit_date"].isoformat()
    finished(office, begun(office, date=when)["data"]["jobId"])
    assert office.context_status() == "pending"


def test_a_range_of_days_and_a_provider_narrow_it_down(office: Office) -> None:
    office.visit("V-1", visit_date=today())
    office.visit("V-2", visit_date=today() + timedelta(days=2))
    office.visit("V-3", visit_date=today() + timedelta(days=2), provider_id=None)
    window = {"dateFrom": day(0), "dateTo": day(2)}
    assert begun(office, **window)["data"]["total"] == 3
    assert begun(office, **window, providerId="PRV-11")["data"]["total"] == 2
    assert begun(office, date=day(1))["data"]["total"] == 0


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"date": "tomorrow"}, ("params.date", "value_error")),
        ({"providerId": "PRV-NONE"}, ("params.providerId", "unknown_provider")),
        ({"dateFrom": "2026-12-01"}, ("params.", "value_error")),
        ({"date": "2026-12-01", "dateFrom": "2026-12-01", "dateTo": "2026-12-02"}, ("params.", "value_error")),
        ({"dateFrom": "2026-12-02", "dateTo": "2026-12-01"}, ("params.", "value_error")),
        ({"dateFrom": "2026-12-01", "dateTo": "2027-01-01"}, ("params.", "value_error")),
        ({"day": "2026-12-01"}, ("params.day", "extra_forbidden")),
    ],
)
def test_bad_params_name_their_member(office: Office, params: dict[str, Any], fault: tuple[str, str]) -> None:
    answer = office.try_to(ACTION, params)
    assert answer.status == 422
    (field, code), *others = faults(answer)
    assert (field.startswith(fault[0].rstrip(".")), code, others) == (True, fault[1], [])
    assert stored_jobs(office) == {}


def test_more_visits_than_a_job_takes_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_check, "MOST_VISITS", 1)
    office.visit("V-1", visit_date=today())
    assert begun(office)["data"]["total"] == 1
    office.visit("V-2", visit_date=today())
    assert faults(office.try_to(ACTION)) == [("params.date", "too_many_visits")]


def test_a_repeated_request_finds_its_job(office: Office) -> None:
    office.visit("V-1", visit_date=today())
    first, second = (office.try_to(ACTION, Idempotency_Key="batch-1") for _ in range(2))
    assert (first.status, second.status, first.json) == (202, 202, second.json)


def test_another_organisation_and_other_people_see_none_of_it(office: Office) -> None:
    office.visit("V-1", visit_date=today())
    job_id = begun(office)["data"]["jobId"]
    for role, status in ((Role.BILLER, 404), (Role.MANAGER, 200)):
        assert office.product.request("GET", f"/api/v1/jobs/{job_id}", role=role).status == status
    assert UUID(int=0) not in {row["client_id"] for row in checks(office)}
