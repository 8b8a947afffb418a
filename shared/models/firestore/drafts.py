"""E-mail drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.models.firestore.documents import Document, Part

DraftState = Literal[
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "queued",
    "sending",
    "sent",
    "send_unknown",
    "delivered",
    "bounced",
    "failed",
    "discarded",
    "retracted",
]
PhiLevel = Literal["none", "low", "medium", "high"]
Tone = Literal["professional", "friendly", "plain_language", "firm", "empathetic", "concise"]


Length = Literal["short", "standard", "long"]
SENDING_STATES: frozenset[DraftState] = frozenset({"queued", "sending"})


class Recipient(Part):
    """Who gets it: `reference` is `table/uuid` of the patient, payer or provider; `address` an e-mail address."""

    kind: Literal["patient", "payer", "provider", "colleague", "other"]
    reference: str | None = None
    address: str | None = None
    name: str = ""


class DiffPart(Part):
    """A stretch of text that stayed, went or came."""

    op: Literal["equal", "delete", "insert"]
    text: str


class DraftRevision(Part):
    """An earlier wording, by whom it was changed, what was asked for, and how it became the next (older: unsaid)."""

    number: int
    at: datetime
    by: str
    instruction: str | None = None
    subject: str
    body: str
    difference: tuple[DiffPart, ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes of the document it takes."""
        texts = (self.subject, self.body, *(part.text for part in self.difference))
        return sum(len(text.encode()) + 16 for text in texts)


class PhiReason(Part):
    """Why the e-mail may not go out as it is: what was found and where, never what it says."""

    code: str
    kind: str
    field: str | None = None
    part: Literal["subject", "body", "notice"]
    start: int
    end: int
    text: str


class MadeParagraph(Part):
    """A paragraph as the template made it, and the block of the template that it is."""

    id: str
    text: str


class UsedFields(Part):
    """The merge fields that a paragraph of the body (counted from 0) was filled from; None is the subject."""

    paragraph: int | None = None
    fields: tuple[str, ...]


class DeliveryNote(Part):
    """What was heard of the message after it was sent: `status` is the code of RFC 3463, `action` that of RFC 3464."""

    action: str
    status: str | None = None
    at: datetime


class DraftDocument(Document):
    """`drafts/{id}`. An approval is bound to `approved_hash`; `message_id` is the fixed Message-ID of its sending.

    `contributors` worded it (author among them). `answers` is what people filled in for merge fields, as they wrote it.
    `made` is what the template has made of it, to tell a person's paragraphs from its own; those of `left_out` do not
    come back. In `own_words` are letters without a template, or changed by hand. `disclosed` names merge fields
    and kinds of health information, never a value. `message_ids` are those of all its sendings, the newest last.
    `rests_on` has the uuid of each record, by its kind, that the template was merged from and asks to be in some state.
    `stated` has what records said in its paragraphs, as it stands there, by merge field.
    `attend_at` is when a queued one is to be sent, or one that is being sent counts as lost; the sweep looks for it.
    Schema 2 added all that has a default here and stands behind `sort_at`; older documents lack it.
    """

    schema_version: int = Field(default=2, alias="schema")
    context_id: str | None = None
    mode: str = "email-drafter"
    patient_uuid: str | None = None
    author_id: str
    template: str | None = None
    recipient: Recipient
    subject: str
    body: str
    tone: Tone = "professional"
    phi_level: PhiLevel = "none"
    missing_fields: tuple[str, ...] = ()
    state: DraftState = "draft"
    revisions: tuple[DraftRevision, ...] = ()
    content_hash: str
    approved_hash: str | None = None
    approved_by: str | None = None
    message_id: str | None = None
    sent_at: datetime | None = None
    corrects: str | None = None
    sort_at: datetime
    record_type: str = "other"
    record_uuid: str | None = None
    contributors: tuple[str, ...] = ()
    length: Length = "standard"
    simplified: bool = False
    own_words: bool = False
    own_subject: bool = False
    made: tuple[MadeParagraph, ...] = ()
    left_out: tuple[str, ...] = ()
    answers: dict[str, str | int] = Field(default={})
    channel: Literal["plain_email", "portal_link"] = "plain_email"
    portal_link: str | None = None
    phi_limit: PhiLevel = "none"
    phi_reasons: tuple[PhiReason, ...] = ()
    ways_out: tuple[str, ...] = ()
    disclosed: tuple[str, ...] = ()
    used: tuple[UsedFields, ...] = ()
    revision_count: int = 0
    reason: str | None = None
    submitted_by: str | None = None
    sent_by: str | None = None
    sender_name: str = ""
    mail_date: datetime | None = None
    message_ids: tuple[str, ...] = ()
    attempts: int = 0
    attend_at: datetime | None = None
    fault: str | None = None
    heard: DeliveryNote | None = None
    follow_up_on: str | None = None
    follow_up_at: datetime | None = None
    follow_up_task: str | None = None
    answered_at: datetime | None = None
    corrected_by: str | None = None
    in_reply_to: str | None = None
    rests_on: dict[str, str] = Field(default={})
    stated: dict[str, str] = Field(default={})
