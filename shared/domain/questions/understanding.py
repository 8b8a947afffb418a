"""From a message to what is asked: sentences, days, concepts, and what a question takes from the one before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from shared.domain.questions.asks import SOFT, Row, row_for, states_meant
from shared.domain.questions.days import Days, Direction, Period, SpokenDays, Unclear, resolve, spoken_days
from shared.domain.questions.lexicon import FOLLOWERS, LONGEST_PHRASE, OTHERS, PAST, SUBJECTS, phrases
from shared.domain.questions.slips import meant
from shared.domain.questions.words import Word, sentences

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
_DECIDING = frozenset({"approve", "deny", "pay", "cover", "overturn", "accept", "reject"})
_BORN = frozenset({"born", "dob", "birth", "birthday"})
_THIS = frozenset({"this", "the", "it", "its"})
_ONE = frozenset({"claim", "bill", "authorization", "auth", "visit", "appointment"})
MOST_ASKS = 4
Outcome = Literal["asked", "not_understood", "nothing"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A number that was named, and of what kind of record it seems to be."""

    kind: ReferenceKind
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that is asked. `row` is its line of the table; None: nothing that is known.

    `states` are those of the records that are meant (`said_states` the words for them). `unknown` are words that stand
    in no list: a name, or something that is not understood. `follows` tells that it leans on the question before,
    `of_one` that it is about "this claim".
    """

    row: Row | None
    concepts: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    days: tuple[Days, ...] = ()
    service: str | None = None
    procedure: str | None = None
    amount: Decimal | None = None
    limit: int | None = None
    references: tuple[Reference, ...] = ()
    born: date | None = None
    unknown: tuple[Word, ...] = ()
    subject: bool = False
    others: bool = False
    follows: bool = False
    of_one: bool = False
    corrected: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The row's name."""
        return self.row.name if self.row else "not_understood"


@dataclass(slots=True)
class _Clause:
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


def understand(text: str, today: date, before: Ask | None = None) -> tuple[Ask, ...]:
    """What is asked in a message that was written on `today`, at most MOST_ASKS things; `before` was asked last.

    A message in which nothing is understood gives one Ask without a row.
    """
    asks: list[Ask] = []
    for sentence in sentences(text):
        for clause in _clauses(sentence):
            if clause.is_empty:
                continue
            latest = next((one for one in reversed(asks) if one.row and not one.row.declined), before)
            asks += _asked(clause, today, latest)
    known = [one for one in asks if one.row is not None and one.name not in {"greeting", "thanks"}]
    # A sentence that tells rather than asks is no question; one that was not understood beside others is mentioned.
    if known:
        missed = [one for one in asks if one.row is None and one.concepts - SOFT]
        return _once([*known, *missed])
    return _once(asks)[:1] if any(one.row for one in asks) else tuple(asks[:1])


def last_asked(messages: Iterable[tuple[str, date]]) -> Ask | None:
    """What was asked last in earlier messages of a person, each with the day it was written on, oldest first."""
    before: Ask | None = None
    for text, written_on in messages:
        for one in understand(text, written_on, before):
            if one.row is not None and one.row.topic not in {"help", "greeting", "thanks", "declined"}:
                before = one
    return before


def _once(asks: Sequence[Ask]) -> tuple[Ask, ...]:
    return tuple(dict.fromkeys(asks))[:MOST_ASKS]


def _clauses(sentence: list[Word]) -> list[_Clause]:
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


def _read(words: list[Word]) -> _Clause:
    """Find what each word of a clause means, the longest phrase first."""
    clause = _Clause(words)
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
        elif phrase is not None:
            _mean(clause, phrase[1])
            at += phrase[0]
        else:
            _single(clause, words, at)
            at += 1
    if len(clause.spoken) > 1:
        clause.spoken = [one for one in clause.spoken if not one.weak]
    _tell_predictions(clause)
    return clause


def _phrase(words: list[Word], at: int) -> tuple[int, str] | None:
    known = phrases()
    for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
        part = words[at : at + length]
        if all(word.kind == "word" for word in part):
            found = known.get(tuple(word.plain for word in part))
            if found is not None:
                return length, found
    return None


def _mean(clause: _Clause, concept: str) -> None:
    if concept.startswith("service:"):
        clause.service = concept.removeprefix("service:")
    elif concept != "filler":
        clause.concepts.add(concept)


