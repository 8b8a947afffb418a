"""Synthea's CSV export into records."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.catalog import ROOT
from shared.errors import ValidationFailedError
from shared.importing.synthea_csv import is_synthea_folder, parse_synthea_folder

ZONE = ZoneInfo("America/New_York")
EXPORT = ROOT.parent / "shared" / "data" / "synthea-csv-27"
FILES = {
    "patients": "Id,BIRTHDATE,DEATHDATE,FIRST,LAST,GENDER\np1,1981-03-04,,Víctor493,Ruiz7,M\n",
    "payers": "Id,NAME,PHONE\ny1,NO_INSURANCE,\ny2,Acme Health,555\n",
    "payer_transitions": (
        "PATIENT,MEMBERID,START_YEAR,END_YEAR,PAYER,SECONDARY_PAYER,OWNERSHIP,OWNERNAME\n"
        "p1,m1,2020-01-01T03:00:00Z,2021-01-01T03:00:00Z,y2,,Self,\n"
        "p1,,2021-01-01T03:00:00Z,,y1,,,\n"
    ),
    "organizations": "Id,NAME\no1,Clinic\n",
    "providers": "Id,NAME,SPECIALITY\nd1,Dr One,GENERAL PRACTICE\n",
    "encounters": (
        "Id,START,STOP,PATIENT,PROVIDER,ENCOUNTERCLASS,DESCRIPTION,REASONDESCRIPTION\n"
        "e1,2020-03-02T02:30:00Z,2020-03-02T03:00:00Z,p1,d1,ambulatory,Check up,\n"
    ),
    "claims": (
        "Id,PATIENTID,PROVIDERID,PRIMARYPATIENTINSURANCEID,APPOINTMENTID,SERVICEDATE,STATUS1,LASTBILLEDDATE1,"
        "HEALTHCARECLAIMTYPEID1\n"
        "k1,p1,d1,y2,e1,2020-03-02T02:30:00Z,CLOSED,2020-03-02T03:00:00Z,2\n"
    ),
    "claims_transactions": (
        "ID,CLAIMID,TYPE,AMOUNT,PAYMENTS\n1,k1,CHARGE,77.49,\n2,k1,CHARGE,0.10,\n3,k1,PAYMENT,,77.59\n4,k1,TRANSFERIN,5,\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8-sig")
    return tmp_path


def test_export_is_read(folder: Path) -> None:
    batch = parse_synthea_folder(folder, zone=ZONE)
    assert is_synthea_folder(folder)
    assert (batch.patients[0].mrn, batch.patients[0].first_name) == ("p1", "Víctor493")
    assert [(one.period_start, one.period_end, one.payer) for one in batch.coverages] == [
        (date(2020, 1, 1), date(2021, 1, 1), "acme-health"),
        (date(2021, 1, 1), None, "no_insurance"),
    ]
    assert [one.kind for one in batch.payers] == ["self_pay", "insurance"]
    assert batch.visits[0].visit_date == date(2020, 3, 1)


def test_claim_amount_is_the_sum_of_its_charges(folder: Path) -> None:
    (claim,) = parse_synthea_folder(folder, zone=ZONE).claims
    assert (claim.amount, claim.paid_amount, claim.status) == (Decimal("77.59"), Decimal("77.59"), "finalized")


def test_claim_without_charges_is_refused(folder: Path) -> None:
    (folder / "claims_transactions.csv").write_text("ID,CLAIMID,TYPE,AMOUNT,PAYMENTS\n")
    (refusal,) = parse_synthea_folder(folder, zone=ZONE).refused
    assert (refusal.reason, refusal.path) == ("amount_missing", "claims.csv:2")


@pytest.mark.parametrize(
    ("name", "old", "new", "path"),
    [
        ("patients", "1981-03-04", "1981-02-30", "patients.csv:2.BIRTHDATE"),
        ("patients", ",Ruiz7,M", "", "patients.csv:2"),
        ("encounters", "2020-03-02T02:30:00Z", "yesterday", "encounters.csv:2.START"),
        ("claims_transactions", "0.10", "ten", "claims_transactions.csv:3.AMOUNT"),
        ("claims", "CLOSED", "LOST", "claims.csv:2.STATUS1"),
        ("payers", "Acme Health", "", "payers.csv:3.NAME"),
        ("payer_transitions", "2021-01-01T03:00:00Z,y2", "2019-01-01T03:00:00Z,y2", "payer_transitions.csv:2.END_YEAR"),
    ],
)
def test_fault_names_file_line_and_column(folder: Path, name: str, old: str, new: str, path: str) -> None:
    file = folder / f"{name}.csv"
    file.write_text(file.read_text(encoding="utf-8-sig").replace(old, new, 1))
    with pytest.raises(ValidationFailedError) as caught:
        parse_synthea_folder(folder, zone=ZONE)
    assert caught.value.errors[0].field == path


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "payers.csv").unlink()
    with pytest.raises(ValidationFailedError) as caught:
        parse_synthea_folder(folder, zone=ZONE)
    assert caught.value.errors[0].field == "payers.csv"


@pytest.mark.skipif(not EXPORT.is_dir(), reason="the reference data (../shared/data) is not there")
def test_published_export_is_read_completely_and_exactly() -> None:
    batch = parse_synthea_folder(EXPORT, zone=ZONE)
    counted = (len(batch.patients), len(batch.coverages), len(batch.claims), len(batch.visits))
    assert counted == (27, 1051, 1267, 604)
    assert batch.refused == []
    cents: dict[str, int] = defaultdict(int)
    with (EXPORT / "claims_transactions.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["TYPE"] == "CHARGE":
                whole, _, part = row["AMOUNT"].partition(".")
                cents[row["CLAIMID"]] += int(whole) * 100 + int(part.ljust(2, "0"))
    assert {one.number: int(one.amount * 100) for one in batch.claims} == dict(cents)
