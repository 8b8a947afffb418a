"""The port to payers. Whoever answers, an answer is a PayerAnswer, and its absence a InquiryFailure."""

from __future__ import annotations

from typing import Protocol

from shared.models.eligibility_inquiry import EligibilityInquiry, InquiryOutcome, InquiryProvider


class Clearinghouse(Protocol):
    """Asks a payer about one person.

    It never raises for what a payer, a network or a person's data did, never waits to try again (see
    `shared.domain.check_schedule`), and never turns a failure into "not eligible".
    """

    @property
    def provider(self) -> InquiryProvider:
        """Who asks there."""
        ...

    def check(self, inquiry: EligibilityInquiry, *, within: float | None = None) -> InquiryOutcome:
        """Ask once. At most 20 seconds, or `within` fewer."""
        ...
