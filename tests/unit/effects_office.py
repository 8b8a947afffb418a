"""A practice whose checks have effects: records, modes and the projection, on whatever stores it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.errors import PreconditionFailedError
from shared.models.api.modes import QuickAction, SetContext
from shared.models.api.record_writes import RecordWrite
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.alerts import AlertDocument
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.models.outcome import Outcome
from shared.models.record_changes import RecordChange, RecordChanges
from shared.models.roles import Role
from shared.models.users import Organisation
from shared.models.visit import VisitStatus
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.repositories.memory.users import InMemoryOrganisationRepository, InMemoryPeople
from shared.repositories.protocols import LiveStore, RecordStore, TaskFilter
from shared.repositories.visit_protocols import VisitCase, VisitChange
from shared.services.access_log import AccessLog
from shared.services.clock import utc_now
from shared.services.contexts import ContextService
from shared.services.eligibility_effects import EligibilityEffects
from shared.services.modes import ModeService
from shared.services.record_projection import RecordProjection
from shared.services.record_writes import RecordWriteService
from shared.services.task_rules import RuleTaskService
from shared.services.tasks import TaskService
from tests.unit.factories import caller

MODE = "eligibility"
MRN, PAYER = "MRN900", "PAY-1"
ZONE = "UTC"


class EffectsOffice:
    """A patient with an active coverage, a payer that wants an authorization of everything."""

    def __init__(self, live: LiveStore, records: RecordStore, client: UUID, now: Callable[[], datetime]) -> None:
        self.live, self.records, self.client = live, records, client
        self.now = now
        log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(InMemoryDocuments()))
        selector = DatabaseSelector(lambda: records, lambda: live)
        contexts = ContextService(selector, log, b"a secret", now=now, limits=SessionLimits())
        self.modes = ModeService(selector, log, contexts, now=now)
        self.tasks = TaskService(selector, log, now=now)
        self.rules = RuleTaskService(live, now=now)
        self.effects = EligibilityEffects(selector, contexts, self.rules, now=now)
        people = InMemoryPeople()
        begun = datetime.now(UTC)
        people.organisations[client] = Organisation(client, "A practice", None, ZONE, begun, begun)
        self.projection = RecordProjection(
            selector, InMemoryOrganisationRepository(people), self.modes.get_mode_handler, (self.effects,), now=now
        )
        self.writer = RecordWriteService(lambda: records, log)
        self.admin = caller(client_id=client, role=Role.ADMIN, time_zone=ZONE)
        self.person = caller(client_id=client, action=AuditAction.QUICK_ACTION, time_zone=ZONE)
        self.versions: dict[str, int] = {}
        self.told: list[RecordChange] = []

    @property
    def today(self) -> date:
        return self.now().date()

    def furnish(self, *, requires_auth: bool = True) -> UUID:
        """Put the patient on file; their id."""
        patient = self.write("patient", mrn=MRN, firstName="Elena", lastName="Vasquez", dateOfBirth="1981-04-03")
        self.write("payer", payerNumber=PAYER, name="Bluestem")
        self.need(requires_auth=requires_auth)
        self.cover()
        return UUID(patient)

    def need(self, *, requires_auth: bool) -> None:
        """Say whether the payer wants an authorization."""
        self.write("payer_rule", payerId=PAYER, serviceType="30", requiresAuth=requires_auth)

    def cover(self, *, until: date | None = None, plan: str = "Gold", copay: int = 20) -> None:
        """Change the coverage."""
        start = (self.today - timedelta(days=300)).isoformat()
        held: dict[str, Any] = {"patientId": MRN, "payerId": PAYER, "memberId": "W-1", "periodStart": start}
        end = None if until is None else until.isoformat()
        self.write("coverage", **held, planName=plan, copayCents=copay, periodEnd=end)

    def book(self, number: str, days: int) -> UUID:
        """Book a visit in so many days."""
        on = (self.today + timedelta(days=days)).isoformat()
        data = {"visitNumber": number, "patientId": MRN, "visitDate": on, "visitType": "office", "status": "scheduled"}
        return UUID(self.write("visit", **data))

    def authorize(self, number: str, status: str, **data: Any) -> UUID:
        """Put an authorization of office visits on file, or change it."""
        period = {"periodStart": self.today - timedelta(days=10), "periodEnd": self.today + timedelta(days=200)}
        dates = {name: day.isoformat() for name, day in period.items()}
        given = {"patientId": MRN, "payerId": PAYER, "serviceType": "98", "status": status} | dates | data
        return UUID(self.write("authorization", authNumber=number, **given))

    def write(self, record_type: str, **data: Any) -> str:
        """Write a record; its change waits in `told`."""
        name = f"{record_type}:{next(iter(data.values()))}"
        while True:
            version = self.version_of(record_type, str(next(iter(data.values())))) or self.versions.get(name)
            body = RecordWrite.model_validate({"type": record_type, "data": data, "version": version})
            try:
                written = self.writer.write(self.admin, body)[0]
            except PreconditionFailedError:
                continue  # its readiness was settled in between: read it again
            break
        self.versions[name] = written.version
        owner = self.patient if record_type not in {"payer", "payer_rule"} else None
        payers = (UUID(written.id),) if record_type == "payer" else ()
        self.told.append(
            RecordChange(
                record_type=record_type,
                record_id=UUID(written.id),
                record_version=written.version,
                change="created" if version is None else "updated",
                patient_ids=() if owner is None else (owner,),
                payer_ids=payers or ((self.payer,) if record_type == "payer_rule" and self.payer else ()),
            )
        )
        return str(written.id)

    def version_of(self, record_type: str, number: str) -> int | None:
        """The version of a visit, which rules change as well as people; None for every other record."""
        found = self.records.records.get(self.client, "visit", number, seen=None) if record_type == "visit" else None
        return None if found is None else found.version

    def move(self, number: str, status: VisitStatus) -> None:
        """Move a visit as the front desk does, guards aside; its change waits in `told`."""

        def decide(found: VisitCase) -> VisitChange:
            visit = replace(found.visit, status=status, status_since=utc_now(), version=found.visit.version + 1)
            event = self.admin.changed("visit", resource_id=visit.id, patient_ref=str(visit.patient_id))
            return VisitChange(visit, event, None)

        moved = self.records.visits.change(self.client, number, decide, changed_by=self.admin.user_id, key=None)
        visit = moved.visit
        self.told.append(
            RecordChange(
                record_type="visit",
                record_id=visit.id,
                record_version=visit.version,
                change="updated",
                patient_ids=(visit.patient_id,),
            )
        )

    @property
    def patient(self) -> UUID | None:
        found = self.records.records.resolve(self.client, "patient", MRN)
        return None if found is None else found.id

    @property
    def payer(self) -> UUID | None:
        found = self.records.records.resolve(self.client, "payer", PAYER)
        return None if found is None else found.id

    def open(self, number: str = MRN, record_type: Any = "patient", mode: str = MODE) -> str:
        """Open a record's context; its id."""
        wanted = SetContext(record_type=record_type, record_id=number)
        return self.modes.set_context(self.person, mode, wanted)[0].context_id

    def check(self, on: int | None = None, context: str | None = None, who: Caller | None = None) -> UUID:
        """Check the patient, for the day in so many days; the check's id. Its change waits in `told`."""
        params = {} if on is None else {"dateOfService": (self.today + timedelta(days=on)).isoformat()}
        request = QuickAction(action="check_eligibility", params=params, context_id=context or self.open())
        made = self.modes.execute_quick_action(replace(who or self.person), MODE, request)
        return self.note_check(UUID(str(made.data["checkId"])))

    def note_check(self, check: UUID) -> UUID:
        """Let a stored check announce itself, as the database does."""
        assert self.patient is not None
        self.told.append(
            RecordChange(
                record_type="eligibility_check",
                record_id=check,
                record_version=1,
                change="created",
                patient_ids=(self.patient,),
            )
        )
        return check

    def carry(self, *changes: RecordChange, client: UUID | None = None) -> Outcome:
        """Carry these changes, or all that wait."""
        given = changes or tuple(self.told)
        if not changes:
            self.told.clear()
        message = RecordChanges(client_id=client or self.client, changes=given)
        return self.projection.project(message.model_dump_json(by_alias=True).encode())

    def all_tasks(self) -> list[TaskDocument]:
        """Every task of the organisation, in the order of their making."""
        found = self.live.tasks.find(self.client, TaskFilter(), after=None, limit=500)
        return sorted(found, key=lambda task: (task.created_at, task.id))

    def open_tasks(self) -> list[str]:
        """The keys of the situations whose tasks are open."""
        return sorted((one.dedupe_key or "").split(":")[4] for one in self.all_tasks() if one.is_open)

    def alerts(self) -> list[AlertDocument]:
        """The active alerts."""
        return self.live.alerts.active(self.client, after=None, limit=100)

    def contexts(self) -> list[ContextDocument]:
        """The patient's contexts."""
        return list(self.live.contexts.about(self.client, patients={str(self.patient)}, payers=()))
