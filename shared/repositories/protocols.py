"""What services ask of the stores. Every method is bound to a client: there is no query without one.

Implementations raise StoreUnavailableError when a store does not answer in time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.firestore.documents import (
    ContextDocument,
    MemberDocument,
    SessionDocument,
    TaskDocument,
    TaskType,
)
from shared.models.records import Patient, RecordReference
from shared.repositories.authorization_protocols import AuthorizationRepository
from shared.repositories.changes import Change, Changes, D, KeptAnswer, Position
from shared.repositories.claim_protocols import ClaimRepository
from shared.repositories.document_protocols import DocumentStore, RosterRepository
from shared.repositories.eligibility_protocols import EligibilityRepository
from shared.repositories.front_desk_day_protocols import FrontDeskDayRepository
from shared.repositories.patient_record_protocols import PatientRecordRepository
from shared.repositories.payer_file_protocols import PayerFileRepository
from shared.repositories.record_protocols import PlainValue, RecordWriteRepository
from shared.repositories.sign_in_protocols import ProfileRepository
from shared.repositories.visit_protocols import VisitRepository
from shared.repositories.visit_readiness_protocols import VisitReadinessRepository

__all__ = [
    "Change",
    "Changes",
    "D",
    "KeptAnswer",
    "Position",
    "RosterRepository",
]  # told here by name: part of what services ask


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: any of the `audience` marks (all of the client when empty) and each of the given members."""

    audience: tuple[str, ...] = ()
    type: TaskType | None = None
    is_open: bool | None = None
    completed: bool | None = None
    assigned_to: str | None = None
    due_before: datetime | None = None


class TaskRepository(Protocol):
    """Tasks."""

    def get(self, client_id: UUID, task_id: str) -> TaskDocument | None:
        """Return the task, None when there is none or it belongs to another client."""
        ...

    def find(self, client_id: UUID, wanted: TaskFilter, *, after: Position | None, limit: int) -> list[TaskDocument]:
        """Return at most `limit` undeleted tasks in (sort_at, id) order, starting behind `after`."""
        ...

    def create(self, task: TaskDocument, event: AuditEvent, kept: KeptAnswer | None = None) -> TaskDocument | None:
        """Create the task, its audit event and the answer to keep in one commit; None, or the task that has this id.

        Raises ConflictError when it is another client's, Replayed for a repeated request.
        """
        ...

    def change(
        self, client_id: UUID, task_id: str, decide: Callable[[TaskDocument], Change[TaskDocument] | None]
    ) -> TaskDocument:
        """Get, decide, write if nobody wrote in between, else again. `decide` may return None: nothing to do.

        Raises NotFoundError for an unknown or foreign id, and whatever `decide` raises.
        """
        ...

    def of_rule(self, client_id: UUID, dedupe_key: str) -> TaskDocument | None:
        """Return the latest task that a rule made under this key, open or not; None when it has made none."""
        ...

    def change_several(
        self,
        client_id: UUID,
        task_ids: Sequence[str],
        decide: Callable[[dict[str, TaskDocument]], Changes[TaskDocument] | None],
    ) -> None:
        """As `change`, for several tasks in one commit; `decide` gets those there are, by id."""
        ...


class ContextsOfRecords(Protocol):
    """Contexts by what they are about."""

    def about(
        self, client_id: UUID, *, patients: Collection[str], payers: Collection[str]
    ) -> Iterator[ContextDocument]:
        """Yield each context of one of the patients, and each whose facts rest on one of the payers, once."""
        ...


class ContextRepository(ContextsOfRecords, Protocol):
    """Contexts and the session documents that point at them."""

    def get(self, client_id: UUID, context_id: str) -> ContextDocument | None:
        """Return the context, None when there is none or it belongs to another client."""
        ...

    def several(self, client_id: UUID, context_ids: Sequence[str]) -> dict[str, ContextDocument]:
        """Return those of the contexts that there are, by id, in one read."""
        ...

    def session(self, session_id: str) -> SessionDocument | None:
        """Return a sign-in's session document."""
        ...

    def open(
        self,
        context: ContextDocument,
        session: SessionDocument,
        event: AuditEvent,
        kept: Callable[[ContextDocument, bool], KeptAnswer | None],
    ) -> tuple[ContextDocument, bool]:
        """Make `context` the session's current one in its mode; create what is missing, all in one commit.

        Returns the stored context and whether it is new; `kept` makes the answer to keep from both.
        Raises UnauthenticatedError for an ended session, ConflictError when the context's id is another client's.
        """
        ...

    def make(self, context: ContextDocument, event: AuditEvent) -> ContextDocument:
        """Create a context that nobody has opened, with its audit event; the one that is there already is returned.

        Raises ConflictError when the context's id is another client's.
        """
        ...

    def change(
        self, client_id: UUID, context_id: str, decide: Callable[[ContextDocument], Change[ContextDocument] | None]
    ) -> ContextDocument:
        """As TaskRepository.change."""
        ...


