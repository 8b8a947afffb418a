"""The composition root: every service is put together here, on first use, and nowhere else.

Imports stand inside the functions on purpose: a function of the product imports only what it asks for here, and the
bundle builder follows exactly the factories that a `main.py` names.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared.config import settings

if TYPE_CHECKING:
    from google.cloud import firestore

    from shared.db.postgres import Postgres
    from shared.db.pubsub import AuditTopic
    from shared.services.audit_pipeline import AuditRelay, AuditWriter, OutboxSweep
    from shared.services.task_projection import TaskProjection


@cache
def firestore_store() -> firestore.Client:
    """The Firestore client of this process."""
    from shared.db.firestore import firestore_client

    return firestore_client(settings().project)


@cache
def audit_topic() -> AuditTopic:
    """The Pub/Sub topic that audit events go to."""
    from shared.db.pubsub import AuditTopic

    return AuditTopic(settings().project, settings().audit_topic)


@cache
def postgres(role: str = "serving") -> Postgres:
    """PostgreSQL as `role`: serving, audit or relay."""
    from shared.db.postgres import postgres_for

    return postgres_for(settings(), role)


@cache
def audit_relay() -> AuditRelay:
    """Publishes the Firestore outbox's events."""
    from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
    from shared.services.audit_pipeline import AuditRelay

    return AuditRelay(audit_topic(), FirestoreWaitingEvents(firestore_store()))


@cache
def outbox_sweep() -> OutboxSweep:
    """Publishes what has stayed too long in either outbox."""
    from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
    from shared.repositories.postgres.audit import PostgresWaitingEvents
    from shared.services.audit_pipeline import OutboxSweep

    waiting = (FirestoreWaitingEvents(firestore_store()), PostgresWaitingEvents(postgres("relay")))
    return OutboxSweep(audit_topic(), waiting)


@cache
def audit_writer() -> AuditWriter:
    """Writes audit events into the database."""
    from shared.repositories.postgres.audit import PostgresAuditLog
    from shared.services.audit_pipeline import AuditWriter

    return AuditWriter(PostgresAuditLog(postgres("audit")))


@cache
def task_projection() -> TaskProjection:
    """Keeps the contexts' counts of open tasks."""
    from shared.repositories.firestore.open_tasks import FirestoreOpenTasks
    from shared.services.task_projection import TaskProjection

    return TaskProjection(FirestoreOpenTasks(firestore_store()))
