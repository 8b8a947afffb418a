"""A write-off above somebody's limit: a request in the claim's history, until it is decided or the claim moves on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from shared.domain.claim.write_off import approvers
from shared.models.claim import BilledClaim, ClaimEvent
from shared.models.roles import Role

ASKED = "write_off_asked"
REFUSED = "write_off_refused"


@dataclass(frozen=True, slots=True)
class WriteOffRequest:
    """What was asked, by whom, and in which event of the claim's history."""

    event_id: UUID
    amount: Decimal
    reason: str
    asked_by: UUID | None

    def approvers(self, claim: BilledClaim) -> tuple[Role, ...]:
        """Who may approve it, with what was written off of the claim before; those with the smallest limit first."""
        return approvers(self.amount + (claim.written_off_amount or Decimal(0)))


def request_in(events: Sequence[ClaimEvent]) -> WriteOffRequest | None:
    """The request that is open in a history (oldest first); a later refusal or a step of the claim closes it."""
    asked: WriteOffRequest | None = None
    for one in events:
        if one.kind == ASKED and one.amount is not None:
            asked = WriteOffRequest(one.id, one.amount, one.reason or "", one.recorded_by)
        elif one.kind == REFUSED or one.from_status != one.to_status:
            asked = None
    return asked
