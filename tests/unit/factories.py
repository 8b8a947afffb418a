"""Test data: valid documents, events and callers; a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.models.audit import AuditAction, AuditEvent
from shared.models.caller import Caller, IdempotencyKey
from shared.models.firestore.conversation import MessageDocument
from shared.models.firestore.documents import ContextDocument, SessionDocument, TaskDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.identifiers import document_id, uuid7
from shared.models.payer_answer import BenefitLine, CheckFailure, PayerAnswer
from shared.models.records import Authorization, Benefit, Coverage, EligibilityFile, Patient, Payer, PayerRule, Visit
from shared.models.roles import Role
from shared.models.verdict import GivenAnswer
from shared.repositories.protocols import KeptAnswer

CLIENT = UUID("00000000-0000-7000-8000-00000000000a")
USER = UUID("00000000-0000-7000-8000-0000000000a1")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def caller(**members: Any) -> Caller:
    given: dict[str, Any] = {
        "uid": "uid-a1",
        "user_id": USER,
        "client_id": CLIENT,
        "role": Role.ELIGIBILITY_SPECIALIST,
        "session_id": "uid-a1_1790000000",
        "time_zone": "America/Chicago",
        "request_id": "req-1",
        "action": AuditAction.TASK_UPDATE,
    }
    return Caller(**given | members)


def key(request: str = "asked", *, of: str | None = None) -> IdempotencyKey:
    return IdempotencyKey(id=of or uuid4().hex, request=request)


def kept(asked: IdempotencyKey, body: str = '{"done":true}', status: int = 200) -> KeptAnswer:
    return KeptAnswer(asked, status, body)


def event(client_id: UUID = CLIENT, **members: Any) -> AuditEvent:
    given: dict[str, Any] = {
        "id": uuid7(),
        "client_id": client_id,
        "user_id": USER,
        "action": AuditAction.TASK_UPDATE,
        "resource_type": "task",
        "request_id": "req-1",
    }
    return AuditEvent(**given | members)


def task(client_id: UUID = CLIENT, **members: Any) -> TaskDocument:
    given: dict[str, Any] = {
        "id": document_id("task"),
        "client_id": str(client_id),
        "created_at": NOW,
        "updated_at": NOW,
        "context_id": "ctx_1",
        "mode": "eligibility",
        "record_type": "patient",
        "record_uuid": str(UUID(int=1)),
        "label": "Confirm secondary insurance",
        "source": "eligibility",
        "created_by": str(USER),
        "audience": ("ctx:ctx_1",),
        "sort_at": members.get("due_at") or NOW,
    }
    return TaskDocument(**given | members)


def context(client_id: UUID = CLIENT, **members: Any) -> ContextDocument:
    given: dict[str, Any] = {
        "id": document_id("ctx"),
        "client_id": str(client_id),
        "created_at": NOW,
        "updated_at": NOW,
        "mode": "eligibility",
        "record_type": "patient",
        "record_id": "MRN553",
        "record_uuid": str(UUID(int=1)),
        "patient_uuid": str(UUID(int=1)),
        "summary": "Reviewing eligibility for patient MRN553…",
        "as_of": NOW,
    }
    return ContextDocument(**given | members)


def session(opened: ContextDocument, **members: Any) -> SessionDocument:
    given: dict[str, Any] = {
        "id": document_id("uid"),
        "client_id": opened.client_id,
        "created_at": NOW,
        "updated_at": NOW,
        "uid": "uid-a1",
        "user_id": str(USER),
        "role": "eligibility_specialist",
        "current_mode": opened.mode,
        "current_contexts": {opened.mode: opened.id},
        "open_contexts": (opened.id,),
        "last_activity_at": NOW,
        "idle_until": NOW + timedelta(hours=1),
        "expire_at": NOW + timedelta(hours=12),
    }
    return SessionDocument(**given | members)


def message(client_id: UUID = CLIENT, **members: Any) -> MessageDocument:
    given: dict[str, Any] = {
        "id": document_id("msg"),
        "client_id": str(client_id),
        "created_at": NOW,
        "updated_at": NOW,
        "context_id": "ctx_1",
        "mode": "eligibility",
        "patient_uuid": str(UUID(int=1)),
        "thread_id": "thread_1",
        "user_id": str(USER),
        "type": "system",
        "content": "Active.",
        "sort_at": NOW,
    }
    return MessageDocument(**given | members)


PAYER = UUID(int=0xA)
OTHER_PAYER = UUID(int=0xB)


def coverage(**members: Any) -> Coverage:
    given: dict[str, Any] = {
        "id": uuid7(),
        "payer_id": PAYER,
        "payer_name": "Bluestem Health Plan",
        "payer_kind": "insurance",
        "plan_name": "Choice PPO",
        "member_id": "BST553018842",
        "rank": 1,
        "period_start": date(2026, 1, 1),
        "period_end": date(2026, 12, 31),
        "status": "active",
        "copay": None,
        "version": 1,
    }
    return Coverage(**given | members)


def authorization(**members: Any) -> Authorization:
    given: dict[str, Any] = {
        "id": uuid7(),
        "auth_number": "AUTH-1",
        "payer_id": PAYER,
        "service_type": "98",
        "status": "approved",
        "requested_date": date(2026, 10, 1),
        "approved_date": date(2026, 10, 5),
        "period_start": date(2026, 11, 1),
        "period_end": date(2026, 11, 30),
        "units_approved": 10,
        "units_used": 2,
        "units_reserved": 1,
    }
    return Authorization(**given | members)


def rule(
    service_type: str = "30", *, requires_auth: bool | None = True, payer_id: UUID = PAYER, procedure: str | None = None
) -> PayerRule:
    return PayerRule(uuid7(), payer_id, service_type, requires_auth, procedure)


def payer(**members: Any) -> Payer:
    given: dict[str, Any] = {"id": PAYER, "name": "Bluestem Health Plan"}
    return Payer(**given | members)


def benefit(of: Coverage, kind: str = "copay", **members: Any) -> Benefit:
    given: dict[str, Any] = {
        "id": uuid7(),
        "coverage_id": of.id,
        "service_type": "30",
        "kind": kind,
        "network": "both",
        "level": "individual",
        "amount": None,
        "percent": None,
        "quantity": None,
        "remaining_amount": None,
        "remaining_quantity": None,
        "requires_auth": None,
        "period_start": None,
        "period_end": None,
        "as_of": NOW,
        "version": 1,
    }
    return Benefit(**given | members)


def line(code: str = "1", *services: str, **members: Any) -> BenefitLine:
    given: dict[str, Any] = {"source": "271:EB[1]", "service_types": services}
    return BenefitLine(code, **given | members)


def answer(*lines: BenefitLine, **members: Any) -> PayerAnswer:
    given: dict[str, Any] = {"payer_name": "Bluestem", "payer_id": "BST", "person": None, "benefits": lines}
    return PayerAnswer(**given | members)


def given_to(of: Coverage, told: PayerAnswer | CheckFailure, at: datetime = NOW) -> GivenAnswer:
    if isinstance(told, CheckFailure):
        return GivenAnswer(of.id, "clearinghouse", at, failure=told)
    return GivenAnswer(of.id, "clearinghouse", at, told)


def visit(visit_type: str | None = "office", on: date = date(2026, 12, 1), provider_id: UUID | None = None) -> Visit:
    return Visit(uuid7(), "VIS-1", on, visit_type, "scheduled", provider_id)


def file(*coverages: Coverage, **members: Any) -> EligibilityFile:
    patient = Patient(UUID(int=1), "MRN553", "Elena", "Vasquez", date(1981, 4, 3), "female", "555-0100", 1)
    coming: Visit | None = members.pop("next_visit", None)
    given: dict[str, Any] = {
        "patient": patient,
        "coverages": coverages,
        "payer_rules": (),
        "authorizations": (),
        "context_visit": None,
        "newest_check": None,
        "booked_visits": () if coming is None else (coming,),
    }
    return EligibilityFile(**given | members)


def roster(client_id: object, *members: object) -> RosterDocument:
    """The roster of an organisation with these users."""
    listed = tuple(RosterMember(uid=f"uid-{one}", user_id=str(one), role="biller") for one in members)
    return RosterDocument(id=str(client_id), client_id=str(client_id), created_at=NOW, updated_at=NOW, members=listed)
