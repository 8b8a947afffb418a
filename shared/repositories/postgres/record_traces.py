"""What a written record leaves beside itself: its history, and the terms by which it is found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.search_terms import terms_for
from shared.repositories.record_protocols import RecordChanges

_REMEMBER = text(
    "INSERT INTO record_history (client_id, record_type, record_id, version, changed_by, changes)"
    " VALUES (:client, :type, :id, :version, :by, CAST(:changes AS jsonb))"
)
_FORGET_TERMS = text("DELETE FROM record_terms WHERE client_id = :client AND record_type = :type AND record_id = :id")
_ADD_TERMS = text(
    "INSERT INTO record_terms (client_id, record_type, record_id, term, weight)"
    " SELECT :client, :type, :id, term, weight FROM jsonb_to_recordset(CAST(:terms AS jsonb))"
    " AS given(term text, weight int2)"
)
_NAME_MOVER = text("SELECT set_config('app.changed_by', :by, true)")


def name_mover(connection: Connection, changed_by: UUID) -> None:
    """Let the histories that triggers write say who changes visits in this transaction."""
    connection.execute(_NAME_MOVER, {"by": str(changed_by)})


def remember(
    connection: Connection,
    client_id: UUID,
    record_type: str,
    record_id: UUID,
    version: int,
    changed_by: UUID,
    changes: RecordChanges,
) -> None:
    """Add what `changed_by` changed to the record's history, as what became its `version`."""
    given = {"client": client_id, "type": record_type, "id": record_id, "version": version, "by": changed_by}
    connection.execute(_REMEMBER, given | {"changes": json.dumps(changes, default=str)})


def add_terms(
    connection: Connection, client_id: UUID, record_type: str, record_id: UUID, row: Mapping[str, object]
) -> None:
    """Let the record be found by what its columns in `row` hold."""
    terms = [{"term": term, "weight": weight} for term, weight in terms_for(record_type, row)]
    if terms:
        given = {"client": client_id, "type": record_type, "id": record_id}
        connection.execute(_ADD_TERMS, given | {"terms": json.dumps(terms)})


def forget_terms(connection: Connection, client_id: UUID, record_type: str, record_id: UUID) -> None:
    """Let the record be found no longer."""
    connection.execute(_FORGET_TERMS, {"client": client_id, "type": record_type, "id": record_id})
