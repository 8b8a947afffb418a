"""The grounded assistant over imported patients in a real PostgreSQL; what is live stands in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.assistant.grounded.assistant import GroundedAssistant
from shared.assistant.protocol import Question
from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.conversation import MessageDocument
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import document_id, uuid7
from shared.models.roles import Role
from shared.models.users import AssistantMode
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore
from shared.repositories.postgres.store import PostgresRecordStore
from shared.services.access_log import AccessLog
from shared.services.contexts import ContextService
from shared.services.modes import ModeService
from tests.integration.database import Database
from tests.unit.assistant.desk import Answered, tools_over
from tests.unit.factories import caller, context, task

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
ROLE_BY_MODE = {
    "eligibility": Role.ELIGIBILITY_SPECIALIST,
    "front-desk": Role.FRONT_DESK,
    "backend": Role.BILLER,
    "email-drafter": Role.MANAGER,
}


@dataclass
class Clinic:
    """An organisation with imported patients; `ask` asks about the record of a patient in a mode."""

    database: Database
    client: UUID
    store: PostgresRecordStore
    live: InMemoryLiveStore = field(default_factory=InMemoryLiveStore)
    contexts: dict[tuple[str, str], ContextDocument] = field(default_factory=dict)

    def __post_init__(self) -> None:
        log = AccessLog(InMemoryAuditPublisher, lambda: self.live.outbox)
        selector = DatabaseSelector(lambda: self.store, lambda: self.live)
        contexts = ContextService(selector, log, b"a secret", now=lambda: NOW, limits=SessionLimits())
        modes = ModeService(selector, log, contexts, now=lambda: NOW)
        self.tools = tools_over(selector, modes, log, lambda: NOW)
        self.assistant = GroundedAssistant(self.tools)

    def person(self, mode: str = "eligibility", **members: Any) -> Caller:
        given = {"client_id": self.client, "role": ROLE_BY_MODE[mode], "time_zone": "America/New_York"}
        return caller(**{**given, "action": AuditAction.QUICK_ACTION, **members})

    def context(self, patient: dict[str, Any], mode: str = "eligibility") -> ContextDocument:
        """The context of a patient in a mode; the same one each time."""
        key = (str(patient["id"]), mode)
        if key not in self.contexts:
            made = context(
                self.client,
                mode=mode,
                record_id=patient["mrn"],
                record_uuid=str(patient["id"]),
                patient_uuid=str(patient["id"]),
            )
            self.contexts[key] = made
            self.live.documents.contexts[made.id] = made
        return self.contexts[key]

    def at_work(self, mode: str, visit: str | None = None) -> ContextDocument:
        """A context without a patient in hand, or one of a visit."""
        key = (visit or "", mode)
        if key not in self.contexts:
            members: dict[str, Any] = {"record_type": "other", "record_id": "board", "patient_uuid": None}
            if visit is not None:
                (row,) = self.database.rows(
                    "SELECT id, patient_id FROM visits WHERE client_id = :client AND visit_number = :visit",
                    client=self.client,
                    visit=visit,
                )
                members = {"record_type": "visit", "record_id": visit, "record_uuid": str(row["id"])}
                members["patient_uuid"] = str(row["patient_id"])
            made = context(self.client, mode=mode, **members)
            self.contexts[key] = made
            self.live.documents.contexts[made.id] = made
        return self.contexts[key]

    def ask_at_work(
        self, text: str, *after: str, mode: str, visit: str | None = None, who: Caller | None = None
    ) -> Answered:
        """Ask about the organisation, or about a visit."""
        opened = self.at_work(mode, visit)
        history = tuple(self._message(one, opened) for one in after)
        asked = Question(who or self.person(mode), opened, text, history, "Co-pilot", NOW)
        return Answered.of(list(self.assistant.answer(asked, stopped=lambda: False)))

    def ask(
        self,
        patient: dict[str, Any],
        text: str,
        *after: str,
        mode: str = "eligibility",
        assistant_mode: AssistantMode = "Co-pilot",
        who: Caller | None = None,
    ) -> Answered:
        opened = self.context(patient, mode)
        history = tuple(self._message(one, opened) for one in after)
        asked = Question(who or self.person(mode), opened, text, history, assistant_mode, NOW)
        return Answered.of(list(self.assistant.answer(asked, stopped=lambda: False)))

    def _message(self, text: str, opened: ContextDocument) -> MessageDocument:
        return MessageDocument(
            id=document_id("msg"),
            client_id=str(self.client),
            created_at=NOW,
            updated_at=NOW,
            context_id=opened.id,
            mode=opened.mode,
            thread_id="thread",
            user_id="user",
            type="user",
            content=text,
            sort_at=NOW,
        )


def enrich(clinic: Clinic, patient: dict[str, Any]) -> None:
    """What the published data has none of: benefits, authorizations, denials, booked visits, tasks, a deadline."""
    add = _Adding(clinic, patient)
    payer = add.row("payers", payer_number="PAY-T", name="Tessera Health", filing_days=120, network="in")
    add.row("payer_rules", payer_id=payer, service_type="PT", requires_auth=True)
    add.row("payer_rules", payer_id=payer, service_type="98", requires_auth=False)
    add.row("payer_rules", payer_id=payer, service_type="30", requires_auth=False)
    coverage = add.of_patient(
        "coverages", payer_id=payer, plan_name="Tessera Gold", member_id="TES-4711", rank=1,
        period_start=date(2026, 1, 1), period_end=date(2026, 12, 15), copay=Decimal("35.50"), source_ref="t/1",
    )  # fmt: skip
    benefits: tuple[dict[str, Any], ...] = (
        {"kind": "deductible", "service_type": "30", "amount": 1000, "remaining_amount": Decimal("321.09")},
        {"kind": "coinsurance", "service_type": "30", "percent": 15},
        {"kind": "limit", "service_type": "PT", "quantity": 20, "remaining_quantity": 7},
    )
    for one in benefits:
        add.row("benefits", coverage_id=coverage, as_of=NOW, network="in", **one)
    due = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    add.of_patient(
        "authorizations", auth_number="AUTH-T1", payer_id=payer, service_type="PT", status="approved",
        requested_date=date(2026, 10, 1), approved_date=date(2026, 10, 4), period_start=date(2026, 10, 5),
        period_end=date(2026, 12, 31), units_approved=12, units_used=4, units_reserved=2,
    )  # fmt: skip
    add.of_patient(
        "authorizations", auth_number="AUTH-T2", payer_id=payer, service_type="MH", status="pended",
        requested_date=date(2026, 11, 20), decision_due_at=due, units_used=0, units_reserved=0,
    )  # fmt: skip
    add.of_patient("authorizations", auth_number="AUTH-T3", status="denied", requested_date=date(2026, 5, 2),
                   units_used=0, units_reserved=0, status_reason="Not enough notes")  # fmt: skip
    claims = (
        ("CLM-T1", "submitted", "120.10", None, None), ("CLM-T2", "denied", "88.05", "CO-197", None),
        ("CLM-T3", "partially_paid", "300.00", None, "150.25"), ("CLM-T4", "draft", "45.00", None, None),
        ("CLM-T5", "on_hold", "19.99", None, None),
    )  # fmt: skip
    for number, status, amount, reason, paid in claims:
        add.of_patient(
            "claims", claim_number=number, status=status, amount=Decimal(amount), denial_reason=reason,
            paid_amount=paid and Decimal(paid), service_date=date(2026, 10, int(number[-1])), payer_id=payer,
            submitted_date=None if status in {"draft", "on_hold"} else date(2026, 10, 20),
        )  # fmt: skip
    provider = add.row("providers", provider_number="PRV-T", kind="person", name="Ida Tarn, MD")
    starts = datetime(2026, 12, 1, 15, 30, tzinfo=UTC)
    visits: tuple[tuple[str, date, str, datetime | None], ...] = (
        ("VIS-T1", date(2026, 12, 1), "scheduled", starts), ("VIS-T2", date(2026, 12, 20), "scheduled", None),
        ("VIS-T3", date(2026, 11, 25), "cancelled", None), ("VIS-T4", date(2026, 11, 3), "no_show", None),
        ("VIS-T5", date(2026, 11, 10), "completed", None),
    )  # fmt: skip
    for number, day, status, at in visits:
        add.of_patient("visits", visit_number=number, visit_date=day, status=status, starts_at=at, visit_type="office",
                       provider_id=provider)  # fmt: skip
    for mode in ROLE_BY_MODE:
        opened = clinic.context(patient, mode)
        for label, state, at_due in (
            ("Call the payer", "open", NOW - timedelta(days=2)), ("Scan the card", "open", NOW + timedelta(hours=2)),
            ("Ask for the form", "completed", None),
        ):  # fmt: skip
            made = task(
                clinic.client, context_id=opened.id, mode=mode, label=label, state=state,
                audience=(f"ctx:{opened.id}",),
                completed=state == "completed", is_open=state == "open", due_at=at_due, sort_at=at_due or NOW,
            )  # fmt: skip
            clinic.live.documents.tasks[made.id] = made


@dataclass
class _Adding:
    clinic: Clinic
    patient: dict[str, Any]

    def row(self, table: str, **columns: Any) -> UUID:
        columns = {"id": uuid7(), "client_id": self.clinic.client, **columns}
        names = ", ".join(columns)
        values = ", ".join(f":{name}" for name in columns)
        self.clinic.database.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", **columns)  # noqa: S608
        made: UUID = columns["id"]
        return made

    def of_patient(self, table: str, **columns: Any) -> UUID:
        return self.row(table, patient_id=self.patient["id"], **columns)


def neighbour(clinic: Clinic) -> Caller:
    """Somebody of another organisation."""
    return replace(clinic.person(), client_id=clinic.database.client())
