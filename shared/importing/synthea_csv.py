"""Reads Synthea's CSV export (a folder) into records.

There is no MRN: the patient's `Id` is it. A claim's amount is the sum of its CHARGE transactions, what was paid the sum
of its PAYMENT ones. Coverage dates are taken as written (the first ten characters); visits and claims fall on the day
that their instant has in the client's time zone. Patients without insurance have coverages by the payer `NO_INSURANCE`
(`self_pay`), so that nothing of the history is lost.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from shared.importing import values
from shared.importing.csv_table import Line, rows
from shared.models.imported import (
    SEXES,
    ClaimRecord,
    CoverageRecord,
    ImportBatch,
    PatientRecord,
    PayerRecord,
    ProviderRecord,
    Refusal,
    VisitRecord,
)

SELF_PAY = "NO_INSURANCE"
NOT_HELD = (
    "allergies",
    "careplans",
    "conditions",
    "devices",
    "imaging_studies",
    "immunizations",
    "medications",
    "observations",
    "procedures",
    "supplies",
)
_CLAIM_STATUSES = {"CLOSED": "finalized", "BILLED": "submitted"}
_CLAIM_TYPES = {"1": "professional", "2": "institutional"}
_VISIT_TYPES = {"ambulatory": "office", "outpatient": "office", "urgentcare": "urgent"}
_NO_PAYER = frozenset({"", "0"})


def is_synthea_folder(folder: Path) -> bool:
    """Whether `folder` looks like such an export."""
    return (folder / "patients.csv").is_file()


def parse_synthea_folder(folder: Path, *, zone: ZoneInfo) -> ImportBatch:
    """The records of an export. Raises ValidationFailedError naming `file.csv:line.COLUMN` of a fault."""
    batch = ImportBatch()
    payers = _payers(batch, folder)
    _providers(batch, folder)
    batch.patients.extend(_patient(line, zone) for line in rows(folder, "patients"))
    batch.coverages.extend(_coverage(batch, line, payers) for line in rows(folder, "payer_transitions"))
    batch.visits.extend(_visit(line, zone) for line in rows(folder, "encounters"))
    _claims(batch, folder, zone, payers)
    for name in NOT_HELD:
        if (folder / f"{name}.csv").exists():
            batch.ignored[name] = sum(1 for _ in rows(folder, name))
    return batch


def _ref(kind: str, identity: str) -> str:
    return f"synthea-csv:{kind}/{identity}"


def _payers(batch: ImportBatch, folder: Path) -> dict[str, str]:
    """Adds the payers; returns their numbers by id."""
    numbers: dict[str, str] = {}
    for line in rows(folder, "payers"):
        identity, name = line.required("Id"), line.required("NAME")
        numbers[identity] = values.slug(name)
        batch.payers.append(
            PayerRecord(
                path=line.path,
                source_ref=_ref("payers", identity),
                number=numbers[identity],
                name=name,
                kind="self_pay" if name == SELF_PAY else "insurance",
                phone=line.text("PHONE"),
            )
        )
    return numbers


def _providers(batch: ImportBatch, folder: Path) -> None:
    for name, kind in (("organizations", "organization"), ("providers", "person")):
        for line in rows(folder, name):
            identity = line.required("Id")
            batch.providers.append(
                ProviderRecord(
                    path=line.path,
                    source_ref=_ref(name, identity),
                    number=identity,
                    kind=kind,
                    name=line.required("NAME"),
                    specialty=line.text("SPECIALITY"),
                )
            )


def _patient(line: Line, zone: ZoneInfo) -> PatientRecord:
    identity = line.required("Id")
    born = line.day("BIRTHDATE")
    if born is not None and born > datetime.now(zone).date():
        line.fault("BIRTHDATE", "in_the_future", "A birth date does not lie in the future")
    return PatientRecord(
        path=line.path,
        source_ref=_ref("patients", identity),
        mrn=identity,
        first_name=line.required("FIRST"),
        last_name=line.required("LAST"),
        date_of_birth=born,
        sex=SEXES.get((line.text("GENDER") or "").casefold()),
        deceased_on=line.day("DEATHDATE"),
    )


def _coverage(batch: ImportBatch, line: Line, payers: dict[str, str]) -> CoverageRecord:
    patient, payer, start = line.required("PATIENT"), line.required("PAYER"), line.required("START_YEAR")
    if line.text("SECONDARY_PAYER"):
        batch.notes["coverage", "secondary_payer_not_held"] += 1
    period_start, period_end = line.day("START_YEAR"), line.day("END_YEAR")
    if period_start is not None and period_end is not None and period_end < period_start:
        line.fault("END_YEAR", "period_invalid", "The period ends before it starts")
    return CoverageRecord(
        path=line.path,
        source_ref=_ref("payer_transitions", f"{patient}/{start}/{payer}"),
        patient=_ref("patients", patient),
        payer=payers.get(payer, payer),
        member_id=line.text("MEMBERID"),
        subscriber_name=line.text("OWNERNAME"),
        relationship=(line.text("OWNERSHIP") or "").casefold() or None,
        period_start=period_start,
        period_end=period_end,
    )


def _visit(line: Line, zone: ZoneInfo) -> VisitRecord:
    identity, kind = line.required("Id"), line.text("ENCOUNTERCLASS")
    starts_at = line.moment("START") or line.fault("START", "required", "A visit has a start")
    return VisitRecord(
        path=line.path,
        source_ref=_ref("encounters", identity),
        number=identity,
        patient=_ref("patients", line.required("PATIENT")),
        visit_date=values.local_day(starts_at, zone),
        status="completed",
        starts_at=starts_at,
        ends_at=line.moment("STOP"),
        provider=_ref("providers", line.required("PROVIDER")),
        visit_type=_VISIT_TYPES.get(kind, kind) if kind else None,
        reason=line.text("REASONDESCRIPTION") or line.text("DESCRIPTION"),
    )


def _claims(batch: ImportBatch, folder: Path, zone: ZoneInfo, payers: dict[str, str]) -> None:
    charged: dict[str, Decimal] = defaultdict(Decimal)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for line in rows(folder, "claims_transactions"):
        kind, claim = line.required("TYPE"), line.required("CLAIMID")
        if kind == "CHARGE":
            charged[claim] += line.number("AMOUNT")
        elif kind == "PAYMENT":
            paid[claim] += line.number("PAYMENTS")
    for line in rows(folder, "claims"):
        identity = line.required("Id")
        amount, received = charged.get(identity), paid.get(identity)
        reason = "amount_missing" if amount is None else values.amount_fault(amount)
        reason = reason or (values.amount_fault(received) if received is not None else None)
        if amount is None or reason is not None:
            batch.refused.append(Refusal("claim", reason or "amount_missing", line.path))
            continue
        batch.claims.append(_claim(line, zone, payers, amount=amount, paid=received))


def _claim(line: Line, zone: ZoneInfo, payers: dict[str, str], *, amount: Decimal, paid: Decimal | None) -> ClaimRecord:
    payer = line.text("PRIMARYPATIENTINSURANCEID") or ""
    visit = line.text("APPOINTMENTID")
    status = line.required("STATUS1")
    if status not in _CLAIM_STATUSES:
        line.fault("STATUS1", "unknown_code", f"Expected one of {', '.join(sorted(_CLAIM_STATUSES))}")
    identity = line.required("Id")
    return ClaimRecord(
        path=line.path,
        source_ref=_ref("claims", identity),
        number=identity,
        patient=_ref("patients", line.required("PATIENTID")),
        amount=values.to_cents(amount),
        status=_CLAIM_STATUSES[status],
        paid_amount=values.to_cents(paid) if paid is not None else None,
        adjudicated=status == "CLOSED",
        submitted_date=_local(line.moment("LASTBILLEDDATE1"), zone),
        service_date=_local(line.moment("SERVICEDATE"), zone),
        payer=None if payer in _NO_PAYER else payers.get(payer, payer),
        visit=_ref("encounters", visit) if visit else None,
        provider=_ref("providers", line.required("PROVIDERID")),
        claim_type=_CLAIM_TYPES.get(line.text("HEALTHCARECLAIMTYPEID1") or ""),
    )


def _local(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return values.local_day(moment, zone) if moment is not None else None
