"""Run inside a bundle's own environment: load it as functions-framework does and print where its parts came from.

`python -I bundle_probe.py FOLDER TARGET` prints {"shared": file or null, "outside": [files of foreign modules]}.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import functions_framework


def main(folder: Path, target: str) -> None:
    """Load the function, then import every module of the bundle, also those that are imported on first use."""
    functions_framework.create_app(target, str(folder / "main.py"))  # type: ignore[no-untyped-call] # the framework has no types
    for path in sorted((folder / "shared").rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    loaded = [module for name, module in sys.modules.items() if name.split(".")[0] in {"shared", "functions", "infra"}]
    files = [Path(module.__file__) for module in loaded if module.__file__]
    shared = sys.modules.get("shared")
    report = {
        "shared": shared.__file__ if shared else None,
        "outside": sorted(str(file) for file in files if not file.is_relative_to(folder)),
    }
    print(json.dumps(report))  # noqa: T201 # the report is this program's output


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
