"""Takes records from other systems into one client organisation: all of an input in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.importing.fhir import parse_fhir
from shared.models.api.record_import import ImportReport, report_of
from shared.models.audit import AuditAction, AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.imported import ImportBatch, ImportOutcome
from shared.repositories.protocols import KeptAnswer

HTTP_OK = 200
Conclusion: TypeAlias = tuple[AuditEvent, KeptAnswer | None]


class RecordImportRepository(Protocol):
    """Where imported records are stored."""

    def time_zone(self, client_id: UUID) -> str:
        """Return the organisation's IANA time zone. Raises NotFoundError, StoreUnavailableError."""
        ...

    def store(
        self,
        client_id: UUID,
        batch: ImportBatch,
        conclude: Callable[[ImportOutcome], Conclusion],
        *,
        key: IdempotencyKey | None,
        progress: Callable[[int], None],
    ) -> ImportOutcome:
        """Merge `batch` and store what `conclude` makes of the outcome, all in one transaction.

        `progress` gets the number of records just done. Storing the same batch again changes nothing. Raises Replayed
        for a repeated request, ConflictError, StoreUnavailableError.
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

    def import_bundle(
        self,
        *,
        client_id: UUID,
        user_id: UUID,
        request_id: str,
        bundle: dict[str, Any],
        key: IdempotencyKey | None = None,
    ) -> ImportReport:
        """Import a FHIR R4 bundle or one resource, parsed with `parse_float=Decimal`.

        Raises ValidationFailedError naming the JSON path of a fault (nothing is taken then), Replayed for a request
        that was carried out before with the same `key`, ConflictError, StoreUnavailableError.
        """
        batch = parse_fhir(bundle, zone=self.zone(client_id))
        return self.import_batch(client_id=client_id, user_id=user_id, request_id=request_id, batch=batch, key=key)

    def import_batch(
        self,
        *,
        client_id: UUID,
        user_id: UUID,
        request_id: str,
        batch: ImportBatch,
        key: IdempotencyKey | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> ImportReport:
        """Store a batch that was read already. Raises as `import_bundle`, without faults."""
        events: list[AuditEvent] = []

        def conclude(outcome: ImportOutcome) -> Conclusion:
            events[:] = [_event(client_id, user_id, request_id, outcome)]
            body = report_of(outcome).model_dump_json(by_alias=True)
            return events[0], KeptAnswer(key, HTTP_OK, body) if key is not None else None

        outcome = self._repository.store(client_id, batch, conclude, key=key, progress=progress)
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
