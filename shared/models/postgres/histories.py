"""What happened to records: rows that are added and never changed."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from shared.models.postgres.base import identifier, metadata, of_tenant, stamps, tenant, tenant_key

visit_status_history = Table(
    "visit_status_history",
    metadata,
    identifier(),
    tenant(),
    Column("visit_id", UUID(as_uuid=True), nullable=False),
    Column("axis", Text, nullable=False, server_default="status"),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("reason", Text),
    Column("changed_by", UUID(as_uuid=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("undoes", UUID(as_uuid=True)),
    *stamps(updated=False),
    tenant_key(),
    of_tenant("visit_id", "visits"),
    of_tenant("undoes", "visit_status_history"),
    CheckConstraint("axis IN ('status', 'readiness')", name="axis"),
    Index("ix_visit_status_history_visit", "client_id", "visit_id", "changed_at", "id"),
    Index("ix_visit_status_history_undoes", "client_id", "undoes", unique=True),
)

# What somebody confirmed at the desk; nothing of it changes, but it may be taken back with the step it came with.
check_in_facts = Table(
    "check_in_facts",
    metadata,
    identifier(),
    tenant(),
    Column("visit_id", UUID(as_uuid=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("details", ARRAY(Text), nullable=False, server_default="{}"),
    Column("reason", Text),
    Column("amount", Numeric(10, 2)),
    Column("amount_cents", Integer),
    Column("recorded_by", UUID(as_uuid=True), nullable=False),
    Column("role", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("step_id", UUID(as_uuid=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
    of_tenant("visit_id", "visits"),
    of_tenant("step_id", "visit_status_history"),
    CheckConstraint(
        "kind IN ('identity', 'demographics', 'coverage', 'self_pay', 'form', 'copay', 'copay_waived',"
        " 'readiness_override')",
        name="kind",
    ),
    CheckConstraint(
        "(kind = 'copay') = (amount_cents IS NOT NULL) AND amount_cents >= 0"
        " AND (amount IS NULL) = (amount_cents IS NULL) AND amount * 100 = amount_cents",
        name="amount",
    ),
    CheckConstraint("kind NOT IN ('copay_waived', 'readiness_override') OR reason IS NOT NULL", name="reason"),
    Index("ix_check_in_facts_visit", "client_id", "visit_id", "recorded_at", "id"),
    Index("ix_check_in_facts_step", "client_id", "step_id"),
)

claim_events = Table(
    "claim_events",
    metadata,
    identifier(),
    tenant(),
    Column("claim_id", UUID(as_uuid=True), nullable=False),
    Column("number", Integer, nullable=False),
    Column("claim_version", Integer),
    Column("kind", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text),
    Column("reason", Text),
    Column("amount", Numeric(10, 2)),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Column("source_ref", Text),
    Column("recorded_by", UUID(as_uuid=True)),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    *stamps(updated=False),
    of_tenant("claim_id", "claims"),
    tenant_key(),
    UniqueConstraint("client_id", "claim_id", "number"),
    UniqueConstraint("client_id", "claim_id", "source_ref"),
    # A line of a payer's file is posted to one claim.
    Index(
        "uq_claim_events_payer_line",
        "client_id",
        "source_ref",
        unique=True,
        postgresql_where=text("source_ref LIKE 'x12:%'"),
    ),
)

record_history = Table(
    "record_history",
    metadata,
    Column("client_id", UUID(as_uuid=True), ForeignKey("clients.id"), primary_key=True),
    Column("record_type", Text, primary_key=True),
    Column("record_id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("changed_by", UUID(as_uuid=True), nullable=False),
    Column("changes", JSONB, nullable=False),
)
