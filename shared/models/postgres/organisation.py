"""Client organisations, their users, and the outbox of changed memberships."""

from __future__ import annotations

from sqlalchemy import Column, Computed, DateTime, ForeignKey, Index, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.models.postgres.base import identifier, metadata, of_tenant, stamps, tenant, tenant_key

clients = Table(
    "clients",
    metadata,
    identifier(),
    Column("name", Text, nullable=False),
    Column("logo_url", Text),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("front_desk", JSONB, nullable=False, server_default="{}"),
    *stamps(),
)

users = Table(
    "users",
    metadata,
    identifier(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("client_id", UUID(as_uuid=True), ForeignKey("clients.id"), nullable=False),
    Column("firebase_uid", Text, unique=True),
    Column("status", Text, nullable=False, server_default="active"),
    Column("preferences", JSONB, nullable=False, server_default="{}"),
    Column("tokens_valid_after", DateTime(timezone=True)),
    Column("invitation_id", UUID(as_uuid=True)),
    Column("invitation_expires_at", DateTime(timezone=True)),
    # A column, because row-level security lets a plain comparison use an index and a call of lower() not.
    Column("sort_name", Text, Computed("lower(name)", persisted=True), nullable=False),
    *stamps(),
    tenant_key(),
    Index("ix_users_names", "client_id", "sort_name", "id"),
    Index("ix_users_role", "client_id", "role", "sort_name", "id"),
    Index("ix_users_status", "client_id", "status", "sort_name", "id"),
)

member_outbox = Table(
    "member_outbox",
    metadata,
    identifier(),
    tenant(),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("carried_at", DateTime(timezone=True)),
    of_tenant("user_id", "users"),
    Index("ix_member_outbox_client", "client_id", "created_at"),
)
