"""The bundle builder on a small product of its own: what it follows, what it leaves out, and that bytes repeat."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from infra.bundle.closure import import_closure
from infra.bundle.imports import BundleError
from infra.bundle.stage import stage, write_index
from shared.catalog import FunctionEntry

PRODUCT = {
    "shared/__init__.py": "",
    "shared/errors.py": "",
    "shared/bootstrap.py": """
from functools import cache
from typing import TYPE_CHECKING
from shared.errors import *
if TYPE_CHECKING:
    from shared.services.never import Never
@cache
def live():
    from shared.db.live import Live
    return Live()
def structured():
    from shared.db.structured import Structured
    return Structured()
def tasks():
    from shared.services.task import TaskService
    return TaskService(live())
def claims():
    from shared.services.claim import ClaimService
    return ClaimService(structured())
""",
    "shared/db/__init__.py": "",
    "shared/db/live.py": "class Live: ...",
    "shared/db/structured.py": "class Structured: ...",
    "shared/services/__init__.py": "",
    "shared/services/task.py": """
import typing
if typing.TYPE_CHECKING:
    from shared.services.never import Never
else:
    from shared.services import chosen
class TaskService:
    def slow(self):
        from .late import late
        return late
""",
    "shared/services/chosen.py": "",
    "shared/services/late.py": "late = 1",
    "shared/services/claim.py": "class ClaimService: ...",
    "shared/services/never.py": "class Never: ...",
    "shared/modes/__init__.py": "",
    "shared/modes/lazy.py": "from shared.services.claim import ClaimService",
    "functions/components/tasks/main.py": """
from shared import bootstrap
def tasks(request):
    return bootstrap.tasks()
