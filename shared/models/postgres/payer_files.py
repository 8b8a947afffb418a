"""Files that payers send about claims, and their lines: what was said stays as it was, what became of it is added."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.models.postgres.base import identifier, metadata, of_tenant, stamps, tenant, tenant_key

payer_files = Table(
    "payer_files",
    metadata,
    identifier(),
    tenant(),
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("trace_number", Text, nullable=False),
    Column("payer_name", Text),
    Column("payer_reference", Text),
    Column("total_amount", Numeric(12, 2)),
    Column("method", Text),
    Column("dated_on", Date),
    Column("provider_adjustments", JSONB, nullable=False, server_default="[]"),
    Column("imbalances", JSONB, nullable=False, server_default="[]"),
    Column("unread", JSONB, nullable=False, server_default="[]"),
    *stamps(updated=False),
    tenant_key(),
    UniqueConstraint("client_id", "digest", "place"),
    CheckConstraint("kind IN ('remittance', 'claim_status', 'acknowledgement')", name="kind"),
    Index("ix_payer_files_received", "client_id", "created_at", "id"),
)

payer_file_lines = Table(
    "payer_file_lines",
    metadata,
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("file_id", UUID(as_uuid=True), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("outcome", Text, nullable=False, server_default="pending"),
    Column("reason", Text),
    Column("claim_id", UUID(as_uuid=True)),
    Column("claim_status", Text),
    Column("settled_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["client_id"], ["clients.id"]),
    of_tenant("file_id", "payer_files"),
    of_tenant("claim_id", "claims"),
    CheckConstraint("outcome IN ('pending', 'posted', 'noted', 'already_posted', 'not_posted')", name="outcome"),
    CheckConstraint("(outcome = 'pending') = (settled_at IS NULL)", name="settled"),
    CheckConstraint("outcome NOT IN ('posted', 'noted') OR claim_id IS NOT NULL", name="claim"),
    Index("ix_payer_file_lines_fingerprint", "client_id", "fingerprint"),
    Index("ix_payer_file_lines_claim", "client_id", "claim_id"),
    Index(
        "ix_payer_file_lines_open",
        "client_id",
        "file_id",
        postgresql_where="outcome IN ('pending', 'not_posted')",
    ),
)
