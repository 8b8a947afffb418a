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
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

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
    *stamps(updated=False),
    of_tenant("visit_id", "visits"),
    CheckConstraint("axis IN ('status', 'readiness')", name="axis"),
    Index("ix_visit_status_history_visit", "client_id", "visit_id", "changed_at", "id"),
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
