"""The guidance component through the real app on in-memory stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, Organisation
from shared import bootstrap
from shared.domain.eligibility.situation import Situation
from shared.domain.rule_effects import RuleTask
from shared.models.audit import AuditEvent, AuditOutcome
from shared.models.guidance import GuidanceAction
from shared.models.roles import Role
from shared.modes.eligibility import EligibilityModeHandler
from shared.services.task_rules import RuleTaskService
from tests.functions.in_memory import Answer, InMemoryProduct

API = "/api/v1"
GUIDANCE, TASKS = f"{API}/components/guidance", f"{API}/components/tasks"
EVERYWHERE = {"open_record", "create_task", "share_to_backend", "why_not"}
RECORDS = {
    "unchecked": ("Patient ID", "MRN553"),
    "checked": ("Patient ID", "MRN553"),
    "another payer": ("Patient ID", "MRN554"),
    "claim": ("Claim ID", "CLM-88"),
    "visit": ("Visit ID", "VIS-2041"),
    "other": ("Other", "Fax 3"),
}


def opened(product: InMemoryProduct, name: str, role: Role, organisation: Organisation | None = None) -> str:
    record_type, number = RECORDS[name]
    where: dict[str, Any] = {} if organisation is None else {"organisation": organisation}
    body = {"recordType": record_type, "recordId": number}
    context = product.request("POST", f"{API}/modes/eligibility/context", role=role, json=body, **where).json
    if name == "checked":
        checked = {"action": "check_eligibility", "contextId": context["contextId"]}
        by = Role.MANAGER
        answer = product.request("POST", f"{API}/modes/eligibility/quick-action", role=by, json=checked, **where)
        assert answer.status == 200
    return str(context["contextId"])


def offered(product: InMemoryProduct, context: str, role: Role = Role.MANAGER, **where: Any) -> list[dict[str, Any]]:
    answer = product.request("GET", f"{GUIDANCE}/{context}", role=role, **where)
    assert answer.status == 200, answer.json
    found: list[dict[str, Any]] = answer.json["guidanceActions"]
    return found


def run(
    product: InMemoryProduct, context: str, action: str, params: Any = None, role: Role = Role.MANAGER, **more: Any
) -> Answer:
    headers = more.pop("headers", None)
    organisation = {"organisation": more.pop("organisation")} if "organisation" in more else {}
    body = {"contextId": context, "action": action, "params": params or {}} | more
    return product.request("POST", f"{GUIDANCE}/execute", role=role, json=body, headers=headers, **organisation)


def recorded(product: InMemoryProduct) -> set[UUID]:
    return {one.id for one in product.events}


def new_events(product: InMemoryProduct, known: set[UUID]) -> list[AuditEvent]:
    return [one for one in product.events if one.id not in known]


def filled_in(form: dict[str, Any], number: str) -> dict[str, Any]:
    """The least that a form accepts: each required member, with its first choice or a value of its format."""
    values: dict[str, Any] = {}
    for name, of in form.get("properties", {}).items():
        if name not in form.get("required", ()):
            continue
        values[name] = (
            of["enum"][0] if "enum" in of
            else of["oneOf"][0]["const"] if "oneOf" in of
            else of["examples"][0] if "examples" in of
            else "2099-01-01T09:00:00Z" if of.get("format") == "date-time"
            else "2026-12-01" if of.get("format") == "date"
            else number
        )  # fmt: skip
    return values


@pytest.mark.parametrize("organisation", [None, LAKESIDE], ids=["riverside", "lakeside, coverage ended"])
@pytest.mark.parametrize("role", Role)
def test_every_action_that_is_offered_really_executes(
    product: InMemoryProduct, role: Role, organisation: Organisation | None
) -> None:
    modes = bootstrap.mode_service().modes
    modes["front-desk"] = modes["eligibility"]
    where: dict[str, Any] = {} if organisation is None else {"organisation": organisation}
    names = RECORDS if organisation is None else ("unchecked", "checked", "other")
    ran = set()
    for name in names:
        context = opened(product, name, role, organisation)
        task = {"contextId": context, "label": "Call the payer"}
        assert product.request("POST", f"{TASKS}/", role=Role.MANAGER, json=task, **where).status == 201
        for one in offered(product, context, role, **where):
            if "disabledReason" in one:
                continue
            now = offered(product, context, role, **where)[0]["contextVersion"]
            params = one.get("params", {}) | filled_in(one.get("form", {}), "MRN553")
            answer = run(product, context, one["action"], params, role, contextVersion=now, **where)
            assert answer.status == 200, (name, one, answer.json)
            assert answer.json["success"] is True
            ran.add(one["action"])
    expected = {"open_record", "why_not", "view_record", "explain_verdict"}
    if role is not Role.AUDITOR:
        expected |= {"create_task", "snooze", "share_to_backend"}
    if role not in {Role.AUDITOR, Role.BILLER}:
        expected |= {"check_eligibility"}
    if role in {Role.ADMIN, Role.MANAGER, Role.AUDITOR, Role.FRONT_DESK}:
        expected |= {"switch_mode"}
    assert expected <= ran


def test_what_is_offered_follows_the_record_and_the_role(product: InMemoryProduct) -> None:
    patient = opened(product, "unchecked", Role.MANAGER)
    first = offered(product, patient)
    assert first[0]["action"] == "check_eligibility"
    assert [one["priority"] for one in first] == list(range(1, len(first) + 1))
    assert {one["contextVersion"] for one in first} == {1}
    assert {one["action"] for one in first} >= EVERYWHERE | {"view_record"}
    assert "explain_verdict" not in {one["action"] for one in first}
    other = {one["action"] for one in offered(product, opened(product, "other", Role.MANAGER))}
    assert "check_eligibility" not in other
    assert other >= EVERYWHERE | {"view_record"}
    auditor = {one["action"] for one in offered(product, patient, Role.AUDITOR)}
    assert auditor == {"view_record", "open_record", "switch_mode", "why_not"}
    checked = {one["action"] for one in offered(product, opened(product, "checked", Role.MANAGER))}
    assert "explain_verdict" in checked
    assert "check_eligibility" not in checked


def test_buttons_and_forms_are_the_same_actions(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    actions = offered(product, context)
    for path in (f"{GUIDANCE}/dynamic", f"{GUIDANCE}/dynamic?contextId={context}"):
        dynamic = product.request("GET", path, role=Role.MANAGER).json
        assert [one["id"] for one in dynamic["buttons"]] == [one["id"] for one in actions if "form" not in one]
        assert [(one["id"], one["title"], one["schema"], one["submitAction"]) for one in dynamic["forms"]] == [
            (one["id"], one["label"], one["form"], one["action"]) for one in actions if "form" in one
        ]
    nobody = product.request("GET", f"{GUIDANCE}/dynamic", role=Role.BILLER)
    assert (nobody.status, nobody.json["code"]) == (404, "context_not_set")


def test_a_stale_context_is_refused_with_the_current_version(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    key = {"Idempotency-Key": "the-check"}
    done = run(product, context, "check_eligibility", contextVersion=1, headers=key)
    assert done.status == 200
    for member in ("contextVersion", "factsVersion"):
        old: dict[str, Any] = {member: 1}
        new: dict[str, Any] = {member: 2}
        stale = run(product, context, "view_record", **old)
        assert (stale.status, stale.json["code"]) == (409, "stale_context")
        assert stale.json["current"] == {"contextId": context, "contextVersion": 2, "factsVersion": 2}
        assert run(product, context, "create_task", {"label": "Call"}, **old).status == 409
        assert run(product, context, "view_record", **new).status == 200
    assert product.request("GET", f"{TASKS}/", role=Role.MANAGER).json["tasks"] == []
    again = run(product, context, "check_eligibility", contextVersion=1, headers=key)
    assert (again.status, again.data) == (200, done.data), "a repeated request is not stale by its own effect"
    assert len(product.records.tables.rows["eligibility_checks"]) == 1


def test_a_repeated_creation_is_not_refused_for_what_has_changed_since(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    asked: dict[str, Any] = {"contextVersion": 1, "headers": {"Idempotency-Key": "one-task"}}
    first = run(product, context, "create_task", {"label": "Call"}, **asked)
    opened(product, "checked", Role.MANAGER)
    again = run(product, context, "create_task", {"label": "Call"}, **asked)
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert run(product, context, "create_task", {"label": "Other"}, **asked).json["code"] == "idempotency_mismatch"
    assert run(product, context, "create_task", {"label": "Call"}, contextVersion=1).json["code"] == "stale_context"


def test_an_action_with_something_in_its_way_is_refused_with_the_reason(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    real = EligibilityModeHandler.situation_on

    def under_way(self: EligibilityModeHandler, *of: Any) -> Situation:
        return replace(real(self, *of), in_flight=True)

    monkeypatch.setattr(EligibilityModeHandler, "situation_on", under_way)
    check = next(one for one in offered(product, context) if one["action"] == "check_eligibility")
    assert check["disabledReason"] == "A check is on its way"
    refused = run(product, context, "check_eligibility")
    assert (refused.status, refused.json["code"], refused.json["detail"]) == (
        409, "action_disabled", "A check is on its way",
    )  # fmt: skip
    assert product.records.tables.rows["eligibility_checks"] == []
    why = run(product, context, "why_not", {"action": "check_eligibility"}).json["data"]
    assert (why["available"], why["reason"]["text"]) == (False, "A check is on its way")


@pytest.mark.parametrize(
    ("action", "role", "name", "code"),
    [
        ("check_eligibility", Role.AUDITOR, "unchecked", "role_not_allowed"),
        ("create_task", Role.AUDITOR, "unchecked", "role_not_allowed"),
        ("nonesuch", Role.MANAGER, "unchecked", "unknown_action"),
        ("check_eligibility", Role.MANAGER, "checked", "not_offered"),
        ("check_eligibility", Role.MANAGER, "other", "no_patient"),
        ("explain_verdict", Role.MANAGER, "unchecked", None),
        ("snooze", Role.MANAGER, "unchecked", "not_offered"),
        ("check_eligibility", Role.MANAGER, "unchecked", None),
        ("view_record", Role.AUDITOR, "other", None),
        ("open_record", Role.AUDITOR, "unchecked", None),
    ],
)
def test_why_not_names_the_role_the_guard_or_that_there_is_none(
    product: InMemoryProduct, action: str, role: Role, name: str, code: str | None
) -> None:
    data = run(product, opened(product, name, role), "why_not", {"action": action}, role).json["data"]
    assert (data["available"], data.get("reason", {}).get("code")) == (code is None, code)


def test_unknown_refused_and_badly_asked_actions(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    unknown = run(product, context, "nonesuch")
    assert (unknown.status, unknown.json["errors"][0]["code"]) == (422, "unknown_action")
    assert set(unknown.json["allowed"]) >= EVERYWHERE | {"check_eligibility", "snooze", "switch_mode"}
    refused = run(product, context, "create_task", {"label": "Call"}, Role.AUDITOR)
    assert refused.status == 403
    for action, params, field in (
        ("create_task", {}, "params.label"),
        ("create_task", {"label": "Call", "color": "red"}, "params.color"),
        ("snooze", {"taskId": "task_1", "until": "soon"}, "params.until"),
        ("open_record", {"recordType": "payer", "recordId": "BST-01"}, "params.recordType"),
        ("why_not", {}, "params.action"),
    ):
        answer = run(product, context, action, params)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, field), action
    assert run(product, context, "switch_mode", {"mode": "dispatch"}).json["code"] == "mode_not_found"
    assert run(product, context, "explain_verdict").status == 200
    assert product.request("GET", f"{TASKS}/", role=Role.MANAGER).json["tasks"] == []


def test_switching_the_mode_carries_the_record_of_the_context_over(product: InMemoryProduct) -> None:
    context = opened(product, "checked", Role.MANAGER)
    opened(product, "other", Role.MANAGER)
    form = next(one for one in offered(product, context) if one["action"] == "switch_mode")["form"]
    assert form["properties"]["mode"]["enum"] == ["backend", "email-drafter", "front-desk"]
    moved = run(product, context, "switch_mode", {"mode": "front-desk"}).json["data"]["context"]
    assert (moved["mode"], moved["recordType"], moved["recordId"]) == ("front-desk", "Patient ID", "MRN553")
    theirs = offered(product, opened(product, "unchecked", Role.BILLER), Role.BILLER)
    switch = next(one for one in theirs if one["action"] == "switch_mode")
    assert "front-desk" not in switch["form"]["properties"]["mode"]["enum"]
    assert run(product, context, "switch_mode", {"mode": "front-desk"}, Role.BILLER).status == 403


def test_sharing_to_the_back_office_twice_makes_one_task_while_it_is_open(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    ask = {"label": "Ask for the plan document"}
    first = run(product, context, "share_to_backend", ask).json["data"]["task"]
    again = run(product, context, "share_to_backend", ask).json["data"]["task"]
    assert (first["type"], first["source"], again["id"]) == ("backend", "eligibility", first["id"])
    other = run(product, context, "share_to_backend", {"label": "Another matter"}).json["data"]["task"]
    product.request("POST", f"{TASKS}/{first['id']}/complete", role=Role.MANAGER, json={})
    new = run(product, context, "share_to_backend", ask).json["data"]["task"]
    assert len({first["id"], other["id"], new["id"]}) == 3


def test_sharing_by_many_at_once_makes_one_task(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: run(product, context, "share_to_backend"), range(8)))
    assert {one.status for one in answers} == {200}
    assert len({one.json["data"]["task"]["id"] for one in answers}) == 1
    (task,) = product.live.documents.tasks.values()
    assert (task.type, task.is_open, task.occurrence) == ("backend", True, 1)


def test_a_task_that_a_rule_has_made_is_not_offered_to_be_made_again(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    offer = GuidanceAction(
        id="eligibility.enrolment", label="Create Enrolment Task", action="create_task", params={"label": "Enrol"}
    )
    monkeypatch.setattr(EligibilityModeHandler, "guidance", lambda *_: (offer,))
    assert offered(product, context)[0]["id"] == offer.id
    found = product.live.contexts.get(RIVERSIDE.id, context)
    assert found is not None
    rules = RuleTaskService(product.live)
    rules.open(found, RuleTask("E20", "Another", "call_script"))
    assert offered(product, context)[0]["id"] == offer.id
    rules.open(found, RuleTask("E20", "Set up the connection", "enrolment"))
    assert offer.id not in [one["id"] for one in offered(product, context)]
    rules.close(found, "E20", "enrolment")
    assert offered(product, context)[0]["id"] == offer.id


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("create_task", {"label": "Call the payer", "type": "shared"}),
        ("share_to_backend", {}),
        ("open_record", {"recordType": "Other", "recordId": "Fax 9"}),
    ],
)
def test_a_repeated_key_gets_the_same_answer_and_one_effect(
    product: InMemoryProduct, action: str, params: dict[str, Any]
) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    before = len(product.events)
    key = {"Idempotency-Key": "once"}
    first, again = (run(product, context, action, params, headers=key) for _ in range(2))
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert len(product.events) == before + 1
    other = run(
        product, context, action, params | {"recordId" if action == "open_record" else "label": "X"}, headers=key
    )
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")


def test_each_execution_and_each_refusal_leaves_one_event(product: InMemoryProduct) -> None:
    context = opened(product, "checked", Role.MANAGER)
    task = run(product, context, "create_task", {"label": "Call the payer"}).json["data"]["task"]["id"]
    for action, params in (
        ("create_task", {"label": "Call again"}),
        ("snooze", {"taskId": task, "until": "2099-01-01T09:00:00Z"}),
        ("share_to_backend", {}),
        ("share_to_backend", {}),
        ("open_record", {"recordType": "patient", "recordId": "MRN554"}),
        ("explain_verdict", {}),
        ("why_not", {"action": "snooze"}),
        ("check_eligibility", {}),
        ("view_record", {}),
    ):
        known = recorded(product)
        assert run(product, context, action, params).status == 200
        assert [one.action for one in new_events(product, known)] == ["guidance:execute"], action
    known = recorded(product)
    assert run(product, context, "view_record", contextVersion=1).status == 409
    assert [one.outcome for one in new_events(product, known)] == [AuditOutcome.REFUSED]
    known = recorded(product)
    for _ in range(2):
        offered(product, context)
    assert [(one.action, one.resource_ref) for one in new_events(product, known)] == [("guidance:read", context)]


def test_an_action_of_a_mode_that_cannot_be_run_is_not_offered(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    proposed = (
        GuidanceAction(label="Change Payer ID", action="open_record", params={"recordType": "payer"}),
        GuidanceAction(label="Not made yet", action="nonesuch"),
        GuidanceAction(label="Enrol", action="create_task", params={"label": "Enrol", "type": "backend"}),
        GuidanceAction(label="For billers", action="view_record", roles=(Role.BILLER,)),
    )
    monkeypatch.setattr(EligibilityModeHandler, "guidance", lambda *_: proposed)
    labels = [one["label"] for one in offered(product, context)]
    assert labels[0] == "Enrol"
    assert {"Change Payer ID", "Not made yet", "For billers"}.isdisjoint(labels)


def test_another_organisations_context_is_unknown(product: InMemoryProduct) -> None:
    context = opened(product, "unchecked", Role.MANAGER)
    for path in (f"{GUIDANCE}/{context}", f"{GUIDANCE}/dynamic?contextId={context}"):
        assert product.request("GET", path, role=Role.MANAGER, organisation=LAKESIDE).status == 404
    assert run(product, context, "share_to_backend", organisation=LAKESIDE).status == 404
