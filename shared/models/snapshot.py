"""What a context says of its record: made from the database, shown from the live store."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.firestore.documents import ContextStatus, Fact


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Status, summary and facts, and the payers whose records they rest on."""

    status: ContextStatus
    summary: str
    facts: tuple[Fact, ...]
    payer_uuids: tuple[str, ...] = ()


GONE = Snapshot("error", "This record was deleted.", ())
