"""An eligibility verdict with its receipt: what it was decided from, which rules fired, and on what evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.models.firestore.documents import ContextStatus
from shared.models.records import Verdict

DateSource = Literal["params", "context_visit", "next_visit", "today"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule that fired: its id, a reason code, a sentence, and the record it read (`table/uuid`)."""

    rule: str
    code: str
    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class VerdictReceipt:
    """The answer to "is this patient covered on that day?".

    `requires_auth` is None when nobody can say; `authorization_met` tells whether an authorization on file fits.
    """

    verdict: Verdict
    requires_auth: bool | None
    authorization_met: bool
    status: ContextStatus
    date_of_service: date
    date_source: DateSource
    service_type: str
    coverage_id: UUID | None
    evidence: tuple[Evidence, ...]

    @property
    def eligible(self) -> bool | None:
        """True, False or None (undetermined)."""
        return {"eligible": True, "not_eligible": False, "undetermined": None}[self.verdict]
