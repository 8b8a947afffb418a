"""Both sides of the selector in memory."""

from __future__ import annotations

from shared.repositories.memory.authorizations import InMemoryAuthorizationRepository
from shared.repositories.memory.claims import InMemoryClaimRepository
from shared.repositories.memory.collections import (
    InMemoryAlertRepository,
    InMemoryDraftRepository,
    InMemoryFeedbackRepository,
    InMemoryJobRepository,
    InMemoryMessageRepository,
    InMemoryRosterRepository,
)
from shared.repositories.memory.contexts import InMemoryContextRepository
from shared.repositories.memory.devices import InMemoryDeviceRepository
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.eligibility import InMemoryEligibilityRepository
from shared.repositories.memory.front_desk_day import InMemoryFrontDeskDayRepository
from shared.repositories.memory.inboxes import InMemoryInboxRepository
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryKeptAnswers
from shared.repositories.memory.patient_records import InMemoryPatientRecordRepository
from shared.repositories.memory.payer_files import InMemoryPayerFileRepository
from shared.repositories.memory.record_writes import InMemoryRecordWrites
from shared.repositories.memory.records import InMemoryRecordRepository
from shared.repositories.memory.sign_ins import InMemoryProfileRepository
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.memory.tasks import InMemoryTaskRepository
from shared.repositories.memory.visit_readiness import InMemoryVisitReadinessRepository
from shared.repositories.memory.visits import InMemoryVisitRepository


class InMemoryLiveStore:
    """See LiveStore. `documents` holds what was stored, `outbox` the events without a change go to."""

    def __init__(self) -> None:
        self.documents = InMemoryDocuments()
        self.tasks = InMemoryTaskRepository(self.documents)
        self.contexts = InMemoryContextRepository(self.documents)
        self.kept_answers = InMemoryKeptAnswers(self.documents)
        self.outbox = InMemoryAuditOutbox(self.documents)
        self.messages = InMemoryMessageRepository(self.documents, self.documents.messages)
        self.feedback = InMemoryFeedbackRepository(self.documents, self.documents.feedback)
        self.alerts = InMemoryAlertRepository(self.documents, self.documents.alerts)
        self.inboxes = InMemoryInboxRepository(self.documents)
        self.devices = InMemoryDeviceRepository(self.documents)
        self.drafts = InMemoryDraftRepository(self.documents, self.documents.drafts)
        self.jobs = InMemoryJobRepository(self.documents, self.documents.jobs)
        self.rosters = InMemoryRosterRepository(self.documents)


class InMemoryRecordStore:
    """See RecordStore. `tables` holds the rows."""

    def __init__(self) -> None:
        self.tables = InMemoryTables()
        self.records = InMemoryRecordRepository(self.tables)
        self.record_writes = InMemoryRecordWrites(self.tables)
        self.eligibility = InMemoryEligibilityRepository(self.tables, self.record_writes.kept)
        self.authorizations = InMemoryAuthorizationRepository(self.tables, self.record_writes.kept)
        self.claims = InMemoryClaimRepository(self.tables, self.record_writes.kept)
        self.payer_files = InMemoryPayerFileRepository(self.tables, self.claims)
        self.patient_records = InMemoryPatientRecordRepository(self.tables)
        self.visits = InMemoryVisitRepository(self.tables, self.record_writes.kept)
        self.visit_readiness = InMemoryVisitReadinessRepository(self.tables, self.eligibility)
        self.front_desk_day = InMemoryFrontDeskDayRepository(self.tables)
        self.profiles = InMemoryProfileRepository()
