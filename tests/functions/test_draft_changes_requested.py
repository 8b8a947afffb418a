"""After changes were asked for the author is told what to change and how, and nobody is offered what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.roles import Role
from tests.functions.draft_office import DRAFTS, MODE, DraftOffice
from tests.functions.in_memory import InMemoryProduct

GUIDANCE = "/api/v1/components/guidance"
WORDS = "Say which visit is meant"


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def offered(office: DraftOffice, draft: Any, role: Role = Role.FRONT_DESK) -> dict[str, Any]:
    """What is offered beside a new draft, by its id."""
    assert office.open(role=role) == draft["contextId"]
    actions = office.done("GET", f"{GUIDANCE}/{draft['contextId']}", role=role)["guidanceActions"]
    return {one["id"]: one for one in actions if one.get("id", "").startswith("email-drafter.")}


def given_back(office: DraftOffice) -> Any:
    draft = office.step(office.draft(), "submit")
    return office.step(draft, "request-changes", {"reason": WORDS}, role=Role.MANAGER)


def run(office: DraftOffice, draft: Any, action: dict[str, Any], **params: Any) -> Any:
    body = {"action": action["action"], "contextId": draft["contextId"], "params": action["params"] | params}
    return office.done("POST", f"{MODE}/quick-action", body)["data"]["draft"]


def test_the_author_is_offered_to_revise_and_to_submit_again_with_the_reviewers_words(office: DraftOffice) -> None:
    draft = given_back(office)
    actions = offered(office, draft)
    assert list(actions) == ["email-drafter.revise", "email-drafter.resubmit", "email-drafter.draft"]
    revise, again = actions["email-drafter.revise"], actions["email-drafter.resubmit"]
    for one in (revise, again):
        assert one["reason"]["text"] == f"Changes were asked for: {WORDS}"
        assert one["reason"]["params"] == {"said": WORDS}
    assert (revise["kind"], revise["form"]["required"]) == ("form", ["body"])
    assert again["disabledReason"] == "Change the e-mail first"
    revised = run(office, draft, revise, body="Dear Elena,\n\nYour visit is with Amara Okonkwo.")
    assert (revised["state"], revised["reason"]) == ("draft", WORDS)
    submit = offered(office, draft)["email-drafter.submit"]
    assert submit["reason"]["text"] == f"Changes were asked for: {WORDS}"
    assert "disabledReason" not in submit
    submitted = run(office, draft, submit)
    assert (submitted["state"], submitted["reason"]) == ("in_review", None)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ELIGIBILITY_SPECIALIST])
def test_whoever_else_is_offered_neither_nor_told_the_words(office: DraftOffice, role: Role) -> None:
    draft = given_back(office)
    actions = offered(office, draft, role)
    assert list(actions) == ["email-drafter.draft"]
    assert WORDS not in str(actions)
    why = {"action": "why_not", "contextId": draft["contextId"], "params": {"action": "submit_for_review"}}
    told = office.done("POST", f"{GUIDANCE}/execute", why, role=role)
    assert "changes were asked for" in str(told)


def test_the_answer_to_who_asks_for_changes_offers_nothing_that_is_refused(office: DraftOffice) -> None:
    draft = office.step(office.draft(), "submit")
    office.open(role=Role.MANAGER)
    params = {"draftId": draft["id"], "reason": WORDS}
    body = {"action": "request_changes", "contextId": draft["contextId"], "params": params}
    done = office.done("POST", f"{MODE}/quick-action", body, role=Role.MANAGER)
    assert [one["action"] for one in done["guidanceActions"]] == ["draft_email"]


def test_what_tells_more_than_a_role_sees_is_not_offered_to_it(office: DraftOffice) -> None:
    draft = given_back(office)
    stored = office.product.live.documents.drafts
    told = {"contributors": (*stored[draft["id"]].contributors, "biller"), "disclosed": ("claim.denial_reason",)}
    stored[draft["id"]] = stored[draft["id"]].model_copy(update=told)
    assert office.ask("PUT", f"{DRAFTS}/{draft['id']}", {"body": "x"}).status == 403
    assert list(offered(office, draft)) == ["email-drafter.draft"]
