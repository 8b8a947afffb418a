"""PostgreSQL tables, as SQLAlchemy Core tables on one metadata (no ORM: see decision 0007)."""

from shared.models.postgres.analytics import feedback_facts
from shared.models.postgres.base import metadata
from shared.models.postgres.billing import claim_adjustments, claim_appeals, claim_total_changes, claim_totals
from shared.models.postgres.eligibility import (
    authorizations,
    benefits,
    coverages,
    eligibility_checks,
    payer_rules,
    payers,
)
from shared.models.postgres.histories import check_in_facts, claim_events, record_history, visit_status_history
from shared.models.postgres.infrastructure import (
    audit_logs,
    audit_outbox,
    audit_quarantine,
    audit_seals,
    domain_outbox,
    idempotency_keys,
    record_terms,
)
from shared.models.postgres.organisation import clients, member_outbox, users
from shared.models.postgres.payer_files import payer_file_lines, payer_files
from shared.models.postgres.records import claims, patients, providers, visits
from shared.models.postgres.sign_in import sign_in_attempts, sign_in_links, sign_in_tickets

__all__ = [
    "audit_logs",
    "audit_outbox",
    "audit_quarantine",
    "audit_seals",
    "authorizations",
    "benefits",
    "check_in_facts",
    "claim_adjustments",
    "claim_appeals",
    "claim_events",
    "claim_total_changes",
    "claim_totals",
    "claims",
    "clients",
    "coverages",
    "domain_outbox",
    "eligibility_checks",
    "feedback_facts",
    "idempotency_keys",
    "member_outbox",
    "metadata",
    "patients",
    "payer_file_lines",
    "payer_files",
    "payer_rules",
    "payers",
    "providers",
    "record_history",
    "record_terms",
    "sign_in_attempts",
    "sign_in_links",
    "sign_in_tickets",
    "users",
    "visit_status_history",
    "visits",
]
