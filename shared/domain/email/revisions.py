"""What changed between two wordings, and the hash that an approval is bound to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeVar

_Token = TypeVar("_Token", bound=Hashable)
Operation = Literal["equal", "insert", "delete"]
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_COMPARED = 2_000_000  # pairs of words (or lines); beyond it the time for a text would grow with its square


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text that stayed, came or went. The old text is what is equal or deleted, the new one the rest."""

    op: Operation
    text: str


def difference(before: str, after: str) -> tuple[Change, ...]:
    """How `before` became `after`, word by word; what was replaced is a deletion and then an insertion.

    Where more was changed than can be compared by words, it is compared by lines.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if not _is_comparable(old, new):
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return tuple(Change(op, "".join(tokens)) for op, tokens in changes(old, new))


def changes(old: Sequence[_Token], new: Sequence[_Token]) -> Iterator[tuple[Operation, Sequence[_Token]]]:
    """How one sequence became the other; what is too much to compare was replaced as a whole."""
    start, end = _common(old, new)
    if start:
        yield "equal", old[:start]
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    whole = [("replace", 0, len(left), 0, len(right))]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, first, last, begin, stop in matcher.get_opcodes() if _is_comparable(left, right) else whole:
        if tag == "equal":
            yield "equal", left[first:last]
            continue
        if first < last:
            yield "delete", left[first:last]
        if begin < stop:
            yield "insert", right[begin:stop]
    if end:
        yield "equal", old[len(old) - end :]


def _is_comparable(old: Sequence[object], new: Sequence[object]) -> bool:
    shared = sum(_common(old, new))
    return (len(old) - shared) * (len(new) - shared) <= _MOST_COMPARED


def _common(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many are the same at the beginning, and behind that at the end."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    most -= start
    end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    return start, end


def content_hash(*, address: str | None, subject: str, body: str, html: str) -> str:
    """SHA-256 (hex) over everything that the recipient gets and where it goes. Two contents never look alike in it."""
    content = json.dumps([address, subject, body, html], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()
