"""What is measured: three functions, each beside its floor, on data that a running stack holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shared.catalog import ROOT
from shared.repositories.postgres.check_rows import _STORE
from shared.repositories.postgres.eligibility_file import FILE, FILE_TO_CHECK
from shared.repositories.postgres.records import RECORD_TABLES
from shared.repositories.postgres.transaction import _ADD_EVENT
from tests.benchmarks.server import Call, Program
from tests.benchmarks.surroundings import Surroundings, claims_of, entry_of, post, stage_and_install

OURS, FLOOR, BARE = "ours", "floor", "bare"
MODE = "/api/v1/modes/eligibility"
TASKS = "/api/v1/components/tasks"
LISTED_TASKS = 10
MEASURED = ("tasks", "records", "eligibility")


@dataclass(frozen=True, slots=True)
class Subject:
    """One function: its programs (ours, the floor, the floor without identity and audit) and what it is asked."""

    name: str
    programs: tuple[Program, Program, Program]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Contexts:
    """Two contexts: one whose tasks are listed and whose patient is checked, one that new tasks go to."""

    read: str
    written: str


def prepare(around: Surroundings) -> Contexts:
    """Open the contexts and give the first one some tasks, through the gateway."""
    made = []
    for wanted in (("Patient ID", "MRN553"), ("Other", "benchmark")):
        body = {"recordType": wanted[0], "recordId": wanted[1]}
        made.append(post(f"{around.gateway}{MODE}/context", body, around.token)["contextId"])
    for number in range(LISTED_TASKS):
        task = {"contextId": made[0], "label": f"Benchmark task {number}", "type": "normal"}
        post(f"{around.gateway}{TASKS}/", task, around.token, idempotency=f"benchmark-{number}")
    return Contexts(*made)


def calls(contexts: Contexts) -> dict[str, tuple[Call, ...]]:
    """The requests of each function; the first one is what a cold start answers."""
    task: dict[str, object] = {"contextId": contexts.written, "label": "Benchmark", "type": "normal"}
    check: dict[str, object] = {"contextId": contexts.read, "action": "check_eligibility", "params": {}}
    return {
        "tasks": (
            Call("list", "GET", f"{TASKS}/?contextId={contexts.read}"),
            Call("create", "POST", f"{TASKS}/", task, 201),
        ),
        "records": (Call("get", "GET", "/api/v1/records/patient/MRN553"),),
        "eligibility": (
            Call("patient", "GET", f"{MODE}/patient/MRN553"),
            Call("check", "POST", f"{MODE}/quick-action", check),
        ),
    }


def subject(name: str, around: Surroundings, asked: tuple[Call, ...]) -> Subject:
    """Stage and install function `name`; its floor runs in the same environment of packages."""
    entry = entry_of(name)
    bundle, python = stage_and_install(entry, around.build)
    floor = ROOT / "tests/benchmarks/floor" / name / "main.py"
    claims = claims_of(around.token)
    bare = {
        "PYTHONPATH": str(ROOT),
        "FLOOR_STATEMENTS": json.dumps(_statements()),
        "FLOOR_CLIENT": claims["clientId"],
        "FLOOR_USER": claims["userId"],
    }

    def program(label: str, source: Path, extra: dict[str, str]) -> Program:
        return Program(label, source, entry.entry_point, python, {**around.environment, **extra})

    programs = (
        program(OURS, bundle.folder / "main.py", {}),
        program(FLOOR, floor, bare),
        program(BARE, floor, {**bare, "FLOOR_BARE": "1"}),
    )
    return Subject(name, programs, asked)


def _statements() -> dict[str, str]:
    """The product's own SQL, so that the floor can never ask for less."""
    patients = RECORD_TABLES["patient"]
    record = (
        f"SELECT id, version, created_at, updated_at, {patients.patient}, {patients.columns} FROM {patients.table}"  # noqa: S608 # constants
        f" WHERE client_id = :client AND deleted_at IS NULL AND ({patients.number} = :reference OR id = :uuid)"
        f" ORDER BY {patients.number} = :reference DESC LIMIT 1"
    )
    return {
        "file": FILE.text,
        "file_to_check": FILE_TO_CHECK.text,
        "check": _STORE.text,
        "event": _ADD_EVENT.text,
        "record": record,
    }
