"""The catalog is the one list of functions: folder, file and schema agree, and a bad entry is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalog import ROOT, CatalogError, load_catalog
from tests.architecture.sources import catalog

HTTP: dict[str, Any] = {
    "name": "notes",
    "kind": "http",
    "entryPoint": "notes",
    "paths": ["/api/v1/notes"],
    "dependencies": ["web"],
    "memory": "512Mi",
    "timeoutSeconds": 13,
    "concurrency": 8,
    "instances": {"min": 0, "max": 2},
    "serviceAccount": "mobius-notes",
}
EVENT: dict[str, Any] = {key: value for key, value in HTTP.items() if key != "paths"} | {"retry": True}
FIRESTORE = EVENT | {
    "kind": "firestore",
    "trigger": {"document": "notes/{id}", "eventType": "google.cloud.firestore.document.v1.created"},
}
PUBSUB = EVENT | {
    "kind": "pubsub",
    "trigger": {"topic": "notes"},
    "deadLetterTopic": "notes-dead",
    "maxDeliveryAttempts": 5,
    "ackDeadlineSeconds": 60,
}
SCHEDULE = EVENT | {"kind": "schedule", "trigger": {"cron": "*/5 * * * *"}}


def _write(root: Path, entry: dict[str, Any], folder: str = "notes") -> None:
    path = root / "functions/components" / folder / "function.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(entry))


@pytest.mark.parametrize("entry", [HTTP, FIRESTORE, PUBSUB, SCHEDULE], ids=lambda entry: entry["kind"])
def test_sound_entry_is_taken(tmp_path: Path, entry: dict[str, Any]) -> None:
    _write(tmp_path, entry)
    (found,) = load_catalog(tmp_path)
    assert (found.name, found.kind, found.deployed_name) == ("notes", entry["kind"], "notes")


def _without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


BAD = {
    "unknown member": (HTTP | {"cpu": 2}, "cpu"),
    "unknown kind": (HTTP | {"kind": "cron"}, "kind"),
    "no memory": (_without(HTTP, "memory"), "memory"),
    "odd memory": (HTTP | {"memory": "300Mi"}, "memory"),
    "zero concurrency": (HTTP | {"concurrency": 0}, "concurrency"),
    "no instances": (HTTP | {"instances": {"min": 0, "max": 0}}, "instances.max"),
    "unknown group": (HTTP | {"dependencies": ["numpy"]}, "dependencies"),
    "http without a path": (_without(HTTP, "paths"), "paths"),
    "path with a trailing slash": (HTTP | {"paths": ["/api/v1/notes/"]}, "paths"),
    "path with capitals": (HTTP | {"paths": ["/api/v1/Notes"]}, "paths"),
    "http with a trigger": (HTTP | {"trigger": {"topic": "notes"}}, "should not be valid"),
    "event with a path": (FIRESTORE | {"paths": ["/api/v1/notes"]}, "should not be valid"),
    "event without retry": (_without(FIRESTORE, "retry"), "retry"),
    "firestore without a document": (
        FIRESTORE | {"trigger": {"eventType": "google.cloud.firestore.document.v1.created"}},
        "document",
    ),
    "firestore with a foreign event type": (
        FIRESTORE | {"trigger": {"document": "a/{b}", "eventType": "google.cloud.storage.object.v1.finalized"}},
        "eventType",
    ),
    "pubsub without a dead-letter topic": (_without(PUBSUB, "deadLetterTopic"), "deadLetterTopic"),
    "pubsub with four attempts": (PUBSUB | {"maxDeliveryAttempts": 4}, "maxDeliveryAttempts"),
    "schedule with four fields": (SCHEDULE | {"trigger": {"cron": "* * * *"}}, "cron"),
    "lazy import outside of the library": (HTTP | {"lazyImports": ["os.path"]}, "lazyImports"),
    "short service account": (HTTP | {"serviceAccount": "m"}, "serviceAccount"),
    "lower-case secret": (HTTP | {"secrets": ["key"]}, "secrets"),
    "public without a method": (HTTP | {"public": ["/api/v1/notes"]}, "public"),
}


@pytest.mark.parametrize(("entry", "said"), BAD.values(), ids=BAD)
def test_bad_entry_is_refused_with_its_file_and_member(tmp_path: Path, entry: dict[str, Any], said: str) -> None:
    _write(tmp_path, entry)
    with pytest.raises(CatalogError) as refused:
        load_catalog(tmp_path)
    assert "functions/components/notes/function.yaml" in str(refused.value)
    assert said in str(refused.value)


def test_name_must_be_the_folders(tmp_path: Path) -> None:
    _write(tmp_path, HTTP, folder="memos")
    with pytest.raises(CatalogError, match="is not the folder's name"):
        load_catalog(tmp_path)


def test_folder_without_a_catalog_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "functions/components/notes").mkdir(parents=True)
    with pytest.raises(CatalogError, match=r"has no function\.yaml"):
        load_catalog(tmp_path)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"paths": ["/api/v1/notes"], "serviceAccount": "mobius-memos"}, "path /api/v1/notes"),
        ({"paths": ["/api/v1/memos"]}, "service account mobius-notes"),
    ],
)
def test_two_functions_share_neither_path_nor_account(tmp_path: Path, second: dict[str, Any], said: str) -> None:
    _write(tmp_path, HTTP)
    _write(tmp_path, HTTP | {"name": "memos"} | second, folder="memos")
    with pytest.raises(CatalogError, match=said):
        load_catalog(tmp_path)


def test_entry_point_is_the_folders_name() -> None:
    assert not [entry.name for entry in catalog() if entry.entry_point != entry.name]


def test_folder_says_what_starts_the_function() -> None:
    groups = {"http": {"modes", "components", "api"}, "stream": {"components"}, "firestore": {"triggers"}}
    groups |= {"pubsub": {"pubsub"}, "schedule": {"scheduled"}}
    assert not [entry.name for entry in catalog() if entry.group not in groups[entry.kind]]


def test_function_that_names_a_database_role_has_its_driver_and_the_reverse() -> None:
    wrong = [entry.name for entry in catalog() if ("postgres" in entry.dependencies) != (entry.database is not None)]
    assert not wrong


def test_files_of_the_catalog_exist() -> None:
    assert not [name for entry in catalog() for name in entry.files if not (ROOT / name).is_file()]
