"""The Gemini assistant answers from the same tools as the grounded one, through the SDK and a real socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from google.oauth2.credentials import Credentials

from infra.local.demo_accounts import RIVERSIDE, demo_id
from shared.assistant.catalog import TOOLS
from shared.assistant.choice import chosen
from shared.assistant.gemini.model import GeminiModel
from shared.assistant.protocol import Step, Text
from shared.assistant.readings import GuidanceReading
from shared.auth.permissions import ROLES_BY_RECORD_TYPE
from shared.catalog import ROOT
from shared.config import GeminiSettings
from shared.models.roles import Role
from tests.integration.gemini.office import Answered, Office
from tests.integration.gemini.server import (
    KEY,
    SIGNATURE,
    GeminiServer,
    answers,
    call,
    calls,
    chunk,
    says,
    text,
)
from tests.integration.payer_endpoint import Endpoint, payer_endpoint

CLAIM = f"claims/{demo_id('claim', RIVERSIDE.key, 'CLM-88')}"


def test_it_answers_from_what_the_tools_read_and_cites_that(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claims", identity="call-1")), answers("Claim CLM-88 ", "is submitted."))
    answer = office.ask("What about claim CLM-88?")
    assert answer.text == "Claim CLM-88 is submitted."
    assert answer.ending == "complete"
    assert ("claims", None) in answer.called
    assert all(step.milliseconds >= 0 for step in answer.steps)
    assert answer.cited[0] == CLAIM
    assert set(answer.cited) <= answer.read
    (result,) = server.asked[1].results
    assert (result["id"], result["name"]) == ("call-1", "claims")
    claims = {one["claimNumber"]: one for one in result["response"]["output"]["fromRecords"]["claims"]}
    assert claims["CLM-88"]["amountCents"] == 18240


def test_the_functions_are_the_tools_with_their_schemas(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("patient")), answers("It is she."))
    office.ask(mode="Agentic", who=office.person(Role.MANAGER))
    for asked in server.asked:
        functions = asked.functions
        expected = {one.name: one for one in TOOLS}
        assert functions.keys() == expected.keys()
        for name, tool in expected.items():
            schema = functions[name]["parameters_json_schema"]
            assert functions[name]["description"] == tool.description
            assert schema["properties"].keys() == tool.schema()["properties"].keys()
            assert schema.get("required", []) == tool.schema().get("required", [])
            assert schema["additionalProperties"] is False
            assert '"pattern":' not in json.dumps(schema)
        assert "matches ^" in json.dumps(functions["quick_action"])
        assert asked.body["toolConfig"]["functionCallingConfig"]["mode"] == "AUTO"


def test_text_is_passed_on_before_the_model_has_said_more(office: Office, server: GeminiServer) -> None:
    heard = threading.Event()

    def waits(connection: Any, asked: Any, stop: threading.Event) -> None:
        says(chunk(text("There is ")), ends=False)(connection, asked, stop)
        assert heard.wait(5)
        rest = chunk(text("one.")) + chunk(finish="STOP")
        connection.sendall(f"{len(rest):x}\r\n".encode() + rest + b"\r\n0\r\n\r\n")

    server.plays(calls(call("claims")), waits)
    parts = []
    for part in office.assistant().answer(office.question(), stopped=lambda: False):
        parts.append(part)
        if isinstance(part, Text):
            heard.set()
    assert Answered(tuple(parts)).text == "There is one."


def test_what_the_model_says_goes_back_exactly_with_its_signatures(office: Office, server: GeminiServer) -> None:
    first = [text("thinking", thought=True), call("claims"), call("visits", signed=False)]
    server.plays(
        says(*(chunk(one) for one in first), chunk(text("", thoughtSignature="dGFpbA=="), finish="STOP")),
        says(chunk(text("still thinking", thought=True)), chunk(text("Both."), finish="STOP")),
    )
    answer = office.ask()
    assert [tool for tool, _ in answer.called][:2] == ["claims", "visits"]
    model, results = server.asked[1].contents[-2:]
    assert [part.get("thoughtSignature") for part in model["parts"]] == [None, SIGNATURE, None, "dGFpbA=="]
    assert [part["functionCall"]["name"] for part in model["parts"] if "functionCall" in part] == ["claims", "visits"]
    assert [part["functionResponse"]["name"] for part in results["parts"]] == ["claims", "visits"]
    assert answer.text == "Both."


def test_a_promise_before_the_first_look_up_is_not_shown(office: Office, server: GeminiServer) -> None:
    server.plays(
        says(chunk(text("She has 99 claims, let me see.")), chunk(call("claims"), finish="STOP")), answers("Two.")
    )
    assert office.ask().text == "Two."


def test_later_text_stands_apart(office: Office, server: GeminiServer) -> None:
    more = says(chunk(text(" \n")), chunk(text(" Two claims.")), chunk(call("visits"), finish="STOP"))
    server.plays(calls(call("claims")), more, answers("One visit."))
    assert office.ask().text == "Two claims.\n\nOne visit."


@pytest.mark.parametrize("question", ["Any claims?", "Hello", "What is the capital of France?"])
def test_without_a_look_up_rules_answer_and_say_so(office: Office, server: GeminiServer, question: str) -> None:
    server.plays(answers("She has 99 claims, ", "and Paris is nice."))
    answer = office.ask(question)
    assert answer.called[0] == ("model", "model_ungrounded")
    assert "99" not in answer.text
    expected = Answered.of(office.grounded.answer(office.question(question), stopped=lambda: False))
    assert (answer.text, answer.cited, answer.ending) == (expected.text, expected.cited, expected.ending)
    assert len(server.asked) == 1


def test_a_look_up_that_found_no_record_is_no_source(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("find_patients", query="Nobody Atall")), answers("Nobody Atall owes 12 dollars."))
    answer = office.ask()
    assert ("model", "model_ungrounded") in answer.called
    assert "12 dollars" not in answer.text


def test_a_model_that_says_nothing_after_its_look_ups_is_stood_in_for(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claims")), answers(" "))
    assert ("model", "model_silent") in office.ask().called


def test_the_rules_and_the_address_hold_nothing_personal_and_no_secret(office: Office, server: GeminiServer) -> None:
    question = office.question("Any claims?", mode="Agentic")
    server.plays(calls(call("claims")), answers("Two."))
    list(office.assistant().answer(question, stopped=lambda: False))
    caller, context = question.caller, question.context
    private = {"Elena", "Vasquez", "MRN553", str(caller.client_id), str(caller.user_id), caller.uid, KEY}
    private |= {context.id, context.record_uuid, str(context.patient_uuid), str(caller.session_id), "Riverside"}
    for asked in server.asked:
        assert not [one for one in private if one in asked.instruction or one in json.dumps(asked.functions)]
        assert KEY not in asked.path + json.dumps(asked.body)
    first = json.dumps(server.asked[0].body)
    assert not [one for one in private if one in first]


def test_the_thread_before_is_told_in_part(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claims")), answers("Two."))
    before = [("system", f"answer {n} " + "x" * 5000) if n % 2 else ("user", f"question {n}") for n in range(20)]
    office.ask("And claims?", *before)  # type: ignore[arg-type]
    contents = server.asked[0].contents
    assert [one["role"] for one in contents] == ["user", "model"] * 4 + ["user"]
    assert contents[-1]["parts"][0]["text"] == "And claims?"
    assert contents[0]["parts"][0]["text"] == "question 12"
    assert max(len(one["parts"][0]["text"]) for one in contents) == 2000


@pytest.mark.parametrize("text_of", ["Any claims?", "Is she covered?", "What should I do next?"])
def test_offers_are_some_of_what_the_guidance_service_offers(
    office: Office, server: GeminiServer, text_of: str
) -> None:
    tool = {"Any claims?": "claims", "Is she covered?": "coverage"}.get(text_of, "guidance")
    server.plays(calls(call(tool)), answers("So it is."))
    answer = office.ask(text_of)
    assert answer.offered
    assert len(answer.offered) <= 3
    reading = office.tools.open(office.question()).call("guidance").reading
    assert reading is not None
    assert isinstance(reading.data, GuidanceReading)
    usable = {one.action for one in reading.data.actions if one.disabled_reason is None}
    assert set(answer.offered) <= usable
    server.plays(calls(call("claims")), answers("So it is."))
    by_hand = office.ask(text_of, mode="Manual")
    assert not by_hand.offered
    assert [tool for tool, _ in by_hand.called] == ["claims"]


@pytest.mark.parametrize(
    ("mode", "left_out"), [("Manual", {"guidance", "quick_action"}), ("Co-pilot", {"quick_action"}), ("Agentic", set())]
)
def test_the_preference_decides_which_functions_there_are(
    office: Office, server: GeminiServer, mode: Any, left_out: set[str]
) -> None:
    look = calls(call("coverage"), call("guidance"), call("quick_action", action="explain_verdict"))
    server.plays(look, answers("Covered."))
    answer = office.ask(mode=mode)
    assert {"guidance", "quick_action"} - server.asked[0].functions.keys() == left_out
    assert {tool for tool, error in answer.called if error == "no_such_tool"} == left_out


def test_agentic_runs_what_only_reads_and_nothing_else(office: Office, server: GeminiServer) -> None:
    look = calls(call("quick_action", action="explain_verdict"), call("quick_action", action="check_eligibility"))
    server.plays(look, answers("Explained."))
    question = office.question(mode="Agentic")
    before = office.stored()
    answer = Answered.of(office.assistant().answer(question, stopped=lambda: False))
    assert answer.called[:2] == [("quick_action", None), ("quick_action", "not_read_only")]
    assert office.stored() == before


def test_a_role_is_told_of_its_own_tools_only_and_can_call_no_other(
    office: Office, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLES_BY_RECORD_TYPE, "claim", frozenset({Role.BILLER}))
    server.plays(calls(call("claims"), call("patient")), answers("Nothing about claims."))
    answer = office.ask(who=office.person(Role.FRONT_DESK))
    assert not {"claims", "deadlines"} & server.asked[0].functions.keys()
    assert answer.called[0] == ("claims", "no_such_tool")
    assert "CLM-88" not in json.dumps(server.asked[1].body)


def test_tools_of_a_mode_are_told_to_those_who_work_in_it_only(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claim_queues", queue="denied"), call("waiting")), answers("One is denied."))
    answer = office.ask("Which of our claims are denied?", who=office.person(Role.BILLER))
    desk = {one.name for one in TOOLS if one.mode == "front-desk"}
    billing = {one.name for one in TOOLS if one.mode == "backend"}
    assert billing <= server.asked[0].functions.keys()
    assert not desk & server.asked[0].functions.keys()
    assert answer.called[:2] == [("claim_queues", None), ("waiting", "no_such_tool")]
    told = server.asked[1].results[0]["response"]["output"]["fromRecords"]
    denied = next(one for one in told["queues"] if one["queue"] == "denied")
    assert denied["claims"] == len(told["items"])


def test_another_patient_is_offered_to_be_opened(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claims", patient="MRN554")), answers("CLM-95 is denied."))
    answer = office.ask("Claims of MRN554?")
    assert answer.offered == ["open_record"]


def in_vertex(office: Office, credentials: Credentials) -> Answered:
    server = office.server
    server.token = "token-of-the-account"
    settings = GeminiSettings(model="gemini-test", project="practice-42", location="us-east1", url=server.url)
    server.plays(calls(call("claims", identity="a")), answers("Two."))
    model = GeminiModel(settings, lambda: credentials)
    return Answered.of(office.assistant(model).answer(office.question(), stopped=lambda: False))


def refreshed_at(endpoint: Endpoint) -> Credentials:
    """Credentials without a token yet, which is got at `endpoint`."""
    return Credentials(  # type: ignore[no-untyped-call]
        None, refresh_token="canary", token_uri=endpoint.url, client_id="c", client_secret="canary-secret"
    )


def test_in_vertex_the_account_s_token_is_sent(office: Office, server: GeminiServer) -> None:
    credentials = Credentials("token-of-the-account")  # type: ignore[no-untyped-call]
    assert in_vertex(office, credentials).text == "Two."
    assert "x-goog-api-key" not in server.asked[0].headers


def test_a_token_is_got_when_there_is_none(office: Office) -> None:
    with payer_endpoint() as endpoint:
        endpoint.answers(
            '{"access_token": "token-of-the-account", "expires_in": 3600}', content_type="application/json"
        )
        assert in_vertex(office, refreshed_at(endpoint)).text == "Two."
        assert len(endpoint.bodies) == 1


@pytest.mark.parametrize(("answered", "code"), [(True, "model_refused"), (False, "model_unavailable")])
def test_without_a_token_rules_answer_in_limited_time(
    office: Office, server: GeminiServer, answered: bool, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.assistant.gemini.model.CREDENTIAL_SECONDS", 0.3)
    begun = time.monotonic()
    with payer_endpoint() as endpoint:
        endpoint.says_nothing()
        if answered:
            endpoint.answers('{"error": "invalid_grant"}', status="400 No", content_type="application/json")
        answer = in_vertex(office, refreshed_at(endpoint))
    assert ("model", code) in answer.called
    assert answer.cited
    assert "canary" not in repr(answer)
    assert not server.asked
    assert time.monotonic() - begun < 10


def test_where_no_model_is_set_up_rules_answer_and_say_so(office: Office) -> None:
    assistant = chosen("gemini", tools=office.tools, grounded=office.grounded, gemini=None)
    answer = Answered.of(assistant.answer(office.question(), stopped=lambda: False))
    first = answer.parts[0]
    assert isinstance(first, Step)
    assert (first.tool, first.error) == ("model", "model_not_configured")
    assert first.text == "No model is set up here: rules answer from the records instead"
    assert answer.ending == "complete"
    assert answer.cited


def test_the_model_answers_who_prefers_it_and_rules_everybody_else(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claims")), answers("Two."))
    given: dict[str, Any] = {"tools": office.tools, "grounded": office.grounded, "gemini": office.settings}
    assert chosen("grounded", **given) is office.grounded
    assert not server.asked
    answer = Answered.of(chosen("gemini", **given).answer(office.question(), stopped=lambda: False))
    assert answer.text == "Two."


PROBE = """
import sys
from shared.assistant.choice import chosen
from shared.catalog import ROOT
from shared.config import settings
asked = {"tools": None, "grounded": None, "gemini": settings().gemini}
chosen("grounded", **asked), chosen("gemini", **(asked | {"gemini": None}))
print(*(name for name in ("google.genai", "httpx2", "shared.assistant.gemini") if name in sys.modules))
chosen("gemini", **asked)
print("google.genai" in sys.modules)
"""


def test_the_sdk_is_imported_for_who_is_answered_by_it_alone() -> None:
    environment = {"PYTHONPATH": str(ROOT), "GOOGLE_CLOUD_PROJECT": "p"}
    environment |= {"MOBIUS_GEMINI_MODEL": "gemini-x", "MOBIUS_GEMINI_API_KEY": "k"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["", "True"]
