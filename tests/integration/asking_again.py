"""A practice whose payer is asked over HTTP, on PostgreSQL: checks by hand, and checks that are made again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from infra.migrations.roles import role_urls
from shared.catalog import ROOT
from shared.clearinghouse.x12 import X12Clearinghouse
from shared.db.postgres import Postgres
from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.models.api.modes import QuickAction, QuickActionResult, SetContext
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.identifiers import uuid7
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore
from shared.repositories.postgres.check_retries import PostgresCheckRetryQueue
from shared.repositories.postgres.eligibility import PostgresEligibilityRepository
from shared.repositories.postgres.store import PostgresRecordStore
from shared.repositories.postgres.users import PostgresOrganisationRepository
from shared.services.access_log import AccessLog
from shared.services.check_retries import CheckRetries
from shared.services.contexts import ContextService
from shared.services.eligibility_effects import EligibilityEffects
from shared.services.modes import ModeService
from shared.services.record_projection import RecordProjection
from shared.services.task_rules import RuleTaskService
from tests.integration.database import Database
from tests.integration.payer_endpoint import Endpoint
from tests.unit.factories import caller

BEGUN = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
MODE = "eligibility"


class AskingPractice:
    """An organisation in Chicago with an insured patient, MRN900; its clock stands until a test moves it."""

    def __init__(self, database: Database, serving: Postgres, payers: X12Clearinghouse) -> None:
        self.now = BEGUN
        self.database, self.payers = database, payers
        self.client = database.client("America/Chicago")
        self.payer = self.add("payers", payer_number="E-1", name="Bluestem", electronic_id="00553")
        self.patient = self.insured("MRN900")
        self.live, store = InMemoryLiveStore(), PostgresRecordStore(serving)
        log = AccessLog(InMemoryAuditPublisher, lambda: self.live.outbox)
        selector = DatabaseSelector(lambda: store, lambda: self.live)
        contexts = ContextService(selector, log, b"a secret", now=self.clock, limits=SessionLimits())
        self.modes = ModeService(selector, log, contexts, now=self.clock, clearinghouse=lambda: payers)
        effects = EligibilityEffects(selector, contexts, RuleTaskService(self.live, now=self.clock), now=self.clock)
        self.projection = RecordProjection(
            selector, PostgresOrganisationRepository(serving), self.modes.get_mode_handler, (effects,), now=self.clock
        )
        self.caller: Caller = caller(client_id=self.client, action=AuditAction.QUICK_ACTION)

    def clock(self) -> datetime:
        return self.now

    def add(self, table: str, **row: Any) -> UUID:
        row = {"id": uuid7(), "client_id": self.client} | row
        columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        self.database.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", **row)  # noqa: S608 (constants)
        added: UUID = row["id"]
        return added

    def insured(self, mrn: str) -> UUID:
        """A patient Elena Vasquez with a coverage."""
        born = date(1981, 4, 3)
        patient = self.add("patients", mrn=mrn, first_name="Elena", last_name="Vasquez", date_of_birth=born)
        held = {"payer_id": self.payer, "member_id": "BST553018842", "period_start": date(2025, 1, 1)}
        self.add("coverages", patient_id=patient, **held)
        return patient

    def check(self, mrn: str = "MRN900", *, on: date = DAY, who: Caller | None = None) -> QuickActionResult:
        """Check a patient by hand."""
        self.modes.set_context(self.caller, MODE, SetContext(record_type="Patient ID", record_id=mrn))
        request = QuickAction(action="check_eligibility", params={"dateOfService": on.isoformat()})
        return self.modes.execute_quick_action(who or self.caller, MODE, request)

    def retries(self, retry: Postgres, **given: Any) -> CheckRetries:
        """What a scheduled run does, at this practice's time."""
        queue, eligibility = PostgresCheckRetryQueue(retry), PostgresEligibilityRepository(retry)
        members = {"now": self.clock} | given
        return CheckRetries(queue, eligibility, lambda: self.payers, **members)

    def checks(self, patient: UUID | None = None) -> list[Any]:
        """The patient's checks, oldest first."""
        statement = "SELECT * FROM eligibility_checks WHERE client_id = :client AND patient_id = :patient ORDER BY id"
        return self.database.rows(statement, client=self.client, patient=patient or self.patient)

    def events(self, action: str = "eligibility_check:retry") -> list[dict[str, Any]]:
        """The audit events of an action, oldest first."""
        statement = (
            "SELECT event FROM audit_outbox WHERE client_id = :client AND event->>'action' = :action ORDER BY id"
        )
        return [row["event"] for row in self.database.rows(statement, client=self.client, action=action)]

    def planned(self) -> list[Any]:
        """What is still to be asked again."""
        return self.database.rows("SELECT * FROM check_retries WHERE client_id = :client", client=self.client)

    def later(self, **passed: float) -> None:
        """Let time pass."""
        self.now += timedelta(**passed)


def run_in_a_process(database: Database, endpoint: Endpoint) -> subprocess.Popen[bytes]:
    """Begin a run as the deployed function makes it, in a process of its own."""
    payers = {
        "URL": endpoint.url,
        "USER": "clinic-user",
        "PASSWORD": "canary-password",
        "SENDER": "CLINIC",
        "RECEIVER": "PAYER",
        "NPI": "1234567893",
        "PROVIDER": "BONE AND JOINT CLINIC",
        "ENVELOPE": "plain",
    }
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "GOOGLE_CLOUD_PROJECT": "demo-mobius",
        "MOBIUS_DATABASE_URL_RETRY": role_urls(database.socket_url)["retry"],
        **{f"MOBIUS_CLEARINGHOUSE_{name}": value for name, value in payers.items()},
    }
    command = [sys.executable, "-c", "from shared import bootstrap_events; bootstrap_events.check_retries().run()"]
    return subprocess.Popen(command, env=environment, cwd=ROOT)
