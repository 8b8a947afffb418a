"""The words for conditions that no e-mail mentions by chance, read from the file beside this one."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def sensitive_words() -> tuple[str, ...]:
    """The words; the detector gets them with what the records say."""
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(raw["words"])
