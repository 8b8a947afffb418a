"""Whether a text that was put in other words still says the same: no fact changed, added, lost or exchanged.

Facts are what can be told apart without understanding a language: merge fields, addresses, dates, times, amounts,
numbers, codes, names, the words that turn a statement around, and every other word that is not among the common ones.
Facts must come in the same order, whatever their kinds, or "Ana owes $20 and Bob does not owe $30" could be turned
around. A text may leave such other words out, but not add one. What is in doubt counts as a change: a person decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shared.domain.email.fact_words import BEGINNINGS, COMMON, LIMITING, MEANINGS, NEGATING, NUMBERS, TIMES
from shared.domain.email.plain_text import plain
from shared.domain.email.revisions import changes
from shared.domain.email.written_dates import MONTH, written_dates

FactKind = Literal["field", "address", "date", "time", "amount", "number", "code", "name", "meaning", "word"]

_FIELD = re.compile(r"\{\{[^{}]*\}\}")
# Bounded wherever it repeats: a long text of one character must not be read again from each of its characters.
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S{0,500}[^\s.,;:!?)>\"']|(?<![\w.+'-])[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+",
    re.IGNORECASE,
)
_DAY_OF_YEAR = tuple(
    re.compile(rf"(?<!\w){shape}(?!\w)", re.IGNORECASE)
    for shape in (
        rf"{MONTH},? *(?P<day>\d{{1,2}})(?:st|nd|rd|th)?",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{MONTH}",
    )
)
_NUMBER = r"\d[\d,]{0,20}(?:\.\d{1,20})?"
_AMOUNT = re.compile(
    rf"(?P<minus>(?<!\w)- ?)?(?:(?P<sign>[$\u20ac\u00a3]|\b(?:USD|EUR|GBP)\b) ?(?P<after>-?{_NUMBER})"
    rf"|(?P<before>{_NUMBER}) ?(?P<unit>dollars?|cents?|euros?|percent|USD|EUR|GBP|%))(?!\w)(?!\.\d)",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?<![\w:.])(\d{1,2})(?::(\d\d))?(?: ?([ap])\.? ?m\b\.?|(?<=:\d\d)(?![\d:]))", re.IGNORECASE)
_CODE = re.compile(r"(?<!\w)(?=[\w./-]{0,60}\d)\w{1,60}(?:[-./]\w{1,60}){0,9}|(?<!\w)[+(]?\d[\d() .-]{0,40}\d(?!\w)")
_COUNT = re.compile(rf"((?<![\w)])[-+])?({_NUMBER})(?:st|nd|rd|th)?", re.IGNORECASE)
_BOUND = re.compile(r"\b(?:at (?:least|most)|up to|(?:more|less|fewer|later|earlier) than|within)\b", re.IGNORECASE)
# Who gives and who gets: "you owe us" and "we owe you" have the same words.
_GIVEN = r"(?:mail|e-?mail|refund|return|credit)"
_FROM_US = re.compile(
    r"\b(?:we|i)(?:'\w{1,3})?(?: (?!(?:you|us|be|been|are|were|get|got)\b)[\w']{1,40}){0,2}"
    rf" (?:owe|pay|paid|give|gave|send|sent|{_GIVEN}(?:ed)?)\b"
    r"|\byou(?:'\w{1,3})?(?: (?!us\b)[\w']{1,40}){0,2} received?\b"
    rf"|\b(?:owed|paid|given|sent|{_GIVEN}ed) to you\b",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(r"\b(?:(?:do not|don't) hesitate|no problem|no worries)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_BEGINNING = re.compile(r"[.!?:\u2022][ \"'(]*$|^[ \"'(]*$")
_LOOK_BACK = 20
_LEAST_OF_WORD, _LEAST_OF_STEM = 3, 4
_CURRENCY = {
    "USD": "$",
    "EUR": "\u20ac",
    "GBP": "\u00a3",
    "DOLLAR": "$",
    "EURO": "\u20ac",
    "CENT": "cent",
    "PERCENT": "%",
}


_Fact = tuple[FactKind, str]


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that only one of two texts has at its place; one that moved is lost in one place and added in another."""

    change: Literal["lost", "added"]
    kind: FactKind
    fact: str


def same_facts(before: str, after: str, *, names: Iterable[str] = ()) -> tuple[FactChange, ...]:
    """What `after` says otherwise than `before`; empty when every fact is the same.

    `names` are those that the records know, which are found in whatever case they are written.
    """
    known = frozenset(word.lower() for name in names for word in _WORD.findall(_normal(name)))
    # A word that is written small somewhere is no name for beginning a sentence elsewhere.
    small = frozenset(word for word in _WORD.findall(_normal(before)) if word.islower()) - known
    old, new = (_Facts(_normal(text), known, small).in_order() for text in (before, after))
    kept = set(new)
    old = [one for one in old if one[0] != "word" or one in kept or one[1].startswith(NEGATING)]
    return tuple(_changes(old, new))


def _changes(old: list[_Fact], new: list[_Fact]) -> Iterator[FactChange]:
    for op, facts in changes(old, new):
        if op != "equal":
            yield from (FactChange("lost" if op == "delete" else "added", kind, fact) for kind, fact in facts)


