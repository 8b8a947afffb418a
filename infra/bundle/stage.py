"""Stages one folder and one archive per function. The same sources always give the same bytes.

The archive is stored uncompressed with sorted names, fixed time stamps and fixed permissions, so its SHA-256 depends on
its contents and on no version of any compression library: only what changed is deployed again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.bundle.closure import import_closure
from infra.bundle.imports import BundleError, module_file
from shared.catalog import ROOT, FunctionEntry

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip archive can hold
_REGULAR_FILE = 0o100644
_UNIX = 3
_DATA = "*.toml"  # what a package of `shared` reads from its own folder


@dataclass(frozen=True, slots=True)
class Bundle:
    """One staged function: its folder, its archive, the archive's SHA-256 (hex) and the modules of `shared` in it."""

    name: str
    folder: Path
    archive: Path
    sha256: str
    modules: tuple[str, ...]


def contents(entry: FunctionEntry, root: Path = ROOT) -> tuple[dict[str, Path], tuple[str, ...]]:
    """What belongs into `entry`'s bundle: {path inside it: source file} and the modules of `shared`.

    A package brings the data files that stand beside its modules.
    Raises BundleError when main.py, requirements.txt or a file of the catalog is missing.
    """
    files: dict[str, Path] = {}
    for name in ("main.py", "requirements.txt"):
        files[name] = entry.folder / name
    for name in entry.files:
        files[name] = root / name
    missing = sorted(str(path.relative_to(root)) for path in files.values() if not path.is_file())
    if missing:
        raise BundleError(f"{entry.group}/{entry.name}: {', '.join(missing)} is missing{_advice(missing)}")
    modules = import_closure(entry.main, root, entry.lazy_imports)
    for module in modules:
        path = module_file(root, module)
        if path is None:
            raise BundleError(f"there is no module {module}: its package has no __init__.py")
        files[path.relative_to(root).as_posix()] = path
        if path.name == "__init__.py":
            files |= {data.relative_to(root).as_posix(): data for data in path.parent.glob(_DATA)}
    return dict(sorted(files.items())), modules


def _advice(missing: list[str]) -> str:
    if any(name.endswith("requirements.txt") for name in missing):
        return "; `python -m infra.bundle lock` writes requirements.txt"
    return "; `make openapi` writes it" if any(name.endswith("openapi.json") for name in missing) else ""


def stage(entry: FunctionEntry, *, root: Path = ROOT, build: Path | None = None) -> Bundle:
    """Stage `entry` below `build` (`root`/build when None), replacing what stood there. Raises BundleError."""
    build = build or root / "build"
    files, modules = contents(entry, root)
    folder = build / "functions" / entry.name
    fresh = folder.with_name(f".{entry.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name, path in files.items():
        target = fresh / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    archive, digest = _archive(entry.name, folder, files, build / "archives")
    return Bundle(entry.name, folder, archive, digest, modules)


def _archive(name: str, folder: Path, names: Iterable[str], target: Path) -> tuple[Path, str]:
    target.mkdir(parents=True, exist_ok=True)
    fresh = target / f".{name}.new"
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
        for member in names:
            info = zipfile.ZipInfo(member, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _REGULAR_FILE << 16
            archive.writestr(info, (folder / member).read_bytes())
    digest = hashlib.sha256(fresh.read_bytes()).hexdigest()
    for old in target.glob(f"{name}-*.zip"):
        old.unlink()
    final = target / f"{name}-{digest[:16]}.zip"
    fresh.rename(final)
    return final, digest


def write_index(bundles: Iterable[Bundle], build: Path) -> Path:
    """Write build/bundles.json: {name: {folder, archive, sha256, modules}}, paths relative to `build`.

    Functions that were not staged this time keep their line as long as their archive is there.
    """
    index = build / "bundles.json"
    lines = json.loads(index.read_text()) if index.is_file() else {}
    for bundle in bundles:
        lines[bundle.name] = {
            "folder": bundle.folder.relative_to(build).as_posix(),
            "archive": bundle.archive.relative_to(build).as_posix(),
            "sha256": bundle.sha256,
            "modules": list(bundle.modules),
        }
    kept = {name: line for name, line in sorted(lines.items()) if (build / line["archive"]).is_file()}
    index.write_text(json.dumps(kept, indent=2) + "\n")
    return index
