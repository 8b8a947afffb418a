"""What is kept for analytics only: no names, no texts, nobody's id.

The view `feedback_daily` (see its migration) adds `feedback_facts` up by mode, rule and day.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from shared.models.postgres.base import metadata

feedback_facts = Table(
    "feedback_facts",
    metadata,
    Column("client_id", UUID(as_uuid=True), ForeignKey("clients.id"), primary_key=True),
    Column("feedback_id", Text, primary_key=True),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("deleted", Boolean, nullable=False, server_default="false"),
    Column("mode", Text),
    Column("day", Date),
    Column("rating", Text),
    Column("reasons", ARRAY(Text), nullable=False, server_default="{}"),
    Column("rules", ARRAY(Text), nullable=False, server_default="{}"),
    CheckConstraint("rating IN ('up', 'down')", name="rating"),
    CheckConstraint("deleted OR mode IS NOT NULL AND day IS NOT NULL", name="place"),
    Index("ix_feedback_facts_day", "client_id", "day"),
)
