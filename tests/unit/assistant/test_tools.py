"""The table of tools and the table of questions hold together: what a model or a maintainer relies on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.assistant.catalog import TOOLS
from shared.assistant.grounded.declining import _DECLINED
from shared.assistant.grounded.plans import PLANS
from shared.assistant.tools import Tool
from shared.auth.permissions import ROLES_BY_RECORD_TYPE, allows_mode
from shared.domain.questions.asks import ROWS
from shared.domain.questions.lexicon import CONCEPTS, SERVICES, phrases
from shared.models.roles import Role
from tests.unit.assistant.office import Office
from tests.unit.clinic import Clinic

SMALL_TALK = {"help", "greeting", "thanks"}
# What would let a model, or a person through it, be somebody else.
NOT_TO_BE_NAMED = ("client", "tenant", "role", "user", "caller", "organisation", "organization")


@pytest.mark.parametrize("tool", TOOLS, ids=lambda one: one.name)
def test_a_tool_can_be_told_to_a_model(tool: Tool) -> None:
    schema = tool.schema()
    assert json.loads(json.dumps(schema)) == schema
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert tool.description.endswith((".", "explain_verdict."))
    assert tool.doing
    assert not [name for name in schema.get("properties", {}) if name.casefold().startswith(NOT_TO_BE_NAMED)]


def test_tools_are_named_once_and_their_record_types_exist() -> None:
    assert len({one.name for one in TOOLS}) == len(TOOLS)
    assert {kind for one in TOOLS for kind in one.record_types} <= set(ROLES_BY_RECORD_TYPE)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("coverage", {"clientId": "another"}),
        ("coverage", {"first": "Friday"}),
        ("coverage", {"first": 5}),
        ("claims", {"patient": ["MRN553"]}),
        ("claims", {"patient": "x" * 101}),
        ("find_patients", {"query": ""}),
        ("tasks", {"assignedTo": "everybody"}),
        ("quick_action", {"action": "Drop Table"}),
    ],
)
def test_params_that_a_model_makes_up_are_refused(name: str, params: dict[str, Any]) -> None:
    office = Office(Clinic())
    question = office.question("", assistant_mode="Agentic")
    called = office.assistant._tools.open(question).call(name, params)
    assert (called.reading, called.step.error) == (None, "wrong_params")


def test_an_unknown_tool_is_an_error_and_no_exception() -> None:
    office = Office(Clinic())
    called = office.assistant._tools.open(office.question("")).call("drop_everything", {"now": True})
    assert (called.step.error, called.step.sources) == ("no_such_tool", ())


def test_what_a_tool_reads_can_be_shown_to_a_model() -> None:
    office = Office(Clinic())
    toolbox = office.assistant._tools.open(office.question("", assistant_mode="Agentic"))
    for name, params in {
        "patient": {}, "find_patients": {"query": "Vasquez"}, "coverage": {"first": "2026-11-27", "last": "2026-11-27"},
        "benefits": {}, "authorizations": {}, "claims": {}, "visits": {}, "deadlines": {}, "tasks": {}, "guidance": {},
        "quick_action": {"action": "compare_last_check"},
    }.items():  # fmt: skip
        called = toolbox.call(name, params)
        assert called.reading is not None, (name, called.step)
        assert json.loads(called.reading.data.model_dump_json(by_alias=True))


def test_what_a_tool_of_a_mode_reads_can_be_shown_to_a_model() -> None:
    office = Office(Clinic())
    toolbox = office.assistant._tools.open(office.question("", who=office.person(Role.MANAGER)))
    named = [one.name for one in TOOLS if one.mode is not None]
    assert len(named) == 7
    for name in named:
        called = toolbox.call(name)
        assert called.reading is not None, (name, called.step)
        assert json.loads(called.reading.data.model_dump_json(by_alias=True))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("tool", [one for one in TOOLS if one.mode is not None], ids=lambda one: one.name)
def test_a_tool_of_a_mode_is_for_those_who_work_in_it(tool: Tool, role: Role) -> None:
    office = Office(Clinic())
    called = office.assistant._tools.open(office.question("", who=office.person(role))).call(tool.name)
    if allows_mode(role, str(tool.mode)):
        assert called.step.error is None
    else:
        assert (called.step.error, called.step.sources, called.reading) == ("not_in_mode", (), None)


def test_a_patients_file_is_read_once_for_a_question() -> None:
    office = Office(Clinic())
    toolbox = office.assistant._tools.open(office.question(""))
    store, read = office.clinic.records.eligibility, []
    before = store.file_of
    store.file_of = lambda *args, **given: read.append(args) or before(*args, **given)  # type: ignore[method-assign,func-returns-value]
    for name in ("patient", "coverage", "benefits", "authorizations", "deadlines"):
        assert toolbox.call(name).reading is not None
    assert len(read) == 1


def test_every_question_has_a_plan_or_a_sentence() -> None:
    names = {row.name for row in ROWS}
    assert names == set(PLANS) | set(_DECLINED) | SMALL_TALK
    assert len(names) == len(ROWS)
    assert {row.name for row in ROWS if row.declined} == set(_DECLINED)


def test_plans_call_tools_that_exist() -> None:
    assert {call.tool for plan in PLANS.values() for call in plan.calls} <= {one.name for one in TOOLS}


def test_every_concept_of_the_table_has_words() -> None:
    used = {concept for row in ROWS for concept in (*row.wordings.replace("|", " ").split(), *row.also.split())}
    assert used - {"*"} <= set(CONCEPTS)


def test_no_phrase_means_two_things() -> None:
    told = [phrase for words in (*CONCEPTS.values(), *SERVICES.values()) for phrase in words.split("|")]
    assert sorted(told) == sorted(set(told))
    assert all(tuple(phrase.split()) in phrases() for phrase in told)
    assert not [phrase for phrase in told if phrase != phrase.casefold() or "-" in phrase]
