"""Every Python source of the product, parsed once, and what each imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from infra.bundle.imports import walk_running_code
from shared.catalog import ROOT, FunctionEntry, load_catalog


@cache
def catalog() -> tuple[FunctionEntry, ...]:
    """The functions of this checkout."""
    return load_catalog()


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file of the repository that is not ignored, relative to its root, sorted."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted(name for name in done.stdout.decode().split("\0") if name)
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


@cache
def python_files(folder: str) -> tuple[Path, ...]:
    """The Python files below `folder`, relative to the repository's root."""
    return tuple(path for path in tracked_files() if path.suffix == ".py" and path.is_relative_to(folder))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of `path`."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def imports_in(path: Path) -> Iterator[tuple[str, int]]:
    """(absolute module or module.name, line) of every import that runs, wherever it stands in the file."""
    for node in walk_running_code(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def within(module: str, packages: tuple[str, ...]) -> bool:
    """Whether `module` is one of `packages` or stands in one of them."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)
