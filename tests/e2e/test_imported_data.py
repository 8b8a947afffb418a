"""After importing published data: every patient answers, verdicts agree with plain SQL, amounts are exact."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import ELIGIBILITY, Database, Person
from tests.stack import LAKESIDE, ROOT, RunningStack

DATA = ROOT.parent / "shared" / "data"
FHIR = DATA / "fhir-r4-synthea"
CSV = DATA / "synthea-csv-27"

pytestmark = pytest.mark.skipif(not (FHIR.is_dir() and CSV.is_dir()), reason="../shared/data is not here")

# An independent calculation: nothing of the product's rules, only the imported periods.
COVERED = """
SELECT EXISTS (SELECT FROM coverages c JOIN payers y ON y.id = c.payer_id
    WHERE c.patient_id = :patient AND y.kind = 'insurance'
      AND c.period_start <= :on AND coalesce(c.period_end, DATE 'infinity') >= :on) AS covered,
  EXISTS (SELECT FROM coverages c JOIN payers y ON y.id = c.payer_id
    WHERE c.patient_id = :patient AND y.kind = 'insurance' AND c.period_start IS NULL) AS undated,
  EXISTS (SELECT FROM coverages c WHERE c.patient_id = :patient) AS insured
"""


def run_import(stack: RunningStack, *files: Path) -> str:
    command = [sys.executable, "-m", "infra.local.importer", *map(str, files)]
    command += ["--client", LAKESIDE, "--stack", str(stack.file)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def imported(stack: RunningStack) -> str:
    """Both data sets in Lakeside's records; the report of the second run."""
    run_import(stack, FHIR, CSV)
    return run_import(stack, FHIR, CSV)


@pytest.fixture(scope="module")
def patients(imported: str, database: Database) -> list[dict[str, Any]]:
    """Every patient of the two data sets."""
    assert imported
    published = {path.stem.rsplit("_", 1)[1] for path in FHIR.glob("*.json")}
    with (CSV / "patients.csv").open(encoding="utf-8-sig") as file:
        published |= {row["Id"] for row in csv.DictReader(file)}
    rows = database.rows(
        "SELECT p.id, p.mrn FROM patients p JOIN clients c ON c.id = p.client_id"
        " WHERE c.name = :name AND p.mrn = ANY(:mrns)",
        name=LAKESIDE,
        mrns=list(published),
    )
    assert len(rows) == 12 + 27
    return rows


def dates_of_interest(database: Database, patient: Any, *, every: bool, seed: str) -> list[date]:
    """First and last days of the periods and the days beside them; a few of them at reduced volume."""
    rows = database.rows("SELECT period_start, period_end FROM coverages WHERE patient_id = :patient", patient=patient)
    edges = {day for row in rows for day in (row["period_start"], row["period_end"]) if day is not None}
    days = sorted({edge + timedelta(days=step) for edge in edges for step in (-1, 0, 1)} | {date(2026, 11, 23)})
    chosen = random.Random(seed)  # noqa: S311 (a repeatable sample)
    return days if every else chosen.sample(days, min(4, len(days)))


def test_importing_again_changes_nothing(imported: str) -> None:
    rows = {words[0]: words[1:] for line in imported.splitlines() if len(words := line.split()) == 5}
    created_updated = {kind: rows[kind][:2] for kind in ("payer", "provider", "patient", "coverage", "visit", "claim")}
    assert set(map(tuple, created_updated.values())) == {("0", "0")}, imported
    assert (rows["patient"][2], rows["claim"][2], rows["visit"][2]) == ("39", "1465", "774")


def test_every_imported_patient_answers_and_agrees_with_plain_sql(
    patients: list[dict[str, Any]], database: Database, signed_in: Callable[..., Person], full_volume: bool
) -> None:
    person = signed_in("manager", LAKESIDE)
    expected = {True: "eligible", False: "not_eligible"}
    for patient in patients:
        mrn = str(patient["mrn"])
        context = person.open(mrn, "Patient ID")
        for day in dates_of_interest(database, patient["id"], every=full_volume, seed=mrn):
            plain = database.rows(COVERED, patient=patient["id"], on=day)[0]
            wanted = "undetermined" if plain["undated"] and not plain["covered"] else expected[plain["covered"]]
            on = day.isoformat()
            shown = person.done("GET", f"{ELIGIBILITY}/patient/{mrn}", dateOfService=on)["verdict"]
            action = {"action": "check_eligibility", "params": {"dateOfService": on}, "contextId": context}
            checked = person.done("POST", f"{ELIGIBILITY}/quick-action", action)["data"]
            assert (shown["verdict"], checked["verdict"]) == (wanted, wanted), (mrn, on)
            assert checked["eligible"] is {"eligible": True, "not_eligible": False, "undetermined": None}[wanted]
            assert checked["dateOfService"] == on


def test_a_contained_coverage_without_a_period_is_undetermined_with_its_reason(
    patients: list[dict[str, Any]], signed_in: Callable[..., Person]
) -> None:
    person = signed_in("manager", LAKESIDE)
    bundled = {path.stem.rsplit("_", 1)[1] for path in FHIR.glob("*.json")}
    for patient in patients:
        if patient["mrn"] in bundled:
            verdict = person.done("GET", f"{ELIGIBILITY}/patient/{patient['mrn']}")["verdict"]
            assert verdict["verdict"] == "undetermined"
            assert [reason["code"] for reason in verdict["reasons"]] == ["coverage_period_unknown"]


def test_claim_amounts_are_exact_to_the_cent(patients: list[dict[str, Any]], signed_in: Callable[..., Person]) -> None:
    person = signed_in("manager", LAKESIDE)
    charged: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with (CSV / "claims_transactions.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["TYPE"] == "CHARGE":
                charged[row["PATIENTID"]][row["CLAIMID"]] += Decimal(row["AMOUNT"])
    seen = 0
    for patient in patients:
        claims = all_claims(person, str(patient["mrn"]))
        for claim in claims:
            assert claim["amountCents"] == round(claim["amount"] * 100)
        if patient["mrn"] in charged:
            cents = {claim["claimNumber"]: claim["amountCents"] for claim in claims}
            assert cents == {number: int(amount * 100) for number, amount in charged[str(patient["mrn"])].items()}
        seen += len(claims)
    assert seen == 198 + 1267


def all_claims(person: Person, mrn: str) -> list[dict[str, Any]]:
    claims: list[dict[str, Any]] = []
    more: dict[str, str] = {"limit": "100"}
    while True:
        page = person.done("GET", f"{ELIGIBILITY}/claims/{mrn}", **more)
        claims += page["claims"]
        if page["nextCursor"] is None:
            return claims
        more["cursor"] = page["nextCursor"]
