"""What the eligibility mode asks of a store: a patient's file, checks with their receipts, claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.records import CheckSource, CheckState, Claim, EligibilityFile, Patient
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.changes import KeptAnswer


@dataclass(frozen=True, slots=True)
class PreviousCheck:
    """The check before. Its receipt is None when it was written in a shape that is no longer read."""

    id: UUID
    receipt: VerdictReceipt | None


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """A check with everything that explains it; `receipt` as PreviousCheck's."""

    id: UUID
    state: CheckState
    checked_at: datetime
    receipt: VerdictReceipt | None
    difference: Difference | None
    failure: CheckFailure | None


@dataclass(frozen=True, slots=True)
class NewCheck:
    """A check to store: its row, its event and the answer to keep.

    `difference` is that to the check before. `payer_answer` and `failure` are what a payer connection or a call
    brought; `asked_coverage` is the one they are about, when that is not the one that the verdict rests on.
    """

    id: UUID
    patient_id: UUID
    verdict: VerdictReceipt
    checked_by: UUID
    event: AuditEvent
    kept: KeptAnswer | None
    answer: str
    previous: PreviousCheck | None = None
    difference: Difference | None = None
    source: CheckSource = "on_file"
    state: CheckState = "completed"
    payer_answer: PayerAnswer | None = None
    failure: CheckFailure | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    asked_coverage: UUID | None = None

    @property
    def coverage_id(self) -> UUID | None:
        """The coverage that was asked about."""
        return self.asked_coverage or self.verdict.coverage_id


@dataclass(frozen=True, slots=True)
class Answered:
    """What a change leaves that stores no check: its event, the answer, and the same to keep."""

    event: AuditEvent
    kept: KeptAnswer | None
    answer: str


Conclude: TypeAlias = Callable[[EligibilityFile, PreviousCheck | None], NewCheck | Answered]


class EligibilityRepository(Protocol):
    """What the eligibility mode reads and writes."""

    def file_of(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None = None,
        today: date,
        seen: AuditEvent | None = None,
        key: IdempotencyKey | None = None,
    ) -> EligibilityFile | None:
        """Read the file of a patient (MRN or uuid); `seen` is recorded in the same transaction when there is one.

        Raises Replayed when the request with `key` was answered before.
        """
        ...

    def check(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None,
        today: date,
        key: IdempotencyKey | None,
        decide: Callable[[EligibilityFile, PreviousCheck | None], NewCheck],
    ) -> NewCheck | None:
        """Read the file, decide, and store the check with its audit event and kept answer in one transaction.

        `decide` gets the newest completed check too. None for an unknown patient. Raises Replayed for a repeated
        request.
        """
        ...

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """Raise Replayed when the request with this key was carried out within 24 hours; see KeptAnswers.recall."""
        ...

    def change_coverages(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None,
        today: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
        decide: Callable[[EligibilityFile, NamedPayer | None], CoverageChanges],
        conclude: Conclude,
        asked: AskedCoverage | None = None,
    ) -> NewCheck | Answered | None:
        """Change a patient's coverages: rows, history, search terms, audit event, kept answer in one transaction.

        `decide` gets the payer of the coverage that is `asked` for (None for an unknown one), held until the end;
        whatever it raises undoes everything. `conclude` gets the file as it is then, and the newest completed check
        before; the check that it returns is stored too. Changes of one patient follow each other. None for an unknown
        patient. Raises Replayed for a repeated request.
        """
        ...

    def check_of(
        self, client_id: UUID, patient_id: UUID, check_id: UUID | None, *, seen: AuditEvent | None
    ) -> StoredCheck | None:
        """Return a check of the patient with its receipt, the newest completed one without an id; None for none."""
        ...

    def visits_between(
        self, client_id: UUID, first: date, last: date, *, provider: str | None, limit: int
    ) -> list[UUID] | None:
        """List the visits from `first` to `last` that were not called off, in order of day, at most `limit`.

        `provider` (number or uuid) narrows them down; None when there is no such provider.
        """
        ...

    def claims_of(
        self,
        client_id: UUID,
        reference: str,
        *,
        status: str | None,
        after: tuple[date, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> tuple[Patient, list[Claim]] | None:
        """Return the patient and a page of claims, newest service date first; None for an unknown patient."""
        ...
