"""The catalog: `functions/<group>/<name>/function.yaml` is the only list of functions.

Read by the local stack, the bundle builder, the OpenAPI writer, Cloud Build, Terraform and the tests; never by a
deployed function. `infra/catalog/function.schema.json` says what each member means.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["http", "stream", "firestore", "pubsub", "schedule"]
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts an event function; the members that do not apply are None."""

    document: str | None = None
    event_type: str | None = None
    topic: str | None = None
    cron: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """One function. `folder` is absolute; `memory` as Cloud Run writes it; times are seconds."""

    name: str
    group: str
    description: str
    folder: Path
    kind: Kind
    entry_point: str
    dependencies: tuple[str, ...]
    memory: str
    timeout_seconds: int
    concurrency: int
    min_instances: int
    max_instances: int
    service_account: str
    paths: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    trigger: Trigger = Trigger()
    retry: bool = False
    dead_letter_topic: str | None = None
    max_delivery_attempts: int | None = None
    ack_deadline_seconds: int | None = None
    lazy_imports: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    database: str | None = None
    secrets: tuple[str, ...] = ()

    @property
    def deployed_name(self) -> str:
        """The Cloud Run service name."""
        return self.name.replace("_", "-")

    @property
    def main(self) -> Path:
        """The function's source file."""
        return self.folder / "main.py"


class CatalogError(ValueError):
    """A function.yaml is missing, malformed or contradicts its folder. The message names the file."""


def load_catalog(root: Path = ROOT) -> tuple[FunctionEntry, ...]:
    """Every function under `root`/functions, sorted by group and name. Raises CatalogError."""
    import yaml
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "infra/catalog/function.schema.json").read_text())
    validator = Draft202012Validator(schema)
    entries = []
    for folder in sorted(
        path for path in (root / "functions").glob("*/*") if path.is_dir() and path.name != "__pycache__"
    ):
        file = folder / "function.yaml"
        if not file.is_file():
            raise CatalogError(f"{folder.relative_to(root)} has no function.yaml")
        raw = yaml.safe_load(file.read_text())
        problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(raw)]
        if problems:
            raise CatalogError(f"{file.relative_to(root)}: " + "; ".join(problems))
        if raw["name"] != folder.name:
            raise CatalogError(f"{file.relative_to(root)}: name {raw['name']!r} is not the folder's name")
        entries.append(_entry(folder, raw))
    _refuse_doubles(entries)
    return tuple(entries)


def _entry(folder: Path, raw: dict[str, Any]) -> FunctionEntry:
    trigger = raw.get("trigger", {})
    return FunctionEntry(
        name=raw["name"],
        group=folder.parent.name,
        description=raw.get("description", ""),
        folder=folder,
        kind=raw["kind"],
        entry_point=raw["entryPoint"],
        dependencies=tuple(raw["dependencies"]),
        memory=raw["memory"],
        timeout_seconds=raw["timeoutSeconds"],
        concurrency=raw["concurrency"],
        min_instances=raw["instances"]["min"],
        max_instances=raw["instances"]["max"],
        service_account=raw["serviceAccount"],
        paths=tuple(raw.get("paths", ())),
        public=tuple(raw.get("public", ())),
        trigger=Trigger(trigger.get("document"), trigger.get("eventType"), trigger.get("topic"), trigger.get("cron")),
        retry=raw.get("retry", False),
        dead_letter_topic=raw.get("deadLetterTopic"),
        max_delivery_attempts=raw.get("maxDeliveryAttempts"),
        ack_deadline_seconds=raw.get("ackDeadlineSeconds"),
        lazy_imports=tuple(raw.get("lazyImports", ())),
        files=tuple(raw.get("files", ())),
        database=raw.get("database"),
        secrets=tuple(raw.get("secrets", ())),
    )


def _refuse_doubles(entries: list[FunctionEntry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        for key in (
            f"name {entry.name}",
            f"service account {entry.service_account}",
            *(f"path {path}" for path in entry.paths),
        ):
            if key in seen:
                raise CatalogError(f"{key} stands in both {seen[key]} and {entry.group}/{entry.name}")
            seen[key] = f"{entry.group}/{entry.name}"
