"""The one permission table: role by mode, role by operation, role by quick action, role by record type and field.

Routes, guidance, the security rules' mode table and the tests read it; nothing else decides who may do what.
"""

from __future__ import annotations

from enum import StrEnum

from shared.models.roles import Role

_EVERYBODY = frozenset(Role)
_STAFF = _EVERYBODY - {Role.AUDITOR}
_LEADS = frozenset({Role.ADMIN, Role.MANAGER})


class Permission(StrEnum):
    """What an operation needs. `PUBLIC` operations need no sign-in."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    CONTEXT_OPEN = "context:open"
    MODE_READ = "mode:read"
    QUICK_ACTION = "quick_action"
    TASK_READ = "task:read"
    TASK_WRITE = "task:write"
    ALERT_READ = "alert:read"
    ALERT_WRITE = "alert:write"
    ALERT_BROADCAST = "alert:broadcast"
    TASK_REASSIGN = "task:reassign"
    FEEDBACK_READ = "feedback:read"
    FEEDBACK_READ_ALL = "feedback:read_all"
    FEEDBACK_WRITE = "feedback:write"
    CHAT_READ = "chat:read"
    CHAT_WRITE = "chat:write"
    RECORD_READ = "record:read"
    RECORD_IMPORT = "record:import"
    RECORD_WRITE = "record:write"
    RECORD_DELETE = "record:delete"
    USER_READ = "user:read"
    USER_WRITE = "user:write"
    CLIENT_WRITE = "client:write"
    JOB_READ_ALL = "job:read_all"
    AUTHORIZATION_WRITE = "authorization:write"
    VISIT_MOVE = "visit:move"
    DRAFT_WRITE = "draft:write"
    DRAFT_APPROVE = "draft:approve"
    DRAFT_READ_ALL = "draft:read_all"
    CLAIM_WRITE = "claim:write"


ROLES_BY_PERMISSION: dict[Permission, frozenset[Role]] = {
    Permission.PUBLIC: _EVERYBODY,
    Permission.SIGNED_IN: _EVERYBODY,
    Permission.CONTEXT_OPEN: _EVERYBODY,
    Permission.MODE_READ: _EVERYBODY,
    Permission.QUICK_ACTION: _EVERYBODY,
    Permission.TASK_READ: _EVERYBODY,
    Permission.TASK_WRITE: _STAFF,
    Permission.ALERT_READ: _EVERYBODY,
    Permission.ALERT_WRITE: _STAFF,
    Permission.ALERT_BROADCAST: _LEADS,
    Permission.TASK_REASSIGN: _LEADS,
    Permission.FEEDBACK_READ: _EVERYBODY,
    Permission.FEEDBACK_READ_ALL: _LEADS,
    Permission.FEEDBACK_WRITE: _STAFF,
    Permission.CHAT_READ: _EVERYBODY,
    Permission.CHAT_WRITE: _STAFF,
    Permission.RECORD_READ: _EVERYBODY,
    Permission.RECORD_IMPORT: _LEADS,
    Permission.RECORD_WRITE: _STAFF,
    Permission.RECORD_DELETE: _LEADS,
    Permission.USER_READ: _LEADS,
    Permission.USER_WRITE: frozenset({Role.ADMIN}),
    Permission.CLIENT_WRITE: frozenset({Role.ADMIN}),
    Permission.JOB_READ_ALL: _LEADS,
    Permission.AUTHORIZATION_WRITE: _LEADS | {Role.ELIGIBILITY_SPECIALIST},
    Permission.VISIT_MOVE: _LEADS | {Role.FRONT_DESK},
    Permission.DRAFT_WRITE: _STAFF,
    Permission.DRAFT_APPROVE: _LEADS,
    Permission.DRAFT_READ_ALL: _LEADS | {Role.AUDITOR},
    Permission.CLAIM_WRITE: _LEADS | {Role.BILLER},
}

ALL_MODES = frozenset({"eligibility", "front-desk", "backend", "email-drafter"})

MODES_BY_ROLE: dict[Role, frozenset[str]] = {
    Role.ADMIN: ALL_MODES,
    Role.MANAGER: ALL_MODES,
    Role.AUDITOR: ALL_MODES,
    Role.ELIGIBILITY_SPECIALIST: frozenset({"eligibility", "email-drafter"}),
    Role.FRONT_DESK: frozenset({"eligibility", "front-desk", "email-drafter"}),
    Role.BILLER: frozenset({"backend", "eligibility", "email-drafter"}),
}

_ASKS_PAYERS = _LEADS | {Role.ELIGIBILITY_SPECIALIST}
_BILLS = _LEADS | {Role.BILLER}
_WAITS_FOR_PAYERS = _ASKS_PAYERS | {Role.FRONT_DESK, Role.BILLER}

_DESK_ACTIONS = (
    "confirm_appointment", "mark_arrived", "start_check_in", "complete_check_in", "room_patient", "start_visit",
    "check_out", "complete_visit", "cancel_visit", "reschedule_visit", "mark_no_show", "left_without_being_seen",
    "undo_last_status", "override_readiness", "record_copay", "update_demographics", "add_walk_in",
)  # fmt: skip

ROLES_BY_QUICK_ACTION: dict[str, frozenset[Role]] = {
    "check_eligibility": _LEADS | {Role.ELIGIBILITY_SPECIALIST, Role.FRONT_DESK},
    "batch_check_schedule": _LEADS | {Role.ELIGIBILITY_SPECIALIST, Role.FRONT_DESK},
    "check_auth_requirement": _WAITS_FOR_PAYERS,
    "check_authorization_status": _WAITS_FOR_PAYERS,
    "request_auth": _ASKS_PAYERS,
    "request_authorization": _ASKS_PAYERS,
    "extend_authorization": _ASKS_PAYERS,
    "mark_auth_not_required": _ASKS_PAYERS,
    "record_auth_decision": _ASKS_PAYERS,
    "recheck_all_coverages": _ASKS_PAYERS | {Role.FRONT_DESK},
    "verify_cob": _ASKS_PAYERS,
    "switch_payer": _ASKS_PAYERS,
    "record_phone_verification": _ASKS_PAYERS | {Role.FRONT_DESK},
    "explain_verdict": _EVERYBODY,
    "why_not": _EVERYBODY,
    "compare_last_check": _EVERYBODY,
    "estimate_patient_cost": _WAITS_FOR_PAYERS,
    "get_claims": _EVERYBODY,
    **dict.fromkeys(("scrub_claim", "hold_claim", "release_hold", "submit_claim"), _BILLS),
    **dict.fromkeys(("correct_and_resubmit", "record_denial", "start_appeal", "record_appeal_outcome"), _BILLS),
    **dict.fromkeys(("link_authorization", "bill_secondary", "write_off"), _BILLS),
    **dict.fromkeys(("work_queue", "claim_status_check", "deadline_list"), _BILLS | {Role.AUDITOR}),
    **dict.fromkeys(("aging_report", "denial_root_cause"), _BILLS | {Role.AUDITOR}),
    "view_record": _EVERYBODY,
    "todays_schedule": _EVERYBODY,
    "readiness_list": _EVERYBODY,
    "call_script": _STAFF,
    "handoff": ROLES_BY_PERMISSION[Permission.VISIT_MOVE],
    **dict.fromkeys(_DESK_ACTIONS, ROLES_BY_PERMISSION[Permission.VISIT_MOVE]),
    "draft_email": _STAFF,
    "apply_template": _STAFF,
    "set_tone": _STAFF,
    "shorten": _STAFF,
    "expand": _STAFF,
    "simplify": _STAFF,
    "fill_missing_fields": _STAFF,
    "check_phi": _STAFF,
    "submit_for_review": _STAFF,
    "request_changes": _LEADS,
    "approve": _STAFF,  # their own; other people's are for leads
    "send": _STAFF,
    "discard": _STAFF,
    "retract_and_correct": _STAFF,
    "create_follow_up_task": _STAFF,
}

# What guidance offers in every mode besides the mode's own quick actions.
ROLES_BY_GUIDANCE_ACTION: dict[str, frozenset[Role]] = {
    "open_record": ROLES_BY_PERMISSION[Permission.CONTEXT_OPEN],
    "switch_mode": ROLES_BY_PERMISSION[Permission.CONTEXT_OPEN],
    "draft_email": ROLES_BY_PERMISSION[Permission.DRAFT_WRITE],
    "create_task": ROLES_BY_PERMISSION[Permission.TASK_WRITE],
    "snooze": ROLES_BY_PERMISSION[Permission.TASK_WRITE],
    "share_to_backend": ROLES_BY_PERMISSION[Permission.TASK_WRITE],
    "explain_verdict": _EVERYBODY,
    "why_not": _EVERYBODY,
}

ROLES_BY_RECORD_TYPE: dict[str, frozenset[Role]] = {
    "patient": _EVERYBODY,
    "visit": _EVERYBODY,
    "coverage": _EVERYBODY,
    "payer": _EVERYBODY,
    "payer_rule": _EVERYBODY,
    "provider": _EVERYBODY,
    "claim": _EVERYBODY,
    "authorization": _EVERYBODY,
}

# Who makes and changes records of a type; it is deleted by leads only.
ROLES_BY_WRITTEN_TYPE: dict[str, frozenset[Role]] = {
    "patient": _LEADS | {Role.FRONT_DESK, Role.ELIGIBILITY_SPECIALIST},
    "visit": _LEADS | {Role.FRONT_DESK},
    "coverage": _LEADS | {Role.FRONT_DESK, Role.ELIGIBILITY_SPECIALIST},
    "payer": _LEADS,
    "payer_rule": _LEADS | {Role.ELIGIBILITY_SPECIALIST},
    "provider": _LEADS,
    "claim": _LEADS | {Role.BILLER},
    "authorization": _LEADS | {Role.ELIGIBILITY_SPECIALIST},
}

# Minimum necessary: members of a record that only these roles see.
ROLES_BY_FIELD: dict[tuple[str, str], frozenset[Role]] = {
    ("patient", "phone"): _STAFF,
    ("claim", "denialReason"): _EVERYBODY - {Role.FRONT_DESK},
    ("claim", "denialCode"): _EVERYBODY - {Role.FRONT_DESK},
    ("claim", "statusReason"): _EVERYBODY - {Role.FRONT_DESK},
    ("claim", "holdReason"): _EVERYBODY - {Role.FRONT_DESK},
    ("visit", "reason"): _EVERYBODY - {Role.BILLER},
    ("coverage", "memberId"): _STAFF,
    ("coverage", "subscriberName"): _STAFF,
}


def allows(role: Role, permission: Permission) -> bool:
    """Tell whether `role` may perform operations that need `permission`."""
    return role in ROLES_BY_PERMISSION[permission]


def allows_mode(role: Role, mode: str) -> bool:
    """Tell whether `role` works in `mode`. A mode made later is open to those who work in every mode."""
    return mode in MODES_BY_ROLE[role] or (mode not in ALL_MODES and MODES_BY_ROLE[role] == ALL_MODES)


def allows_action(role: Role, action: str) -> bool:
    """Tell whether `role` may run the quick action `action`; an undeclared action is open to leads only."""
    return role in ROLES_BY_QUICK_ACTION.get(action, _LEADS)


def allows_guidance(role: Role, action: str) -> bool:
    """Tell whether `role` may run `action`, which guidance offers in every mode; nobody runs an undeclared one."""
    return role in ROLES_BY_GUIDANCE_ACTION.get(action, frozenset())


def may_read(role: Role, record_type: str) -> bool:
    """Tell whether `role` sees records of `record_type`; nobody sees those of an unknown type."""
    return role in ROLES_BY_RECORD_TYPE.get(record_type, frozenset())


def may_write(role: Role, record_type: str) -> bool:
    """Tell whether `role` makes and changes records of `record_type`."""
    return role in ROLES_BY_WRITTEN_TYPE.get(record_type, frozenset())


def may_delete(role: Role, record_type: str) -> bool:
    """Tell whether `role` deletes records of `record_type`."""
    return allows(role, Permission.RECORD_DELETE) and may_write(role, record_type)


def hidden_fields(role: Role, record_type: str) -> frozenset[str]:
    """Name the members of a `record_type` record that `role` must not see."""
    return frozenset(
        field for (kind, field), roles in ROLES_BY_FIELD.items() if kind == record_type and role not in roles
    )
