"""Reads a FHIR R4 bundle, or one resource, into records. Pure; nothing is stored here.

A fault of structure or value (a date that is none, a reference into the bundle that leads nowhere) raises
ValidationFailedError with its JSON path, so nothing of the input is taken. A sound resource that cannot be taken
becomes a refusal; a type that the product does not hold is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from shared.importing.fhir_claims import Claims
from shared.importing.fhir_coverage import Coverages
from shared.importing.fhir_people import read_organization, read_patient, read_practitioner
from shared.importing.fhir_reading import Reading
from shared.importing.fhir_references import Entry
from shared.importing.fhir_visits import read_appointment, read_encounter
from shared.importing.json_node import Node, fault
from shared.models.imported import ImportBatch, Refusal, RefusedRecordError

BUNDLE_TYPES = frozenset({"transaction", "batch", "collection", "searchset", "document"})
_TAKING_METHODS = frozenset({"POST", "PUT"})

# In the order of reading: what is pointed at comes before what points; answers before the claims they are joined to.
RECORD_TYPES = {
    "Practitioner": "provider",
    "Organization": "provider",
    "Patient": "patient",
    "Coverage": "coverage",
    "Encounter": "visit",
    "Appointment": "visit",
    "ExplanationOfBenefit": "claim",
    "Claim": "claim",
}


def parse_fhir(document: object, *, zone: ZoneInfo) -> ImportBatch:
    """The records of a bundle or a bare resource; instants become days in `zone`. Raises ValidationFailedError.

    Numbers with a fraction should be `Decimal` (`json.loads(…, parse_float=Decimal)`); a float is taken as it prints.
    """
    entries = _entries(Node.of(document, ""))
    reading = Reading(entries, zone=zone)
    coverages = Coverages(reading)
    claims = Claims(reading, coverages)
    readers: dict[str, Callable[[Entry], None]] = {
        "Practitioner": lambda entry: read_practitioner(reading, entry),
        "Organization": lambda entry: read_organization(reading, entry),
        "Patient": lambda entry: read_patient(reading, entry),
        "Coverage": coverages.read,
        "Encounter": lambda entry: read_encounter(reading, entry),
        "Appointment": lambda entry: read_appointment(reading, entry),
        "ExplanationOfBenefit": claims.read_answer,
        "Claim": claims.read,
    }
    by_type: dict[str, list[Entry]] = {}
    for entry in entries:
        by_type.setdefault(entry.type, []).append(entry)
    for resource_type, read in readers.items():
        _read_all(reading, by_type.pop(resource_type, []), read)
    claims.finish()
    reading.batch.ignored.update({resource_type: len(left) for resource_type, left in by_type.items()})
    return reading.batch


def _read_all(reading: Reading, entries: list[Entry], read: Callable[[Entry], None]) -> None:
    seen: set[str] = set()
    for entry in entries:
        try:
            _only_once(entry, seen)
            read(entry)
        except RefusedRecordError as exc:
            reading.batch.refused.append(Refusal(RECORD_TYPES[entry.type], exc.reason, exc.path))


def _only_once(entry: Entry, seen: set[str]) -> None:
    if entry.source_ref in seen:
        raise RefusedRecordError("duplicate_in_bundle", entry.resource.path)
    seen.add(entry.source_ref)


def _entries(root: Node) -> list[Entry]:
    if root.required("resourceType") != "Bundle":
        return [Entry(root)]
    root.choice("type", BUNDLE_TYPES)
    return [entry for item in root.children("entry") if (entry := _entry(item)) is not None]


def _entry(item: Node) -> Entry | None:
    """The resource of a bundle entry; None for a request that carries none and changes nothing (GET, HEAD)."""
    request = item.child("request")
    method = request.required("method") if request is not None else "PUT"
    if method not in _TAKING_METHODS:
        if method in {"GET", "HEAD"} and not item.has("resource"):
            return None
        fault(item.at("request.method"), "method_not_supported", "An import takes POST and PUT entries only")
    resource = item.child("resource")
    if resource is None:
        fault(item.at("resource"), "required", "This member is required")
    entry = Entry(resource, item.text("fullUrl"))
    resource.required("resourceType")
    return entry
