"""Files that payers send about claims, as they are kept: each transaction with its lines and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from shared.models.remittance import ClaimPayment, ClaimStatusAnswer, Imbalance, ProviderAdjustment

PayerFileKind = Literal["remittance", "claim_status", "acknowledgement"]
# pending: not come to yet. noted: kept in the claim's history without moving it. The last two leave the claim alone.
LineOutcome = Literal["pending", "posted", "noted", "already_posted", "not_posted"]
SETTLED: frozenset[LineOutcome] = frozenset({"posted", "noted", "already_posted"})
LineContent: TypeAlias = ClaimPayment | ClaimStatusAnswer


@dataclass(frozen=True, slots=True)
class NewLine:
    """One claim of a file. `number` counts from 1; `fingerprint` is the same wherever this payment is repeated."""

    number: int
    fingerprint: str
    content: LineContent


@dataclass(frozen=True, slots=True)
class NewPayerFile:
    """One transaction of a file. `digest` is of the whole file, `place` counts its transactions from 1."""

    id: UUID
    kind: PayerFileKind
    digest: str
    place: int
    trace_number: str
    payer_name: str | None
    payer_id: str | None
    lines: tuple[NewLine, ...]
    amount: Decimal | None = None
    method: str | None = None
    dated_on: date | None = None
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    imbalances: tuple[Imbalance, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PayerFileLine:
    """A line with what became of it: the claim that it was posted to, or why to none. `steps` are the claim's moves.

    `content` is None when it was written in a shape that is no longer read.
    """

    number: int
    fingerprint: str
    content: LineContent | None
    outcome: LineOutcome = "pending"
    reason: str | None = None
    claim_id: UUID | None = None
    claim_number: str | None = None
    claim_status: str | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayerFileHead:
    """A kept transaction without its lines; `counts` says how many of them came to which outcome."""

    id: UUID
    kind: PayerFileKind
    trace_number: str
    payer_name: str | None
    payer_id: str | None
    amount: Decimal | None
    method: str | None
    dated_on: date | None
    received_at: datetime
    counts: dict[LineOutcome, int]


@dataclass(frozen=True, slots=True)
class PayerFile:
    """A kept transaction with everything in it."""

    head: PayerFileHead
    provider_adjustments: tuple[ProviderAdjustment, ...]
    imbalances: tuple[Imbalance, ...]
    unread: tuple[str, ...]
    lines: tuple[PayerFileLine, ...]


@dataclass(frozen=True, slots=True)
class ClaimCandidate:
    """A claim that a line may be about, and whose it is. `secondaries` bill the rest of it to another payer."""

    id: UUID
    claim_number: str
    amount: Decimal
    first_name: str
    last_name: str
    secondaries: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a line."""

    outcome: LineOutcome
    reason: str | None = None
    claim_id: UUID | None = None
    claim_status: str | None = None
