"""What a draft says: worded from its template or by a person, merged, measured, and hashed. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from shared.domain.email import used_fields
from shared.domain.email.addresses import address, display_name, organisation_name, subject_line
from shared.domain.email.composing import Paragraph, Style, compose
from shared.domain.email.fields import FIELDS, label_of
from shared.domain.email.html_part import html_part
from shared.domain.email.merging import is_resolved, merge
from shared.domain.email.missing_form import read_form
from shared.domain.email.phi_meter import Measure, measure
from shared.domain.email.plain_text import is_visible, one_line
from shared.domain.email.revisions import content_hash, difference
from shared.domain.email.rewording import by_hand, paragraphs_of, reword
from shared.domain.email.template import Template
from shared.domain.email.templates import template as template_named
from shared.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from shared.models.api.drafts import MOST_OF_BODY, NewRecipient, RecipientKind
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.drafts import (
    DiffPart,
    DraftDocument,
    DraftRevision,
    MadeParagraph,
    PhiReason,
    Recipient,
    UsedFields,
)
from shared.services.email_values import EmailFacts, EmailValues

MOST_REVISIONS, MOST_OF_REVISIONS = 50, 500_000  # bytes: a document holds a mebibyte
MOST_REASONS = 50
PORTAL_LINK = "organisation.portal_link"
ADDRESS = "recipient.address"
_MORNING = time(8)
_OF_OURS = frozenset({"payer", "provider", "colleague"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # letters that nobody sees


@dataclass(frozen=True, slots=True)
class Content:
    """What a draft says and to whom; `missing` names the merge fields without a value, and the address."""

    subject: str
    body: str = field(repr=False)
    missing: tuple[str, ...] = ()


class DraftContents:
    """Words, merges and measures for one caller."""

    def __init__(self, values: EmailValues) -> None:
        self._values = values

    def recipient(
        self, caller: Caller, context: ContextDocument, given: NewRecipient, facts: EmailFacts, *, before: Recipient
    ) -> Recipient:
        """Return whom it goes to: what is given, else as before, else who the context is about.

        Raises NotFoundError for somebody of another organisation or of another patient's record, ValidationFailedError
        for an address or a name that no header may hold.
        """
        kind = given.kind or before.kind
        same = kind == before.kind
        reference, name, on_file = before.reference if same else None, before.name if same else "", None
        wanted = given.reference or (None if reference is not None else _default(kind, context, facts))
        if kind == "colleague" and wanted is None and reference is not None:
            wanted = reference.partition("/")[2]
        if wanted is not None:
            reference, name, on_file = self._found(caller, context, kind, wanted)
        to = before.address if same and given.reference is None else None
        if given.address is not None:
            to = address(given.address)
            if kind == "colleague" and (on_file is None or to.casefold() != address(on_file).casefold()):
                refuse("recipient.address", "not_on_file", "is not the address of a colleague that reference names")
        elif to is None and on_file is not None:
            to = address(on_file)
        if given.name is not None:
            name = display_name(given.name, where="recipient.name")
            _refuse_telling_name(kind, name, facts)
        return Recipient(kind=kind, reference=reference, address=to, name=display_name(name, where="recipient.name"))

    def check_known(self, caller: Caller, context: ContextDocument, given: NewRecipient, kind: RecipientKind) -> None:
        """Raise NotFoundError for a recipient who is named and is nobody of ours."""
        if given.reference is not None:
            self._found(caller, context, kind, given.reference)

    def _found(
        self, caller: Caller, context: ContextDocument, kind: RecipientKind, wanted: str
    ) -> tuple[str, str, str | None]:
        found = self._values.recipient(caller, kind, wanted)
        mine = found is not None and (kind != "patient" or found[0] == f"patients/{context.patient_uuid}")
        if found is None or not mine:
            raise NotFoundError("There is no such recipient")
        return found[0], one_line(found[1]), found[2]

    def worded(self, draft: DraftDocument, template: Template, facts: EmailFacts) -> DraftDocument:
        """Word the template from nothing in the draft's style."""
        letter = compose(template, style_of(draft), facts.values | _whom(draft.recipient))
        used = used_fields.of_template(letter.body, letter.paragraphs, {})
        members = {"made": _made(letter.paragraphs), "left_out": (), "own_words": False, "used": _used((), used)}
        draft = draft.model_copy(update=members | {"rests_on": dict(facts.rests_on)})
        return self.measured(draft, Content(letter.subject, letter.body, letter.missing), facts)

    def restyled(self, draft: DraftDocument, template: Template, before: Style, facts: EmailFacts) -> DraftDocument:
        """Word the template's paragraphs anew in the draft's style; what a person wrote stays, word for word."""
        values = facts.values | _whom(draft.recipient)
        letter = reword(template, style_of(draft), values, body=draft.body, made=made_of(draft), before=before)
        subject = draft.subject if draft.own_subject else letter.composed.subject
        missing = merge(subject, {}, where="subject").missing + merge(letter.body, {}).missing
        own_subject, paragraphs = used_in(draft)
        before_it = dict(zip(paragraphs_of(draft.body), paragraphs, strict=False))
        used = used_fields.of_template(letter.body, letter.paragraphs, before_it)
        members: dict[str, object] = {
            "used": _used(own_subject if draft.own_subject else (), used),
            "made": _made(letter.paragraphs),
            "left_out": tuple(sorted(letter.style.left_out)),
            "own_words": bool(letter.by_hand),
        }
        if letter.paragraphs:  # else all words are a person's, of the records that they had before them
            members["rests_on"] = dict(facts.rests_on)
        return self.measured(draft.model_copy(update=members), Content(subject, letter.body, missing), facts)

    def merged(self, draft: DraftDocument, subject: str, body: str, facts: EmailFacts) -> DraftDocument:
        """Take a person's own words; merge fields in them are filled in, and unknown ones refused."""
        values = facts.values | _whom(draft.recipient)
        line, text = merge(subject, values, where="subject"), merge(_clean(body), values, where="body")
        missing = tuple(dict.fromkeys((*line.missing, *text.missing)))
        in_subject, paragraphs = used_in(draft)
        in_subject = line.used + used_fields.in_line(line.text, in_subject, values)
        used = used_fields.carried(draft.body, paragraphs, text.text, used_fields.of_written(_clean(body), values))
        # What is filled in now is filled in what the template had made as well, or it would look like a person's.
        made = [Paragraph(one.id, merge(one.text, values).text) for one in draft.made]
        draft = draft.model_copy(update={"made": _made(made), "used": _used(in_subject, used)})
        return self.measured(draft, Content(line.text, text.text, missing), facts)

    def measured(self, draft: DraftDocument, content: Content, facts: EmailFacts) -> DraftDocument:
        """Put the content into the draft with what it discloses, what it lacks, and its hash."""
        if len(content.body) > MOST_OF_BODY:
            refuse("body", "too_long", f"has at most {MOST_OF_BODY} characters")
        if not _says_something(content.body):
            refuse("body", "empty", "says nothing")
        subject = subject_line(content.subject)
        missing = content.missing + facts.lacking + ((ADDRESS,) if draft.recipient.address is None else ())
        link = facts.values.get(PORTAL_LINK)
        if draft.channel == "portal_link" and not link:
            missing += (PORTAL_LINK,)
        members: dict[str, object] = {
            "subject": subject,
            "body": content.body,
            "missing_fields": tuple(dict.fromkeys(missing)),
            "portal_link": str(link) if link else None,
            "sender_name": organisation_name(facts.sender_name),
        }
        said = draft.model_copy(update=members)
        stated = used_fields.stated(content.body, used_in(said)[1], facts.values, draft.stated)
        said = said.model_copy(update={"stated": stated})
        return hashed(said.model_copy(update=phi_members(measured(said, subject, content.body, facts))))


