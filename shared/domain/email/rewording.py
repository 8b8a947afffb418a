"""Tones and lengths of a letter that was made from a template. What a person wrote into it stays, word for word.

A letter is compared with what the template had made of it: paragraphs that are still the template's are put in the new
style, all others are the person's. Where a person took a paragraph out or wrote an own one for it, the template's does
not come back, whatever is asked for later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from shared.domain.email.composing import PARAGRAPH, Composed, Paragraph, Style, compose
from shared.domain.email.fields import Values
from shared.domain.email.template import Template

_BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


@dataclass(frozen=True, slots=True)
class Reworded:
    """A letter in another style. `paragraphs` is what the template makes in it, to be kept for the next time.

    `by_hand` are the paragraphs that a person wrote, which stand in `body` as they did; `style.left_out` names those
    of the template that have no place any more because of them.
    """

    body: str
    style: Style
    composed: Composed
    by_hand: tuple[str, ...]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """What the template makes in this style."""
        return self.composed.paragraphs


def reword(
    template: Template, style: Style, values: Values, *, body: str, made: Sequence[Paragraph], before: Style
) -> Reworded:
    """Put a letter in another style.

    `body` is the letter as it stands, `made` what the template had made of it in the style `before`.
    """
    stretches = list(_stretches(made, paragraphs_of(body)))
    standing = {one.id for kept, _ in stretches for one in kept}
    # Of a letter that is all a person's own, nothing is the template's to add to.
    taken_out = {one.id for one in made} - standing if standing else {one.id for one in template.blocks}
    style = replace(style, left_out=before.left_out | taken_out)
    composed = compose(template, style, values)
    written = tuple(text for _, texts in stretches for text in texts)
    body = PARAGRAPH.join(_woven(stretches, composed.paragraphs))
    return Reworded(body, style, composed, written)


def by_hand(body: str, made: Sequence[Paragraph]) -> tuple[str, ...]:
    """The paragraphs of a letter that a person wrote."""
    return tuple(text for _, texts in _stretches(made, paragraphs_of(body)) for text in texts)


def paragraphs_of(body: str) -> list[str]:
    """The paragraphs of a letter, without the blanks at the ends of lines."""
    text = "\n".join(line.rstrip() for line in body.splitlines())
    return [one for one in _BLANK_LINE.split(text.strip("\n")) if one.strip()]


_Stretch = tuple[Sequence[Paragraph], list[str]]  # the template's paragraphs that still stand, then a person's


def _stretches(made: Sequence[Paragraph], standing: list[str]) -> Iterator[_Stretch]:
    matcher = SequenceMatcher(None, [one.text for one in made], standing, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            yield made[start:end], []
        elif first < last:
            yield (), standing[first:last]


def _woven(stretches: list[_Stretch], paragraphs: Sequence[Paragraph]) -> Iterator[str]:
    """The new paragraphs of the template, with a person's behind the one that they stood behind."""
    place = {one.id: number for number, one in enumerate(paragraphs)}
    at = 0
    for kept, texts in stretches:
        for one in kept:
            # What the template has only in the new style comes before what follows it there.
            end = place.get(one.id, at - 1) + 1
            yield from (new.text for new in paragraphs[at:end])
            at = max(at, end)
        yield from texts
    yield from (new.text for new in paragraphs[at:])
