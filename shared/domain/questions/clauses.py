"""A clause of a message: what each of its words means, the longest phrase first, and where a sentence divides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal

from shared.domain.questions.asks import row_for
from shared.domain.questions.days import SpokenDays, spoken_days
from shared.domain.questions.lexicon import FOLLOWERS, LONGEST_PHRASE, phrases
from shared.domain.questions.slips import meant
from shared.domain.questions.words import Word

ReferenceKind = Literal["patient", "claim", "authorization", "visit", "task", "unknown"]
_KINDS: dict[str, ReferenceKind] = {
    "claim": "claim", "claims": "claim", "bill": "claim", "authorization": "authorization", "auth": "authorization",
    "visit": "visit", "appointment": "visit", "patient": "patient", "mrn": "patient", "task": "task",
}  # fmt: skip
_PREFIXES: dict[str, ReferenceKind] = {
    "clm": "claim", "claim": "claim", "auth": "authorization", "vis": "visit", "visit": "visit", "apt": "visit",
    "mrn": "patient", "pat": "patient", "task": "task",
}  # fmt: skip
# Test data has names like Smith67; numbers of records are written in capitals, or in none.
_NAME_WITH_DIGITS = re.compile(r"[^\W\d_](?=\w*[a-z])[^\W\d_]+\d+")
_AGE = re.compile(r"(?:over|beyond|above|older than|more than) (?P<days>\d{1,4}) days?(?: old)?(?! ago)\b")
_DECIDING = frozenset({"approve", "deny", "pay", "cover", "overturn", "accept", "reject"})
_BORN = frozenset({"born", "dob", "birth", "birthday"})
_VISITS = frozenset({"visit", "visits", "session", "sessions"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A number that was named, and of what kind of record it seems to be."""

    kind: ReferenceKind
    text: str


