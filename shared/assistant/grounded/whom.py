"""Whom a question is about: the record in hand, unless another patient is named without doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.assistant.grounded.declining import cannot_narrow, not_understood, went_wrong, whom
from shared.assistant.protocol import Step
from shared.assistant.readings import FoundPatients, PatientReading
from shared.assistant.tools import Toolbox
from shared.domain.questions.clauses import Reference
from shared.domain.questions.understanding import Ask
from shared.domain.questions.words import folded, name_words

MOST_NAMES = 4
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Of which records a question can name one, by its topic.
_OWN_NUMBERS = {
    "claims": frozenset({"claim"}),
    "authorizations": frozenset({"authorization"}),
    "visits": frozenset({"visit"}),
    "deadlines": frozenset({"claim", "authorization"}),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """`patient` is the uuid of another patient than the one in hand; `number` that of a record that is asked for.

    With `declined` nobody is meant for certain, and it says so.
    """

    patient: str | None = None
    number: str | None = None
    declined: str | None = None


def subject_of(ask: Ask, tools: Toolbox) -> Iterator[Step | Subject]:
    """Find out whom an ask is about; yields the steps that it took, and a Subject last."""
    number = _record_number(ask, tools)
    people = [one for one in ask.references if one.kind in {"patient", "unknown"} and one.text != number]
    others = [one for one in ask.references if one not in people and one.text != number]
    if others:
        yield Subject(declined=cannot_narrow(others[0].text))
    elif len({one.text.casefold() for one in people}) > 1:
        yield Subject(declined="You name more than one patient: ask about one at a time.")
    elif people:
        yield from _numbered(people[0], ask, tools, number)
    elif ask.unknown or ask.born is not None:
        yield from _named(ask, tools, number)
    else:
        yield Subject(number=number)


def _record_number(ask: Ask, tools: Toolbox) -> str | None:
    """The number of the claim, authorization or visit that is asked for; the one in hand when it is "this claim"."""
    wanted = _OWN_NUMBERS.get(ask.name.partition(".")[0], frozenset())
    own = [one for one in ask.references if one.kind in wanted]
    loose = [one for one in ask.references if one.kind == "unknown" and not _is_in_hand(one, tools)]
    if own:
        return own[0].text
    if not wanted or not loose or _UUID.fullmatch(loose[0].text):
        return None  # a bare uuid may be a patient's: the record's kind must be said
    return loose[0].text


def _is_in_hand(reference: Reference, tools: Toolbox) -> bool:
    context = tools.desk.context
    wanted = reference.text.casefold()
    own = {context.record_uuid.casefold(), (context.patient_uuid or "").casefold(), context.record_id.casefold()}
    return wanted in own


def _numbered(reference: Reference, ask: Ask, tools: Toolbox, number: str | None) -> Iterator[Step | Subject]:
    if _is_in_hand(reference, tools) and not ask.unknown:
        yield Subject(number=number)
        return
    in_hand = _is_in_hand(reference, tools) and tools.desk.context.patient_uuid
    called = tools.call("patient", {"patient": in_hand or reference.text})
    yield called.step
    if called.reading is not None and isinstance(called.reading.data, PatientReading):
        found = called.reading.data.patient.id
        if ask.unknown and not _fits(called.reading.data, [word.plain for word in ask.unknown], ask):
            yield Subject(declined=not_understood(ask))
            return
        yield Subject(None if tools.desk.is_in_hand(found) else found, number)
    elif called.error is not None and called.error.code != "not_found":
        yield Subject(declined=went_wrong(called.error))
    elif reference.kind == "unknown" and any(character.isalpha() for character in reference.text[:1]):
        yield from _search(reference.text, [folded(reference.text)], ask, tools, number)
    else:
        yield Subject(declined=whom(0, reference.text))


def _named(ask: Ask, tools: Toolbox, number: str | None) -> Iterator[Step | Subject]:
    """Words that are in no list may be names: of the patient in hand or a plan, else of another patient."""
    words = [word.plain for word in ask.unknown]
    if tools.desk.context.patient_uuid is not None:
        called = tools.call("patient")
        yield called.step
        if (
            called.reading is not None
            and isinstance(called.reading.data, PatientReading)
            and _fits(called.reading.data, words, ask)
        ):
            yield Subject(number=number)
            return
    may_be_a_name = len(words) <= MOST_NAMES and not (ask.others and not any(word.capital for word in ask.unknown))
    if not may_be_a_name:
        yield Subject(declined=not_understood(ask))
        return
    query = " ".join([*(word.text for word in ask.unknown), *([ask.born.isoformat()] if ask.born else [])])
    yield from _search(query, words, ask, tools, number)


def _search(query: str, words: list[str], ask: Ask, tools: Toolbox, number: str | None) -> Iterator[Step | Subject]:
    called = tools.call("find_patients", {"query": query})
    yield called.step
    if called.reading is None or not isinstance(called.reading.data, FoundPatients):
        yield Subject(declined=not_understood(ask) if called.error is None else went_wrong(called.error))
        return
    found = called.reading.data
    fitting = [one for one in found.patients if set(words) <= name_words(one.label)]
    if len(fitting) == 1 and found.complete:
        yield Subject(None if tools.desk.is_in_hand(fitting[0].id) else fitting[0].id, number)
    else:
        yield Subject(declined=whom(len(fitting), query))


def _fits(reading: PatientReading, words: list[str], ask: Ask) -> bool:
    """Whether the words are names of the patient in hand, or of a payer or plan on file."""
    patient = reading.patient
    if ask.born is not None and ask.born != patient.date_of_birth:
        return False
    known = name_words(f"{patient.first_name} {patient.last_name}")
    return set(words) <= known | name_words(" ".join(reading.plans))
