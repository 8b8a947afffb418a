"""Which store holds which kind of data: stated once, here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from shared.errors import NotFoundError
from shared.models.firestore.documents import ContextDocument
from shared.models.records import Patient
from shared.repositories.protocols import LiveStore, RecordStore

Operation = Literal["read", "write"]

# What one thing is called → its table. Either name selects the store.
POSTGRES_TABLES = {
    "client": "clients",
    "user": "users",
    "patient": "patients",
    "coverage": "coverages",
    "benefit": "benefits",
    "payer": "payers",
    "payer_rule": "payer_rules",
    "provider": "providers",
    "claim": "claims",
    "claim_event": "claim_events",
    "claim_adjustment": "claim_adjustments",
    "claim_appeal": "claim_appeals",
    "claim_total": "claim_totals",
    "claim_total_change": "claim_total_changes",
    "payer_file": "payer_files",
    "payer_file_line": "payer_file_lines",
    "authorization": "authorizations",
    "visit": "visits",
    "visit_status": "visit_status_history",
    "check_in_fact": "check_in_facts",
    "eligibility_check": "eligibility_checks",
    "check_retry": "check_retries",
    "record_change": "record_history",
    "record_term": "record_terms",
    "record_event": "domain_outbox",
    "membership_change": "member_outbox",
    "audit_log": "audit_logs",
    "audit_seal": "audit_seals",
    "quarantined_audit_event": "audit_quarantine",
    "waiting_audit_event": "audit_outbox",
    "kept_answer": "idempotency_keys",
    "sign_in_attempt": "sign_in_attempts",
    "sign_in_ticket": "sign_in_tickets",
    "sign_in_link": "sign_in_links",
    "feedback_fact": "feedback_facts",
}
# What one thing is called → its collection.
FIRESTORE_COLLECTIONS = {
    "session": "sessions",
    "context": "contexts",
    "task": "tasks",
    "message": "messages",
    "thread": "threads",
    "feedback": "feedback",
    "alert": "alerts",
    "inbox": "inboxes",
    "inbox_entry": "entries",
    "member": "members",
    "roster": "rosters",
    "draft": "drafts",
    "job": "jobs",
    "device": "devices",
}
# Each store keeps these for its own changes, in their commit; asked for by name alone, they are the tables.
IN_BOTH_STORES = frozenset({"audit_outbox", "idempotency_keys"})
POSTGRES_TYPES = frozenset(POSTGRES_TABLES) | frozenset(POSTGRES_TABLES.values())


class DatabaseSelector:
    """Chooses the store. Both are made on first use: a function that never asks for SQL never imports it."""

    def __init__(
        self, postgres: Callable[[], RecordStore], firestore: Callable[[], LiveStore], client_id: UUID | None = None
    ) -> None:
        """Take factories of the two stores; `client_id` binds the selector to one organisation."""
        self._postgres = postgres
        self._firestore = firestore
        self._client_id = client_id

    @property
    def postgres(self) -> RecordStore:
        """The store of structured records."""
        return self._postgres()

    @property
    def firestore(self) -> LiveStore:
        """The store of live documents."""
        return self._firestore()

    def select_db(self, operation: Operation, data_type: str) -> RecordStore | LiveStore:
        """Return the store for `data_type`, a thing's name or its table's or collection's.

        PostgreSQL for what is structured, Firestore for what is live and for whatever is not known here.
        """
        del operation  # reads and writes of one type live in one store today; the parameter leaves room for replicas
        return self.postgres if data_type in POSTGRES_TYPES else self.firestore

    def bound(self, client_id: UUID) -> DatabaseSelector:
        """Return this selector for one organisation: reading by id alone is possible only through it."""
        return DatabaseSelector(self._postgres, self._firestore, client_id)

    def get_patient(self, patient_id: str) -> Patient:
        """Return the patient with this MRN or uuid. Raises NotFoundError."""
        patient = self.postgres.records.find_patient(self._bound_client(), patient_id)
        if patient is None:
            raise NotFoundError("There is no such record")
        return patient

    def get_context(self, context_id: str) -> ContextDocument:
        """Return the context. Raises NotFoundError."""
        context = self.firestore.contexts.get(self._bound_client(), context_id)
        if context is None:
            raise NotFoundError("There is no such record")
        return context

    def _bound_client(self) -> UUID:
        if self._client_id is None:
            raise LookupError("Bind the selector to a client first: nothing is read without one")
        return self._client_id
