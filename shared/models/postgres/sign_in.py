"""Failed sign-ins and single-use tickets: of nobody's organisation, because nobody is signed in yet."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, func
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