def measured(draft: DraftDocument, subject: str, body: str, facts: EmailFacts) -> Measure:
    """Measure a content as it goes to the draft's recipient; for the portal, what goes by e-mail as well."""
    kind, known = told_as(draft.recipient), facts.known
    in_subject, paragraphs = used_in(draft)
    used = (
        *used_fields.disclosed(subject, (in_subject,), facts.values, part="subject"),
        *used_fields.disclosed(body, paragraphs, facts.values),
    )
    reading = measure(subject=subject, body=body, recipient=kind, channel=draft.channel, known=known, used=used)
    if draft.channel == "plain_email":
        return reading
    notice = measure(subject="", body=mailed_text(draft), recipient=kind, channel="plain_email", known=known)
    # Where they stand is a place in the notice, which is no part of the letter that a person could change.
    of_notice = tuple(replace(one, finding=replace(one.finding, part="notice")) for one in notice.reasons)
    return replace(reading, reasons=reading.reasons + of_notice)


def told_as(recipient: Recipient) -> RecipientKind:
    """What a recipient may be told: who says of anybody that it is a payer has not made it one of ours."""
    return "other" if recipient.kind in _OF_OURS and recipient.reference is None else recipient.kind


def phi_members(reading: Measure) -> dict[str, object]:
    """The members of a draft that say what it discloses."""
    reasons = tuple(
        PhiReason(
            code=one.code,
            kind=one.finding.kind,
            field=one.finding.field,
            part=one.finding.part,
            start=one.finding.start,
            end=one.finding.end,
            text=one.text,
        )
        for one in reading.reasons[:MOST_REASONS]
    )
    return {
        "phi_level": reading.level,
        "phi_limit": reading.limit,
        "phi_reasons": reasons,
        "ways_out": reading.ways_out,
        "disclosed": reading.disclosed,
    }


