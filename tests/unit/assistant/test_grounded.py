"""The grounded assistant over the demo's organisations, in memory: sources, roles, preferences, failures, stopping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from infra.local.demo_accounts import RIVERSIDE, demo_id
from shared.assistant.grounded import assistant
from shared.assistant.grounded.saying import Statement
from shared.assistant.protocol import AnswerPart, Citation, Ending
from shared.auth.permissions import ROLES_BY_RECORD_TYPE
from shared.errors import StoreUnavailableError
from shared.models.firestore.alerts import Text
from shared.models.roles import Role
from shared.models.users import AssistantMode
from tests.contract.test_documents import entry
from tests.unit.assistant.desk import Answered
from tests.unit.assistant.office import Office
from tests.unit.clinic import Clinic
from tests.unit.factories import NOW


@pytest.fixture
def office() -> Office:
    return Office(Clinic())


EVERYTHING = (
    "Is she covered on Friday?", "why is she covered today?", "what insurance does she have?", "member id?",
    "when does coverage end?", "when was eligibility last checked?", "what has changed since the last check?",
    "copay?", "what are the benefits?", "what does she owe?", "does she need an authorization?", "any authorizations?",
    "any claims?", "denied claims?", "why was the claim denied?", "when was the claim submitted?",
    "next visit?", "when was she last seen?", "any visits in 2026?", "any open tasks?", "any deadlines?",
    "what is blocking check-in?", "what should I do next?", "summarize", "who is this?", "phone number?",
)  # fmt: skip


@pytest.mark.parametrize("text", EVERYTHING)
def test_every_answer_cites_only_what_its_steps_read(office: Office, text: str) -> None:
    answer = office.ask(text)
    assert answer.ending == Ending("complete")
    assert answer.text
    assert answer.citations
    assert {one.source for one in answer.citations} <= answer.read
    assert all(one.title for one in answer.citations)


@pytest.mark.parametrize("mode", ["Agentic", "Co-pilot", "Manual"])
@pytest.mark.parametrize("text", EVERYTHING)
def test_what_cites_nothing_states_no_fact(
    office: Office, monkeypatch: pytest.MonkeyPatch, text: str, mode: AssistantMode
) -> None:
    said: list[Statement] = []

    def listen(statements: list[Statement], _stopped: object) -> Iterator[AnswerPart]:
        said.extend(statements)
        return iter(())

    monkeypatch.setattr(assistant, "_said", listen)
    list(office.assistant.answer(office.question(text, assistant_mode=mode), stopped=lambda: False))
    assert any(one.sources for one in said) or mode == "Manual"
    assert not [one.text for one in said if not one.sources and re.search(r"\d|Vasquez|Bluestem", one.text)]


@pytest.mark.parametrize("text", EVERYTHING)
def test_what_is_offered_is_really_offered_to_the_role(office: Office, text: str) -> None:
    for role in Role:
        who = office.person(role)
        answer = office.ask(text, who=who)
        question = office.question(text, who=who)
        offered = office.assistant._tools.open(question).call("guidance").reading
        assert offered is not None
        actions: Any = offered.data
        usable = {one.action for one in actions.actions if one.disabled_reason is None}
        assert set(answer.offered) <= usable
        assert len(answer.offered) <= 3


@pytest.mark.parametrize("text", [*EVERYTHING, "request an authorization", "create a task"])
def test_manual_offers_and_runs_nothing(office: Office, text: str) -> None:
    answer = office.ask(text, assistant_mode="Manual")
    assert not answer.offered
    assert "quick_action" not in answer.tools
    if text != "what should I do next?":
        assert "guidance" not in answer.tools


def test_agentic_runs_a_quick_action_that_only_reads_and_copilot_offers_it(office: Office) -> None:
    text = "how much will she pay if the allowed amount is $180?"
    ran = office.ask(text, assistant_mode="Agentic")
    assert "quick_action" in ran.tools
    assert "An estimate, not a price: the patient pays" in ran.text
    left = office.ask(text)
    assert "quick_action" not in left.tools
    assert "That is no price" in left.text


def test_agentic_compares_with_the_last_check(office: Office) -> None:
    office.clinic.open()
    office.clinic.check()
    answer = office.ask("What has changed since the last check?", assistant_mode="Agentic")
    assert "Nothing has changed since the last check." in answer.text


@pytest.mark.parametrize("mode", ["Agentic", "Co-pilot", "Manual"])
@pytest.mark.parametrize("text", [*EVERYTHING, "request an authorization", "check eligibility", "complete the task"])
def test_nothing_is_written_without_a_person(office: Office, text: str, mode: AssistantMode) -> None:
    """Beside the audit trail of what was read, the stores are as they were."""
    office.question(text)
    tables, live = office.clinic.records.tables, office.clinic.live.documents

    def stored() -> str:
        return repr((tables.rows, live.tasks, live.contexts, live.alerts, live.drafts, live.jobs, live.messages))

    before = stored()
    question = office.question(text, assistant_mode=mode)
    before = stored()
    list(office.assistant.answer(question, stopped=lambda: False))
    assert stored() == before


def test_only_the_agentic_mode_runs_actions_and_never_one_that_changes_something(office: Office) -> None:
    for mode, action, code in (
        ("Co-pilot", "compare_last_check", "not_agentic"),
        ("Manual", "compare_last_check", "not_agentic"),
        ("Agentic", "check_eligibility", "not_read_only"),
        ("Agentic", "request_auth", "not_read_only"),
        ("Agentic", "no_such_action", "validation_failed"),
    ):
        question = office.question("", assistant_mode=mode)  # type: ignore[arg-type]
        called = office.assistant._tools.open(question).call("quick_action", {"action": action})
        assert (called.reading, called.step.error) == (None, code)


def test_actions_that_only_read_change_nothing(office: Office) -> None:
    office.clinic.open()
    office.clinic.check()
    params: dict[str, dict[str, Any]] = {
        "estimate_patient_cost": {"allowedAmount": "180.00"},
        "why_not": {"action": "request_auth"},
    }
    reading = [rule for rule in office.clinic.handler.quick_actions if rule.only_reads]
    assert {rule.name for rule in reading} >= {"explain_verdict", "compare_last_check", "view_record"}
    question = office.question("", assistant_mode="Agentic")
    before = repr((office.clinic.records.tables.rows, office.clinic.live.documents.contexts))
    for rule in reading:
        given = {"action": rule.name, "params": params.get(rule.name, {})}
        called = office.assistant._tools.open(question).call("quick_action", given)
        assert called.step.error is None, rule.name
    assert repr((office.clinic.records.tables.rows, office.clinic.live.documents.contexts)) == before


def test_a_tool_that_the_role_may_not_use_says_so_and_reads_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLES_BY_RECORD_TYPE, "claim", frozenset({Role.BILLER}))
    events = len(office.clinic.records.tables.events)
    answer = office.ask("Any denied claims?", who=office.person(Role.FRONT_DESK))
    assert "Your role may not look at that: nothing was read." in answer.text
    assert [step.error for step in answer.steps if step.tool == "claims"] == ["forbidden"]
    assert not answer.citations
    assert "CLM" not in answer.text
    assert len(office.clinic.records.tables.events) == events
    assert office.ask("Any denied claims?", who=office.person(Role.BILLER)).ending.reason == "complete"


def test_members_that_a_role_must_not_see_are_not_told(office: Office) -> None:
    auditor, desk = office.person(Role.AUDITOR), office.person(Role.FRONT_DESK)
    assert "555-0100" not in office.ask("phone number?", who=auditor).text
    assert "your role does not see it" in office.ask("phone number?", who=auditor).text
    assert "555-0100" in office.ask("phone number?", who=desk).text
    assert "BST553018842" not in office.ask("member id?", who=auditor).text
    why = office.ask("Why was claim CLM-95 denied?", who=desk, record=("MRN554", "Patient ID"))
    assert "Your role does not see why a claim was denied." in why.text
    assert "CO-197" not in why.text
    every = office.ask("any claims?", who=desk, record=("MRN554", "Patient ID"))
    assert "CO-197" not in every.text
    told = office.ask("Why was claim CLM-95 denied?", who=office.person(Role.BILLER), record=("MRN554", "Patient ID"))
    assert "CO-197" in told.text


def test_another_patient_is_read_through_the_services_and_offered_to_be_opened(office: Office) -> None:
    answer = office.ask("Any denied claims for MRN554?")
    assert "Jürgen Müller (MRN554) has 1 denied claim (of 1): 1 denied; 310.00 USD billed" in answer.text
    assert answer.offered == ("open_record",)
    by_name = office.ask("Does Jürgen Müller have denied claims?")
    assert "Jürgen Müller (MRN554) has 1 denied claim" in by_name.text
    assert "find_patients" in by_name.tools


def test_somebody_of_another_organisation_gets_their_own_record_or_none(office: Office) -> None:
    theirs = office.ask("Who is this? Any claims?", who=office.clinic.neighbour)
    assert "Tobias Grant (MRN553)" in theirs.text
    assert "Vasquez" not in theirs.text
    foreign = str(demo_id("patient", RIVERSIDE.key, "MRN554"))
    for reference in ("MRN554", foreign, "00000000-0000-7000-8000-000000000999"):
        answer = office.ask(f"Is patient {reference} covered today?", who=office.clinic.neighbour)
        assert "I find no" in answer.text
        assert "Müller" not in answer.text
        assert not answer.citations


def test_two_patients_of_one_name_are_not_guessed_between(office: Office) -> None:
    rows = office.clinic.records.tables
    for mrn in ("MRN601", "MRN602"):
        rows.add("patients", {"client_id": RIVERSIDE.id, "mrn": mrn, "first_name": "Ann", "last_name": "Poole"})
    answer = office.ask("Is Poole covered today?")
    assert "More than one patient fits “Poole”" in answer.text
    assert answer.ending.reason == "declined"
    assert not answer.citations
    one = office.ask("Are MRN601 and MRN602 covered today?")
    assert "You name more than one patient" in one.text


def test_a_store_that_does_not_answer_is_told_and_ends_in_error(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = office.question("Is she covered today? Any tasks?")

    def down(*_: object, **__: object) -> None:
        raise StoreUnavailableError("down")

    monkeypatch.setattr(office.clinic.records.eligibility, "file_of", down)
    answer = Answered.of(list(office.assistant.answer(question, stopped=lambda: False)))
    assert "The records do not answer at the moment" in answer.text
    assert [step.error for step in answer.steps if step.tool == "coverage"] == ["store_unavailable"]
    assert "This record has no open tasks." in answer.text


def test_what_breaks_unexpectedly_is_a_step_and_a_sentence(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    question = office.question("Is she covered today?")
    monkeypatch.setattr(office.clinic.records.eligibility, "file_of", broken)
    answer = Answered.of(list(office.assistant.answer(question, stopped=lambda: False)))
    assert answer.ending.reason == "error"
    assert [step.error for step in answer.steps if step.tool == "coverage"] == ["internal_error"]
    assert "a bug" not in answer.text


def test_it_stops_when_it_is_told_to(office: Office) -> None:
    question = office.question("Is she covered today? Any claims? When is the next visit?")
    whole = len(list(office.assistant.answer(question, stopped=lambda: False)))
    for allowed in range(whole - 1):
        asked = iter(range(whole))

        def stopped(allowed: int = allowed, asked: Any = asked) -> bool:
            return next(asked, whole) >= allowed

        parts = list(office.assistant.answer(question, stopped=stopped))
        assert isinstance(parts[-1], Ending)
        if len(parts) < whole:
            assert parts[-1] == Ending("stopped")


def test_it_tells_of_the_alerts_about_the_record(office: Office) -> None:
    question = office.question("Any alerts?")
    assert "You have no active alerts about this record" in office.ask("Any alerts?").text
    alerts: dict[str, dict[str, Any]] = {
        "here": {"context_id": question.context.id},
        "elsewhere": {"record_type": question.context.record_type, "record_uuid": question.context.record_uuid},
        "another": {"record_type": "patient", "record_uuid": str(UUID(int=1))},
        "snoozed": {"context_id": question.context.id, "snoozed_until": NOW + timedelta(hours=1)},
        "expired": {"context_id": question.context.id, "expires_at": NOW - timedelta(hours=1)},
    }
    for name, members in alerts.items():
        made = entry(question.caller.client_id, uid=question.caller.uid, id=f"alert_{name}", **members)
        text = Text(code="message", text=f"Coverage ended {name}")
        office.clinic.live.inboxes.deliver([made.model_copy(update={"message": text, "severity": "critical"})])
    answer = office.ask("Any alerts?")
    assert "You have 2 active alerts about this record: critical: “Coverage ended " in answer.text
    cited = {one.source for one in answer.citations}
    assert {one for one in cited if one.startswith("alerts/")} == {"alerts/alert_here", "alerts/alert_elsewhere"}
    assert Citation("alerts/alert_here", "Alert (critical)") in answer.citations
