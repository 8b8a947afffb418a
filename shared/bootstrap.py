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