""",
    "functions/components/tasks/requirements.txt": "",
}
CORE = {"shared", "shared.bootstrap", "shared.errors"}
TASKS = CORE | {
    "shared.db",
    "shared.db.live",
    "shared.services",
    "shared.services.task",
    "shared.services.chosen",
    "shared.services.late",
}


@pytest.fixture
def product(tmp_path: Path) -> Path:
    for name, text in PRODUCT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def entry(product: Path) -> FunctionEntry:
    return FunctionEntry(
        name="tasks",
        group="components",
        description="",
        folder=product / "functions/components/tasks",
        kind="http",
        entry_point="tasks",
        dependencies=("web",),
        memory="512Mi",
        timeout_seconds=10,
        concurrency=1,
        min_instances=0,
        max_instances=1,
        service_account="mobius-tasks",
    )


def _closure(product: Path, main: str, extra: tuple[str, ...] = ()) -> set[str]:
    path = product / "functions/components/tasks/main.py"
    path.write_text(main)
    return set(import_closure(path, product, extra))


def test_only_the_factories_that_main_names_are_followed(entry: FunctionEntry, product: Path) -> None:
    assert set(import_closure(entry.main, product)) == TASKS


def test_factory_imported_by_name_is_followed(product: Path) -> None:
    assert _closure(product, "from shared.bootstrap import tasks") == TASKS


def test_composition_root_without_a_factory_brings_no_service(product: Path) -> None:
    assert _closure(product, "from shared import bootstrap") == CORE


def test_a_factory_of_the_second_root_brings_what_it_uses_of_the_first(product: Path) -> None:
    (product / "shared/bootstrap_events.py").write_text(
        "from shared import bootstrap\n"
        "def claims():\n    from shared.services.claim import ClaimService\n"
        "    return ClaimService(bootstrap.structured())\n"
        "def tasks():\n    return bootstrap.tasks()\n"
    )
    reached = _closure(product, "from shared import bootstrap_events\nbootstrap_events.claims()")
    assert reached == CORE | {
        "shared.bootstrap_events",
        "shared.db",
        "shared.db.structured",
        "shared.services",
        "shared.services.claim",
    }
    assert _closure(product, "from shared.bootstrap_events import tasks") == TASKS | {"shared.bootstrap_events"}


def test_function_without_the_library_brings_nothing_of_it(product: Path) -> None:
    assert _closure(product, "import json") == set()


def test_import_inside_a_function_is_followed(product: Path) -> None:
    assert "shared.services.claim" in _closure(product, "def f():\n    import shared.services.claim")


def test_factory_named_by_a_reached_module_is_followed(product: Path) -> None:
    (product / "shared/modes/lazy.py").write_text("from shared import bootstrap as b\nclaims = b.claims")
    reached = _closure(product, "from shared.modes import lazy")
    assert {"shared.services.claim", "shared.db.structured"} <= reached
    assert "shared.db.live" not in reached


def test_lazy_import_of_the_catalog_is_followed(product: Path) -> None:
    assert {"shared.modes", "shared.modes.lazy", "shared.services.claim"} <= _closure(
        product, "", ("shared.modes.lazy",)
    )


def test_star_names_every_module_of_a_package(product: Path) -> None:
    (product / "shared/modes/other.py").write_text("from shared.services import chosen")
    reached = _closure(product, "", ("shared.modes.*",))
    assert {"shared.modes.lazy", "shared.modes.other", "shared.services.claim", "shared.services.chosen"} <= reached


@pytest.mark.parametrize(
    ("main", "said"),
    [
        ("from shared.nothing import x", "no module shared.nothing"),
        ("from shared import bootstrap\nuse(bootstrap)", "used as a value"),
        ("import shared.bootstrap", "write `from shared import bootstrap`"),
        ("from shared.bootstrap import *", "name the factories"),
        ("def", "main.py:1"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_place(product: Path, main: str, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        _closure(product, main)


def test_unknown_lazy_import_is_refused(product: Path) -> None:
    with pytest.raises(BundleError, match=r"lazyImports names no module: shared\.modes\.gone"):
        _closure(product, "", ("shared.modes.gone",))


def test_package_without_init_is_refused(product: Path) -> None:
    (product / "shared/services/__init__.py").unlink()
    with pytest.raises(BundleError, match=r"shared\.services"):
        _closure(product, "from shared.services.task import TaskService")


def test_building_twice_gives_the_same_bytes(entry: FunctionEntry, product: Path, tmp_path: Path) -> None:
    first = stage(entry, root=product, build=tmp_path / "one")
    for path in product.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    second = stage(entry, root=product, build=tmp_path / "two")
    assert first.archive.name == second.archive.name == f"tasks-{first.sha256[:16]}.zip"
    assert first.archive.read_bytes() == second.archive.read_bytes()


def test_touching_what_a_function_does_not_reach_leaves_its_archive_alone(entry: FunctionEntry, product: Path) -> None:
    before = stage(entry, root=product)
    (product / "shared/services/claim.py").write_text("class ClaimService:\n    changed = True\n")
    assert stage(entry, root=product).sha256 == before.sha256
    (product / "shared/services/late.py").write_text("late = 2")
    after = stage(entry, root=product)
    assert after.sha256 != before.sha256
    assert [path.name for path in after.archive.parent.iterdir()] == [after.archive.name]


def test_bundle_holds_main_requirements_and_the_closure_only(entry: FunctionEntry, product: Path) -> None:
    (product / "infra").mkdir()
    (product / "infra/data.json").write_text("{}")
    bundle = stage(replace(entry, files=("infra/data.json",)), root=product)
    with zipfile.ZipFile(bundle.archive) as archive:
        names = archive.namelist()
    assert names == sorted(names)
    assert {"main.py", "requirements.txt", "infra/data.json"} <= set(names)
    assert "shared/services/claim.py" not in names
    assert sorted(p.relative_to(bundle.folder).as_posix() for p in bundle.folder.rglob("*") if p.is_file()) == names


def test_a_package_brings_its_data_files_and_no_other_does(entry: FunctionEntry, product: Path) -> None:
    (product / "shared/services/letters.toml").write_text("a = 1")
    (product / "shared/modes/other.toml").write_text("b = 2")
    bundle = stage(entry, root=product)
    with zipfile.ZipFile(bundle.archive) as archive:
        assert archive.read("shared/services/letters.toml") == b"a = 1"
        assert "shared/modes/other.toml" not in archive.namelist()
    (product / "shared/services/letters.toml").write_text("a = 2")
    assert stage(entry, root=product).sha256 != bundle.sha256


def test_index_forgets_a_function_whose_archive_is_gone(entry: FunctionEntry, product: Path) -> None:
    bundle = stage(entry, root=product)
    index = write_index([bundle], product / "build")
    assert '"tasks"' in index.read_text()
    bundle.archive.unlink()
    assert '"tasks"' not in write_index([], product / "build").read_text()


@pytest.mark.parametrize("missing", ["main.py", "requirements.txt"])
def test_missing_file_is_named(entry: FunctionEntry, product: Path, missing: str) -> None:
    (entry.folder / missing).unlink()
    with pytest.raises(BundleError, match=missing):
        stage(entry, root=product)
