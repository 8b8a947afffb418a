"""What all FHIR readers share: the batch being filled, references, payers, numbers, and words of a concept."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.importing import values
from shared.importing.fhir_references import Entry, References, Target
from shared.importing.json_node import Node, fault
from shared.models.imported import ImportBatch, PayerRecord, RefusedRecordError

LONGEST_NUMBER = 100
NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"


class Reading:
    """One input being read."""

    def __init__(self, entries: list[Entry], *, zone: ZoneInfo) -> None:
        self.batch = ImportBatch()
        self.references = References(entries)
        self.zone = zone
        self._payers: dict[str, PayerRecord] = {}

    def patient(self, reference: Node | None, path: str) -> str:
        """The `source_ref` of the patient; refused when the reference names none."""
        target = self.references.resolve(reference)
        if target is None or not target.source_ref.startswith("fhir:Patient/"):
            raise RefusedRecordError("unknown_patient", path)
        return target.source_ref

    def provider(self, *references: Node | None) -> str | None:
        """The `source_ref` of the first practitioner or organization among `references`."""
        for reference in references:
            target = self.references.resolve(reference)
            if target is not None and target.source_ref.startswith(("fhir:Practitioner/", "fhir:Organization/")):
                return target.source_ref
        return None

    def payer(self, reference: Node | None, *, container: Node | None = None) -> str | None:
        """The number of the payer that `reference` means, by organization or by its name; None without either."""
        if reference is None:
            return None
        target = self.references.resolve(reference, container=container)
        if target is not None and target.resource is not None:
            return self._payer_organization(target, target.resource)
        name = reference.text("display")
        identifier = reference.child("identifier")
        number = identifier.text("value") if identifier is not None else None
        if name is None and number is None and target is not None:
            # A payer that only a server elsewhere knows: its address is all there is to name it.
            name = target.source_ref.removeprefix("fhir:")
        if name is None and number is None:
            return None
        return self._add_payer(
            PayerRecord(
                path=reference.path,
                source_ref=target.source_ref if target is not None else None,
                number=number or values.slug(name or "") or fault(reference.path, "name_invalid", "No payer's name"),
                name=name or number or "",
                by_name=True,
            )
        )

    def payer_of(self, entry: Entry) -> None:
        """Take an Organization that says it is a payer, whether or not a coverage names it."""
        self._payer_organization(Target(entry.source_ref, entry.resource), entry.resource)

    def _payer_organization(self, target: Target, resource: Node) -> str | None:
        if resource.text("resourceType") not in {"Organization", None}:
            return None  # A patient who pays for themselves is no payer.
        name = resource.text("name") or target.source_ref.removeprefix("fhir:")
        number = identifier_value(resource) or values.slug(name)
        is_contained = target.source_ref.startswith("#")
        return self._add_payer(
            PayerRecord(
                path=resource.path,
                source_ref=None if is_contained else target.source_ref,
                number=number,
                name=name,
                phone=phone(resource),
            )
        )

    def _add_payer(self, record: PayerRecord) -> str:
        if len(record.number) > LONGEST_NUMBER:
            raise RefusedRecordError("number_too_long", record.path)
        known = self._payers.setdefault(record.number, record)
        if known is record:
            self.batch.payers.append(record)
        return record.number


def identifier_value(resource: Node, *, code: str | None = None, system: str | None = None) -> str | None:
    """The value of the first identifier of that type code or system, or of the first one."""
    for identifier in resource.children("identifier"):
        value = identifier.text("value")
        kind = identifier.child("type")
        fits = (code is None and system is None) or (
            (code is not None and kind is not None and code in codes(kind))
            or (system is not None and identifier.text("system") == system)
        )
        if value and fits:
            return value
    return None


def number_of(value: str | None, entry: Entry) -> str:
    """`value`, or the resource's own id, as the record's number."""
    number = value or entry.source_ref.rpartition("/")[2]
    if len(number) > LONGEST_NUMBER:
        raise RefusedRecordError("number_too_long", entry.resource.path)
    return number


def codes(concept: Node) -> list[str]:
    """The codes of a CodeableConcept."""
    return [code for coding in concept.children("coding") if (code := coding.text("code"))]


def words(concept: Node | None) -> str | None:
    """What a CodeableConcept says: its text, else its first display, else its first code."""
    if concept is None:
        return None
    displays = [display for coding in concept.children("coding") if (display := coding.text("display"))]
    return concept.text("text") or next(iter([*displays, *codes(concept)]), None)


def phone(resource: Node) -> str | None:
    """The first telephone number."""
    points = resource.children("telecom")
    return next((point.text("value") for point in points if point.text("system") == "phone"), None)


def money(holder: Node, name: str) -> tuple[Decimal, str, str] | None:
    """The exact value, the currency and the path of the Money `name`; None when it is absent or has no value."""
    amount = holder.child(name)
    if amount is None or not amount.has("value"):
        return None
    return amount.number("value"), amount.text("currency") or "USD", amount.at("value")