class KeptAnswers(Protocol):
    """Answers kept for Idempotency-Keys."""

    def recall(self, key: IdempotencyKey | None) -> None:
        """Raise Replayed when this request was carried out before, IdempotencyMismatchError when another was."""
        ...


class MemberRepository(Protocol):
    """Who belongs to which organisation."""

    def get(self, uid: str) -> MemberDocument | None:
        """Return the membership of a Firebase uid."""
        ...


class AuditOutbox(Protocol):
    """The Firestore outbox, for events that belong to no change."""

    def add(self, event: AuditEvent) -> None:
        """Store `event`; an event that is there already is success."""
        ...


class AuditPublisher(Protocol):
    """The audit topic."""

    def begin(self, event: AuditEvent) -> Future[str]:
        """Start publishing."""
        ...

    def confirm(self, publication: Future[str]) -> None:
        """Wait for the acknowledgement. Raises StoreUnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record's columns by name: dates and ids as text, amounts as Decimal, lists as tuples."""

    type: str
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    data: dict[str, PlainValue]


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A search hit: its number, a label to show, whose it is, and how well it fits."""

    type: str
    id: UUID
    number: str
    label: str
    patient_id: UUID | None
    score: int


class RecordRepository(Protocol):
    """Structured records."""

    def find_patient(self, client_id: UUID, reference: str) -> Patient | None:
        """Return the patient by MRN or uuid."""
        ...

    def resolve(self, client_id: UUID, record_type: str, reference: str) -> RecordReference | None:
        """Find a record by its number or uuid."""
        ...

    def get(self, client_id: UUID, record_type: str, reference: str, *, seen: AuditEvent | None) -> StoredRecord | None:
        """Return the record by its number or uuid; `seen` is recorded in the same transaction."""
        ...

    def search(
        self,
        client_id: UUID,
        terms: tuple[str, ...],
        record_types: tuple[str, ...],
        *,
        least_weight: int = 0,
        seen: AuditEvent | None,
    ) -> list[FoundRecord]:
        """Return at most 200 records that have a term starting with each of `terms`, best first.

        Terms of less than `least_weight` do not count: what they are made of is not shown to whoever asks.
        """
        ...


class LiveStore(DocumentStore, Protocol):
    """The Firestore side."""

    @property
    def tasks(self) -> TaskRepository:
        """Tasks."""
        ...

    @property
    def contexts(self) -> ContextRepository:
        """Contexts and sessions."""
        ...

    @property
    def kept_answers(self) -> KeptAnswers:
        """Answers kept for repeated requests."""
        ...


class RecordStore(Protocol):
    """The PostgreSQL side."""

    @property
    def records(self) -> RecordRepository:
        """Records of every type."""
        ...

    @property
    def record_writes(self) -> RecordWriteRepository:
        """Writing them."""
        ...

    @property
    def eligibility(self) -> EligibilityRepository:
        """The eligibility mode's view of them."""
        ...

    @property
    def authorizations(self) -> AuthorizationRepository:
        """Requests for authorization, payers' answers, units."""
        ...

    @property
    def front_desk_day(self) -> FrontDeskDayRepository:
        """A day at the front desk as a whole."""
        ...

    @property
    def visit_readiness(self) -> VisitReadinessRepository:
        """The readiness of visits."""
        ...

    @property
    def claims(self) -> ClaimRepository:
        """Claims as billers work with them."""
        ...

    @property
    def payer_files(self) -> PayerFileRepository:
        """Remittances and status reports, line by line."""
        ...

    @property
    def patient_records(self) -> PatientRecordRepository:
        """One patient's claims and visits."""
        ...

    @property
    def visits(self) -> VisitRepository:
        """Visits as the front desk moves them."""
        ...

    @property
    def profiles(self) -> ProfileRepository:
        """People and their organisation."""
        ...
