"""Text as people mean it: values of records made fit for a letter, and characters told apart from their look-alikes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Joiners belong to the spelling of names in several scripts; every other invisible character only hides something.
_JOINERS = frozenset("\u200c\u200d")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})
_MARKS = frozenset({"Mn", "Me"})  # accents, and the frames around keycap digits
# Merge fields are written in braces, so a value has none: what a record holds is never read as a field.
_BRACES = str.maketrans("{}", "()")
# Cyrillic and Greek letters that cannot be told from Latin ones, for reading codes and labels only.
_LOOK_ALIKES = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0430"
    "\u0441\u0435\u0456\u0458\u043e\u0440\u0445\u0443\u0455\u0391\u0392\u0395\u0396\u0397\u0399\u039a"
    "\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "ABESIJKMHOPCTYXaceijopxysABEZHIKMNOPTYXo",
)
_DASHES = frozenset("\u2212\u02d7\ufe58\ufe63\uff0d\u30fc")


def one_line(value: str) -> str:
    """`value` as it may stand in a sentence: one line, no control characters, no braces.

    Nothing of a record can so begin a header, a paragraph or a merge field.
    """
    return " ".join(_visible(value).split())


def several_lines(value: str) -> str:
    """Like `one_line`, with its line breaks kept; blank lines go, because they divide paragraphs."""
    return "\n".join(filter(None, (one_line(line) for line in value.splitlines())))


def letter_text(written: str) -> str:
    """A text that a person wrote, fit for a letter: its lines and paragraphs stay, what cannot be seen goes.

    Braces stay too, for the person may have written merge fields; merge it before a value of a record is put into it.
    """
    lines = unicodedata.normalize("NFC", written).replace("\t", " ").splitlines()
    seen = ("".join(filter(is_visible, line)).rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(seen)).strip("\n")


def is_visible(character: str) -> bool:
    """Whether a character may stand in text; line breaks and tabs are for the caller to judge."""
    return unicodedata.category(character) not in _INVISIBLE or character in _JOINERS


def _visible(value: str) -> str:
    normal = unicodedata.normalize("NFC", value)
    kept = (one if is_visible(one) else " " if one.isspace() else "" for one in normal)
    return "".join(kept).translate(_BRACES)


@dataclass(frozen=True, slots=True)
class Plain:
    """A text whose digits, dashes, spaces and letters have one form each. `at[n]` is where its character n stood."""

    text: str
    at: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the plain text stands in the original one."""
        return self.at[start], self.at[end - 1] + 1


def plain(text: str) -> Plain:
    """`text` for reading numbers, codes and names in it: ASCII digits, `-`, single characters, nothing invisible.

    Accents go, so that a letter is the same whether its accent is a part of it or a character of its own, or left out.

    A line break is a space here: a number may be broken over two lines.
    """
    if text.isascii() and text.replace("\n", "").isprintable():  # as nearly every text is: nothing to look through
        return Plain(text.replace("\n", " "), range(len(text)))
    characters, at = list[str](), list[int]()
    for place, one in enumerate(text):
        for plain_one in _plain(one):
            characters.append(plain_one)
            at.append(place)
    return Plain("".join(characters), at)


def _plain(character: str) -> str:
    if character.isascii():
        return " " if character.isspace() else character if character.isprintable() else ""
    category = unicodedata.category(character)
    if character.isspace() or category == "Zs":
        return " "
    if category in _INVISIBLE or category in _MARKS:
        return ""
    if category == "Pd" or character in _DASHES:
        return "-"
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    letters = (one for one in unicodedata.normalize("NFKD", character) if unicodedata.category(one) not in _MARKS)
    return "".join(letters).translate(_LOOK_ALIKES)
