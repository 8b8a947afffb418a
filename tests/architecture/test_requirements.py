"""Each function's requirements.txt: exactly its dependency groups, at the versions and hashes of requirements.lock."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bundle.imports import BundleError
from infra.bundle.requirements import LOCK, Pin, read_lock
from shared.catalog import ROOT, FunctionEntry
from tests.architecture.sources import catalog


@cache
def _groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return groups


def _installed_closure(requirements: Iterable[str]) -> set[str]:
    """Names of everything that `requirements` install here, read from the installed packages' own metadata."""
    todo = [Requirement(line) for line in requirements]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for line in requires(requirement.name) or ():
                inner = Requirement(line)
                if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                    todo.append(inner)
    return {name for name, _ in seen}


@cache
def _lock() -> dict[str, Pin]:
    return dict(read_lock(ROOT / LOCK))


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.name)
def test_pins_are_those_of_the_lock(entry: FunctionEntry) -> None:
    pins = read_lock(entry.folder / "requirements.txt")
    different = {name: pin.version for name, pin in pins.items() if _lock().get(name) != pin}
    assert not different, "run `python -m infra.bundle lock`"


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.name)
def test_pins_cover_exactly_the_dependency_groups(entry: FunctionEntry) -> None:
    wanted = _installed_closure(line for group in entry.dependencies for line in _groups()[group])
    assert set(read_lock(entry.folder / "requirements.txt")) == wanted, "run `python -m infra.bundle lock`"


def test_lock_covers_every_group_of_the_project() -> None:
    lines = [line for group, lines in _groups().items() if group != "dev" for line in lines]
    direct = {canonicalize_name(Requirement(line).name) for line in lines}
    assert not direct - set(_lock())


def test_this_environment_is_the_locked_one() -> None:
    different = {
        name: (pin.version, distribution(name).version)
        for name, pin in _lock().items()
        if not pin.marker or Marker(pin.marker).evaluate()
        if distribution(name).version != pin.version
    }
    assert not different, "run `make up` or install requirements.lock"


def test_groups_are_those_that_the_catalog_may_name() -> None:
    deployable = {group for entry in catalog() for group in entry.dependencies}
    assert deployable <= set(_groups())


@pytest.mark.parametrize(
    "line", ["flask", "flask>=3", "flask==3.1.3", "flask==3.1.3 --hash=sha256:abc", "-r other.txt", "--index-url=x"]
)
def test_line_without_version_and_hash_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(line + "\n")
    with pytest.raises(BundleError, match="is not pinned"):
        read_lock(file)
