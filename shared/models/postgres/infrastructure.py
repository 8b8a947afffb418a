"""Audit log and its seals, outboxes, quarantine, idempotency keys and search terms."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.models.postgres.base import identifier, metadata, stamps, tenant

audit_logs = Table(
    "audit_logs",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("user_id", UUID(as_uuid=True)),
    Column("action", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("resource_id", UUID(as_uuid=True)),
    Column("mode", Text),
    Column("metadata", JSONB, nullable=False, server_default="{}"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("client_id", UUID(as_uuid=True)),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("patient_ref", Text),
    Column("resource_ref", Text),
    Column("request_id", Text),
    Column("schema", SmallInteger, nullable=False, server_default="1"),
    Index("ix_audit_logs_client_id_seq", "client_id", "seq"),
    Index("ix_audit_logs_patient", "client_id", "patient_ref", "seq"),
    Index("ix_audit_logs_request", "request_id"),
    postgresql_partition_by="RANGE (id)",
)

audit_outbox = Table(
    "audit_outbox",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    tenant(),
    Column("event", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_audit_outbox_created_at", "created_at", "id"),
)

audit_quarantine = Table(
    "audit_quarantine",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    tenant(),
    Column("key_hash", Text, nullable=False, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", JSONB, nullable=False),
    *stamps(updated=False),
)

record_terms = Table(
    "record_terms",
    metadata,
    tenant(),
    Column("term", Text(collation="C"), nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record_id", UUID(as_uuid=True), nullable=False),
    Column("weight", SmallInteger, nullable=False, server_default="1"),
    PrimaryKeyConstraint("client_id", "record_type", "record_id", "term", postgresql_include=["weight"]),
    Index("ix_record_terms_lookup", "client_id", "record_type", "term", "record_id", "weight"),
)

audit_seals = Table(
    "audit_seals",
    metadata,
    identifier(),
    tenant(),
    Column("number", Integer, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("client_id", "number"),
    UniqueConstraint("client_id", "previous_hash"),
    CheckConstraint("number >= 1 AND row_count >= 1 AND first_seq <= last_seq", name="batch"),
    CheckConstraint("length(hash) = 32 AND length(previous_hash) = 32", name="sha256"),
)

domain_outbox = Table(
    "domain_outbox",
    metadata,
    identifier(),
    tenant(),
    Column("record_type", Text, nullable=False),
    Column("record_id", UUID(as_uuid=True), nullable=False),
    Column("record_version", Integer, nullable=False),
    Column("change", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Column("schema", SmallInteger, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("change IN ('created', 'updated', 'deleted')", name="change"),
    Index("ix_domain_outbox_created_at", "created_at"),
)
