"""The authorization's state machine: each cell of state and move, written out here apart from the code's own table."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import CheckConstraint

from shared.domain.authorization.states import (
    AWAITING,
    BY_HAND,
    IN_FORCE,
    MOVES,
    OPEN,
    AuthorizationMove,
    allowed_moves,
    as_of,
    check_step,
    moved,
)
from shared.errors import InvalidTransitionError, ValidationFailedError
from shared.models.authorization import AuthorizationState
from shared.models.postgres import metadata
from tests.unit.factories import TODAY, authorization

STATES: tuple[AuthorizationState, ...] = get_args(AuthorizationState)
_ANSWERS = {
    "approve": "approved",
    "approve_partially": "partially_approved",
    "modify": "modified",
    "deny": "denied",
    "cancel": "cancelled",
    "fail": "error",
    "mark_not_required": "not_required",
}
_GRANT = {"exhaust": "exhausted", "expire": "expired", "revoke": "revoked", "extend": "extension_requested"}
# Where each move leads from each state; "=" is a repetition, nothing is a refusal.
CELLS: dict[str, dict[str, str]] = {
    "draft": {"submit": "submitted", "mark_not_required": "not_required", "redraft": "="},
    "submitted": _ANSWERS | {"pend": "pended", "refer_to_payer": "contact_payer", "submit": "=", "resubmit": "="},
    "pended": _ANSWERS | {"resubmit": "submitted", "refer_to_payer": "contact_payer", "pend": "="},
    "contact_payer": _ANSWERS | {"pend": "pended", "refer_to_payer": "="},
    "approved": _GRANT | {"approve": "="},
    "partially_approved": _GRANT | {"approve_partially": "="},
    "modified": _GRANT | {"modify": "="},
    "denied": {"peer_to_peer": "peer_to_peer", "appeal": "appealed", "deny": "="},
    "extension_requested": {"approve": "approved", "deny": "denied", "extend": "="},
    "peer_to_peer": {"approve": "approved", "uphold_denial": "denied_final", "peer_to_peer": "="},
    "appealed": {"approve": "approved", "uphold_denial": "denied_final", "appeal": "="},
    "error": {"redraft": "draft", "fail": "="},
    "not_required": {"mark_not_required": "="},
    "cancelled": {"cancel": "="},
    "exhausted": {"exhaust": "="},
    "expired": {"expire": "="},
    "revoked": {"revoke": "="},
    "denied_final": {"uphold_denial": "="},
}
NEEDS_REASON = {"mark_not_required", "deny", "revoke"}


def test_the_table_names_every_state_and_every_move() -> None:
    assert set(CELLS) == set(STATES)
    assert {wanted for row in CELLS.values() for wanted in row} == set(MOVES)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted", MOVES)
def test_each_cell(state: AuthorizationState, wanted: AuthorizationMove) -> None:
    before = authorization(status=state, version=3)
    target = CELLS[state].get(wanted)
    if target == "=":
        assert moved(before, wanted, reason="because") is None
        return
    if target is None:
        with pytest.raises(InvalidTransitionError) as refused:
            moved(before, wanted, reason="because")
        possible = sorted(move for move, leads in CELLS[state].items() if leads != "=")
        assert (refused.value.code, refused.value.status) == ("invalid_transition", 409)
        assert sorted(refused.value.extra["allowed"]) == possible
        assert refused.value.extra["current"] == state
        return
    after = moved(before, wanted, reason="because")
    assert after is not None
    assert (after.status, after.status_reason, after.version) == (target, "because", 4)


@pytest.mark.parametrize("state", STATES)
def test_the_steps_that_are_offered_are_those_that_are_possible(state: AuthorizationState) -> None:
    assert sorted(allowed_moves(state)) == sorted(move for move, leads in CELLS[state].items() if leads != "=")


@pytest.mark.parametrize("wanted", MOVES)
def test_a_reason_is_asked_for_where_a_step_needs_one(wanted: AuthorizationMove) -> None:
    state: Any = next(state for state, row in CELLS.items() if row.get(wanted, "=") != "=")
    if wanted not in NEEDS_REASON:
        assert moved(authorization(status=state), wanted) is not None
        return
    with pytest.raises(ValidationFailedError) as refused:
        moved(authorization(status=state), wanted)
    assert [(fault.field, fault.code) for fault in refused.value.errors] == [("reason", "missing")]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", STATES)
def test_another_state_is_written_only_where_a_step_leads_there(
    state: AuthorizationState, target: AuthorizationState
) -> None:
    if state == target or target in CELLS[state].values():
        check_step(state, target)
        return
    with pytest.raises(InvalidTransitionError):
        check_step(state, target)


def test_sets_of_states_do_not_overlap_where_they_must_not() -> None:
    assert {"extension_requested"} == AWAITING & IN_FORCE
    assert "draft" in OPEN
    assert not OPEN & {"denied", "denied_final", "cancelled", "revoked", "not_required"}
    assert set(BY_HAND.values()) <= set(MOVES)


def test_the_database_holds_the_same_states() -> None:
    checks = (one for one in metadata.tables["authorizations"].constraints if isinstance(one, CheckConstraint))
    condition = next(str(one.sqltext) for one in checks if str(one.sqltext).startswith("status IN"))
    assert {word.strip(" '()") for word in condition.partition("IN")[2].split(",")} == set(STATES)


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"period_end": TODAY}, "approved"),
        ({"period_end": TODAY - timedelta(days=1)}, "expired"),
        ({"period_end": None}, "approved"),
        ({"units_approved": 3, "units_used": 3, "units_reserved": 0}, "exhausted"),
        ({"units_approved": 3, "units_used": 2, "units_reserved": 1}, "approved"),
        ({"units_approved": 3, "units_used": 5}, "exhausted"),
        ({"units_approved": 0, "units_used": 0}, "exhausted"),
        ({"units_approved": None, "units_used": 99}, "approved"),
        ({"units_approved": 2, "units_used": 2, "period_end": date(2020, 1, 1)}, "exhausted"),
    ],
)
def test_what_a_grant_is_today_follows_from_its_units_then_its_end(members: dict[str, Any], status: str) -> None:
    held = authorization(**{"units_reserved": 0} | members)
    assert as_of(held, TODAY).status == status
    assert held.status == "approved"


@pytest.mark.parametrize("state", sorted(set(STATES) - {"approved", "partially_approved", "modified"}))
def test_time_and_use_change_only_grants(state: AuthorizationState) -> None:
    held = authorization(status=state, period_end=date(2020, 1, 1), units_approved=1, units_used=1)
    assert as_of(held, TODAY) is held
