"""A user who asks too much of an instance is told to wait, before anything is done, and it is recorded once."""

from __future__ import annotations

import pytest

from shared.models.audit import AuditAction, AuditOutcome
from shared.models.roles import Role
from tests.functions.in_memory import DECLARED, InMemoryProduct, account, forget

TASKS = "/api/v1/components/tasks"
ME = "/api/v1/users/me"
BURST = 5


@pytest.fixture
def slow(product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch) -> InMemoryProduct:
    """The functions with a burst of five and next to nothing after it."""
    monkeypatch.setenv("MOBIUS_RATE_PER_SECOND", "1")
    monkeypatch.setenv("MOBIUS_RATE_BURST", str(BURST))
    forget()
    return product


def test_a_burst_is_refused_with_the_time_to_wait_and_changes_nothing(slow: InMemoryProduct) -> None:
    answers = [slow.request("PUT", ME, role=Role.BILLER, json={"name": f"Name {n}"}) for n in range(BURST + 10)]
    assert [one.status for one in answers[:BURST]] == [200] * BURST
    refused = answers[BURST]
    assert (refused.status, refused.json["code"], refused.content_type) == (
        429,
        "too_many_requests",
        "application/problem+json",
    )
    assert int(refused.headers["Retry-After"]) == refused.json["retryAfter"] == 1
    assert slow.people.users[account(Role.BILLER).user_id].name == f"Name {BURST - 1}"


def test_it_is_one_bucket_for_every_operation_and_one_a_person(slow: InMemoryProduct) -> None:
    for _ in range(BURST):
        slow.request("GET", ME, role=Role.BILLER)
    assert slow.request("GET", f"{TASKS}/shared", role=Role.BILLER).status == 429
    assert slow.request("GET", f"{TASKS}/shared", role=Role.MANAGER).status == 200


def test_a_refused_burst_is_one_audit_event(slow: InMemoryProduct) -> None:
    for _ in range(BURST):
        slow.request("GET", ME, role=Role.BILLER)
    for path in (f"{TASKS}/shared", f"{TASKS}/backend", "/api/v1/users") * 10:
        assert slow.request("GET", path, role=Role.BILLER).status == 429
    (event,) = slow.events
    assert (event.action, event.outcome) == (AuditAction.TASK_LIST, AuditOutcome.REFUSED)
    assert (event.user_id, event.metadata["code"]) == (account(Role.BILLER).user_id, "too_many_requests")
    assert len(slow.topic.events) == 1


def test_whoever_is_nobody_takes_nothing_of_anybodys_bucket(slow: InMemoryProduct) -> None:
    forged = {"Authorization": "Bearer no.token.atall"}
    assert {slow.request("GET", ME, role=None, headers=forged).status for _ in range(BURST * 3)} == {401}
    assert slow.request("GET", ME, role=Role.BILLER).status == 200


def test_a_preflight_and_public_operations_are_not_counted(slow: InMemoryProduct) -> None:
    for _ in range(BURST * 3):
        assert slow.request("OPTIONS", ME, role=Role.BILLER).status == 204
        assert slow.request("GET", "/api/v1/health", role=Role.BILLER).status == 200
    assert slow.request("GET", ME, role=Role.BILLER).status == 200


@pytest.mark.parametrize("function", sorted(DECLARED.keys() - {"alerts_live"}))  # its answers do not end
def test_every_function_has_the_limit(slow: InMemoryProduct, function: str) -> None:
    asked = sorted(DECLARED[function].declared, key=lambda one: one.method != "GET")  # signing out would end it all
    operation = next((one for one in asked if one.wants_caller), None)
    if operation is None:
        pytest.skip("only public operations")
    path = DECLARED[function].prefix + operation.path.replace("<", "").replace(">", "")
    statuses = [slow.request(operation.method, path, role=Role.ADMIN).status for _ in range(BURST + 1)]
    assert 429 not in statuses[:BURST]
    assert statuses[BURST] == 429
