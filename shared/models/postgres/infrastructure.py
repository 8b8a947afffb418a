"""Audit log, outbox, quarantine, idempotency keys and search terms."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, SmallInteger, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.models.postgres.base import metadata, stamps, tenant

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
    Index("ix_audit_outbox_created_at", "created_at"),
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
    Column("term", Text(collation="C"), nullable=False, primary_key=True),
    Column("record_type", Text, nullable=False, primary_key=True),
    Column("record_id", UUID(as_uuid=True), nullable=False, primary_key=True),
    Column("weight", SmallInteger, nullable=False, server_default="1"),
    Index("ix_record_terms_lookup", "client_id", "term", "record_type", "record_id", "weight"),
    Index("ix_record_terms_record", "client_id", "record_type", "record_id"),
)
