"""The audit event: who did what to which record. References only, never names or free text."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.models.identifiers import uuid7


class AuditAction(StrEnum):
    """`resource:verb`. Every route declares one."""

    NONE = "none"
    CONTEXT_READ = "context:read"
    CONTEXT_SET = "context:set"
    CONTEXT_LIST = "context:list"
    SUMMARY_READ = "summary:read"
    QUICK_ACTION = "quick_action:execute"
    GUIDANCE_READ = "guidance:read"
    GUIDANCE_EXECUTE = "guidance:execute"
    PATIENT_READ = "patient:read"
    CLAIM_LIST = "claim:list"
    CLAIM_READ = "claim:read"
    CLAIM_HISTORY = "claim:history"
    CLAIM_MOVE = "claim:move"
    CLAIM_STATUS_POST = "claim_status:post"
    REMITTANCE_POST = "remittance:post"
    REMITTANCE_LIST = "remittance:list"
    REMITTANCE_READ = "remittance:read"
    REMITTANCE_MATCH = "remittance:match"
    WORK_QUEUE_READ = "work_queue:read"
    DEADLINE_LIST = "deadline:list"
    AGING_READ = "aging:read"
    CHECK_RETRY = "eligibility_check:retry"
    AUTHORIZATION_READ = "authorization:read"
    AUTHORIZATION_REQUEST = "authorization:request"
    AUTHORIZATION_MOVE = "authorization:move"
    AUTHORIZATION_DECIDE = "authorization:decide"
    AUTHORIZATION_RESERVE = "authorization:reserve"
    VISIT_READINESS = "visit:readiness"
    VISIT_LIST = "visit:list"
    VISIT_READ = "visit:read"
    VISIT_MOVE = "visit:move"
    TASK_LIST = "task:list"
    TASK_CREATE = "task:create"
    TASK_UPDATE = "task:update"
    TASK_DELETE = "task:delete"
    TASK_MOVE = "task:move"
    TASK_BULK = "task:bulk"
    ALERT_LIST = "alert:list"
    ALERT_CREATE = "alert:create"
    ALERT_ACKNOWLEDGE = "alert:acknowledge"
    ALERT_SNOOZE = "alert:snooze"
    ALERT_RESOLVE = "alert:resolve"
    ALERT_EXPIRE = "alert:expire"
    ALERT_ESCALATE = "alert:escalate"
    DEVICE_REGISTER = "device:register"
    DEVICE_REMOVE = "device:remove"
    TASK_REMIND = "task:remind"
    TASK_RULE = "task:rule"
    FEEDBACK_GIVE = "feedback:give"
    FEEDBACK_READ = "feedback:read"
    CHAT_LIST = "chat:list"
    CHAT_SEND = "chat:send"
    CHAT_THINKING = "chat:thinking"
    CHAT_RESUME = "chat:resume"
    CHAT_STOP = "chat:stop"
    RECORD_READ = "record:read"
    RECORD_SEARCH = "record:search"
    RECORD_IMPORT = "record:import"
    RECORD_WRITE = "record:write"
    RECORD_DELETE = "record:delete"
    RECORD_HISTORY = "record:history"
    DRAFT_LIST = "draft:list"
    DRAFT_READ = "draft:read"
    DRAFT_CREATE = "draft:create"
    DRAFT_EDIT = "draft:edit"
    DRAFT_REVISE = "draft:revise"
    DRAFT_MOVE = "draft:move"
    DRAFT_APPROVE = "draft:approve"
    DRAFT_SEND = "draft:send"
    DRAFT_DELIVERY = "draft:delivery"
    DRAFT_REPORT = "draft:report"
    SESSION_START = "session:start"
    SESSION_REFRESH = "session:refresh"
    SESSION_END = "session:end"
    SESSION_LINK = "session:link"
    USER_LIST = "user:list"
    USER_READ = "user:read"
    USER_INVITE = "user:invite"
    USER_ACCEPT = "user:accept"
    USER_UPDATE = "user:update"
    USER_DEACTIVATE = "user:deactivate"
    USER_REACTIVATE = "user:reactivate"
    PREFERENCES_UPDATE = "preferences:update"
    CLIENT_CREATE = "client:create"
    CLIENT_UPDATE = "client:update"


class AuditOutcome(StrEnum):
    """How the request ended: done, not permitted, or not acceptable."""

    SUCCESS = "success"
    DENIED = "denied"
    REFUSED = "refused"


class AuditEvent(BaseModel):
    """One row of `audit_logs` on its way. Ids are UUIDs; `resource_ref` is a Firestore id where there is one.

    `user_id` is None for what the product does by itself: a reminder that is due, a rule whose condition has gone.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    id: UUID
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    client_id: UUID
    user_id: UUID | None
    action: AuditAction
    resource_type: str
    resource_id: UUID | None = None
    resource_ref: str | None = None
    patient_ref: str | None = None
    mode: str | None = None
    outcome: AuditOutcome = AuditOutcome.SUCCESS
    request_id: str
    metadata: dict[str, Any] = {}
    schema_version: int = Field(default=1, alias="schema")


def own_act(client_id: UUID, action: AuditAction, resource_type: str, *, cause: str, **members: Any) -> AuditEvent:
    """Make the audit event of what a function did by itself; `cause` names what made it do so."""
    return AuditEvent(
        id=uuid7(),
        client_id=client_id,
        user_id=None,
        action=action,
        resource_type=resource_type,
        request_id=cause,
        **members,
    )
