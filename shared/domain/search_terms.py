"""Search terms: what a record is found by, and what a search asks for. Both sides are normalised the same way.

A name becomes lower-case letters without accents (`Müller` is `muller`, and `mueller` as Germans write it); a number
becomes its letters and digits (`CLM-88` is `clm88`, found by `88` too); a date becomes `YYYY-MM-DD`.
A search matches a record when each of its terms is a prefix of one of the record's terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date

# The weight also says what a term is made of: phones have one of their own, because not every role sees them.
NUMBER_WEIGHT, NAME_WEIGHT, DETAIL_WEIGHT, PHONE_WEIGHT = 4, 3, 2, 1
MOST_QUERY_TERMS = 8
LONGEST_TERM = 64
LONGEST_QUERY = 200
PHONE_DIGITS = 10

NUMBER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "patient": ("mrn",),
    "coverage": ("member_id",),
    "authorization": ("auth_number",),
    "payer": ("payer_number",),
    "provider": ("provider_number", "npi"),
    "visit": ("visit_number",),
    "claim": ("claim_number",),
}
NAME_FIELDS: Mapping[str, tuple[str, ...]] = {
    "patient": ("last_name", "first_name"),
    "payer": ("name",),
    "provider": ("name",),
}
DATE_FIELDS: Mapping[str, tuple[str, ...]] = {"patient": ("date_of_birth",)}
PHONE_FIELDS: Mapping[str, tuple[str, ...]] = {"patient": ("phone",)}

_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i"})
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_SEPARATORS = re.compile(r"[\s,;]+")
_ISO_DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\w-])")
_WRITTEN_DATE = re.compile(r"(?<![\w-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\w-])")
_LETTERS_THEN_DIGITS = re.compile(r"[^\W\d_]+[-_ .#]?0*(\d+)")
_PHONE = re.compile(r"(?<!\w)(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\w)")


def terms_for(record_type: str, fields: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    """The terms of a record and their weights (higher ranks first), sorted by term; each term once.

    `fields` are the record's columns by name; absent and empty ones give nothing, and so does an unknown type.
    """
    found: dict[str, int] = {}
    for whole, weight in _weighted(record_type, fields):
        term = whole[:LONGEST_TERM]
        if term and found.get(term, 0) < weight:
            found[term] = weight
    return tuple(sorted(found.items()))


def query_terms(query: str) -> tuple[str, ...]:
    """What a search asks for, in the order typed: at most eight prefixes, each of which a record must have.

    Dates are read as written in the United States (month first) unless that is no date, or the parts stand with dots.
    """
    rest = unicodedata.normalize("NFKC", query[:LONGEST_QUERY])
    terms: list[str] = []
    for pattern, read in ((_ISO_DATE, _iso_date), (_WRITTEN_DATE, _written_date), (_PHONE, _phone_match)):
        for match in pattern.finditer(rest):
            term = read(match)
            if term:
                terms.append(term)
                rest = rest.replace(match.group(), " ", 1)
    terms.extend(_query_words(rest))
    return tuple(dict.fromkeys(term[:LONGEST_TERM] for term in terms if term))[:MOST_QUERY_TERMS]


def _query_words(text: str) -> Iterator[str]:
    for word in _SEPARATORS.split(text):
        yield from [number_term(word)] if re.search(r"\d", word) else _plain_words(word)


def number_term(text: str) -> str:
    """A number as it is compared: letters and digits in lower case (`CLM-88` is `clm88`)."""
    return "".join(character for character in _plain(text) if character.isalnum())


def _weighted(record_type: str, fields: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    for text in _texts(fields, NUMBER_FIELDS.get(record_type, ())):
        whole = number_term(text)
        yield whole, NUMBER_WEIGHT
        yield from ((word, DETAIL_WEIGHT) for word in _query_words(text))  # a card's `W12 345` comes word by word
        digits = _LETTERS_THEN_DIGITS.fullmatch(text.strip())
        if digits:
            yield digits[1], DETAIL_WEIGHT
    for text in _texts(fields, NAME_FIELDS.get(record_type, ())):
        for term in _name_terms(text):
            yield term, NAME_WEIGHT
    for name in DATE_FIELDS.get(record_type, ()):
        value = fields.get(name)
        if isinstance(value, date):
            yield value.isoformat()[:10], DETAIL_WEIGHT
    for text in _texts(fields, PHONE_FIELDS.get(record_type, ())):
        yield _phone(text), PHONE_WEIGHT


def _texts(fields: Mapping[str, object], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            yield value


def _name_terms(text: str) -> Iterator[str]:
    """The words of a name, whole and without trailing digits (test data has `Smith67`), and as Germans spell them."""
    lowered = unicodedata.normalize("NFKC", text).casefold()
    for spelling in dict.fromkeys((lowered, lowered.translate(_GERMAN))):
        for word in _SEPARATORS.split(spelling):
            parts = _plain_words(word)
            yield from parts
            yield "".join(parts)
            yield from (part.rstrip("0123456789") for part in parts)


def _plain_words(word: str) -> list[str]:
    """The parts of a hyphenated word, each in plain letters; an apostrophe joins (`O'Brien` is `obrien`)."""
    return [part for part in map(number_term, re.split(r"[-\u2010-\u2015/]", word)) if part]


def _plain(text: str) -> str:
    # Folding comes twice: what looks like a capital may become one only when it is decomposed.
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_UNDECOMPOSED)
    decomposed = unicodedata.normalize("NFKD", folded).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _phone(text: str) -> str:
    """The last ten digits, so that a country code does not matter."""
    return re.sub(r"\D", "", text)[-PHONE_DIGITS:]


def _phone_match(match: re.Match[str]) -> str:
    return _phone(match.group())


def _iso_date(match: re.Match[str]) -> str | None:
    return _date(int(match[1]), int(match[2]), int(match[3]))


def _written_date(match: re.Match[str]) -> str | None:
    first, separator, second, year = int(match[1]), match[2], int(match[3]), int(match[4])
    month_first, day_first = _date(year, first, second), _date(year, second, first)
    return (day_first or month_first) if separator == "." else (month_first or day_first)


def _date(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
