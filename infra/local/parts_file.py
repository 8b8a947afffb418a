"""The parts file: where every part of the running stack is, for the parts that stand between the others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shared.catalog import ROOT, FunctionEntry, load_catalog


@dataclass(frozen=True, slots=True)
class Parts:
    """`firestore` and `pubsub` are host:port; `functions` are base URLs by catalog name; `folder` holds local files."""

    project: str
    firestore: str
    pubsub: str
    functions: dict[str, str]
    catalog: tuple[FunctionEntry, ...]
    folder: Path


def read_parts(file: Path) -> Parts:
    """Read the parts file, and the catalog it names (this repository's by default)."""
    described = json.loads(file.read_text())
    return Parts(
        project=described["project"],
        firestore=described["firestore"].removeprefix("http://"),
        pubsub=described["pubsub"].removeprefix("http://"),
        functions={name: url.rstrip("/") for name, url in described["functions"].items()},
        catalog=load_catalog(Path(described.get("catalogRoot", ROOT))),
        folder=file.resolve().parent,
    )