def mailed_text(draft: DraftDocument) -> str:
    """What goes out by e-mail: the letter, or only where it can be read when it is for the portal."""
    if draft.channel == "plain_email":
        return draft.body
    practice = draft.sender_name or "your practice"
    return f"You have a new message from {practice}.\n\nSign in to read it: {draft.portal_link or ''}"


def hashed(draft: DraftDocument) -> DraftDocument:
    """The draft with the hash of all that goes out, and of the letter behind a link."""
    html = html_part(draft.body) + (html_part(mailed_text(draft)) if draft.channel == "portal_link" else "")
    made = content_hash(address=draft.recipient.address, subject=draft.subject, body=draft.body, html=html)
    return draft.model_copy(update={"content_hash": made})


def with_revision(before: DraftDocument, after: DraftDocument, instruction: str, caller: Caller) -> DraftDocument:
    """Keep the wording before, with how it became the one after; the oldest go where a document has no room."""
    if (before.subject, before.body) == (after.subject, after.body):
        return after
    parts = tuple(DiffPart(op=one.op, text=one.text) for one in difference(before.body, after.body))
    kept = DraftRevision(
        number=before.revision_count + 1,
        at=after.updated_at,
        by=str(caller.user_id),
        instruction=instruction,
        subject=before.subject,
        body=before.body,
        difference=parts,
    )
    revisions = [*before.revisions, kept][-MOST_REVISIONS:]
    while len(revisions) > 1 and sum(one.size for one in revisions) > MOST_OF_REVISIONS:
        revisions.pop(0)
    return after.model_copy(update={"revisions": tuple(revisions), "revision_count": kept.number})


def template_of(draft: DraftDocument) -> Template:
    """The template that the draft can be worded anew from. Raises ConflictError where all words are a person's own."""
    theirs = by_hand(draft.body, made_of(draft))
    if draft.template is None or (theirs and theirs == by_hand(draft.body, ())):
        raise ConflictError("A person's own words are not put into other words without a model", code="own_words")
    return template_named(draft.template)


def named_template(name: str) -> Template:
    """The template called `name`. Raises ValidationFailedError."""
    try:
        return template_named(name)
    except NotFoundError:
        refuse("template", "unknown_template", "is not a template")


def style_of(draft: DraftDocument) -> Style:
    """How the draft's template is worded."""
    return Style(tone=draft.tone, length=draft.length, simplified=draft.simplified, left_out=frozenset(draft.left_out))


def made_of(draft: DraftDocument) -> tuple[Paragraph, ...]:
    """The paragraphs as the draft's template had made them."""
    return tuple(Paragraph(one.id, one.text) for one in draft.made)


def used_in(draft: DraftDocument) -> tuple[used_fields.Fields, tuple[used_fields.Fields, ...]]:
    """The fields of the draft's subject, and those of each paragraph of its body."""
    subject = next((one.fields for one in draft.used if one.paragraph is None), ())
    of = {one.paragraph: one.fields for one in draft.used}
    return subject, tuple(of.get(at, ()) for at in range(len(paragraphs_of(draft.body))))


