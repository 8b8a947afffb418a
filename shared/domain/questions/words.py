"""A message as words: folded for comparison, contractions undone, numbers and dates whole, sentences told apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<id>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}
      |(?=[\w\#-]*\d)[^\W\d_][\w\#]*(?:-[\w\#]+)*)
  | (?P<money>\$\s?\d[\d,]*(?:\.\d{1,2})?)
  | (?P<date>\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\w)|\d{1,2}/\d{1,2}(?:/\d{4}|/\d{2})?(?![\w/])|\d{1,2}\.\d{1,2}\.\d{4}(?!\w))
  | (?P<ordinal>\d{1,2}(?:st|nd|rd|th)\b)
  | (?P<longid>\d+(?:-\d+)+|\d+[^\W\d_][\w-]*)
  | (?P<number>\d+(?:,\d{3})*(?:\.\d+)?)
  | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*'?)
  | (?P<mark>[.?!;\n,:&])
  | (?P<sign>[^\s])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BREAKS = frozenset(".?!;\n")
_ABBREVIATED = "mr mrs ms dr st vs no jan feb mar apr jun jul aug sep sept oct nov dec"
_TITLES = frozenset(_ABBREVIATED.split())
_BEFORE_IS = frozenset(
    {"what", "who", "when", "where", "how", "why", "it", "that", "there", "she", "he", "this", "here"}
)
_ENDINGS = {"re": "are", "ve": "have", "ll": "will", "d": "would", "m": "am"}
_IRREGULAR = {"can't": ("can", "not"), "won't": ("will", "not"), "let's": ("let", "us"), "cannot": ("can", "not")}
_IRREGULAR |= {f"{base}s": (base, "is") for base in ("what", "who", "when", "where", "that", "there")}
_IRREGULAR |= {f"{base}nt": (base, "not") for base in ("is", "are", "do", "does", "has", "have", "was", "did")}
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u00b4": "'"})
LONGEST_QUESTION = 4000


@dataclass(frozen=True, slots=True)
class Word:
    """A word: `plain` is folded, `kind` id, money, date, ordinal, number, word, mark or sign.

    `capital` tells that it is written like a name; `possessive` that it ended in 's.
    """

    text: str
    plain: str
    kind: str = "word"
    capital: bool = False
    possessive: bool = False


def folded(text: str) -> str:
    """Lower case, without accents and without characters that nobody sees."""
    seen = "".join(character for character in text if unicodedata.category(character) not in {"Cf", "Co", "Cn"})
    lowered = unicodedata.normalize("NFKC", seen.translate(_QUOTES)).casefold()
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def name_words(text: str) -> set[str]:
    """The words of a name as they are compared, also without trailing digits."""
    found = {word.strip(".,;()'") for word in folded(text).replace("-", " ").split()}
    return found | {word.rstrip("0123456789") for word in found}


def sentences(text: str) -> list[list[Word]]:
    """The sentences of a message; marks inside a sentence (comma, colon, ampersand) stay as words of kind `mark`."""
    found: list[list[Word]] = [[]]
    for word in _words(text):
        if word.kind == "mark" and word.plain in _BREAKS:
            previous = found[-1][-1].plain if found[-1] else ""
            if not (word.plain == "." and previous in _TITLES):
                found.append([])
            continue
        found[-1].append(word)
    return [one for one in found if one]


def _words(text: str) -> Iterator[Word]:
    visible = "".join(
        character for character in text[:LONGEST_QUESTION] if unicodedata.category(character) not in {"Cf", "Co", "Cn"}
    )
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", visible.translate(_QUOTES))):
        kind, written = str(match.lastgroup), match.group()
        if written == "-":
            continue  # "co-pay" is two words
        if kind == "longid":
            kind = "id"
        plain = folded(written)
        if kind == "word":
            yield from _undone(written, plain)
        else:
            yield Word(written, plain, kind, capital=written[:1].isupper())


def _undone(written: str, plain: str) -> Iterator[Word]:
    """Undo a contraction, or note a possessive."""
    capital = written[:1].isupper()
    if plain in _IRREGULAR:
        yield from (Word(written, part) for part in _IRREGULAR[plain])
        return
    base, apostrophe, ending = plain.rpartition("'")
    if not apostrophe:
        yield Word(written, plain, capital=capital)
    elif ending == "t" and base.endswith("n"):
        yield from (Word(written, base[:-1], capital=capital), Word(written, "not"))
    elif ending in _ENDINGS:
        yield from (Word(written, base, capital=capital), Word(written, _ENDINGS[ending]))
    elif ending == "s" and base in _BEFORE_IS:
        yield from (Word(written, base), Word(written, "is"))
    elif ending in {"s", ""}:
        shown = written[: len(base)]
        yield Word(shown, base, capital=capital, possessive=True)
    else:
        yield Word(written, plain, capital=capital)  # O'Brien
