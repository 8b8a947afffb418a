"""Patients, providers, visits and claims."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import UUID

from shared.models.postgres.base import identifier, metadata, source, stamps, tenant

patients = Table(
    "patients",
    metadata,
    identifier(),
    tenant(),
    Column("mrn", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("date_of_birth", Date),
    Column("sex", Text),
    Column("phone", Text),
    Column("deceased_on", Date),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "mrn"),
)

providers = Table(
    "providers",
    metadata,
    identifier(),
    tenant(),
    Column("provider_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("specialty", Text),
    Column("npi", Text),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "provider_number"),
    CheckConstraint("kind IN ('person', 'organization')", name="kind"),
)

visits = Table(
    "visits",
    metadata,
    identifier(),
    tenant(),
    Column("visit_number", Text, nullable=False),
    Column("patient_id", UUID(as_uuid=True), ForeignKey("patients.id"), nullable=False),
    Column("visit_date", Date, nullable=False),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("provider_id", UUID(as_uuid=True), ForeignKey("providers.id")),
    Column("visit_type", Text),
    Column("reason", Text),
    Column("status", Text, nullable=False),
    Column("readiness", Text, nullable=False, server_default="pending"),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "visit_number"),
    Index("ix_visits_patient", "client_id", "patient_id", "visit_date"),
    Index("ix_visits_day", "client_id", "visit_date"),
)

claims = Table(
    "claims",
    metadata,
    identifier(),
    tenant(),
    Column("claim_number", Text, nullable=False),
    Column("patient_id", UUID(as_uuid=True), ForeignKey("patients.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("amount", Numeric(10, 2), nullable=False),
    Column("paid_amount", Numeric(10, 2)),
    Column("currency", Text, nullable=False, server_default="USD"),
    Column("submitted_date", Date),
    Column("service_date", Date),
    Column("payer_id", UUID(as_uuid=True), ForeignKey("payers.id")),
    Column("visit_id", UUID(as_uuid=True), ForeignKey("visits.id")),
    Column("provider_id", UUID(as_uuid=True), ForeignKey("providers.id")),
    Column("claim_type", Text),
    Column("denial_reason", Text),
    Column("next_deadline_at", DateTime(timezone=True)),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "claim_number"),
    CheckConstraint("amount >= 0", name="amount"),
    Index("ix_claims_patient", "client_id", "patient_id", "service_date"),
)
