"""Encounter (a visit that happened) and Appointment (a visit that is booked)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.importing.fhir_reading import Reading, identifier_value, number_of, words
from shared.importing.fhir_references import Entry
from shared.importing.json_node import Node, fault
from shared.models.imported import RefusedRecordError, VisitRecord

ENCOUNTER_STATUSES: Mapping[str, str] = {
    "planned": "scheduled",
    "arrived": "arrived",
    "triaged": "roomed",
    "in-progress": "with_provider",
    "onleave": "with_provider",
    "finished": "completed",
    "cancelled": "cancelled",
}
APPOINTMENT_STATUSES: Mapping[str, str] = {
    "proposed": "scheduled",
    "pending": "scheduled",
    "booked": "scheduled",
    "waitlist": "scheduled",
    "arrived": "arrived",
    "checked-in": "checked_in",
    "fulfilled": "completed",
    "cancelled": "cancelled",
    "noshow": "no_show",
}
_NOT_TAKEN = frozenset({"entered-in-error", "unknown"})
VISIT_TYPES: Mapping[str, str] = {
    "AMB": "office",
    "EMER": "emergency",
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "OBSENC": "observation",
    "PRENC": "office",
    "SS": "inpatient",
    "HH": "home_health",
    "VR": "telehealth",
    "FLD": "field",
}


def read_encounter(reading: Reading, entry: Entry) -> None:
    """Encounter; its day is the start of its period in the client's time zone."""
    resource = entry.resource
    status = _status(resource, ENCOUNTER_STATUSES)
    period = resource.child("period")
    if period is None or not period.text("start"):
        raise RefusedRecordError("date_missing", resource.path)
    kind = resource.child("class")
    code = kind.text("code") if kind is not None else None
    participants = [item.child("individual") for item in resource.children("participant")]
    concepts = [*resource.children("reasonCode"), *resource.children("type")]
    _add(
        reading,
        entry,
        patient=reading.patient(resource.child("subject"), resource.at("subject")),
        period=period,
        status=status,
        provider=reading.provider(*participants, resource.child("serviceProvider")),
        visit_type=VISIT_TYPES.get(code, code.lower()) if code else None,
        reason=next((text for concept in concepts if (text := words(concept))), None),
    )


def read_appointment(reading: Reading, entry: Entry) -> None:
    """Appointment; the patient and the provider are among its participants."""
    resource = entry.resource
    status = _status(resource, APPOINTMENT_STATUSES)
    if not resource.text("start"):
        raise RefusedRecordError("date_missing", resource.path)
    actors = [item.child("actor") for item in resource.children("participant")]
    patients = [actor for actor in actors if actor is not None and _is_patient(reading, actor)]
    concepts = [*resource.children("reasonCode"), *resource.children("serviceType")]
    _add(
        reading,
        entry,
        patient=reading.patient(next(iter(patients), None), resource.at("participant")),
        period=resource,
        status=status,
        provider=reading.provider(*actors),
        visit_type=words(resource.child("appointmentType")),
        reason=resource.text("description") or next((text for item in concepts if (text := words(item))), None),
    )


def _add(
    reading: Reading,
    entry: Entry,
    *,
    patient: str,
    period: Node,
    status: str,
    provider: str | None,
    visit_type: str | None,
    reason: str | None,
) -> None:
    day, starts_at = period.day("start", reading.zone), period.moment("start")
    if day is None:
        raise RefusedRecordError("date_incomplete", period.at("start"))
    reading.batch.visits.append(
        VisitRecord(
            path=entry.resource.path,
            source_ref=entry.source_ref,
            number=number_of(identifier_value(entry.resource), entry),
            patient=patient,
            visit_date=day,
            status=status,
            starts_at=starts_at,
            ends_at=_end(period, starts_at),
            provider=provider,
            visit_type=visit_type,
            reason=reason,
        )
    )


def _end(period: Node, starts_at: datetime | None) -> datetime | None:
    end = period.moment("end")
    if end is not None and starts_at is not None and end < starts_at:
        fault(period.at("end"), "period_invalid", "The visit ends before it starts")
    return end


def _status(resource: Node, statuses: Mapping[str, str]) -> str:
    code = resource.choice("status", frozenset(statuses) | _NOT_TAKEN)
    if code in _NOT_TAKEN:
        raise RefusedRecordError(f"status_{code.replace('-', '_')}", resource.at("status"))
    return statuses[code]


def _is_patient(reading: Reading, actor: Node) -> bool:
    target = reading.references.resolve(actor)
    return target is not None and target.source_ref.startswith("fhir:Patient/")
