"""Who asks, and what the request carries besides its body: passed to every service as its first argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.models.audit import AuditAction, AuditEvent, AuditOutcome
from shared.models.identifiers import uuid7, uuid7_for
from shared.models.roles import Role

READ_WINDOW_MS = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's `Idempotency-Key`: `id` hashes client, user, route and key; `request` hashes what was asked."""

    id: str
    request: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified member of one organisation in one request."""

    uid: str
    user_id: UUID
    client_id: UUID
    role: Role
    session_id: str
    time_zone: str
    request_id: str
    action: AuditAction
    idempotency: IdempotencyKey | None = None
    if_match: int | None = None

    def today(self, now: datetime) -> date:
        """The calendar day at the organisation at `now`."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def changed(  # the members of an audit row
        self,
        resource_type: str,
        *,
        resource_id: UUID | None = None,
        resource_ref: str | None = None,
        patient_ref: str | None = None,
        mode: str | None = None,
        metadata: dict[str, object] | None = None,
    ) -> AuditEvent:
        """Make the audit event of a change by this request."""
        return AuditEvent(
            id=uuid7(),
            client_id=self.client_id,
            user_id=self.user_id,
            action=self.action,
            resource_type=resource_type,
            resource_id=resource_id,
            resource_ref=resource_ref,
            patient_ref=patient_ref,
            mode=mode,
            request_id=self.request_id,
            metadata=dict(metadata or {}),
        )

    def seen(
        self,
        resource_type: str,
        *,
        resource_id: UUID | None = None,
        resource_ref: str | None = None,
        patient_ref: str | None = None,
        mode: str | None = None,
        same: str | None = None,
    ) -> AuditEvent:
        """Make the audit event of a read. The same person reading the same thing within 5 minutes is one event.

        `same` tells things apart that are not resolved to an id yet; it is hashed and stands nowhere.
        """
        event = self.changed(
            resource_type, resource_id=resource_id, resource_ref=resource_ref, patient_ref=patient_ref, mode=mode
        )
        return self._once(event, self.action, resource_type, resource_id, resource_ref, mode, same)

    def _once(self, event: AuditEvent, *same: object) -> AuditEvent:
        """Give `event` the id that every event of the `same` things by this person has within 5 minutes."""
        window = int(event.created_at.timestamp() * 1000) // READ_WINDOW_MS * READ_WINDOW_MS
        return event.model_copy(update={"id": uuid7_for(window, self.client_id, self.user_id, *same)})

    def refused(self, outcome: AuditOutcome, *, route: str, code: str, once: bool = False) -> AuditEvent:
        """Make the audit event of a request that was turned down. `route` is a template, never a path.

        With `once`, all refusals with this code within 5 minutes are one event, whatever was asked.
        """
        event = self.changed("operation", metadata={"route": route, "code": code})
        event = event.model_copy(update={"outcome": outcome})
        return self._once(event, "refused", code) if once else event
