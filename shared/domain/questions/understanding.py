"""From a message to what is asked: sentences, days, concepts, and what a question takes from the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from shared.domain.questions.asks import SOFT, Row, row_for, row_named, states_meant
from shared.domain.questions.clauses import Clause, Reference, clauses_of
from shared.domain.questions.days import Days, Direction, Period, Unclear, resolve
from shared.domain.questions.lexicon import OTHERS, PAST, SUBJECTS
from shared.domain.questions.words import Word, sentences

_THIS = frozenset({"this", "the", "it", "its"})
_ONE = frozenset({"claim", "bill", "authorization", "auth", "visit", "appointment"})
# What people answer when they are asked which of two days they mean.
_FIRST = frozenset({"first", "1st", "former", "earlier", "sooner"})
_SECOND = frozenset({"second", "2nd", "latter", "later"})
_YES = frozenset({"yes", "yep", "yeah", "correct", "right", "exactly"})
_ABOUT_CHOICES = frozenset({"the", "one", "i", "mean", "meant", "please", ",", "date", "day"})
MOST_ASKS = 4


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
    older_than: int | None = None
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


def understand(text: str, today: date, before: Ask | None = None) -> tuple[Ask, ...]:
    """What is asked in a message that was written on `today`, at most MOST_ASKS things; `before` was asked last.

    A message in which nothing is understood gives one Ask without a row.
    """
    asks: list[Ask] = []
    divided = sentences(text)
    chosen = _chosen(divided, before)
    if chosen is not None:
        return (chosen,)
    for sentence in divided:
        for clause in clauses_of(sentence):
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


def _chosen(divided: Sequence[Sequence[Word]], before: Ask | None) -> Ask | None:
    """The question before with one of the readings that were offered: "the first one", or "yes" to the only one."""
    offered = next((one.choices for one in (before.days if before else ()) if isinstance(one, Unclear)), ())
    words = [word.plain for sentence in divided for word in sentence if word.plain not in _ABOUT_CHOICES]
    if before is None or not offered or len(words) != 1:
        return None
    if words[0] in _FIRST or (words[0] in _YES and len(offered) == 1):
        return replace(before, days=(offered[0],), follows=True)
    return replace(before, days=(offered[-1],), follows=True) if words[0] in _SECOND and len(offered) > 1 else None


def _asked(clause: Clause, today: date, before: Ask | None) -> list[Ask]:
    """What a clause asks; one ask for each day where several are named."""
    concepts = frozenset(clause.concepts)
    row, follows = row_for(concepts), clause.follows
    if before is not None and before.row is not None and _leans(clause, row):
        taken = row_for(concepts | {_TOPIC_CONCEPTS.get(before.row.topic, before.row.topic)})
        if not concepts - {"what"}:
            taken = before.row
        if taken is not None:
            row, follows = taken, True
    if row is None and clause.references and not concepts - {"what", "s:open", "patient"}:
        row = row_named("patient.who")  # a number alone: who is that?
    plain = clause.plain
    ask = Ask(
        row,
        concepts,
        states=states_meant(row, concepts) if row else frozenset(),
        service=clause.service,
        procedure=clause.procedure,
        amount=clause.amount,
        limit=clause.limit,
        older_than=clause.older_than,
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
    ask = _dated(ask, days, today)
    return [replace(ask, days=(day,)) for day in days] or [ask]


_TOPIC_CONCEPTS = {"readiness": "checkin", "guidance": "next_step"}


def _leans(clause: Clause, row: Row | None) -> bool:
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


def _dated(ask: Ask, days: list[Days], today: date) -> Ask:
    """A question that cannot be asked of days is another one with them; today says nothing new."""
    if ask.row is None or ask.row.days or all(isinstance(one, Period) and one.day == today for one in days):
        return ask
    return replace(ask, row=row_named("visits.list") if ask.row.topic == "visit" else None)


def _direction(row: Row | None, plain: frozenset[str]) -> Direction:
    if plain & PAST and "will" not in plain:
        return "past"
    return row.direction if row else "future"


def _born(clause: Clause, today: date) -> date | None:
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
