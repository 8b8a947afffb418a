"""What a template is, read from its TOML file, which is data: a file that is wrong in any way is refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from shared.domain.email.fields import FIELDS, MergeField
from shared.domain.email.merging import Placeholder, placeholders
from shared.domain.email.phi import ALLOWED, CHANNELS, LEVELS, LIMITS, RECIPIENTS, Channel, RecipientKind, is_above
from shared.errors import ValidationFailedError
from shared.models.authorization import AuthorizationState
from shared.models.claim import ClaimStatus
from shared.models.firestore.drafts import PhiLevel, Tone
from shared.models.records import CoverageStanding
from shared.models.visit import VisitStatus

# In a short letter only what is essential stands, in a long one every detail.
Part = Literal["essential", "optional", "detail"]
TONES: tuple[Tone, ...] = get_args(Tone)
PARTS: tuple[Part, ...] = get_args(Part)
PHRASES = "phrases"
_EVERY_TONE = "all"
_STATES: Mapping[str, tuple[str, ...]] = {
    "authorization": get_args(AuthorizationState),
    "claim": get_args(ClaimStatus),
    "coverage": get_args(CoverageStanding),
    "visit": get_args(VisitStatus),
}
_MEMBERS = frozenset(
    {"name", "label", "recipient", "channel", "ceiling", "subject", "shares", "needs", "takes", "blocks"}
)
_OF_BLOCK = frozenset({"id", "like", "lines", "courtesy", "sentences"})
_OF_SENTENCE = frozenset({"part", "if_known", _EVERY_TONE, *TONES})


class TemplateError(ValueError):
    """A template's file is wrong. The message names the file and the member."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said in each tone (empty: nothing), and which fields must be known for it to be said at all."""

    variants: Mapping[Tone, str]
    part: Part = "essential"
    if_known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph; with `lines` each sentence has its own line. Courtesy is how one greets and takes leave."""

    id: str
    sentences: tuple[Sentence, ...]
    lines: bool = False
    courtesy: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of e-mail. `ceiling` is the highest level that its fields can reach; its subject never has any.

    `shares` says of a tone that makes no sense here whose words it takes. `needs` says in which states a record has to
    be for the letter to be true of it; `takes` in which ones it is spoken of at all, where the letter holds without it.
    """

    name: str
    label: str
    recipient: RecipientKind
    channel: Channel
    ceiling: PhiLevel
    subject: str
    blocks: tuple[Block, ...]
    shares: Mapping[Tone, Tone]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def said_in(self, tone: Tone) -> Tone:
        """The tone whose words are taken for `tone`."""
        return self.shares.get(tone, tone)

    @property
    def fields(self) -> tuple[MergeField, ...]:
        """Every field that any variant can name."""
        texts = [self.subject, *_texts(self.blocks)]
        return tuple({one.field.name: one.field for text in texts for one in placeholders(text)}.values())


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        for sentence in block.sentences:
            yield from sentence.variants.values()


def read_phrases(raw: Mapping[str, Any]) -> dict[str, Block]:
    """The paragraphs that templates take with `like`. Raises TemplateError."""
    return {name: _block(PHRASES, {"id": name} | block, {}) for name, block in raw.items()}


def read_template(name: str, raw: Mapping[str, Any], phrases: Mapping[str, Block]) -> Template:
    """The template of a file called `name`. Raises TemplateError."""
    _known(name, raw, _MEMBERS)
    shares = _shares(name, raw.get("shares", {}))
    template = Template(
        name=_member(name, raw, "name", (name,)),
        label=_text(name, raw, "label"),
        recipient=cast("RecipientKind", _member(name, raw, "recipient", RECIPIENTS)),
        channel=cast("Channel", _member(name, raw, "channel", CHANNELS)),
        ceiling=cast("PhiLevel", _member(name, raw, "ceiling", LEVELS)),
        subject=_text(name, raw, "subject"),
        blocks=tuple(_block(name, block, phrases) for block in raw.get("blocks", ())),
        shares=shares,
        needs=_states(name, raw.get("needs", {})),
        takes=_states(name, raw.get("takes", {})),
    )
    _check(template)
    return template


def _known(name: str, raw: Mapping[str, Any], members: frozenset[str]) -> None:
    unknown = sorted(raw.keys() - members)
    if unknown:
        raise TemplateError(f"{name}: there is no member {', '.join(unknown)}")


