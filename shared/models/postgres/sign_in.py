"""Failed sign-ins, single-use tickets, linked identities: read before it is known of which organisation somebody is."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB

from shared.models.postgres.base import metadata

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("window_started_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("length(subject) = 64", name="hashed"),
    Index("ix_sign_in_attempts_window_started_at", "window_started_at"),
)

sign_in_tickets = Table(
    "sign_in_tickets",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("length(secret_hash) = 64", name="hashed"),
    CheckConstraint("kind IN ('oauth_state', 'exchange_code')", name="kind"),
    Index("ix_sign_in_tickets_expires_at", "expires_at"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("subject_hash", Text, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("length(subject_hash) = 64", name="hashed"),
    UniqueConstraint("uid", "issuer"),
)
