"""E08: whether the person whom the payer answered about is our patient."""

from __future__ import annotations

import re

from shared.domain.eligibility.registry import found, rule
from shared.domain.search_terms import number_term
from shared.models.payer_answer import AnsweredPerson
from shared.models.records import Patient
from shared.models.verdict import Evidence, PersonMatch

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "esq", "md", "phd", "dds"})
_WORDS = {
    "date_of_birth": "date of birth",
    "last_name": "last name",
    "first_name": "first name",
}


@rule("E08")
def match_person(patient: Patient, person: AnsweredPerson) -> PersonMatch:
    """E08: the same person has the same date of birth, the same last name, and one first name that begins the other.

    Names are compared without accents, hyphens, apostrophes, suffixes, case and the digits of test data. What the
    answer does not say does not match.
    """
    if person.date_of_birth is None or person.date_of_birth != patient.date_of_birth:
        return "date_of_birth"
    if not same_last_name(patient.last_name, person.last_name or ""):
        return "last_name"
    return "same" if _same_first(patient.first_name, person.first_name or "") else "first_name"


def same_name(ours: tuple[str, str], theirs: tuple[str, str]) -> bool:
    """Whether two (first name, last name) are of one person as far as E08 tells names apart."""
    return _same_first(ours[0], theirs[0]) and same_last_name(ours[1], theirs[1])


@rule("E08")
def mismatch(match: PersonMatch | None, source: str) -> Evidence | None:
    """E08: what differs, by its name and never by its value; None when it is the same person or nobody was named."""
    if match in (None, "same"):
        return None
    text = f"The payer answered about somebody with another {_WORDS[match]}"
    return found("E08", "member_mismatch", text, source, f"patient.{match}", member=match)


def same_last_name(ours: str, theirs: str) -> bool:
    """Whether two last names are one as E08 compares them."""
    return bool(_forms(ours) & _forms(theirs))


def _same_first(ours: str, theirs: str) -> bool:
    mine, others = _forms(ours), _forms(theirs)
    return any(one.startswith(other) or other.startswith(one) for one in mine for other in others)


def _forms(name: str) -> frozenset[str]:
    """A name as it is compared: its letters alone; with an umlaut also as Germans write it without."""
    lowered = name.casefold()
    return frozenset(form for form in (_letters(lowered), _letters(lowered.translate(_GERMAN))) if form)


def _letters(name: str) -> str:
    words = [number_term(word) for word in re.split(r"[\s,.\-\u2010-\u2015]+", name)]
    kept = [word.rstrip("0123456789") for word in words]
    if len(kept) > 1:
        kept = [kept[0], *(word for word in kept[1:] if word not in _SUFFIXES)]
    return "".join(kept)
