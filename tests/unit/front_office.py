"""A front desk on whatever store it is given, with a clock that tests turn: what the suites about visits share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.errors import MobiusError
from shared.models.api.visits import AppointmentQuery, AppointmentView, CheckInRequest, VisitView
from shared.models.audit import AuditAction
from shared.models.caller import Caller, IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.roles import Role
from shared.modes.base import params_of
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.repositories.protocols import RecordStore
from shared.services.access_log import AccessLog
from shared.services.contexts import ContextService
from shared.services.visit_action_table import VISIT_ACTIONS
from shared.services.visit_actions import VisitActions
from shared.services.visits import VisitService
from tests.unit.factories import caller, context

ZONE = "America/Chicago"
DAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 15, tzinfo=UTC)  # nine o'clock in Chicago
WHOLE: dict[str, Any] = {
    "identifiers": ["full_name", "date_of_birth"],
    "demographicsReviewed": True,
    "coverageVerified": True,
    "forms": ["privacy_notice", "consent_to_treat", "financial_responsibility"],
    "copay": {"amountCents": 2500, "method": "card"},
}
_RULES = {rule.name: rule for rule in VISIT_ACTIONS}
_BOARD = context(
    mode="front-desk", record_type="other", record_id="board", record_uuid=str(UUID(int=7)), patient_uuid=None
)


def _no_contexts() -> ContextService:
    raise LookupError("These tests name the visit")


@dataclass
class FrontOffice:
    """`now` is the time at the desk; `add` stores a row behind the API's back."""

    store: RecordStore
    client: UUID
    add: Callable[[str, dict[str, Any]], UUID]
    now: datetime = NINE
    role: Role = Role.FRONT_DESK
    log: AccessLog = field(init=False)
    service: VisitService = field(init=False)
    actions: VisitActions = field(init=False)
    patient: UUID = field(init=False)
    provider: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(InMemoryDocuments()))
        self.service = VisitService(lambda: self.store, self.log, now=lambda: self.now)
        self.actions = VisitActions(self.service, _no_contexts)
        own = {"client_id": self.client}
        person = {"first_name": "Ana", "last_name": "Ortiz", "date_of_birth": date(1981, 4, 3)}
        self.patient = self.add("patients", own | person | {"mrn": "MRN1"})
        self.provider = self.add(
            "providers", own | {"provider_number": "PRV-1", "kind": "person", "name": "Amara Okonkwo"}
        )

    def visit(self, number: str, status: str = "scheduled", **columns: Any) -> UUID:
        """A visit of the day at nine, ready, made a week ago."""
        row = {
            "client_id": self.client,
            "visit_number": number,
            "patient_id": self.patient,
            "visit_date": DAY,
            "starts_at": NINE,
            "status": status,
            "status_since": NINE - timedelta(days=7),
            "readiness": "ready",
        }
        return self.add("visits", row | columns)

    def caller(self, **members: Any) -> Caller:
        """Who stands at the desk."""
        known: dict[str, Any] = {"client_id": self.client, "role": self.role, "time_zone": ZONE}
        return caller(**known | {"action": AuditAction.QUICK_ACTION, "request_id": uuid7().hex} | members)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    def act(self, action: str, visit: str | UUID, *, key: IdempotencyKey | None = None, **params: Any) -> Any:
        """The data of a quick action on a visit."""
        rule = _RULES[action]
        run = getattr(self.actions, rule.method.removeprefix("desk."))
        given = params_of(rule.params, {"visitId": str(visit), **params})
        return run(self.caller(idempotency=key), _BOARD, given).data

    def refused(self, action: str, visit: str | UUID, **params: Any) -> MobiusError:
        """The error of a quick action that must be refused."""
        try:
            self.act(action, visit, **params)
        except MobiusError as error:
            return error
        raise AssertionError(f"{action} was carried out")

    def check_in(self, visit: str, **facts: Any) -> VisitView:
        """The whole of a check-in in one call."""
        body = CheckInRequest.model_validate_json(json.dumps({"visitId": visit, **WHOLE, **facts}))
        return self.actions.check_in(self.caller(), body)

    def status(self, visit: str | UUID) -> str:
        """The visit's status."""
        return self.shown(visit).status

    def shown(self, visit: str | UUID) -> VisitView:
        """The visit as it is."""
        return self.service.get(self.caller(), str(visit))

    def board(self, **query: Any) -> list[AppointmentView]:
        """The whole board of a day, page by page."""
        lines: list[AppointmentView] = []
        cursor: str | None = None
        while True:
            page = self.service.board(
                self.caller(), AppointmentQuery(**{"limit": 100, "date": DAY, **query, "cursor": cursor})
            )
            lines.extend(page.appointments)
            cursor = page.next_cursor
            if cursor is None:
                return lines
