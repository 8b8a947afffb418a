"""The rules by id, as the code declares them: what each says, where it comes from, and which functions carry it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from shared.models.verdict import Evidence

F = TypeVar("F", bound=Callable[..., Any])
OWN = "Mobius OS, rules of eligibility and filing"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `title` is the first line of its function's docstring, `source` where it comes from."""

    id: str
    title: str
    source: str
    functions: tuple[str, ...]


RULES: dict[str, Rule] = {}


def rule(rule_id: str, *, source: str = OWN) -> Callable[[F], F]:
    """Declare that a function carries out a rule, or a part of it; the first function names it."""

    def declare(function: F) -> F:
        title = (function.__doc__ or "").partition("\n")[0].partition(": ")[2]
        known = RULES.get(rule_id) or Rule(rule_id, title, source, ())
        RULES[rule_id] = replace(known, functions=(*known.functions, f"{function.__module__}.{function.__name__}"))
        return function

    return declare


def found(
    rule_id: str, code: str, text: str, source: str | None = None, element: str | None = None, **params: object
) -> Evidence:
    """Make the evidence of a rule that fired; `params` are what the sentence was made with."""
    return Evidence(rule_id, code, text, source, element, {name: str(value) for name, value in params.items()})