def _single(clause: _Clause, words: list[Word], at: int) -> None:
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


def _number(clause: _Clause, words: list[Word], at: int) -> None:
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


def _tell_predictions(clause: _Clause) -> None:
    """What a payer will decide is a prediction; what somebody wants to decide is work."""
    plain = clause.plain
    if "will" in plain and plain & _DECIDING and clause.concepts & {"claim", "authorization", "denial"}:
        clause.concepts.add("predict")


def _asked(clause: _Clause, today: date, before: Ask | None) -> list[Ask]:
    """What a clause asks; one ask for each day where several are named."""
    concepts = frozenset(clause.concepts)
    row, follows = row_for(concepts), clause.follows
    if before is not None and before.row is not None and _leans(clause, row):
        taken = row_for(concepts | {_TOPIC_CONCEPTS.get(before.row.topic, before.row.topic)})
        if not concepts - {"what"}:
            taken = before.row
        if taken is not None:
            row, follows = taken, True
    plain = clause.plain
    ask = Ask(
        row,
        concepts,
        states=states_meant(row, concepts) if row else frozenset(),
        service=clause.service,
        procedure=clause.procedure,
        amount=clause.amount,
        limit=clause.limit,
        references=tuple(clause.references),
        born=_born(clause, today),
        unknown=tuple(clause.unknown),
        subject=bool(plain & SUBJECTS),
        others=bool(plain & OTHERS),
        follows=follows,
        of_one=bool(plain & _THIS) and bool(plain & _ONE) and not concepts & {"last", "next"},
        corrected=tuple(clause.corrected),
    )
    ask = _checked(ask)
    days = [resolve(one, today, _direction(row, plain)) for one in clause.spoken]
    if before is not None and before.row is not None:
        ask, days = _carried(ask, days, before)
    if not days or (ask.row is not None and ask.row.topic != "coverage"):
        return [replace(ask, days=tuple(days))]
    return [replace(ask, days=(day,)) for day in days]


_TOPIC_CONCEPTS = {"readiness": "checkin", "guidance": "next_step"}


def _leans(clause: _Clause, row: Row | None) -> bool:
    """Whether a clause takes its topic from the question before: it names none, only what is different now."""
    named = {one for one in clause.concepts if not one.startswith("s:")} - {
        "what", "when", "why", "who", "how_many", "how_much", "last", "next", "left", "expire", "start", "not", "mine",
    }  # fmt: skip
    if row is not None and row.name.startswith(("decline", "greeting", "thanks", "help", "guidance", "summary")):
        return False
    return not named


def _checked(ask: Ask) -> Ask:
    """What the row cannot take makes the question another one: it is not understood then."""
    row = ask.row
    if row is None or row.declined:
        return ask
    misplaced = (ask.service or ask.procedure) and not row.services
    misplaced = misplaced or (ask.amount is not None and row.name != "benefits.cost")
    return replace(ask, row=None) if misplaced else ask


def _direction(row: Row | None, plain: frozenset[str]) -> Direction:
    if plain & PAST and "will" not in plain:
        return "past"
    return row.direction if row else "future"


def _born(clause: _Clause, today: date) -> date | None:
    if clause.born is None:
        return None
    found = resolve(clause.born, today, "past")
    return found.day if isinstance(found, Period) else None


def _carried(ask: Ask, days: list[Days], before: Ask) -> tuple[Ask, list[Days]]:
    """What a following question takes over from the one before: whom it is about, and a day that it does not name."""
    named = ask.references or ask.unknown or ask.born
    patients = tuple(one for one in before.references if one.kind in {"patient", "unknown"})
    if not named and (ask.follows or ask.others) and (patients or before.unknown or before.born):
        ask = replace(ask, references=patients, unknown=before.unknown, born=before.born)
    if ask.follows and ask.row is not None and before.row is not None:
        same = ask.row.topic == before.row.topic
        if not days and same and not isinstance(next(iter(before.days), None), Unclear):
            days = list(before.days)
        if same and ask.service is None and ask.row.services:
            ask = replace(ask, service=before.service, procedure=ask.procedure or before.procedure)
        if ask.name == before.name and not ask.states and not ask.concepts:
            ask = replace(ask, states=before.states, concepts=before.concepts)
    return ask, days
