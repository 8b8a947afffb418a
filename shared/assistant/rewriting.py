"""Putting a person's own text in other words: whoever writes it, what comes back is checked before anybody sees it.

The check is ours and not the model's: no fact may have changed, and nothing may be disclosed that was not before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from shared.domain.email.facts import FactChange, FactKind, same_facts
from shared.domain.email.findings import Finding, Known, findings
from shared.domain.email.phi import LEVELS
from shared.domain.email.plain_text import letter_text
from shared.errors import FieldError, MobiusError, StoreUnavailableError, ValidationFailedError

LONGEST_TEXT, LONGEST_INSTRUCTION = 20_000, 500  # characters
MOST_GROWN = 3  # times as long as before, and a paragraph
_PARAGRAPH = 600
_WORDS: dict[FactKind, str] = {
    "field": "a merge field",
    "address": "an address",
    "date": "a date",
    "time": "a time of day",
    "amount": "an amount",
    "number": "a number",
    "code": "a number or code",
    "name": "a name",
    "meaning": "a word that the meaning hangs on",
    "word": "a word of the matter",
}


class Rewriter(Protocol):
    """Puts a text in other words."""

    def rewrite(self, text: str, instruction: str) -> str:
        """Return `text` as `instruction` asks. Raises RewritingUnavailableError."""


class RewritingUnavailableError(StoreUnavailableError):
    """Nothing came that could be used; the text stays as it is."""

    code = "model_unavailable"
    title = "The text was not put in other words"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came back: `text` where it may be used, else None and why not; `changes` hold facts of the text."""

    text: str | None = field(repr=False)
    changes: tuple[FactChange, ...] = field(default=(), repr=False)
    disclosed: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """Why it was refused, without what the texts say."""
        facts = (
            FieldError("body", f"fact_{one.change}", f"{_WORDS[one.kind]} was {one.change}") for one in self.changes
        )
        more = (
            FieldError("body", "phi_added", f"{one.kind} is disclosed that was not before") for one in self.disclosed
        )
        return tuple(dict.fromkeys((*facts, *more)))


def rewrite(rewriter: Rewriter, text: str, instruction: str, *, known: Known, names: Iterable[str] = ()) -> Rewritten:
    """Have `text` put in other words and check them.

    `names` are those that the records know. Raises ValidationFailedError when there is too much or nothing to do it
    with, RewritingUnavailableError.
    """
    wanted = " ".join(letter_text(instruction).split())
    for where, given, longest in (("body", text, LONGEST_TEXT), ("instruction", wanted, LONGEST_INSTRUCTION)):
        if not given.strip() or len(given) > longest:
            message = f"1 to {longest} characters can be put in other words"
            raise ValidationFailedError(message, errors=(FieldError(where, "invalid_length", message),))
    after = letter_text(rewriter.rewrite(text, wanted))
    if not after.strip() or len(after) > len(text) * MOST_GROWN + _PARAGRAPH:
        raise RewritingUnavailableError("What came back was empty, or far longer than the text", code="model_too_long")
    changes = same_facts(text, after, names=names)
    disclosed = _more(findings(text, known), findings(after, known))
    if changes or disclosed:
        return Rewritten(None, changes, disclosed)
    return Rewritten(after)


def _more(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What only the new text discloses, by kind and level."""
    known = {(one.kind, one.field) for one in before}
    highest = {one.kind: LEVELS.index(one.level) for one in sorted(before, key=lambda one: LEVELS.index(one.level))}
    return tuple(
        one
        for one in after
        if (one.kind, one.field) not in known and LEVELS.index(one.level) > highest.get(one.kind, -1)
    )


def refused(rewritten: Rewritten) -> MobiusError:
    """The error for a text that was refused; it says of what kind the differences are, not what they are."""
    return ValidationFailedError(
        "In other words the text would not say the same", code="facts_changed", errors=rewritten.errors
    )
