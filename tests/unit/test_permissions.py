"""The permission table: complete, and the cells that must never change by accident."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from shared.auth.permissions import (
    ALL_MODES,
    MODES_BY_ROLE,
    ROLES_BY_FIELD,
    ROLES_BY_PERMISSION,
    ROLES_BY_QUICK_ACTION,
    ROLES_BY_RECORD_TYPE,
    ROLES_BY_WRITTEN_TYPE,
    Permission,
    allows,
    allows_action,
    allows_mode,
    hidden_fields,
    may_delete,
    may_write,
)
from shared.models.api.claims import ClaimDetail
from shared.models.api.records import DATA_MODELS
from shared.models.roles import Role
from shared.modes.eligibility import EligibilityModeHandler


def test_every_permission_and_every_role_has_its_line() -> None:
    assert set(ROLES_BY_PERMISSION) == set(Permission)
    assert set(MODES_BY_ROLE) == set(Role)
    assert set(ROLES_BY_RECORD_TYPE) == set(ROLES_BY_WRITTEN_TYPE) == set(DATA_MODELS)
    assert all(roles for roles in ROLES_BY_PERMISSION.values())


@pytest.mark.parametrize("permission", Permission)
def test_an_administrator_may_do_everything(permission: Permission) -> None:
    assert allows(Role.ADMIN, permission)


@pytest.mark.parametrize("permission", [Permission.TASK_WRITE, Permission.RECORD_IMPORT, Permission.RECORD_WRITE])
def test_an_auditor_changes_nothing(permission: Permission) -> None:
    assert not allows(Role.AUDITOR, permission)


def test_an_auditor_starts_no_check_and_sees_every_mode() -> None:
    assert not allows_action(Role.AUDITOR, "check_eligibility")
    assert allows_action(Role.AUDITOR, "view_record")
    assert MODES_BY_ROLE[Role.AUDITOR] == ALL_MODES


def test_only_leads_import() -> None:
    assert ROLES_BY_PERMISSION[Permission.RECORD_IMPORT] == {Role.ADMIN, Role.MANAGER}


@pytest.mark.parametrize("role", Role)
def test_an_undeclared_action_is_for_leads(role: Role) -> None:
    assert allows_action(role, "something_new") == (role in {Role.ADMIN, Role.MANAGER})


@pytest.mark.parametrize("role", Role)
def test_a_new_mode_is_for_those_who_work_in_all(role: Role) -> None:
    assert allows_mode(role, "something-new") == (MODES_BY_ROLE[role] == ALL_MODES)


def test_every_declared_quick_action_has_its_roles() -> None:
    assert set(EligibilityModeHandler.actions()) <= set(ROLES_BY_QUICK_ACTION)


def test_hidden_members_exist_in_the_record() -> None:
    shown_more: dict[str, type[BaseModel]] = {"claim": ClaimDetail}  # what the mode of a record shows beside the record
    for record_type, member in ROLES_BY_FIELD:
        models: list[type[BaseModel]] = [
            DATA_MODELS[record_type],
            shown_more.get(record_type, DATA_MODELS[record_type]),
        ]
        aliases = {info.alias or name for model in models for name, info in model.model_fields.items()}
        assert member in aliases, f"{record_type} has no {member}"


def test_the_minimum_necessary_by_role() -> None:
    assert hidden_fields(Role.AUDITOR, "patient") == {"phone"}
    assert hidden_fields(Role.AUDITOR, "coverage") == {"memberId", "subscriberName"}
    assert hidden_fields(Role.BILLER, "visit") == {"reason"}
    assert hidden_fields(Role.ELIGIBILITY_SPECIALIST, "coverage") == frozenset()


def test_the_front_desk_sees_claims_without_why_they_were_denied() -> None:
    assert Role.FRONT_DESK in ROLES_BY_RECORD_TYPE["claim"]
    assert hidden_fields(Role.FRONT_DESK, "claim") == {*("denialReason", "denialCode", "statusReason", "holdReason")}
    assert hidden_fields(Role.BILLER, "claim") == frozenset()


@pytest.mark.parametrize("record_type", DATA_MODELS)
@pytest.mark.parametrize("role", Role)
def test_who_writes_a_type_sees_all_its_members(role: Role, record_type: str) -> None:
    assert not (may_write(role, record_type) and hidden_fields(role, record_type))
    assert not may_delete(role, record_type) or may_write(role, record_type)
    assert not may_write(Role.AUDITOR, record_type)