def _used(subject: used_fields.Fields, paragraphs: Iterable[used_fields.Fields]) -> tuple[UsedFields, ...]:
    every = ((None, subject), *enumerate(paragraphs))
    return tuple(UsedFields(paragraph=at, fields=fields) for at, fields in every if fields)


def without_used(draft: DraftDocument, gone: frozenset[str | None]) -> DraftDocument:
    """The draft when the values of some fields were taken out of it."""
    left = ((one.paragraph, tuple(name for name in one.fields if name not in gone)) for one in draft.used)
    used = tuple(UsedFields(paragraph=at, fields=fields) for at, fields in left if fields)
    return draft.model_copy(update={"used": used})


def _says_something(text: str) -> bool:
    return any(sign.isalnum() and sign not in _FILLERS for sign in text)


def _made(paragraphs: Iterable[Paragraph]) -> tuple[MadeParagraph, ...]:
    return tuple(MadeParagraph(id=one.id, text=one.text) for one in paragraphs)


def answers_of(given: Mapping[str, str | int]) -> dict[str, Any]:
    """What people filled in, typed. Raises ValidationFailedError naming each field that is wrong or unknown."""
    return dict(read_form(given))


def follow_up_at(day: date | None, caller: Caller, now: datetime) -> datetime | None:
    """The morning of the day by which an answer is expected. Raises ValidationFailedError for one that has come."""
    if day is None:
        return None
    if day <= caller.today(now):
        refuse("followUpOn", "in_the_past", "must be a day to come")
    try:
        return datetime.combine(day, _MORNING, ZoneInfo(caller.time_zone))
    except OverflowError:
        refuse("followUpOn", "not_a_date", "lies outside the calendar")


def check_complete(draft: DraftDocument) -> None:
    """Refuse what cannot go out as it is: fields without a value, or more than this recipient may be told.

    Raises ValidationFailedError (`missing_fields`, `phi_over_limit`) with the form, or the reasons and the ways out.
    """
    if draft.missing_fields:
        errors = tuple(
            FieldError(f"fields.{name}" if name in FIELDS else name, "missing", f"{label_of(name)} is missing")
            for name in draft.missing_fields
        )
        raise ValidationFailedError("The e-mail lacks something", code="missing_fields", errors=errors)
    open_fields = tuple(
        FieldError(part, "unresolved_field", f"The {part} has braces of a merge field that was not filled in")
        for part, text in (("subject", draft.subject), ("body", draft.body))
        if not is_resolved(text)
    )
    if open_fields:
        raise ValidationFailedError("The e-mail lacks something", code="missing_fields", errors=open_fields)
    if not _says_something(draft.body):
        refuse("body", "empty", "says nothing")
    if draft.phi_reasons:
        errors = tuple(FieldError(one.part, one.code, one.text) for one in draft.phi_reasons)
        raise ValidationFailedError(
            "The e-mail discloses more than this recipient may be told on this way",
            code="phi_over_limit",
            errors=errors,
            allowed=list(draft.ways_out),
        )


def refuse(where: str, code: str, message: str) -> NoReturn:
    """Raise the error of one member."""
    raise ValidationFailedError(f"{where} {message}", errors=(FieldError(where, code, message),))


def _refuse_telling_name(kind: RecipientKind, name: str, facts: EmailFacts) -> None:
    """Refuse a name typed by hand that discloses: like the subject, it stands where anybody reads it."""
    subject, body = ("", name) if kind == "patient" else (name, "")
    if measure(subject=subject, body=body, recipient=kind, channel="plain_email", known=facts.known).reasons:
        refuse("recipient.name", "phi_in_name", "discloses what no address may")


def _default(kind: str, context: ContextDocument, facts: EmailFacts) -> str | None:
    record = {"patient": context.patient_uuid, "payer": facts.payer_id, "provider": facts.provider_id}.get(kind)
    return None if record is None else str(record)


def _whom(recipient: Recipient) -> dict[str, str]:
    return {"recipient.name": recipient.name} if recipient.name else {}


def _clean(body: str) -> str:
    """A person's text without control characters and what nobody sees; its lines and paragraphs stay."""
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in text if sign == "\n" or is_visible(sign)).strip()


def with_facts(facts: EmailFacts, given: Mapping[str, str | int]) -> EmailFacts:
    """The facts with a draft's answers."""
    return facts.with_answers(answers_of(given)) if given else replace(facts)
