"""The templates, each a TOML file in this folder; `phrases.toml` has the paragraphs that several of them share.

The files travel with this package into every function that reaches it. Each is read when it is first asked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from shared.domain.email.template import PHRASES, Block, Template, read_phrases, read_template
from shared.errors import NotFoundError

_FOLDER = Path(__file__).parent
_ENDING = ".toml"
NAMES: tuple[str, ...] = tuple(sorted(one.stem for one in _FOLDER.glob(f"*{_ENDING}") if one.stem != PHRASES))


@cache
def template(name: str) -> Template:
    """The template called `name`. Raises NotFoundError."""
    if name not in NAMES:
        raise NotFoundError("There is no such template")
    return read_template(name, _read(name), _phrases())


def templates() -> tuple[Template, ...]:
    """Every template, by name."""
    return tuple(template(name) for name in NAMES)


@cache
def _phrases() -> Mapping[str, Block]:
    return read_phrases(_read(PHRASES))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(_FOLDER.joinpath(f"{name}{_ENDING}").read_text(encoding="utf-8"))
