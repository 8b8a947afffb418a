"""What claims bring about by themselves: tasks in the pools of those who have to do something, and alerts."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from infra.local.demo_accounts import RIVERSIDE
from shared import bootstrap_events
from shared.models.record_changes import RecordChange, RecordChanges
from shared.models.roles import Role
from shared.repositories.memory.due_reminders import InMemoryDueReminders
from shared.repositories.protocols import TaskFilter
from shared.services.task_reminders import ReminderService
from tests.functions.authorization_office import day, today
from tests.functions.claim_office import PATIENT, BillingOffice
from tests.functions.in_memory import InMemoryProduct


@pytest.fixture
def office(product: InMemoryProduct) -> BillingOffice:
    at_work = BillingOffice(product)
    at_work.furnish()
    at_work.product.records.tables.rows["claims"].clear()
    at_work.claim()
    at_work.work_on()
    return at_work


def carry(office: BillingOffice, claim: str = "CLM-1") -> None:
    """Let the claim's change arrive, as the database and the relay do."""
    row = office.stored(claim)
    change = RecordChange(
        record_type="claim",
        record_id=row["id"],
        record_version=row["version"],
        change="updated",
        patient_ids=(PATIENT,),
    )
    message = RecordChanges(client_id=office.organisation.id, changes=(change,))
    bootstrap_events.record_projection().project(message.model_dump_json(by_alias=True).encode())


def _at(moment: datetime) -> datetime:
    return moment


def tasks(office: BillingOffice, *, is_open: bool = True) -> dict[str, Any]:
    """The tasks that rules have made, by reason."""
    live = office.product.live.tasks
    found = live.find(office.organisation.id, TaskFilter(is_open=is_open), after=None, limit=100)
    return {(one.dedupe_key or "").split(":")[4]: one for one in found if one.source.startswith("rule:")}


def alerts(office: BillingOffice) -> dict[str, tuple[str, ...]]:
    """The active alerts, and whom they are for."""
    found = office.product.live.alerts.active(office.organisation.id, after=None, limit=100)
    return {one.message.code: tuple(one.audience.roles) for one in found}


def denied(office: BillingOffice, code: str) -> None:
    office.act("submit_claim")
    office.record("accept")
    office.act("record_denial", code=code)
    carry(office)


def test_a_draft_has_its_filing_clock_which_stops_when_it_is_submitted(office: BillingOffice) -> None:
    carry(office)
    clock = tasks(office)["filing"]
    assert (clock.state, clock.assigned_to, clock.type) == ("scheduled", "role:biller", "backend")
    assert clock.due_at.date() - today() in {timedelta(days=80), timedelta(days=81)}  # the day begins there in UTC
    office.act("submit_claim")
    carry(office)
    assert tasks(office) == {}
    assert tasks(office, is_open=False)["filing"].state == "auto_closed"


def test_the_filing_clock_rings_for_billers_at_each_warning_and_not_after_submission(office: BillingOffice) -> None:
    carry(office)
    live, rung = office.product.live, []
    for days in (61, 62, 66, 67, 73, 77, 79):  # the service was 10 days ago, and 90 days are the payer's
        noon = datetime.combine(today() + timedelta(days=days), time(12), ZoneInfo(RIVERSIDE.time_zone))
        ReminderService(InMemoryDueReminders(live.documents), live.tasks, now=partial(_at, noon)).send()
        found = [one for one in live.documents.alerts.values() if one.message.code == "task_reminder"]
        rung.append(len(found))
        assert {tuple(one.audience.roles) for one in found} <= {("biller",)}
    assert rung == [0, 1, 2, 2, 3, 4, 5]  # 80 % of the time; 14, 7, 3 and 1 days before its end
    office.act("submit_claim")
    carry(office)
    assert tasks(office) == {}


