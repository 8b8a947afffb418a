"""Requests and answers about e-mail drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import AnswerModel, Day, Page, RequestModel
from shared.models.api.members import Reference
from shared.models.api.tasks import DocumentId, Reason, Version
from shared.models.firestore.drafts import (
    DeliveryNote,
    DiffPart,
    DraftDocument,
    DraftState,
    Length,
    PhiLevel,
    PhiReason,
    Recipient,
    Tone,
)

MOST_OF_BODY = 10_000
TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=MOST_OF_BODY)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Name = Annotated[str, StringConstraints(max_length=200)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}\.[a-z_]{1,30}$")]
Answer = Annotated[str, StringConstraints(max_length=2000)] | int
Answers = dict[FieldName, Answer]
RecipientKind = Literal["patient", "payer", "provider", "colleague", "other"]
Channel = Literal["plain_email", "portal_link"]
ReportOutcome = Literal["bounced", "delayed", "delivered", "noted", "outdated", "not_ours"]
Wording = Literal["shorten", "expand", "simplify", "set_tone", "rewrite"]


class NewRecipient(RequestModel):
    """Who gets it: a record of this organisation by number or uuid, and the address that it goes to."""

    kind: RecipientKind | None = None
    reference: Reference | None = None
    address: Address | None = None
    name: Name | None = None


class NewDraft(RequestModel):
    """A draft in a context (the caller's current one by default): from a template, or in own words."""

    context_id: DocumentId | None = None
    template: TemplateName | None = None
    recipient: NewRecipient = NewRecipient()
    subject: Subject | None = None
    body: Body | None = None
    tone: Tone = "professional"
    length: Length = "standard"
    simplified: bool = False
    fields: Answers = Field(default={}, max_length=40)
    channel: Channel | None = None
    follow_up_on: Day | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.template is None and (self.subject is None or self.body is None):
            raise ValueError("give a template, or subject and body")
        if self.template is not None and (self.subject is not None or self.body is not None):
            raise ValueError("a template words subject and body: change them afterwards")
        return self


class EditDraft(RequestModel):
    """What a PUT may change; a member left out stays. A template is worded anew with what `fields` fill in."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {
            "id",
            "contextId",
            "state",
            "allowed",
            "authorId",
            "template",
            "tone",
            "length",
            "simplified",
            "ownWords",
            "missing",
            "form",
            "phi",
            "contentHash",
            "approvedBy",
            "reason",
            "messageId",
            "sentAt",
            "fault",
            "heard",
            "followUpTask",
            "answeredAt",
            "corrects",
            "correctedBy",
            "revisions",
            "createdAt",
            "updatedAt",
        }
    )

    subject: Subject | None = None
    body: Body | None = None
    recipient: NewRecipient | None = None
    fields: Answers | None = Field(default=None, max_length=40)
    channel: Channel | None = None
    follow_up_on: Day | None = None
    version: Version | None = None


class ReviseDraft(RequestModel):
    """How to word the template anew; `rewrite` has a model put the whole text in other words, as the `wish` says."""

    instruction: Wording
    tone: Tone | None = None
    wish: str | None = Field(default=None, min_length=1, max_length=500)
    version: Version | None = None

    @model_validator(mode="after")
    def _with_its_tone(self) -> Self:
        if (self.instruction == "set_tone") != (self.tone is not None):
            raise ValueError("set_tone, and only set_tone, needs a tone")
        if (self.instruction == "rewrite") != (self.wish is not None):
            raise ValueError("rewrite, and only rewrite, needs a wish")
        return self


class DraftStep(RequestModel):
    """A step, of the version that was read."""

    version: Version | None = None


class ReasonedStep(RequestModel):
    """A step and why."""

    reason: Reason
    version: Version | None = None


class DiscardDraft(RequestModel):
    """Why it is not needed, where there is something to say."""

    reason: Reason | None = None
    version: Version | None = None


class ApproveDraft(RequestModel):
    """Approve the content with this hash: the one that was read."""

    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    version: Version | None = None


class SendDraft(RequestModel):
    """Send. Of a message of which nobody knows whether it went out, a person decides: send it again, or it was sent.

    Of a letter for the portal only a notice is mailed: `placedInPortal` says that a person has put the letter there.
    """

    decision: Literal["resend", "was_sent"] | None = None
    placed_in_portal: bool = False
    version: Version | None = None


class RetractDraft(RequestModel):
    """Why what was sent does not hold, and whether a correction is to be drafted."""

    reason: Reason
    correction: bool = True
    version: Version | None = None


class ImportReport(RequestModel):
    """A delivery report (RFC 3464) as it arrived: the whole message."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=400_000)]


class DraftQuery(Page):
    """Which drafts: of a context, one's own, or all (leads and auditors), in a state."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25
    context_id: DocumentId | None = None
    author: Literal["me"] | None = None
    state: DraftState | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.context_id is not None and self.author is not None:
            raise ValueError("send contextId or author")
        return self


class TemplateView(AnswerModel):
    """A template. `fields` are the merge fields it may name; `ceiling` is the most that it discloses."""

    name: str
    label: str
    recipient: RecipientKind
    channel: Channel
    ceiling: PhiLevel
    subject: str
    tones: tuple[Tone, ...]
    lengths: tuple[Length, ...]
    fields: tuple[str, ...]


class TemplateList(AnswerModel):
    """Every template."""

    templates: tuple[TemplateView, ...]


class PhiView(AnswerModel):
    """What the e-mail discloses, how much this recipient may be told on this way, and what is against sending it."""

    level: PhiLevel
    limit: PhiLevel
    disclosed: tuple[str, ...]
    reasons: tuple[PhiReason, ...]
    ways_out: tuple[str, ...]


class RevisionView(AnswerModel):
    """An earlier wording and how it became the next one."""

    number: int
    at: datetime
    by: str
    instruction: str | None
    difference: tuple[DiffPart, ...]


class DraftSummary(AnswerModel):
    """A draft in a list: without its text."""

    id: str
    context_id: str | None
    template: str | None
    recipient: Recipient
    subject: str
    state: DraftState
    phi_level: PhiLevel
    missing_fields: tuple[str, ...]
    author_id: str
    sent_at: datetime | None
    corrects: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, draft: DraftDocument) -> DraftSummary:
        """Show `draft`."""
        return cls.model_validate(draft, from_attributes=True)


class DraftList(AnswerModel):
    """A page of drafts; `nextCursor` is null at the end."""

    drafts: tuple[DraftSummary, ...]
    next_cursor: str | None


class DraftView(AnswerModel):
    """A draft as clients see it. `allowed` are the steps that a person can take; `form` asks for what is missing.

    `byHand` are the paragraphs that a person wrote: no tone and no length changes them.
    """

    id: str
    context_id: str | None
    template: str | None
    tone: Tone
    length: Length
    simplified: bool
    own_words: bool
    by_hand: tuple[str, ...]
    recipient: Recipient
    channel: Channel
    subject: str
    body: str
    fields: Answers
    missing: tuple[str, ...]
    form: dict[str, Any] | None
    phi: PhiView
    state: DraftState
    allowed: tuple[str, ...]
    author_id: str
    content_hash: str
    approved_by: str | None
    reason: str | None
    message_id: str | None
    sent_at: datetime | None
    fault: str | None
    heard: DeliveryNote | None
    follow_up_on: str | None
    follow_up_task: str | None
    answered_at: datetime | None
    corrects: str | None
    corrected_by: str | None
    revisions: tuple[RevisionView, ...]
    version: int
    created_at: datetime
    updated_at: datetime


class Retracted(AnswerModel):
    """The retracted draft, and the draft that corrects it."""

    draft: DraftView
    correction: DraftView | None


class ReportResult(AnswerModel):
    """What a report was about. `outcome` is bounced, delayed, delivered, noted, outdated or not_ours."""

    outcome: ReportOutcome
    draft: DraftView | None


class DraftReference(RequestModel):
    """A draft; the newest one of the context by default."""

    draft_id: DocumentId | None = None


class DraftEmailParams(RequestModel):
    """What to draft."""

    template: TemplateName
    recipient: NewRecipient = NewRecipient()
    tone: Tone = "professional"
    length: Length = "standard"
    fields: Answers = Field(default={}, max_length=40)
    follow_up_on: Day | None = None


class ApplyTemplateParams(DraftReference):
    """Which template takes the place of what the draft says."""

    template: TemplateName


class CheckPhiParams(DraftReference):
    """Whether one of the ways out is to be taken at once."""

    resolve: Literal["remove", "portal_link"] | None = None


class ToneParams(DraftReference):
    """In which tone."""

    tone: Tone


class FillParams(DraftReference):
    """What the draft lacked, the recipient's address, and a wording of one's own where it is to be another."""

    fields: Answers = Field(default={}, max_length=40)
    body: Body | None = None
    recipient: NewRecipient | None = None


class ChangesParams(DraftReference):
    """What is to be changed."""

    reason: Reason


class ApproveParams(DraftReference):
    """The content that was read."""

    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SendParams(DraftReference):
    """See SendDraft."""

    decision: Literal["resend", "was_sent"] | None = None
    placed_in_portal: bool = False


class DiscardParams(DraftReference):
    """See DiscardDraft."""

    reason: Reason | None = None


class FollowUpParams(DraftReference):
    """By when an answer is expected."""

    follow_up_on: Day
