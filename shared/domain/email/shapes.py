"""Numbers and codes told by their shape: social security numbers, phone numbers, ICD-10-CM codes, labelled identifiers.

Sources: SSA (no area 000, 666 or 9xx, no group 00, no serial 0000); ICD-10-CM FY2026 (categories by chapter); CMS,
Understanding the Medicare Beneficiary Identifier (MBI) Format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_NUMBER_BEGINS, _NUMBER_ENDS = r"(?<![\w])(?<!\d[-.])", r"(?![\w])(?![-.]\d)"
_BETWEEN = r"(?: ?[-./_]{1,2} ?| {1,2})"
_SSN = re.compile(
    rf"(?<!\w)(?<!\d[-./])(?!000|666|9)\d{{3}}{_BETWEEN}(?!00)\d\d{_BETWEEN}(?!0000)\d{{4}}(?!\w)(?![-./]\d)"
)
# Whose it is may stand between ("SSN of the patient"); a number that is called something else is none.
_CALLED_OTHERWISE = (
    r"(?:account|auth\w*|card|case|claim|confirmation|fax|invoice|npi|order|phone|ref\w*|routing|tax|ticket|zip)\b"
)
_LABELLED_SSN = re.compile(
    rf"\b(?:ssn|social[ -]{{0,3}}security)\b\W{{0,6}}"
    rf"(?:(?!{_CALLED_OTHERWISE})(?:no\.|[^\W\d_]{{1,30}}(?:'s)?)[^\w.;!?]{{1,4}}){{0,6}}"
    r"(?<!\$)(?!\d{5}-\d{4}(?!\d))((?!000|666|9)\d(?:[-./_ ]{0,2}\d){8})(?!\w)",
    re.IGNORECASE,
)
_PHONE = re.compile(
    rf"(?<![\w])(?<!\d[-.])(?:\+?1[-. ]{{0,2}})?(?:\([2-9]\d\d\) ?-? ?|[2-9]\d\d(?: ?[-./] ?| ))"
    rf"\d{{3}}(?: ?[-.] ?| )\d{{4}}{_NUMBER_ENDS}"
    r"|(?<![\w+])\+[1-9]\d(?:[ -.()]{0,2}\d){6,12}(?!\w)"
)
# Only these categories have a letter in the third place.
_CATEGORY = r"(?:[A-Z]\d\d|C4A|C7[AB]|D3A|M1A|O9A|Z3A)"
_ICD = re.compile(
    rf"(?<![\w.@/-]){_CATEGORY} ?\.(?:[0-9X][0-9A-Z]{{0,3}}|[A-C]\d[0-9A-Z]{{0,2}})(?![\w@])(?!\.\d)"
    rf"|(?<![\w.@/-]){_CATEGORY},\d{{1,2}}(?![\w,@])(?!\.\d)",
    re.IGNORECASE,
)
_NOT_BEFORE_CODES = ("plan", "part", "suite", "level", "order", "section", "phase", r"rev\.", "room", "class", "unit")
_NO_CODE = "".join(rf"(?<!(?i:{word}) )" for word in _NOT_BEFORE_CODES)
# With a space in it only where it is written large and begins with no word ("a 10.5 % rise", "Plan G 20.50").
_SPACED_ICD = re.compile(r"(?<![\w.@/-])" + _NO_CODE + r"[B-HJ-Z] \d\d\.\d{1,2}(?![\w.,]\w| ?%|\w)")
_LABELLED_ICD = re.compile(
    rf"\b(?:icd(?:[- ]?10)?(?:[- ]?cm)?|diagnos[ei]s|dx)\b(?: ?codes?)?\W{{0,3}}(?:is |of )?"
    rf"({_CATEGORY}(?:[ .]?[0-9A-Z]{{1,4}})?(?!\w)(?:(?:,| and| or|/|;) ?{_CATEGORY}(?:\.?[0-9A-Z]{{1,4}})?(?!\w))*)",
    re.IGNORECASE,
)
# The last category of each letter; beyond it a code is none. Letters that are not named go to 99.
_LAST_CATEGORY = {"D": 89, "E": 89, "H": 95, "K": 95, "P": 96, "T": 88, "U": 85}
_OF = r"\W{0,3}(?:numbers?|no\b\.?|ids?|i\.d\.|#)?\W{0,3}(?:is |was )?[\"'#]?"
_IDENTIFIER = r"([A-Z0-9](?:[-./]?[A-Z0-9])*(?: [A-Z]{0,3}\d[A-Z0-9]*)*)(?![A-Z0-9])"
_LABELLED_MRN = re.compile(
    rf"\b(?:mrn|med(?:ical)? rec(?:ord)?|chart(?: (?=n|#|id|\d{{6}})|(?=[:#] ?[A-Z]{{0,3}}\d))|patient (?=id|no|num|#))"
    rf"{_OF}{_IDENTIFIER}",
    re.IGNORECASE,
)
_LABELLED_MEMBER_ID = re.compile(
    r"\b(?:member|mbr|subscriber|policy|beneficiary|insurance|medicare|medicaid|mbi)"
    r"(?: ?(?=id|no|num|#|i\.d|:)|(?<=mbi) ?| (?=[A-Z]{0,4}\d{6}))"
    rf"{_OF}{_IDENTIFIER}",
    re.IGNORECASE,
)
# A Medicare beneficiary identifier: no letter in it that can be taken for a digit.
_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[AC-HJKMNP-RT-Y0-9]"
_MBI = re.compile(
    rf"(?<![\w-])[1-9]{_LETTER}{_EITHER}\d[- ]?{_LETTER}{_EITHER}\d[- ]?{_LETTER}{{2}}\d\d(?![\w-])", re.IGNORECASE
)
_LEAST_OF_IDENTIFIER = 5  # the last four may be told


def social_security_numbers(text: str) -> Iterator[Span]:
    """Those that can exist; nine digits in a row only where the text says what they are."""
    for match in _SSN.finditer(text):
        yield match.span()
    for match in _LABELLED_SSN.finditer(text):
        digits = re.sub(r"\D", "", match[1])
        if digits[3:5] != "00" and digits[5:] != "0000":
            yield match.span(1)


def phone_numbers(text: str) -> Iterator[Span]:
    """Numbers of the North American plan, and those written with a plus sign."""
    return (match.span() for match in _PHONE.finditer(text))


def diagnosis_codes(text: str) -> Iterator[Span]:
    """ICD-10-CM codes with their point; without it, as `I10`, only where the text says that they are codes."""
    for shape in (_ICD, _SPACED_ICD):
        yield from (match.span() for match in shape.finditer(text) if _is_category(match[0].replace(" ", "")))
    for match in _LABELLED_ICD.finditer(text):
        if _is_category(match[1]):
            yield match.span(1)


def _is_category(code: str) -> bool:
    number = code[1:3]
    return not number.isdigit() or int(number) <= _LAST_CATEGORY.get(code[0].upper(), 99)


def medical_record_numbers(text: str, *, least: int = _LEAST_OF_IDENTIFIER) -> Iterator[Span]:
    """What the text calls one, of at least so many letters and digits."""
    return _labelled(_LABELLED_MRN, text, least)


def member_ids(text: str, *, least: int = _LEAST_OF_IDENTIFIER) -> Iterator[Span]:
    """What the text calls a member, subscriber, policy or beneficiary number, and those of Medicare wherever."""
    yield from _labelled(_LABELLED_MEMBER_ID, text, least)
    yield from (match.span() for match in _MBI.finditer(text))


def _labelled(shape: re.Pattern[str], text: str, least: int) -> Iterator[Span]:
    for match in shape.finditer(text):
        signs = [sign for sign in match[1] if sign.isalnum()]
        if len(signs) >= least and any(map(str.isdigit, signs)):
            yield match.span(1)


def written(identifier: str, text: str) -> Iterator[Span]:
    """Where a known identifier stands, however it is spaced; one that is too short could be any number."""
    signs = [sign for sign in identifier if sign.isalnum()]
    if len(signs) >= _LEAST_OF_IDENTIFIER and _may_stand(signs[:1], text):
        shape = r"(?<!\w)" + r"[ ./_-]{0,3}".join(map(re.escape, signs)) + r"(?!\w)"
        yield from (match.span() for match in re.finditer(shape, text, re.IGNORECASE))


def phrase(words: str, text: str, *, any_case: bool = True) -> Iterator[Span]:
    """Where words stand after each other, however they are spaced, and not inside of another word."""
    parts = words.split()
    if parts and _may_stand(parts, text):
        shape = rf"(?<!\w){' +'.join(map(re.escape, parts))}(?!\w)"
        yield from (match.span() for match in re.finditer(shape, text, re.IGNORECASE if any_case else 0))


def _may_stand(parts: list[str], text: str) -> bool:
    """Whether it is worth to make a pattern: a patient has many values, and few of them stand in one letter."""
    low = text.lower()
    return all(part.lower() in low for part in parts if part.isascii())
