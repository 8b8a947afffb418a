"""The detector: health information in a text, by its shape and by what the records know of the patient.

It looks through disguises that occur by accident or on purpose: other digits, invisible characters, odd spaces and
dashes, look-alike letters, a number broken over two lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Literal

from shared.domain.email import shapes
from shared.domain.email.fields import FIELDS, MergeField, Value, Values, shown
from shared.domain.email.phi import PhiKind, is_above
from shared.domain.email.plain_text import plain
from shared.domain.email.shapes import Span
from shared.domain.email.written_dates import WrittenDate, written_dates
from shared.models.firestore.drafts import PhiLevel

TextPart = Literal["subject", "body", "notice"]

_BIRTH_BEFORE = re.compile(r"(?:\bborn(?: on)?|\bbirth ?da(?:y|te)|\bdate of birth|\bd\.? ?o\.? ?b\b\.?)[^\w.;!?]{0,4}"
                           r"(?:is|was|on|of)?[^\d.;!?]{0,24}$", re.IGNORECASE)  # fmt: skip
_BIRTH_AFTER = re.compile(r"^[ ,(]{0,3}(?:\(?d\.? ?o\.? ?b\b|date of birth|birth ?da(?:y|te))", re.IGNORECASE)
_LOOK_BACK, _LOOK_AHEAD = 60, 20
# Words that say nothing of the patient when they are all that a value consists of.
_GENERIC = frozenset({
    "a", "an", "the", "of", "for", "and", "or", "to", "in", "at", "on", "with", "by", "new", "old", "established",
    "patient", "visit", "office", "follow", "followup", "up", "general", "check", "checkup", "consultation",
    "consult", "appointment", "exam", "service", "services", "care", "medical", "health", "plan", "insurance",
    "approved", "denied", "pended", "pending", "submitted", "accepted", "rejected", "paid", "partially", "draft",
    "open", "closed", "cancelled", "completed", "not", "required", "yes", "no", "none", "other", "unknown",
    "standard", "urgent", "corrected",
})  # fmt: skip
_OF_NO_DIAGNOSIS = frozenset({
    "disorder", "disease", "finding", "situation", "syndrome", "unspecified", "specified", "chronic", "normal",
    "without", "primary", "secondary", "history", "status", "person", "encounter", "condition", "symptom",
    "symptoms", "initial", "episode", "related", "following", "other", "illness", "subsequent", "sequela",
    "presence", "absence", "screening", "patient", "patients", "emergency", "procedure", "assessment", "problem",
    "insurance", "active", "administration", "admission", "certification", "clinic", "consultation", "degree",
    "follow", "general", "urgent", "variation", "outpatient", "room", "treatment", "seasonal", "produce", "therapy",
    "examination", "medication", "review",
})  # fmt: skip
_LEAST_OF_WORD = 6
_PARTS_OF_NAME = frozenset({"patient.first_name", "patient.last_name"})
_NAMES_OF_THE_PRACTICE = ("organisation.name", "organisation.portal_link", "provider.name", "author.name")


@dataclass(frozen=True, slots=True)
class Finding:
    """What discloses, from `start` to `end` of a part of the e-mail: which sort of thing, never the thing itself.

    `field` is the merge field whose value it is, where it is one.
    """

    kind: PhiKind
    level: PhiLevel
    part: TextPart
    start: int
    end: int
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the records say: the values of merge fields, and more of what identifies or describes the patient.

    `answers` are what people filled in, which may be in the letter though the records say otherwise.
    `values` may hold `patient.mrn` and `coverage.member_id` in full: those are what the detector looks for.
    """

    values: Values = field(default_factory=dict)
    mrns: tuple[str, ...] = ()
    member_ids: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()  # codes and words
    answers: Values = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()  # words for conditions, whoever has them


_Shape = tuple[PhiKind, PhiLevel, Callable[[str], Iterator[Span]]]
_SHAPES: tuple[_Shape, ...] = (
    ("ssn", "high", shapes.social_security_numbers),
    ("mrn", "high", shapes.medical_record_numbers),
    ("member_id", "high", shapes.member_ids),
    ("diagnosis", "high", shapes.diagnosis_codes),
    ("contact", "low", shapes.phone_numbers),
)


