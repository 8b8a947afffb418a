"""Changes of a patient's coverages as they are decided on, and what is asked of a coverage that begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.models.records import Coverage


@dataclass(frozen=True, slots=True)
class AskedCoverage:
    """A coverage that shall begin: its payer by number or uuid, and with these what tells it from others on file."""

    payer: str
    member_id: str
    period_start: date


@dataclass(frozen=True, slots=True)
class NamedPayer:
    """The payer that an AskedCoverage names. One that is `self_pay` documents that there is no insurance."""

    id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class NewCoverage:
    """A coverage that begins in the place of another one (`replaces`), whose subscriber it takes over."""

    id: UUID
    replaces: UUID
    payer_id: UUID
    member_id: str
    plan_name: str | None
    rank: int
    period_start: date


@dataclass(frozen=True, slots=True)
class CoverageChanges:
    """Coverages as they shall be (of them the rank and the end of the period are written), and one that begins."""

    changed: tuple[Coverage, ...]
    begins: NewCoverage | None = None
