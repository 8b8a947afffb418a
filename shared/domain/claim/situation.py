"""What guidance and summary of a claim are made from: the claim, what scrubbing finds, what is on file beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.domain.claim.scrubbing import Scrubbed
from shared.domain.claim.secondary import Forwarding
from shared.domain.claim.write_off_request import WriteOffRequest
from shared.domain.eligibility.filing import FilingDeadline, FilingState, filing_state
from shared.models.claim import BilledClaim, ClaimFile
from shared.models.records import Authorization


@dataclass(frozen=True, slots=True)
class ClaimSituation:
    """A claim as of `today` at the organisation.

    `scrubbed` is of a claim that is not with the payer, `fitting` are authorizations that fit it (E10), `filing` is
    None without a date of service, `asked` a write-off that waits for approval.
    """

    file: ClaimFile
    today: date
    scrubbed: Scrubbed | None = None
    fitting: tuple[Authorization, ...] = ()
    forwarding: Forwarding | None = None
    filing: FilingDeadline | None = None
    asked: WriteOffRequest | None = None

    @property
    def claim(self) -> BilledClaim:
        """The claim itself."""
        return self.file.claim

    @property
    def source(self) -> str:
        """The claim, as evidence names it."""
        return f"claims/{self.claim.id}"

    @property
    def filed_in(self) -> FilingState | None:
        """How near the filing deadline is; None where none is known."""
        return None if self.filing is None else filing_state(self.filing, self.today)