@dataclass(slots=True)
class Clause:
    """A part of a sentence while it is read."""

    words: list[Word]
    concepts: set[str] = field(default_factory=set)
    spoken: list[SpokenDays] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    unknown: list[Word] = field(default_factory=list)
    corrected: list[tuple[str, str]] = field(default_factory=list)
    service: str | None = None
    procedure: str | None = None
    amount: Decimal | None = None
    limit: int | None = None
    older_than: int | None = None
    born: SpokenDays | None = None
    follows: bool = False

    @property
    def plain(self) -> frozenset[str]:
        """The words as they are compared."""
        return frozenset(word.plain for word in self.words)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it but words that mean nothing."""
        return not (self.concepts or self.spoken or self.references or self.unknown or self.service or self.amount)


def clauses_of(sentence: list[Word]) -> list[Clause]:
    """Divide a sentence at "and" and commas where each part asks something of its own."""
    spans = [(one.start, one.end) for one in spoken_days(sentence)]
    joints = [
        n
        for n, word in enumerate(sentence)
        if (word.plain in {"and", "&", ",", "plus", "also", "but"}) and not any(low <= n < high for low, high in spans)
    ]
    parts: list[list[Word]] = []
    begin = 0
    for joint in [*joints, len(sentence)]:
        parts.append(sentence[begin:joint])
        begin = joint
    merged: list[list[Word]] = []
    for part in parts:
        if not merged or (_stands_alone(part) and _stands_alone(merged[-1])):
            merged.append(part)
        else:
            merged[-1] = merged[-1] + part
    return [_read(part) for part in merged if part]


def _stands_alone(words: list[Word]) -> bool:
    clause = _read(words)
    row = row_for(frozenset(clause.concepts))
    return (
        row is not None
        and bool(clause.concepts - {"what", "who", "when", "last", "next", "left"})
        and not all(one.startswith("s:") for one in clause.concepts)
    )


def _read(words: list[Word]) -> Clause:
    """Find what each word of a clause means, the longest phrase first."""
    clause = Clause(words)
    clause.follows = bool(words) and (
        words[0].plain in FOLLOWERS or " ".join(word.plain for word in words[:2]) in FOLLOWERS
    )
    days = {one.start: one for one in spoken_days(words)}
    at = 0
    while at < len(words):
        spoken = days.get(at)
        phrase = _phrase(words, at)
        if spoken is not None and (phrase is None or phrase[0] <= spoken.end - at):
            if any(word.plain in _BORN for word in words[max(0, at - 4) : at]):
                clause.born = spoken
            else:
                clause.spoken.append(spoken)
            at = spoken.end
        elif (age := _AGE.match(" ".join(word.plain for word in words[at : at + LONGEST_PHRASE]))) is not None:
            clause.older_than = int(age["days"])
            clause.concepts.add("aging")
            at += len(age.group().split())
        elif words[at].plain == "pt":
            clause.service = "PT" if _is_therapy(words, at) else clause.service
            at += 1
        elif phrase is not None:
            _mean(clause, phrase[1])
            at += phrase[0]
            if any(begin < at < one.end for begin, one in days.items()):  # "coming in tomorrow"
                days = {one.start: one for one in spoken_days(words, at)}
        else:
            _single(clause, words, at)
            at += 1
    if len(clause.spoken) > 1:
        clause.spoken = [one for one in clause.spoken if not one.weak]
    _weigh_decisions(clause)
    return clause


def _is_therapy(words: list[Word], at: int) -> bool:
    """PT is physical therapy; in small letters it is how people write "patient", but for "pt visits"."""
    return words[at].text == "PT" or any(word.plain in _VISITS for word in words[at + 1 : at + 2])


def _phrase(words: list[Word], at: int) -> tuple[int, str] | None:
    known = phrases()
    for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
        part = words[at : at + length]
        if all(word.kind == "word" for word in part):
            found = known.get(tuple(word.plain for word in part))
            if found is not None:
                return length, found
    return None


def _mean(clause: Clause, concept: str) -> None:
    if concept.startswith("service:"):
        clause.service = concept.removeprefix("service:")
    elif concept != "filler":
        clause.concepts.add(concept)


def _single(clause: Clause, words: list[Word], at: int) -> None:
    """A word that is in no phrase: a number, an amount, a mark, a slip of the pen, or not known."""
    word = words[at]
    if word.kind == "mark":
        return
    if word.kind == "money":
        clause.amount = _amount(word.plain)
    elif word.kind == "id" or (word.kind == "number" and _names_record(words, at)):
        _number(clause, words, at)
    elif word.kind == "number" and word.plain.isdecimal() and at and words[at - 1].plain in {"last", "next", "latest"}:
        clause.limit = int(word.plain)
    elif word.kind == "word" and len(word.plain) == 1:
        return
    elif word.kind == "word" and not (word.capital and at) and (slip := meant(word.plain)) is not None:
        clause.corrected.append((word.plain, slip))
        _mean(clause, phrases()[(slip,)])
    elif word.kind == "sign" and word.plain in {
        '"',
        "(",
        ")",
        "-",
        "#",
        "*",
        "'",
        "/",
        "_",
        "[",
        "]",
        "\u2013",
        "\u2014",
        "\u2026",
    }:
        return
    else:
        clause.unknown.append(word)


def _amount(written: str) -> Decimal | None:
    try:
        return Decimal(written.lstrip("$ ").replace(",", ""))
    except InvalidOperation:
        return None


def _names_record(words: list[Word], at: int) -> bool:
    return any(
        word.plain in _KINDS or word.plain in {"cpt", "code", "procedure"} for word in words[max(0, at - 2) : at]
    )


def _number(clause: Clause, words: list[Word], at: int) -> None:
    word = words[at]
    before = [one.plain for one in words[max(0, at - 2) : at]]
    if any(one in {"cpt", "code", "procedure", "hcpcs"} for one in before):
        clause.procedure = word.text.upper()
        clause.concepts.discard("unmapped_service")
        return
    letters = re.match("[a-z]*", word.plain)
    kind = _PREFIXES.get(letters.group() if letters else "", "unknown")
    if kind == "unknown":  # "claim 88", "claim number 88"
        named = before[:1] if before[1:] in (["number"], ["id"], ["no"]) else before[-1:]
        kind = next((_KINDS[one] for one in named if one in _KINDS), "unknown")
    if kind == "patient" and "mrn" in before:
        clause.concepts.discard("mrn")
    if kind == "unknown" and _NAME_WITH_DIGITS.fullmatch(word.text):
        clause.unknown.append(word)
        return
    clause.references.append(Reference(kind, word.text))
    if kind in {"claim", "authorization", "visit", "task"}:
        clause.concepts.add(kind)


def _weigh_decisions(clause: Clause) -> None:
    """What a payer will decide is a prediction, and what it did decide is a state; else deciding is somebody's work."""
    plain = clause.plain
    if "will" in plain and plain & _DECIDING and clause.concepts & {"claim", "authorization", "denial"}:
        clause.concepts.add("predict")
    for word, state in (("approve", "s:approved"), ("deny", "s:denied"), ("submit", "s:submitted")):
        if "did" in plain and word in plain:
            clause.concepts = (clause.concepts - {"act"}) | {state}
