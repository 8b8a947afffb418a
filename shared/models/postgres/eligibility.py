"""Payers, their rules, coverages, authorizations and eligibility checks."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.models.postgres.base import identifier, metadata, source, stamps, tenant

payers = Table(
    "payers",
    metadata,
    identifier(),
    tenant(),
    Column("payer_number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="insurance"),
    Column("phone", Text),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "payer_number"),
    CheckConstraint("kind IN ('insurance', 'self_pay')", name="kind"),
)

payer_rules = Table(
    "payer_rules",
    metadata,
    identifier(),
    tenant(),
    Column("payer_id", UUID(as_uuid=True), ForeignKey("payers.id"), nullable=False),
    Column("service_type", Text, nullable=False),
    Column("requires_auth", Boolean),
    *stamps(),
    UniqueConstraint("client_id", "payer_id", "service_type"),
)

coverages = Table(
    "coverages",
    metadata,
    identifier(),
    tenant(),
    Column("patient_id", UUID(as_uuid=True), ForeignKey("patients.id"), nullable=False),
    Column("payer_id", UUID(as_uuid=True), ForeignKey("payers.id"), nullable=False),
    Column("plan_name", Text),
    Column("member_id", Text),
    Column("subscriber_name", Text),
    Column("relationship", Text),
    Column("rank", Integer, nullable=False, server_default="1"),
    Column("period_start", Date),
    Column("period_end", Date),
    Column("status", Text, nullable=False, server_default="active"),
    Column("copay", Numeric(10, 2)),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "source_ref"),
    CheckConstraint("period_end IS NULL OR period_start IS NULL OR period_start <= period_end", name="period"),
    Index("ix_coverages_patient", "client_id", "patient_id", "rank"),
)

authorizations = Table(
    "authorizations",
    metadata,
    identifier(),
    tenant(),
    Column("auth_number", Text, nullable=False),
    Column("patient_id", UUID(as_uuid=True), ForeignKey("patients.id"), nullable=False),
    Column("payer_id", UUID(as_uuid=True), ForeignKey("payers.id")),
    Column("service_type", Text),
    Column("status", Text, nullable=False),
    Column("requested_date", Date),
    Column("approved_date", Date),
    Column("period_start", Date),
    Column("period_end", Date),
    Column("units_approved", Integer),
    Column("units_used", Integer, nullable=False, server_default="0"),
    Column("units_reserved", Integer, nullable=False, server_default="0"),
    source(),
    Column("deleted_at", DateTime(timezone=True)),
    *stamps(),
    UniqueConstraint("client_id", "auth_number"),
    Index("ix_authorizations_patient", "client_id", "patient_id"),
)

eligibility_checks = Table(
    "eligibility_checks",
    metadata,
    identifier(),
    tenant(),
    Column("patient_id", UUID(as_uuid=True), ForeignKey("patients.id"), nullable=False),
    Column("coverage_id", UUID(as_uuid=True), ForeignKey("coverages.id")),
    Column("date_of_service", Date, nullable=False),
    Column("service_type", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("requires_auth", Boolean),
    Column("status", Text, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("receipt", JSONB, nullable=False),
    Column("checked_by", UUID(as_uuid=True), nullable=False),
    *stamps(updated=False),
    CheckConstraint("verdict IN ('eligible', 'not_eligible', 'undetermined')", name="verdict"),
    Index("ix_eligibility_checks_patient", "client_id", "patient_id", "created_at"),
)
