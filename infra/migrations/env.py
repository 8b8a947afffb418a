"""Alembic's environment: the connection, its transaction and its locks come from `infra.migrations.run`."""

from __future__ import annotations

from alembic import context

from shared.models.postgres import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