def test_a_rejection_arrives_as_task_and_alert_and_closes_with_the_correction(office: BillingOffice) -> None:
    office.act("submit_claim")
    office.record("reject", reason="A7:562:85")
    carry(office)
    assert {"rejected", "filing"} == set(tasks(office))
    assert alerts(office) == {"claim_rejected": ("biller",)}
    queue = office.product.request("GET", "/api/v1/components/tasks/backend", role=Role.BILLER).json["tasks"]
    assert "Correct the rejected claim and send it again (claim CLM-1)" in {one["label"] for one in queue}
    office.act("correct_and_resubmit")
    carry(office)
    assert tasks(office) == {}


def test_a_denial_is_work_for_billers_and_a_lesson_for_the_step_that_caused_it(office: BillingOffice) -> None:
    denied(office, "CO-27")
    found = tasks(office)
    assert set(found) == {"denied", "appeal", "cause"}
    assert found["denied"].label == "Work the denial CO-27: Re-verify Eligibility (claim CLM-1)"
    assert found["cause"].assigned_to == "role:eligibility_specialist"
    assert f"rec:claim:{office.stored()['id']}" in found["cause"].audience
    shared = office.product.request("GET", "/api/v1/components/tasks/shared", role=Role.ELIGIBILITY_SPECIALIST).json
    assert [one["label"][:33] for one in shared["tasks"]] == ["A claim was denied (CO-27). Check"]
    assert alerts(office) == {"claim_denied": ("biller",)}
    carry(office)  # the same again makes nothing new
    assert {key: one.id for key, one in tasks(office).items()} == {key: one.id for key, one in found.items()}
    office.act("start_appeal", ground="other")
    carry(office)
    assert set(tasks(office)) == {"decision", "cause"}
    office.act("record_appeal_outcome", outcome="won", paidAmount=310)
    carry(office)
    assert tasks(office) == {}


def test_what_people_have_closed_stays_closed_until_the_claim_is_denied_again(office: BillingOffice) -> None:
    denied(office, "CO-27")
    cause = tasks(office)["cause"]
    done = office.product.request(
        "POST", f"/api/v1/components/tasks/{cause.id}/complete", role=Role.ELIGIBILITY_SPECIALIST, json={}
    )
    assert done.status == 200, done.json
    carry(office)
    assert "cause" not in tasks(office)
    assert "denied" in tasks(office)


def test_a_write_off_above_the_limit_reaches_the_manager_and_goes_when_it_is_decided(office: BillingOffice) -> None:
    denied(office, "CO-27")
    office.act("write_off", reason="not_covered")
    carry(office)
    assert tasks(office)["write_off"].assigned_to == "role:manager"
    assert alerts(office)["write_off_asked"] == ("manager", "admin")
    office.as_role(Role.MANAGER).act("write_off", reason="not_covered")
    carry(office)
    assert tasks(office) == {}


def test_an_underpayment_and_a_long_wait_are_followed_up(office: BillingOffice) -> None:
    office.act("submit_claim")
    office.record("accept")
    office.record("pend")
    carry(office)
    assert tasks(office)["pended"].state == "scheduled"
    office.change_row("claims", office.stored()["id"], pended_since=today() - timedelta(days=31))
    office.record("underpay", paidCents=10_000, expectedCents=31_000, appealDueOn=day(30))
    carry(office)
    assert set(tasks(office)) == {"underpaid", "appeal"}


def test_the_appeal_of_a_refused_part_that_a_task_asks_for_can_be_filed(office: BillingOffice) -> None:
    office.act("submit_claim")
    office.record("accept")
    office.record("pay_partially", paidCents=10_000)
    carry(office)
    assert set(tasks(office)) == {"appeal"}
    assert office.act("start_appeal", ground="other")["data"]["claim"]["status"] == "appealed"
    carry(office)
    assert set(tasks(office)) == {"decision"}


def test_deleted_patients_want_nothing(office: BillingOffice) -> None:
    denied(office, "CO-27")
    office.change_row("patients", UUID(str(PATIENT)), deleted_at=office.stored()["created_at"])
    carry(office)
    assert tasks(office) == {}
