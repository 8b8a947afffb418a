"""The metadata and the columns that tenant tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identifier() -> Column[Any]:
    """`id uuid pk`: time-ordered (v7), made by the application."""
    return Column("id", UUID(as_uuid=True), primary_key=True)


def tenant() -> Column[Any]:
    """`client_id`: the organisation that owns the row; row-level security compares it."""
    return Column("client_id", UUID(as_uuid=True), ForeignKey("clients.id"), nullable=False)


def source() -> Column[Any]:
    """`source_ref`: the id the record had where it was imported from, unique per client and table."""
    return Column("source_ref", Text)


def of_tenant(column: str, table: str) -> ForeignKeyConstraint:
    """A foreign key to `table` that holds the client too: foreign keys are checked beneath row-level security."""
    return ForeignKeyConstraint(["client_id", column], [f"{table}.client_id", f"{table}.id"])


def tenant_key() -> UniqueConstraint:
    """What `of_tenant` points at."""
    return UniqueConstraint("client_id", "id")


def stamps(*, updated: bool = True) -> list[Column[Any]]:
    """`created_at`, and `updated_at` and `version` where rows change; all times are UTC."""
    columns: list[Column[Any]] = [
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())
    ]
    if updated:
        columns.append(Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()))
        columns.append(Column("version", Integer, nullable=False, server_default="1"))
    return columns
