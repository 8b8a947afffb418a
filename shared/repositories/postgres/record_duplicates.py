"""Finding records that may be of the same person as a new one, in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.search_terms import NUMBER_WEIGHT, number_term
from shared.repositories.record_protocols import WriteRequest

_BORN_THEN = text(
    "SELECT id, last_name FROM patients"
    " WHERE client_id = :client AND date_of_birth = :born AND deleted_at IS NULL AND id <> :id ORDER BY id LIMIT 1000"
)
# A number that stands for "unknown" may be on a hundred thousand cards; people can use a few.
_SAME_CARD = text(
    "SELECT DISTINCT patient_id FROM ("
    " SELECT c.patient_id FROM record_terms t JOIN coverages c ON c.client_id = t.client_id AND c.id = t.record_id"
    " WHERE t.client_id = :client AND t.term = :card AND t.record_type = 'coverage' AND t.weight = :weight"
    " AND c.deleted_at IS NULL AND c.id <> :id ORDER BY t.record_id LIMIT 200) AS same ORDER BY patient_id LIMIT 20"
)
_MOST = 20


def duplicates_of(connection: Connection, client_id: UUID, request: WriteRequest, identity: UUID) -> tuple[UUID, ...]:
    """Patients who may be the one just written, or whose card the coverage just written shows too."""
    found: dict[UUID, None] = {}
    columns = request.columns
    if request.record_type == "patient":
        born, name = columns.get("date_of_birth"), number_term(str(columns.get("last_name") or ""))
        rows = connection.execute(_BORN_THEN, {"client": client_id, "born": born, "id": identity})
        found |= {row[0]: None for row in rows if number_term(row[1]) == name}
    card = number_term(request.member_id) if request.member_id else ""
    if card:
        given = {"client": client_id, "card": card, "weight": NUMBER_WEIGHT, "id": identity}
        found |= {row[0]: None for row in connection.execute(_SAME_CARD, given)}
    if request.record_type == "coverage":
        owner = "SELECT patient_id FROM coverages WHERE client_id = :client AND id = :id"
        found.pop(connection.execute(text(owner), {"client": client_id, "id": identity}).scalar_one(), None)
    return tuple(found)[:_MOST]