def _member(name: str, raw: Mapping[str, Any], member: str, allowed: tuple[str, ...]) -> str:
    value = raw.get(member)
    if value not in allowed:
        raise TemplateError(f"{name}: {member} is one of {', '.join(allowed)}")
    return cast("str", value)


def _text(name: str, raw: Mapping[str, Any], member: str) -> str:
    value = raw.get(member)
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise TemplateError(f"{name}: {member} is a line of text")
    return value


def _shares(name: str, raw: Mapping[str, Any]) -> dict[Tone, Tone]:
    if not raw.keys() <= set(TONES) or not set(raw.values()) <= set(TONES) - raw.keys():
        raise TemplateError(f"{name}: shares names a tone, and one with words of its own")
    return cast("dict[Tone, Tone]", dict(raw))


def _states(name: str, raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The states of records, by the record. A state that there is not would be waited for in vain."""
    for record, states in raw.items():
        there = _STATES.get(record, ())
        if not isinstance(states, list) or not states or not all(one in there for one in states):
            raise TemplateError(f"{name}: {record} is no record with such states: {states}")
    return {record: tuple(states) for record, states in raw.items()}


def _block(name: str, raw: Mapping[str, Any], phrases: Mapping[str, Block]) -> Block:
    _known(name, raw, _OF_BLOCK)
    like = raw.get("like")
    if like is not None:
        if like not in phrases or "sentences" in raw:
            raise TemplateError(f"{name}: like names a phrase and stands alone: {like}")
        phrase = phrases[like]
        return Block(raw.get("id", like), phrase.sentences, phrase.lines, phrase.courtesy)
    where = f"{name}.{_text(name, raw, 'id')}"
    sentences = tuple(_sentence(where, one) for one in raw.get("sentences", ()))
    if not sentences:
        raise TemplateError(f"{where}: a block has sentences")
    return Block(raw["id"], sentences, raw.get("lines", False), raw.get("courtesy", False))


def _sentence(where: str, raw: Mapping[str, Any]) -> Sentence:
    _known(where, raw, _OF_SENTENCE)
    variants: dict[Tone, str] = {}
    for tone in TONES:
        said = raw.get(tone, raw.get(_EVERY_TONE))
        if not isinstance(said, str) or said != said.strip() or "\n" in said:
            raise TemplateError(f"{where}: what is said in the tone {tone} is missing, or no single line")
        variants[tone] = said
    part = _member(where, {"part": "essential"} | dict(raw), "part", PARTS)
    needed = raw.get("if_known", [])
    unknown = [one for one in needed if one not in FIELDS]
    if unknown:
        raise TemplateError(f"{where}: there is no merge field {', '.join(unknown)}")
    return Sentence(variants, cast("Part", part), tuple(needed))


def _check(template: Template) -> None:
    """Refuse what could not be sent: PHI in the subject or above the ceiling, a ceiling above what may be told."""
    name, whom = template.name, (template.recipient, template.channel)
    if is_above(template.ceiling, LIMITS[whom]):
        raise TemplateError(f"{name}: a {template.recipient} is told at most {LIMITS[whom]} by {template.channel}")
    ids = [block.id for block in template.blocks]
    if not ids or len(ids) != len(set(ids)):
        raise TemplateError(f"{name}: blocks have ids of their own")
    for one in _read(name, template.subject):
        if one.field.level != "none":
            raise TemplateError(f"{name}: {one.field.name} discloses too much for a subject")
        if one.fallback is None:
            raise TemplateError(f"{name}: {one.field.name} has no fallback in the subject")
    for text in _texts(template.blocks):
        for one in _read(name, text):
            kind = one.field.kind
            if is_above(one.field.level, template.ceiling) or (kind is not None and kind not in ALLOWED[whom]):
                raise TemplateError(f"{name}: {one.field.name} is above the ceiling or not for a {template.recipient}")
            if one.fallback is not None and not one.fallback:
                raise TemplateError(f"{name}: the fallback of {one.field.name} is empty: use if_known")


def _read(name: str, text: str) -> tuple[Placeholder, ...]:
    try:
        return placeholders(text)
    except ValidationFailedError as error:
        raise TemplateError(f"{name}: {error.detail}") from error