def _normal(text: str) -> str:
    lines = unicodedata.normalize("NFC", text).replace("\u2019", "'").replace("\n", " \u2022 ")
    return plain(lines).text


class _Facts:
    """Reads the facts of one text; what was read as one fact is not read as another."""

    def __init__(self, text: str, known: frozenset[str], small: frozenset[str]) -> None:
        self._rest = _SAYS_NOTHING.sub(lambda match: " " * len(match[0]), text)
        self._known = known
        self._small = small
        self._found: list[tuple[int, FactKind, str]] = []

    def in_order(self) -> list[_Fact]:
        """The facts as they follow each other; a name that is said again before any other name is said once."""
        self._take("field", _FIELD, lambda match: match[0])
        self._take("address", _ADDRESS, lambda match: match[0])
        self._take_dates()
        for shape in _DAY_OF_YEAR:
            self._take("date", shape, lambda match: f"{match['month'][:3].lower()} {int(match['day'])}")
        self._take("amount", _AMOUNT, _amount)
        self._take("time", _TIME, _time)
        self._take("code", _CODE, _code)
        self._take("number", _COUNT, lambda match: f"{match[1] or ''}{_number(match[2])}")
        self._take("meaning", _BOUND, lambda match: match[0].lower())
        self._found += [(match.start(), "meaning", "from us") for match in _FROM_US.finditer(self._rest)]
        for match in _WORD.finditer(self._rest):
            self._take_word(match)
        facts, named = list[_Fact](), ""
        for _, kind, fact in sorted(self._found):
            if kind != "name" or fact != named:
                facts.append((kind, fact))
            named = fact if kind == "name" else named
        return facts

    def _take(self, kind: FactKind, pattern: re.Pattern[str], told: Callable[[re.Match[str]], str | None]) -> None:
        for match in list(pattern.finditer(self._rest)):
            fact = told(match)
            if fact is not None:
                self._note(kind, fact, match.start(), match.end())

    def _note(self, kind: FactKind, fact: str, start: int, end: int) -> None:
        self._found.append((start, kind, fact))
        self._rest = f"{self._rest[:start]}{' ' * (end - start)}{self._rest[end:]}"

    def _take_dates(self) -> None:
        spans = {(one.start, one.end): one.days for one in written_dates(self._rest)}
        for (start, end), days in spans.items():
            written = re.sub(r"\W+", "-", self._rest[start:end].strip())
            if written:
                self._note("date", next(iter(days)).isoformat() if len(days) == 1 else written, start, end)

    def _take_word(self, match: re.Match[str]) -> None:
        word = match[0].lower()
        for part in [word, *(word.split("-") if "-" in word else ())]:
            if part in NUMBERS:
                self._found.append((match.start(), "number", NUMBERS[part]))
        meaning = "not" if word.endswith("n't") else MEANINGS.get(word)
        if meaning is not None:
            self._found.append((match.start(), "meaning", meaning))
        elif word in LIMITING:
            self._found.append((match.start(), "word", LIMITING[word]))
        elif word in TIMES:
            self._found.append((match.start(), "meaning", word.removesuffix("s")))
        elif word not in NUMBERS and self._is_name(match[0], match.start()):
            self._found.append((match.start(), "name", word.removesuffix("'s")))
        elif word not in NUMBERS and not _is_common(word):
            self._found.append((match.start(), "word", _stem(word)))

    def _is_name(self, word: str, at: int) -> bool:
        lower = word.lower()
        if lower in self._known or lower.removesuffix("'s") in self._known:
            return True
        if not word[0].isupper():
            return not word[0].islower()  # of a script without capitals
        if _BEGINNING.search(self._rest[max(0, at - _LOOK_BACK) : at]) is not None:
            return lower not in BEGINNINGS and lower not in self._small
        return word != "I" and not word.startswith("I'")


def _is_common(word: str) -> bool:
    return all(len(part) < _LEAST_OF_WORD or part in BEGINNINGS or part in COMMON for part in re.split("['-]", word))


def _stem(word: str) -> str:
    """The word without its commonest endings: "exam" is as good as "exams"."""
    for ending in ("'s", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_OF_STEM:
            return word.removesuffix(ending)
    return word


def _number(written: str) -> str:
    number = Decimal(written.replace(",", ""))
    return format(number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize(), "f")


def _amount(match: re.Match[str]) -> str:
    unit = (match["sign"] or match["unit"]).upper()
    unit = _CURRENCY.get(unit if unit in _CURRENCY else unit.removesuffix("S"), unit)
    number = match["after"] or match["before"]
    minus = "-" if match["minus"] or number.startswith("-") else ""
    return f"{minus}{_number(number.lstrip('-'))} {unit}"


def _time(match: re.Match[str]) -> str | None:
    hour, half = int(match[1]), (match[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour}:{match[2] or '00'}"


def _code(match: re.Match[str]) -> str | None:
    """Letters and digits together, or digits in groups; a plain number is none."""
    if _COUNT.fullmatch(match[0]) is not None:
        return None
    if match[0][0].isalpha() or any(map(str.isalpha, match[0])):
        return match[0].lower()
    return re.sub(r"\D+", "-", match[0]).strip("-")
