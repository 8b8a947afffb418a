"""`python -m infra.bundle [NAMES…]` stages functions; `python -m infra.bundle lock` writes their requirements.txt."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.bundle.imports import BundleError
from infra.bundle.requirements import lock_functions
from infra.bundle.stage import stage, write_index
from shared.catalog import ROOT, CatalogError, load_catalog


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 2 a bundle cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m infra.bundle", description=__doc__)
    parser.add_argument("names", nargs="*", help="functions to stage (all of them when none is named), or `lock`")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where to stage (build/)")
    options = parser.parse_args(arguments)
    try:
        if options.names == ["lock"]:
            for file, outcome in sorted(lock_functions(load_catalog()).items()):
                print(f"{outcome:9} {file.relative_to(ROOT)}")
        else:
            _stage_all(options.names, options.build)
    except (BundleError, CatalogError) as exc:
        print(exc, file=sys.stderr)
        return 2
    return 0


def _stage_all(names: list[str], build: Path) -> None:
    entries = load_catalog()
    unknown = sorted(set(names) - {entry.name for entry in entries})
    if unknown:
        raise BundleError(f"no function is called {', '.join(unknown)}")
    bundles = [stage(entry, build=build) for entry in entries if not names or entry.name in names]
    for bundle in bundles:
        size = bundle.archive.stat().st_size // 1024
        print(f"{bundle.name:20} {len(bundle.modules):3} modules {size:5} KiB  {bundle.archive.name}")
    write_index(bundles, build)


if __name__ == "__main__":
    raise SystemExit(main())
