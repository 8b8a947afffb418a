"""Nothing in the repository depends on the machine that wrote it, and no lock file names a package index."""

from __future__ import annotations

import re
from pathlib import Path

from shared.catalog import ROOT
from tests.architecture.sources import tracked_files

# Written in parts, so that this file does not contain what it looks for.
_REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
_INDEX_OPTIONS = re.compile(r"^\s*(--(extra-)?index-url|-i |--find-links|--trusted-host)", re.MULTILINE)
_HOME = re.compile(r"/(home|Users)/[A-Za-z0-9_-]+/|/" + r"root/[.\w]")
_MAX_LINES = 400


def _texts() -> list[tuple[Path, str]]:
    texts = []
    for path in tracked_files():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            texts.append((path, data.decode("utf-8")))
    return texts


def test_no_file_names_a_package_registry() -> None:
    wrong = [f"{path} names {host}" for path, text in _texts() for host in _REGISTRIES if host in text]
    assert not wrong, "\n".join(wrong)


def test_no_requirement_file_sets_an_index() -> None:
    names = {"requirements.txt", "requirements.lock"}
    wrong = [str(path) for path, text in _texts() if path.name in names and _INDEX_OPTIONS.search(text)]
    assert not wrong


def test_no_file_names_an_absolute_path_of_this_machine() -> None:
    here = re.compile(re.escape(str(ROOT)) + r"(?![\w-])") if len(ROOT.parts) > 2 else None
    wrong = [
        f"{path}: {found.group()}"
        for path, text in _texts()
        for pattern in (here, _HOME)
        if pattern is not None and (found := pattern.search(text))
    ]
    assert not wrong, "\n".join(wrong)


def test_python_files_fit_in_a_head() -> None:
    wrong = [
        f"{path}: {text.count(chr(10))} lines"
        for path, text in _texts()
        if path.suffix == ".py" and text.count("\n") > _MAX_LINES
    ]
    assert not wrong, "\n".join(wrong)


def test_no_data_set_is_committed() -> None:
    large = [str(path) for path in tracked_files() if (ROOT / path).stat().st_size > 1_000_000]
    assert not large