def findings(text: str, known: Known, *, part: TextPart = "body") -> tuple[Finding, ...]:
    """Everything in `text` that discloses something, in the order in which it stands there."""
    readable = plain(text)
    found = set[Finding]()
    for kind, level, (start, end), name in _found(readable.text, known):
        begin, stop = readable.original(start, end)
        found.add(Finding(kind, level, part, begin, stop, name))
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.kind, one.field or "")))


_Found = tuple[PhiKind, PhiLevel, Span, str | None]


def _found(text: str, known: Known) -> Iterator[_Found]:
    public = {_digits(value) for value in _public(known.values)} - {""}
    for kind, level, spans in _SHAPES:
        for start, end in spans(text):
            if kind != "contact" or _digits(text[start:end]) not in public:
                yield kind, level, (start, end), None
    yield from _identifiers(text, known)
    yield from ((kind, level, span, None) for kind, level, span in _birth_dates(text))
    yield from _values(text, known.values)
    yield from _values(text, known.answers)
    for span in (*_diagnoses(text, known), *_sensitive(text, known)):
        yield "diagnosis", "high", span, None


def _digits(text: str) -> str:
    """The digits of a phone number without the 1 that one dials before it."""
    return re.sub(r"\D", "", text).removeprefix("1")


def _public(values: Values) -> Iterator[str]:
    """The values that disclose nothing, as the phone number of the practice."""
    for name, value in values.items():
        one = FIELDS.get(name)
        if one is not None and one.kind is None and one.form != "long_text":
            yield plain(shown(one, value)).text


_Called = Callable[[str], Iterator[Span]]
_IDENTIFIERS: tuple[tuple[PhiKind, PhiLevel, str, Callable[[Known], tuple[str, ...]], _Called | None], ...] = (
    ("mrn", "high", "patient.mrn", lambda known: known.mrns, partial(shapes.medical_record_numbers, least=1)),
    ("member_id", "high", "coverage.member_id", lambda known: known.member_ids, partial(shapes.member_ids, least=1)),
    ("contact", "medium", "patient.phone", lambda known: known.phones, None),
)


def _identifiers(text: str, known: Known) -> Iterator[_Found]:
    """The patient's own: wherever they stand, and short ones where the text calls them by their name."""
    for kind, level, name, others, called in _IDENTIFIERS:
        value = known.values.get(name)
        for identifier in {*others(known), *([value] if isinstance(value, str) else [])}:
            sought = plain(identifier).text
            spans = [*shapes.written(sought, text)]
            if called is not None:
                spans += [span for span in called(text) if _signs(text[slice(*span)]) == _signs(sought)]
            yield from ((kind, level, span, name) for span in spans)


def _signs(identifier: str) -> str:
    return "".join(filter(str.isalnum, identifier)).lower()


def _birth_dates(text: str) -> Iterator[tuple[PhiKind, PhiLevel, Span]]:
    for one in written_dates(text):
        if not one.compact and _is_birth_date(text, one):
            yield "birth_date", "high", (one.start, one.end)


def _values(text: str, values: Values) -> Iterator[_Found]:
    """Values of fields, as shown in letters, and dates however written.

    Where two fields have the same value, as the day of the visit and of the claim, the one that discloses less is
    meant. A date that the text calls one of birth is found as that all the same.
    """
    meant: dict[Span, MergeField] = {}
    dates = list(written_dates(text))
    ours = list(_names_of_the_practice(text, values))
    for name, value in values.items():
        one = FIELDS.get(name)
        if one is None or one.kind is None:
            continue
        spans = [*_as_shown(one, value, text), *(_of_day(one, value, dates) if isinstance(value, date) else ())]
        for span in spans:
            if one.name in _PARTS_OF_NAME and any(map(partial(_is_within, span), ours)):
                continue
            other = meant.get(span)
            if other is None or is_above(other.level, one.level):
                meant[span] = one
    for span, one in meant.items():
        if one.kind is not None:
            yield one.kind, one.level, span, one.name


