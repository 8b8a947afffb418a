"""PostgreSQL tables, as SQLAlchemy Core tables on one metadata (no ORM: see decision 0007)."""

from shared.models.postgres.base import metadata
from shared.models.postgres.eligibility import authorizations, coverages, eligibility_checks, payer_rules, payers
from shared.models.postgres.infrastructure import (
    audit_logs,
    audit_outbox,
    audit_quarantine,
    idempotency_keys,
    record_terms,
)
from shared.models.postgres.organisation import clients, users
from shared.models.postgres.records import claims, patients, providers, visits

__all__ = [
    "audit_logs",
    "audit_outbox",
    "audit_quarantine",
    "authorizations",
    "claims",
    "clients",
    "coverages",
    "eligibility_checks",
    "idempotency_keys",
    "metadata",
    "patients",
    "payer_rules",
    "payers",
    "providers",
    "record_terms",
    "users",
    "visits",
]
