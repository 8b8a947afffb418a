"""A letter from a template: in a tone, at a length, in plainer words where asked, with the values of the records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from shared.domain.email.fields import FIELDS, Values, shown
from shared.domain.email.merging import Merged, merge
from shared.domain.email.template import Block, Part, Sentence, Template
from shared.models.firestore.drafts import Tone

Length = Literal["short", "standard", "long"]
PARAGRAPH = "\n\n"
_PARTS: dict[Length, frozenset[Part]] = {
    "short": frozenset({"essential"}),
    "standard": frozenset({"essential", "optional"}),
    "long": frozenset({"essential", "optional", "detail"}),
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a template is worded. `left_out` are the paragraphs that a person took out or put in own words."""

    tone: Tone = "professional"
    length: Length = "standard"
    simplified: bool = False
    left_out: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a letter, the block of the template that it is, and the fields whose values it holds."""

    id: str
    text: str
    fields: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter. `used` names the fields whose values it holds, `missing` those that still stand in it as fields."""

    subject: str
    paragraphs: tuple[Paragraph, ...]
    used: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def body(self) -> str:
        """The plain text: paragraphs with a blank line between them."""
        return PARAGRAPH.join(one.text for one in self.paragraphs)


def compose(template: Template, style: Style, values: Values) -> Composed:
    """Word `template` in `style` with `values`."""
    subject = merge(template.subject, values, where="subject")
    merged = [subject]
    paragraphs = list[Paragraph]()
    for block in template.blocks:
        if block.id in style.left_out:
            continue
        said = [merge(text, values) for text in _said(template, block, style, values)]
        if said:
            merged += said
            text = ("\n" if block.lines else " ").join(one.text for one in said)
            paragraphs.append(Paragraph(block.id, text, _all(said, "used")))
    return Composed(subject.text, tuple(paragraphs), _all(merged, "used"), _all(merged, "missing"))


def _said(template: Template, block: Block, style: Style, values: Values) -> Iterator[str]:
    tone: Tone = "plain_language" if style.simplified and not block.courtesy else template.said_in(style.tone)
    for sentence in block.sentences:
        if sentence.part in _PARTS[style.length] and _is_known(sentence, values) and sentence.variants[tone]:
            yield sentence.variants[tone]


def _is_known(sentence: Sentence, values: Values) -> bool:
    return all(shown(FIELDS[name], values.get(name)) for name in sentence.if_known)


def _all(merged: list[Merged], member: Literal["used", "missing"]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in merged for name in getattr(one, member)))
