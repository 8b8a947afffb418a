"""Slips of the pen: a long word that is one letter away from exactly one known word is taken for it."""

from __future__ import annotations

from functools import cache

from shared.domain.questions.lexicon import phrases, single_words

SHORTEST = 6


@cache
def _by_length() -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for word in sorted(single_words()):
        if len(word) >= SHORTEST:
            found.setdefault(len(word), []).append(word)
    return {length: tuple(words) for length, words in found.items()}


def meant(word: str) -> str | None:
    """The known word that `word` is a slip of; None when there is none, or words of several meanings are as near."""
    if len(word) < SHORTEST:
        return None
    near = [
        known
        for length in (len(word) - 1, len(word), len(word) + 1)
        for known in _by_length().get(length, ())
        if _one_apart(word, known)
    ]
    meanings = {phrases()[(one,)] for one in near}
    return near[0] if len(meanings) == 1 else None


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter more, less, other or two swapped make one word of the other."""
    if len(one) > len(other):
        one, other = other, one
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped == other[at:]