def _names_of_the_practice(text: str, values: Values) -> Iterator[Span]:
    """Where the practice and who works there are named: a patient may be called Park as "Park Family Practice" is.

    A name that has the whole name of the patient in it is not such a one.
    """
    patient = plain(shown(FIELDS["patient.full_name"], values.get("patient.full_name"))).text
    for name in _NAMES_OF_THE_PRACTICE:
        told = plain(shown(FIELDS[name], values.get(name))).text
        if not any(shapes.phrase(patient, told)):
            yield from shapes.phrase(told, text)


def _is_within(span: Span, whole: Span) -> bool:
    return span != whole and whole[0] <= span[0] and span[1] <= whole[1]


def _of_day(one: MergeField, day: date, dates: Iterable[WrittenDate]) -> Iterator[Span]:
    """Where a day is written; digits alone are taken for a date of birth only, other days are not worth the doubt."""
    for written in dates:
        if day in written.days and (one.kind == "birth_date" or not written.compact):
            yield written.start, written.end


def _is_birth_date(text: str, written: WrittenDate) -> bool:
    before, after = text[max(0, written.start - _LOOK_BACK) : written.start], text[written.end :][:_LOOK_AHEAD]
    return _BIRTH_BEFORE.search(before) is not None or _BIRTH_AFTER.search(after) is not None


def _as_shown(one: MergeField, value: Value, text: str) -> Iterator[Span]:
    """Where a value stands as a letter shows it; what every letter could say by chance is not sought."""
    told = plain(shown(one, value)).text
    if one.form == "number" or all(word.lower() in _GENERIC for word in re.findall(r"\w+", told)):
        return iter(())
    if one.form == "money" and isinstance(value, Decimal | int):
        digits = re.escape(told.lstrip("-$")).replace(",", ",?")
        return (match.span() for match in re.finditer(rf"(?<![\d.,])(?:\$ ?)?{digits}(?!\d)(?![.,]\d)", text))
    if one.name == "patient.first_name":  # many are words too ("may", "grace"), which nobody writes with a capital
        return chain.from_iterable(
            shapes.phrase(form, text, any_case=False) for form in {told, told.upper(), told.title()}
        )
    return shapes.phrase(told, text)


def _diagnoses(text: str, known: Known) -> Iterator[Span]:
    codes = [
        code
        for name, value in (*known.values.items(), *known.answers.items())
        if name in FIELDS and FIELDS[name].kind == "diagnosis" and isinstance(value, tuple)
        for code in value
    ]
    for told in {*known.diagnoses, *codes}:
        yield from _diagnosis(plain(told).text, text)


def _sensitive(text: str, known: Known) -> Iterator[Span]:
    """Where a condition is named, unless it is in the name of a practice, as that of a cancer center."""
    named = [span for value in _public(known.values) for span in shapes.phrase(value, text)]
    for word in known.sensitive:
        for start, end in shapes.phrase(word, text, any_case=not word.isupper()):
            if not any(begin <= start and end <= stop for begin, stop in named):
                yield start, end


def _diagnosis(told: str, text: str) -> Iterator[Span]:
    """Where a code stands with or without its point, or the words of a diagnosis, or one that tells it alone."""
    if any(sign.isdigit() for sign in told) and " " not in told.strip():
        code = "(?:[ .]{0,2}|,)".join(re.escape(sign) for sign in told if sign.isalnum())
        yield from (match.span() for match in re.finditer(rf"(?<![\w.]){code}(?!\w)", text, re.IGNORECASE))
        return
    yield from shapes.phrase(told, text)
    says_nothing = _OF_NO_DIAGNOSIS | _GENERIC
    words = [word for word in re.findall(r"[^\W\d_]{3,}", told) if word.lower() not in says_nothing]
    for word in words:
        # A short word tells little among others ("low back pain"); alone, or as an abbreviation, it is the diagnosis.
        if len(word) >= _LEAST_OF_WORD or word.isupper() or len(words) == 1:
            yield from shapes.phrase(word, text)
