"""E-mail drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

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


class Recipient(Part):
    """Who gets it: `reference` is `table/uuid` of the patient, payer or provider; `address` an e-mail address."""

    kind: Literal["patient", "payer", "provider", "colleague", "other"]
    reference: str | None = None
    address: str | None = None


class DraftRevision(Part):
    """An earlier wording, by whom it was changed and what was asked for."""

    number: int
    at: datetime
    by: str
    instruction: str | None = None
    subject: str
    body: str


class DraftDocument(Document):
    """`drafts/{id}`. An approval is bound to `approved_hash`; `message_id` is the fixed Message-ID of its sending."""

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
