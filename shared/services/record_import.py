"""Takes records from other systems into one client organisation: all of an input in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.importing.fhir import parse_fhir
from shared.models.api.record_import import ImportReport, report_of
from shared.models.audit import AuditAction, AuditEvent
from shared.models.identifiers import uuid7
from shared.models.imported import ImportBatch, ImportOutcome


class RecordImportRepository(Protocol):
    """Where imported records are stored."""

    def time_zone(self, client_id: UUID) -> str:
        """Return the organisation's IANA time zone. Raises NotFoundError, StoreUnavailableError."""
        ...

    def store(
        self,
        client_id: UUID,
        batch: ImportBatch,
        event: Callable[[ImportOutcome], AuditEvent],
        progress: Callable[[int], None],
    ) -> ImportOutcome:
        """Merge `batch` and record `event` in one transaction; `progress` gets the number of records just done.

        Storing the same batch again changes nothing. Raises ConflictError, StoreUnavailableError.
        """
        ...


class EventHandOn(Protocol):
    """Publishes an event that is committed to the outbox already; failing does no harm (the sweep takes it)."""

    def hand_on(self, event: AuditEvent) -> None:
        """Publish the event."""
        ...


class ImportService:
    """Imports FHIR bundles and batches that were read elsewhere."""

    def __init__(self, repository: RecordImportRepository, access_log: EventHandOn | None = None) -> None:
        self._repository = repository
        self._access_log = access_log

    def import_bundle(self, *, client_id: UUID, user_id: UUID, request_id: str, bundle: dict[str, Any]) -> ImportReport:
        """Import a FHIR R4 bundle or one resource, parsed with `parse_float=Decimal`.

        Raises ValidationFailedError naming the JSON path of a fault (nothing is taken then), ConflictError,
        StoreUnavailableError.
        """
        batch = parse_fhir(bundle, zone=self.zone(client_id))
        return self.import_batch(client_id=client_id, user_id=user_id, request_id=request_id, batch=batch)

    def import_batch(
        self,
        *,
        client_id: UUID,
        user_id: UUID,
        request_id: str,
        batch: ImportBatch,
        progress: Callable[[int], None] = lambda _: None,
    ) -> ImportReport:
        """Store a batch that was read already. Raises ConflictError, StoreUnavailableError."""
        events: list[AuditEvent] = []

        def event(outcome: ImportOutcome) -> AuditEvent:
            events[:] = [_event(client_id, user_id, request_id, outcome)]
            return events[0]

        outcome = self._repository.store(client_id, batch, event, progress)
        if self._access_log is not None:
            self._access_log.hand_on(events[0])
        return report_of(outcome)

    def zone(self, client_id: UUID) -> ZoneInfo:
        """Return the time zone in which instants become days. Raises NotFoundError for an unknown organisation."""
        return ZoneInfo(self._repository.time_zone(client_id))


def _event(client_id: UUID, user_id: UUID, request_id: str, outcome: ImportOutcome) -> AuditEvent:
    """Counts only: what was imported is in the records, who they are about is not in the audit log."""
    counts = {f"{kind}_{word}": count for (kind, word), count in sorted(outcome.counts.items()) if count}
    return AuditEvent(
        id=uuid7(),
        client_id=client_id,
        user_id=user_id,
        action=AuditAction.RECORD_IMPORT,
        resource_type="import",
        request_id=request_id,
        metadata={**counts, "refused": len(outcome.refused)},
    )
