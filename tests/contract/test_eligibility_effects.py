"""Stored checks and authorizations open tasks and close them again, whatever events come twice, late or not at all."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.domain import eligibility as rules
from shared.domain.rule_effects import RuleTask
from shared.errors import StoreUnavailableError
from shared.failpoints import listening
from shared.models.api.tasks import NewTask, TaskQuery
from shared.models.identifiers import uuid7
from shared.models.outcome import Outcome
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.record_changes import RecordChange
from shared.models.records import EligibilityFile
from shared.repositories.eligibility_protocols import NewCheck, PreviousCheck
from shared.services.clock import utc_now
from shared.services.task_rules import RuleTaskService
from tests.contract.conftest import Live, Records
from tests.unit.effects_office import MRN, EffectsOffice
from tests.unit.factories import USER, answer, event, given_to, line

pytestmark = pytest.mark.parametrize(
    ("live", "records"), [("memory", "memory"), ("firestore", "postgres")], indirect=True
)


@pytest.fixture
def office(live: Live, records: Records) -> EffectsOffice:
    made = EffectsOffice(live.store, records.store, records.client, utc_now)
    made.furnish()
    made.carry()
    return made


def listed(office: EffectsOffice, context: str) -> list[str]:
    found = office.tasks.get_tasks(office.person, TaskQuery(context_id=context))
    return [task.label for task in found.tasks]


def test_a_check_opens_a_task_in_every_context_of_its_record(office: EffectsOffice) -> None:
    office.book("VIS-1", 3)
    visit, patient = office.open("VIS-1", "visit"), office.open()
    office.check(context=visit)
    assert office.carry() is Outcome.DONE
    assert listed(office, visit) == listed(office, patient) == ["Request the authorization"]
    (task,) = office.all_tasks()
    assert (task.assigned_to, task.context_id, task.created_by) == (
        "role:eligibility_specialist", patient, "rule:E09",
    )  # fmt: skip
    assert task.due_at is not None
    assert task.due_at.date() == office.today + timedelta(days=3)


def test_what_comes_again_at_once_and_in_any_order_makes_one_task(office: EffectsOffice) -> None:
    office.book("VIS-1", 3)
    office.check()
    told = list(office.told)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: office.carry(*random.sample(told, len(told))), range(12)))
    assert [(task.occurrence, task.state) for task in office.all_tasks()] == [(1, "open")]
    assert office.carry(*told) is Outcome.DONE  # a context was looked at again
    assert len(office.all_tasks()) == 1


def test_the_task_closes_when_the_condition_has_gone_by_a_check_or_by_an_edit(office: EffectsOffice) -> None:
    office.book("VIS-1", 3)
    office.check()
    office.carry()
    assert office.open_tasks() == ["request_auth"]
    office.need(requires_auth=False)
    office.carry()
    assert [(task.state, task.completed) for task in office.all_tasks()] == [("auto_closed", False)]
    office.need(requires_auth=True)
    office.carry()
    assert office.open_tasks() == ["request_auth"]
    office.authorize("AUTH-1", "approved", unitsApproved=50)
    office.check()
    office.carry()
    assert [(task.occurrence, task.state) for task in office.all_tasks()] == [(1, "auto_closed"), (2, "auto_closed")]


@pytest.mark.parametrize("how", ["complete", "cancel", "reject", "delete"])
def test_what_people_have_closed_stays_closed_until_a_new_check_fails(office: EffectsOffice, how: Any) -> None:
    office.check()
    told = list(office.told)
    office.carry()
    (task,) = office.all_tasks()
    if how == "delete":
        office.tasks.delete_task(office.person, task.id)
    else:
        office.tasks.move(office.person, task.id, how, None if how == "complete" else "because")
    for _ in range(2):
        office.carry(*told)
    assert office.open_tasks() == []
    office.cover(plan="Silver")
    office.carry()
    assert office.open_tasks() == []
    office.check()
    office.carry()
    assert office.open_tasks() == ["request_auth"]
    assert [one.occurrence for one in office.all_tasks() if one.is_open] == [2]


def test_each_day_has_its_own_task(office: EffectsOffice) -> None:
    office.book("VIS-1", 3)
    office.book("VIS-2", 9)
    office.check(3)
    office.carry()
    office.authorize("AUTH-1", "approved", unitsApproved=50, periodStart=(office.today + timedelta(8)).isoformat())
    office.check(9)
    office.carry()
    assert office.open_tasks() == ["request_auth"]
    (task,) = (one for one in office.all_tasks() if one.is_open)
    assert str(office.today + timedelta(days=3)) in (task.dedupe_key or "")


def test_where_nobody_has_opened_the_record_the_rule_makes_its_context(office: EffectsOffice) -> None:
    visit = office.book("VIS-1", 3)
    handler = office.modes.get_mode_handler("eligibility")
    handler.schedule.check_visit(office.person, str(visit), {})
    assert office.patient is not None
    (check,) = office.records.eligibility.settled_checks(office.client, office.patient, office.today)
    office.note_check(check.id)
    office.carry()
    (context,) = office.contexts()
    assert (context.record_type, context.record_id, context.status) == ("patient", MRN, "pending")
    assert "Authorization needed" in context.summary
    (task,) = office.all_tasks()
    assert task.context_id == context.id == office.open()


def test_whoever_opens_the_record_meanwhile_finds_the_same_context(office: EffectsOffice) -> None:
    context = office.open()
    before = office.contexts()
    office.check(context=context)
    office.carry()
    assert [one.id for one in office.contexts()] == [one.id for one in before] == [context]


def test_a_patient_who_is_not_covered_before_a_visit_is_asked_for_other_coverage(office: EffectsOffice) -> None:
    office.cover(until=office.today - timedelta(days=1))
    office.check(3)
    office.carry()
    assert office.open_tasks() == []  # nobody comes
    office.book("VIS-1", 3)
    office.carry()
    assert office.open_tasks() == ["contact_patient"]
    office.move("VIS-1", "cancelled")
    office.carry()
    assert office.open_tasks() == []


def test_a_denied_authorization_is_a_task_and_one_alert_without_any_check(office: EffectsOffice) -> None:
    office.authorize("AUTH-1", "denied")
    told = list(office.told)
    office.carry()
    office.carry(*told)
    assert office.open_tasks() == ["denied"]
    (alert,) = office.alerts()
    assert (alert.message.code, alert.severity, alert.count) == ("authorization_denied", "warning", 1)
    assert alert.audience.roles == ("eligibility_specialist", "manager")
    office.authorize("AUTH-1", "appealed", requestedDate=office.today.isoformat())
    office.carry()
    assert office.open_tasks() == ["decision_overdue"]
    (clock,) = (task for task in office.all_tasks() if task.is_open)
    assert (clock.state, clock.remind_at) == ("scheduled", (clock.due_at,))


def test_a_material_difference_is_told_once(office: EffectsOffice) -> None:
    office.check()
    office.carry()
    assert office.alerts() == []
    office.cover(plan="Silver")
    office.check()
    told = list(office.told)
    for _ in range(2):
        office.carry(*random.sample(told, len(told)))
    office.told.clear()
    (alert,) = office.alerts()
    assert (alert.message.code, alert.message.params, alert.count) == ("eligibility_changed", {"members": "plan"}, 1)
    assert "Silver" not in alert.model_dump_json()
    office.check()
    office.carry()  # nothing new
    office.cover(plan="Bronze")
    office.check()
    again = list(office.told)
    office.carry()
    office.carry(*again, *told)
    (alert,) = office.alerts()
    assert alert.count == 2


def answered(office: EffectsOffice, told: PayerAnswer | CheckFailure, service: str = "30") -> None:
    """A check that a payer has answered so, or has failed, as it is stored."""

    def decide(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
        answers = (given_to(file.coverages[0], told, at=utc_now()),)
        receipt = rules.decide(file, asked_service=service, answers=answers, today=office.today)
        changed = None
        if previous is not None and previous.receipt is not None:
            changed = rules.difference(previous.id, previous.receipt, receipt)
        failure = told if isinstance(told, CheckFailure) else None
        return NewCheck(
            id=uuid7(),
            patient_id=file.patient.id,
            verdict=receipt,
            checked_by=USER,
            event=event(office.client),
            kept=None,
            answer="",
            previous=previous,
            difference=changed,
            source="clearinghouse",
            state="completed" if failure is None else "failed",
            payer_answer=told if isinstance(told, PayerAnswer) else None,
            failure=failure,
            attempts=1,
        )

    made = office.records.eligibility.check(
        office.client, MRN, visit_id=None, today=office.today, key=None, decide=decide
    )
    assert made is not None
    office.note_check(made.id)
    office.carry()


ACTIVE = answer(line("1", "30"), line("I", "MH"))


def test_a_check_that_failed_is_no_change_and_the_last_attempt_is_a_call(office: EffectsOffice) -> None:
    office.need(requires_auth=False)
    answered(office, ACTIVE)
    answered(office, CheckFailure("retryable", "timeout", retry_at=utc_now() + timedelta(minutes=5)))
    assert (office.open_tasks(), office.alerts()) == ([], [])
    answered(office, CheckFailure("retryable", "timeout"))
    assert (office.open_tasks(), office.alerts()) == (["call_script"], [])
    answered(office, CheckFailure("payer_setup", "rejected", codes=("51",)))
    assert (office.open_tasks(), office.alerts()) == (["enrolment"], [])
    answered(office, ACTIVE)
    assert (office.open_tasks(), office.alerts()) == ([], [])


def test_another_service_that_a_payer_was_asked_about_is_no_change(office: EffectsOffice) -> None:
    answered(office, ACTIVE)
    answered(office, ACTIVE, service="MH")
    assert office.alerts() == []
    answered(office, answer(line("1", "30"), line("1", "MH")), service="MH")
    (alert,) = office.alerts()
    assert "verdict" in str(alert.message.params["members"])


def test_twenty_deliveries_at_once_tell_once(office: EffectsOffice) -> None:
    office.check()
    office.cover(copay=45)
    office.check()
    told = list(office.told)
    with ThreadPoolExecutor(5) as threads:
        list(threads.map(lambda _: office.carry(*told), range(10)))
    (alert,) = office.alerts()
    assert (alert.count, alert.audience.roles) == (1, ("eligibility_specialist", "front_desk"))


def test_what_others_have_made_is_left_alone(office: EffectsOffice) -> None:
    context = office.open()
    office.tasks.create_task(office.person, NewTask(context_id=context, label="By hand", type="shared"))
    (opened,) = office.contexts()
    office.rules.open(opened, RuleTask("B01", "Another mode's", "rejected"))
    office.check(context=context)
    office.carry()
    office.need(requires_auth=False)
    office.carry()
    assert sorted(task.label for task in office.all_tasks() if task.is_open) == ["Another mode's", "By hand"]


def test_another_organisation_is_not_touched(office: EffectsOffice, live: Live, records: Records) -> None:
    other = EffectsOffice(live.store, records.store, records.other, utc_now)
    other.furnish()
    office.check()
    told = list(office.told)
    assert other.carry(*told) is Outcome.UNCHANGED  # the same ids in a message of another organisation
    assert (other.all_tasks(), other.alerts(), office.all_tasks()) == ([], [], [])
    office.carry()
    other.carry()
    assert (len(office.all_tasks()), other.all_tasks()) == (1, [])


@pytest.mark.parametrize("place", ["effects.task_closed", "effects.task_opened", "effects.told"])
def test_a_process_that_dies_in_between_leaves_nothing_undone(office: EffectsOffice, place: str) -> None:
    office.check()
    office.carry()
    office.need(requires_auth=False)
    office.cover(plan="Silver")
    office.authorize("AUTH-1", "denied")
    office.check()
    told = list(office.told)

    def die(passed: str) -> None:
        if passed == place:
            raise StoreUnavailableError("gone")

    with listening(die), pytest.raises(StoreUnavailableError):
        office.carry()
    office.carry(*told)
    assert office.open_tasks() == ["denied"]
    assert sorted((one.message.code, one.count) for one in office.alerts()) == [
        ("authorization_denied", 1),
        ("eligibility_changed", 1),
    ]


def test_who_read_before_a_change_does_not_leave_its_task_behind(
    office: EffectsOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One delivery reads that a task is wanted; before it writes, the need goes, and that event is carried."""
    office.check()
    told, done = list(office.told), list[bool]()
    office.told.clear()
    opened = RuleTaskService.open

    def overtaken(self: RuleTaskService, *given: Any) -> Any:
        if not done:
            done.append(True)
            office.need(requires_auth=False)
            office.carry()
            assert office.all_tasks() == []
        return opened(self, *given)

    monkeypatch.setattr(RuleTaskService, "open", overtaken)
    office.carry(*told)
    assert [task.state for task in office.all_tasks()] == ["auto_closed"]


def test_a_deleted_patients_tasks_are_closed(office: EffectsOffice) -> None:
    office.check()
    office.carry()
    told = list(office.told)
    assert office.patient is not None
    patient = office.patient
    office.writer.delete(office.admin, "coverage", str(_coverage(office)))
    office.writer.delete(office.admin, "patient", str(patient))
    office.carry(*_about(patient), *told)
    assert office.open_tasks() == []


def _coverage(office: EffectsOffice) -> UUID:
    file = office.records.eligibility.file_of(office.client, MRN, today=office.today)
    assert file is not None
    return file.coverages[0].id


def _about(patient: UUID) -> tuple[Any, ...]:
    return (
        RecordChange(record_type="patient", record_id=patient, record_version=2, change="deleted",
                     patient_ids=(patient,)),
    )  # fmt: skip
