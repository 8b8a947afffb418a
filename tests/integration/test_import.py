"""The import on PostgreSQL: merged by source and number, all or nothing, safe to repeat and to run twice at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from infra.local import importer
from shared.catalog import ROOT
from shared.errors import NotFoundError, ValidationFailedError
from shared.importing.synthea_csv import parse_synthea_folder
from shared.models.api.record_import import ImportReport
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.replay import Replayed
from shared.repositories.postgres.record_import import PostgresRecordImport
from shared.services.record_import import ImportService
from tests.integration.database import Database, running_database
from tests.unit.import_samples import answer, bundle, claim, coverage, encounter, patient

DATA = ROOT.parent / "shared" / "data"
USER = UUID("00000000-0000-7000-8000-000000000005")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (../shared/data) is not there")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def service(database: Database) -> Iterator[ImportService]:
    postgres = database.role("serving")
    yield ImportService(PostgresRecordImport(postgres))
    postgres.engine.dispose()


@pytest.fixture
def client(database: Database) -> UUID:
    return database.client()


def take(service: ImportService, client: UUID, *resources: dict[str, Any], **options: Any) -> ImportReport:
    document = resources[0] if len(resources) == 1 else bundle(*resources)
    return service.import_bundle(client_id=client, user_id=USER, request_id="r", bundle=document, **options)


def changes(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    return {kind: (one.created, one.updated, one.unchanged) for kind, one in report.records.items()}


def refused(report: ImportReport) -> list[tuple[str, str]]:
    return [(kind, one.reason) for kind, report_ in report.records.items() for one in report_.refused]


def count(database: Database, client: UUID) -> int:
    return int(database.value("SELECT count(*) FROM patients WHERE client_id = :client", client=client))


def test_bundle_is_stored_with_its_links(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, answer(), claim(), encounter(), coverage(), patient())
    (row,) = database.rows(
        "SELECT c.amount, c.paid_amount, c.service_date, p.mrn, v.visit_number, y.name, o.period_start, c.version"
        " FROM claims c JOIN patients p ON p.id = c.patient_id JOIN visits v ON v.id = c.visit_id"
        " JOIN payers y ON y.id = c.payer_id JOIN coverages o ON o.patient_id = p.id WHERE c.client_id = :client",
        client=client,
    )
    assert (row["amount"], row["paid_amount"], row["mrn"], row["visit_number"], row["name"], row["version"]) == (
        Decimal("125.10"),
        Decimal("100.08"),
        "M-1",
        "e1",
        "Acme Health",
        1,
    )


def test_second_import_changes_nothing(database: Database, service: ImportService, client: UUID) -> None:
    everything = (answer(), claim(), encounter(), coverage(), patient())
    take(service, client, *everything)
    before = database.rows("SELECT * FROM claims WHERE client_id = :client", client=client)
    assert set(changes(take(service, client, *everything)).values()) == {(0, 0, 1)}
    assert database.rows("SELECT * FROM claims WHERE client_id = :client", client=client) == before


def test_changed_record_is_updated_with_a_new_version_and_new_terms(
    database: Database, service: ImportService, client: UUID
) -> None:
    take(service, client, patient())
    report = take(service, client, patient(name=[{"family": "Ortiz", "given": ["Ana"]}]))
    assert changes(report) == {"patient": (0, 1, 0)}
    (row,) = database.rows("SELECT id, last_name, version FROM patients WHERE client_id = :client", client=client)
    terms = database.rows("SELECT term FROM record_terms WHERE record_id = :id", id=row["id"])
    assert (row["last_name"], row["version"]) == ("Ortiz", 2)
    assert {"ortiz", "m1", "1981-03-04"} <= {one["term"] for one in terms}
    assert "ruiz" not in {one["term"] for one in terms}


def test_fault_leaves_nothing_behind(database: Database, service: ImportService, client: UUID) -> None:
    with pytest.raises(ValidationFailedError):
        take(service, client, patient(), claim(total={"value": "12"}))
    assert count(database, client) == 0
    assert database.value("SELECT count(*) FROM audit_outbox WHERE client_id = :client", client=client) == 0


def test_records_of_an_unknown_patient_are_refused(service: ImportService, client: UUID) -> None:
    report = take(service, client, claim(), encounter(), coverage())
    assert refused(report) == [
        ("coverage", "unknown_patient"),
        ("visit", "unknown_patient"),
        ("claim", "unknown_patient"),
    ]


def test_records_join_a_patient_that_was_imported_before(service: ImportService, client: UUID) -> None:
    take(service, client, patient())
    assert changes(take(service, client, claim(), encounter())) == {
        "payer": (1, 0, 0),
        "visit": (1, 0, 0),
        "claim": (1, 0, 0),
    }


def test_number_of_another_patient_is_refused(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, patient())
    report = take(service, client, patient(id="p2", name=[{"family": "Okafor"}], birthDate="1990-01-01"))
    assert refused(report) == [("patient", "number_in_use")]
    assert count(database, client) == 1


def test_same_person_under_another_source_id_is_one_patient(
    database: Database, service: ImportService, client: UUID
) -> None:
    take(service, client, patient())
    take(service, client, patient(id="p9"), encounter(subject={"reference": "Patient/p9"}))
    assert count(database, client) == 1
    assert database.value("SELECT count(*) FROM visits WHERE client_id = :client", client=client) == 1


def test_claim_number_of_another_claim_is_refused(service: ImportService, client: UUID) -> None:
    number = [{"value": "CLM-1"}]
    report = take(service, client, patient(), claim(identifier=number), claim(id="k2", identifier=number))
    assert (changes(report)["claim"], refused(report)) == ((1, 0, 0), [("claim", "number_in_use")])


def test_deleted_record_stays_deleted(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, patient())
    database.execute("UPDATE patients SET deleted_at = now() WHERE client_id = :client", client=client)
    assert refused(take(service, client, patient())) == [("patient", "deleted_here")]


def test_answer_that_comes_later_settles_the_claim(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, patient(), claim())
    assert changes(take(service, client, answer()))["claim"] == (0, 1, 0)
    assert changes(take(service, client, answer()))["claim"] == (0, 0, 1)
    # The claim that is sent again without its answer does not take the answer back.
    assert changes(take(service, client, claim()))["claim"] == (0, 0, 1)
    assert database.value("SELECT status FROM claims WHERE client_id = :client", client=client) == "partially_paid"
    assert refused(take(service, client, answer(claim={"reference": "Claim/none"}))) == [("claim", "unknown_claim")]


def test_claim_that_people_work_on_keeps_its_state(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, patient(), claim(), answer())
    database.execute("UPDATE claims SET status = 'appealed' WHERE client_id = :client", client=client)
    take(service, client, patient(), claim(), answer())
    assert database.value("SELECT status FROM claims WHERE client_id = :client", client=client) == "appealed"


def test_two_organisations_may_hold_the_same_numbers(database: Database, service: ImportService, client: UUID) -> None:
    other = database.client()
    assert changes(take(service, client, patient())) == changes(take(service, other, patient()))
    assert count(database, client) == count(database, other) == 1


def test_import_leaves_one_audit_event_without_names(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, patient(), claim())
    (row,) = database.rows("SELECT event FROM audit_outbox WHERE client_id = :client", client=client)
    event = AuditEvent.model_validate(row["event"])
    assert (event.action, event.user_id, event.metadata["claim_created"]) == ("record:import", USER, 1)
    assert "Ruiz" not in json.dumps(row["event"])


def test_repeated_request_gets_the_kept_answer(database: Database, service: ImportService, client: UUID) -> None:
    key = IdempotencyKey(f"key-{client}", "request")
    first = take(service, client, patient(), key=key)
    with pytest.raises(Replayed):
        take(service, client, patient(), key=key)
    kept = database.value("SELECT answer #>> '{}' FROM idempotency_keys WHERE client_id = :client", client=client)
    assert ImportReport.model_validate_json(kept) == first


def test_unknown_organisation_is_not_found(service: ImportService) -> None:
    with pytest.raises(NotFoundError):
        take(service, uuid7(), patient())


def test_parallel_imports_of_one_bundle_end_as_one(database: Database, service: ImportService, client: UUID) -> None:
    resources = [answer(), claim(), encounter(), coverage(), patient()]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: take(service, client, *resources), range(8)))
    created = Counter(report.records["claim"].created for report in reports)
    assert created == Counter({1: 1, 0: 7})
    assert count(database, client) == 1


@needs_data
def test_all_bundles_and_the_csv_export_load_exactly_and_twice_the_same(
    database: Database, service: ImportService, client: UUID
) -> None:
    bundles = sorted((DATA / "fhir-r4-synthea").glob("*.json"))
    documents = [json.loads(file.read_text(), parse_float=Decimal) for file in bundles]
    export = parse_synthea_folder(DATA / "synthea-csv-27", zone=service.zone(client))
    for expected in ("created", "unchanged"):
        reports = [take(service, client, document) for document in documents]
        reports.append(service.import_batch(client_id=client, user_id=USER, request_id="r", batch=export))
        assert sum(report.refused_count for report in reports) == 0
        counted = {
            kind: sum(getattr(report.records[kind], expected) for report in reports)
            for kind in ("patient", "coverage", "visit", "claim")
        }
        assert counted == {"patient": 12 + 27, "coverage": 12 + 1051, "visit": 170 + 604, "claim": 198 + 1267}
    totals = [
        Decimal(entry["resource"]["total"]["value"])
        for document in documents
        for entry in document["entry"]
        if entry["resource"]["resourceType"] == "Claim"
    ]
    expected_sum = sum(totals) + sum(one.amount for one in export.claims)
    assert database.value("SELECT sum(amount) FROM claims WHERE client_id = :c", c=client) == expected_sum
    undated = "SELECT count(*) FROM coverages WHERE client_id = :c AND period_start IS NULL"
    assert database.value(undated, c=client) == 12


def test_command_line_imports_the_sound_files_and_names_the_broken_place(
    database: Database, client: UUID, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps({"database": database.url}))
    (tmp_path / "files").mkdir()
    for name, content in {
        "a-broken.json": json.dumps(bundle(patient(birthDate="1981-02-30"))),
        "b-cut-off.json": '{"resourceType":\n "Bundle"',
        "c-sound.json": "\ufeff" + json.dumps(bundle(patient())),
    }.items():
        (tmp_path / "files" / name).write_text(content)
    code = importer.main([str(tmp_path / "files"), "--client", str(client), "--stack", str(stack)])
    printed = capsys.readouterr()
    assert code == 1
    assert "a-broken.json: entry[0].resource.birthDate: A date" in printed.err
    assert "line 2 column 10" in printed.err
    assert "1 source imported" in printed.out
    assert count(database, client) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{folder}/none*.json"], "no such file or folder"),
        (["{folder}"], "neither FHIR JSON files nor a known CSV export"),
        (["{folder}/x.txt", "--stack", "{folder}/missing.json"], "The stack is not running"),
        (["{folder}/x.txt", "--client", "Nobody"], "No organisation 'Nobody'"),
        (["{folder}/x.txt", "--user", "stranger@nowhere.example"], "is no member"),
    ],
)
def test_command_line_says_in_one_line_what_is_wrong(
    database: Database,
    client: UUID,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    stack = tmp_path / "stack" / "stack.json"
    stack.parent.mkdir()
    stack.write_text(json.dumps({"database": database.url}))
    (tmp_path / "x.txt").write_text("{}")
    given = [argument.format(folder=tmp_path) for argument in arguments]
    given = ["--stack", str(stack), "--client", str(client), *given]
    assert importer.main(given) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
