"""Client organisations and their users."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.models.postgres.base import identifier, metadata, stamps

clients = Table(
    "clients",
    metadata,
    identifier(),
    Column("name", Text, nullable=False),
    Column("logo_url", Text),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    *stamps(updated=False),
)

users = Table(
    "users",
    metadata,
    identifier(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("client_id", UUID(as_uuid=True), ForeignKey("clients.id"), nullable=False, index=True),
    Column("firebase_uid", Text, unique=True),
    Column("status", Text, nullable=False, server_default="active"),
    Column("preferences", JSONB, nullable=False, server_default="{}"),
    *stamps(),
)
