"""The files of a new mode, from the templates beside this module."""

from __future__ import annotations

import keyword
import re
import shutil
from pathlib import Path
from string import Template

from shared.catalog import ROOT, load_catalog

TEMPLATES = Path(__file__).parent
# A service account's name has 30 characters at most, and begins with `mobius-`.
MAX_LENGTH = 23
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NO_MODES = {"base", "modes", "context", "summary"}


class NewModeError(ValueError):
    """The mode cannot be written. The message says what to change."""


def write_mode(name: str, root: Path = ROOT) -> list[Path]:
    """Write the handler and the function of mode `name` (snake_case) below `root`; the files written.

    The function has the dependency groups of the eligibility mode and therefore its requirements. Raises NewModeError
    for a malformed name or one that is taken, before anything is written.
    """
    check_name(name, root)
    words = name.split("_")
    values = {
        "name": name,
        "mode": "-".join(words),
        "title": " ".join(words),
        "label": " ".join(word.capitalize() for word in words),
        "class_name": "".join(word.capitalize() for word in words) + "ModeHandler",
    }
    folder = root / "functions/modes" / name
    files = {
        "handler.py": root / "shared/modes" / f"{name}.py",
        "main.py": folder / "main.py",
        "function.yaml": folder / "function.yaml",
    }
    folder.mkdir()
    for template, target in files.items():
        text = (TEMPLATES / f"{template}.template").read_text(encoding="utf-8")
        target.write_text(Template(text).substitute(values), encoding="utf-8")
    requirements = folder / "requirements.txt"
    shutil.copyfile(root / "functions/modes/eligibility/requirements.txt", requirements)
    return [*files.values(), requirements]


def check_name(name: str, root: Path = ROOT) -> None:
    """Refuse a name that cannot be a module, a path and a service account, or that is taken. Raises NewModeError."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in _NO_MODES:
        raise NewModeError(f"{name!r} is no name for a mode: lower-case words joined by _, such as prior_auth")
    if len(name) > MAX_LENGTH:
        raise NewModeError(f"{name!r} is too long: {MAX_LENGTH} characters at most")
    taken = {entry.name for entry in load_catalog(root)} | {path.stem for path in (root / "shared/modes").glob("*.py")}
    if name in taken:
        raise NewModeError(f"{name!r} exists already")
