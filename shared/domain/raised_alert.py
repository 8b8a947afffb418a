"""An alert that the product raises by itself: made by one rule, once for one reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.alert import new_alert
from shared.models.firestore.alerts import AlertDocument, Audience, Severity, Text
from shared.models.identifiers import derived_document_id

ACTIVE_FOR = timedelta(days=7)
KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: where people open it (None: by its record), and whose it is."""

    client_id: str
    context_id: str | None
    mode: str
    record_type: str | None = None
    record_uuid: str | None = None
    patient_uuid: str | None = None


def raised_alert(
    about: Subject, *, key: str, severity: Severity, message: Text, audience: Audience, source: str, at: datetime
) -> AlertDocument:
    """Return the alert for this `key` (its reason): the same id each time, so that creating it twice makes one."""
    alert = new_alert(
        derived_document_id("alert", about.client_id, key),
        about.client_id,
        at=at,
        expires_at=at + ACTIVE_FOR,
        severity=severity,
        message=message,
        audience=audience,
        context_id=about.context_id,
        mode=about.mode,
        record_type=about.record_type,
        record_uuid=about.record_uuid,
        patient_uuid=about.patient_uuid,
        dedupe_key=key,
        source=source,
    )
    return alert.model_copy(update={"expire_at": at + KEPT_FOR})
