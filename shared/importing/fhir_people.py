"""Patient, Practitioner and Organization."""

from __future__ import annotations

from datetime import datetime

from shared.importing import values
from shared.importing.fhir_reading import NPI_SYSTEM, Reading, identifier_value, number_of, phone, words
from shared.importing.fhir_references import Entry
from shared.importing.json_node import Node, fault
from shared.models.imported import SEXES, PatientRecord, ProviderRecord, RefusedRecordError

_GENDERS = frozenset({"male", "female", "other", "unknown"})
_NAME_USES = ("official", "usual", None, "nickname", "temp", "anonymous", "maiden", "old")
_PAYER_KINDS = frozenset({"pay", "ins"})


def read_patient(reading: Reading, entry: Entry) -> None:
    """Patient; its MRN is the identifier of type MR, else the first identifier, else the id."""
    resource = entry.resource
    given, family = _name(resource)
    if resource.has("birthDate") and values.is_partial_date(resource.required("birthDate")):
        reading.batch.notes["patient", "partial_birth_date"] += 1
    if resource.has("gender"):
        resource.choice("gender", _GENDERS)
    born = resource.day("birthDate", reading.zone)
    if born is not None and born > datetime.now(reading.zone).date():
        fault(resource.at("birthDate"), "in_the_future", "A birth date does not lie in the future")
    reading.batch.patients.append(
        PatientRecord(
            path=resource.path,
            source_ref=entry.source_ref,
            mrn=number_of(identifier_value(resource, code="MR") or identifier_value(resource), entry),
            first_name=given,
            last_name=family,
            date_of_birth=born,
            sex=SEXES.get(resource.text("gender") or ""),
            phone=phone(resource),
            deceased_on=resource.day("deceasedDateTime", reading.zone),
        )
    )


def read_practitioner(reading: Reading, entry: Entry) -> None:
    """Practitioner, a provider who is a person."""
    resource = entry.resource
    npi = identifier_value(resource, system=NPI_SYSTEM)
    given, family = _name(resource)
    qualifications = [words(item.child("code")) for item in resource.children("qualification")]
    reading.batch.providers.append(
        ProviderRecord(
            path=resource.path,
            source_ref=entry.source_ref,
            number=number_of(npi or identifier_value(resource), entry),
            kind="person",
            name=f"{given} {family}".strip(),
            specialty=next((text for text in qualifications if text), None),
            npi=npi,
        )
    )


def read_organization(reading: Reading, entry: Entry) -> None:
    """Organization: a payer when it says that it is one, else a provider. Coverages name payers of either kind."""
    resource = entry.resource
    kinds = {
        code
        for kind in resource.children("type")
        for coding in kind.children("coding")
        if (code := coding.text("code"))
    }
    if kinds & _PAYER_KINDS:
        reading.payer_of(entry)
        return
    npi = identifier_value(resource, system=NPI_SYSTEM)
    name = resource.text("name")
    if name is None:
        raise RefusedRecordError("name_missing", resource.path)
    reading.batch.providers.append(
        ProviderRecord(
            path=resource.path,
            source_ref=entry.source_ref,
            number=number_of(npi or identifier_value(resource), entry),
            kind="organization",
            name=name,
            npi=npi,
        )
    )


def _name(resource: Node) -> tuple[str, str]:
    """Given and family name of the name in use; a name that is one text is cut at its last word."""
    names = resource.children("name")
    for use in _NAME_USES:
        for name in names:
            if name.text("use") != use:
                continue
            family, given = name.text("family"), " ".join(name.texts("given"))
            if family is None and name.text("text"):
                before, _, family = (name.text("text") or "").rpartition(" ")
                given = given or before
            if family or given:
                return given, family or ""
    raise RefusedRecordError("name_missing", resource.path)
