"""What scrub rules look at, what they find, and the verdict of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.models.claim import BilledClaim
from shared.models.records import Authorization, EligibilityFile, Payer, Visit
from shared.models.verdict import Evidence, VerdictReceipt

Severity = Literal["block", "warn"]


@dataclass(frozen=True, slots=True)
class PrimaryAnswer:
    """How the primary payer's claim stands: its state, and when the payer decided (None: it has not)."""

    status: str
    adjudicated_on: date | None


@dataclass(frozen=True, slots=True)
class ScrubInput:
    """A claim and everything on file that the rules need; None is what is not known, and is never made up.

    `receipt` is the eligibility verdict of the claim's own payer for the date of service, `overall` that of every
    coverage; both None without a date. `twins` are the numbers of other claims of the same patient, date, amount and
    provider. `authorization` is the one that the claim names. `primary` is of a secondary claim,
    `payers_before` are all that have decided before on what it bills.
    """

    claim: BilledClaim
    file: EligibilityFile
    today: date
    payer: Payer | None = None
    self_pay: bool = False
    provider_npi: str | None = None
    visit: Visit | None = None
    receipt: VerdictReceipt | None = None
    overall: VerdictReceipt | None = None
    authorization: Authorization | None = None
    twins: tuple[str, ...] = ()
    payers_before: frozenset[UUID] = frozenset()
    primary: PrimaryAnswer | None = None
    filing_proof: bool = False

    @property
    def source(self) -> str:
        """The claim, as evidence names it."""
        return f"claims/{self.claim.id}"


Check = Callable[[ScrubInput], tuple["Hit", ...]]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule has found: whether it keeps the claim back, and on what evidence."""

    severity: Severity
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ScrubRule:
    """A rule. `title` is the first line of its function's docstring, `source` where it comes from."""

    id: str
    title: str
    source: str
    check: Check


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What all rules have found, what keeps the claim back first."""

    hits: tuple[Hit, ...]

    @property
    def blocks(self) -> tuple[Evidence, ...]:
        """What keeps the claim back."""
        return tuple(one.evidence for one in self.hits if one.severity == "block")

    @property
    def warnings(self) -> tuple[Evidence, ...]:
        """What somebody should look at."""
        return tuple(one.evidence for one in self.hits if one.severity == "warn")

    @property
    def passed(self) -> bool:
        """Whether the claim may be submitted."""
        return not self.blocks

    @property
    def hold_reason(self) -> str | None:
        """The codes of what keeps it back, as a hold's reason; None when nothing does."""
        return ", ".join(dict.fromkeys(one.code for one in self.blocks)) or None
