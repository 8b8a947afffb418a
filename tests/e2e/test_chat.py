"""The chat as it is deployed here: the grounded assistant's answers, through the gateway, from real records."""

from __future__ import annotations

from typing import Any

from tests.e2e.chat_instances import streaming, text_of
from tests.e2e.person import CHAT, GUIDANCE, RECORDS, USERS, Person, unique

TABLES = {"patients": "patient", "coverages": "coverage", "claims": "claim", "payers": "payer"}


def ask(person: Person, context: str, content: str) -> dict[str, Any]:
    answer: dict[str, Any] = person.done("POST", f"{CHAT}/messages", {"contextId": context, "content": content})
    assert answer["reply"]["status"] == "complete"
    return dict(answer["reply"])


def test_an_answer_says_what_is_on_file_and_cites_records_that_are_there(manager: Person) -> None:
    context = manager.open("MRN553", "Patient ID")
    reply = ask(manager, context, "Is she covered today?")
    assert "Bluestem" in reply["content"]
    assert {step["tool"] for step in reply["thinking"]} >= {"understand", "coverage"}
    cited = [one["source"].split("/") for one in reply["citations"] if "/" in one["source"]]
    assert {table for table, _ in cited} >= {"patients", "coverages"}
    read = {source for step in reply["thinking"] for source in step["sources"]}
    assert {f"{table}/{identifier}" for table, identifier in cited} <= read
    for table, identifier in cited:
        if table in TABLES:
            assert manager.done("GET", f"{RECORDS}/{TABLES[table]}/{identifier}")["id"] == identifier


def test_what_an_answer_offers_is_what_guidance_offers_and_can_be_done(manager: Person) -> None:
    manager.done("PUT", f"{USERS}/me/preferences", {"assistant": {"mode": "Co-pilot"}})
    context = manager.open("MRN553", "Patient ID")
    offered = ask(manager, context, "Any outstanding claims?")["guidanceActions"]
    guidance = manager.done("GET", f"{GUIDANCE}/{context}")["guidanceActions"]
    assert "view_record" in {one["action"] for one in offered}
    assert {one["action"] for one in offered} <= {one["action"] for one in guidance}
    asked = {"contextId": context, "action": "view_record", "params": {}}
    assert manager.done("POST", f"{GUIDANCE}/execute", asked)["success"] is True


def test_in_the_manual_mode_nothing_is_offered(manager: Person) -> None:
    manager.done("PUT", f"{USERS}/me/preferences", {"assistant": {"mode": "Manual"}})
    assert ask(manager, manager.open("MRN553", "Patient ID"), "Any outstanding claims?")["guidanceActions"] == []


def test_a_question_can_lean_on_the_one_before(manager: Person) -> None:
    context = manager.open("MRN553", "Patient ID")
    ask(manager, context, "Is she covered today?")
    following = ask(manager, context, "And on 2027-01-04?")
    assert "2027-01-04" in following["content"]


def test_the_stream_says_the_same_as_the_message(manager: Person) -> None:
    context = manager.open("MRN553", "Patient ID")
    with streaming(manager, context, "Any outstanding claims?") as read:
        received = list(read)
    (reply, _) = manager.done("GET", f"{CHAT}/messages", contextId=context, limit="2")["messages"]
    assert text_of(received) == reply["content"]
    assert "CLM-88" in reply["content"]


def test_a_record_of_another_organisation_is_not_answered_about(stranger: Person) -> None:
    """MRN553 is another person there: nothing of Riverside's stands in an answer at Lakeside."""
    context = stranger.open(unique("REC"))
    reply = ask(stranger, context, "Is MRN553 covered today?")
    assert "Vasquez" not in reply["content"]
    assert "Bluestem" not in reply["content"]
