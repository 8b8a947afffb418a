"""What the eligibility mode asks of a store: a patient's file, checks with their receipts, claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.records import CheckSource, CheckState, Claim, EligibilityCheck, EligibilityFile, Patient
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

    @property
    def settles_its_question(self) -> bool:
        """Whether nobody need ask about this day and service by itself any more: a payer has spoken, or a person."""
        return self.source != "on_file" and self.next_attempt_at is None


Decide = Callable[[EligibilityFile, PreviousCheck | None], NewCheck]


@dataclass(frozen=True, slots=True)
class CheckRetry:
    """A check that is to be made again, lent out until `leased_until`: until then nobody else is given it."""

    client_id: UUID
    check_id: UUID
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """What a check asked, for whom and how often; `time_zone` is the organisation's."""

    patient_id: UUID
    date_of_service: date
    service_type: str
    visit_id: UUID | None
    attempts: int
    checked_by: UUID
    time_zone: str


class CheckRetryQueue(Protocol):
    """The checks of every client that are made again by themselves: one for each question that is open.

    Storing a check plans its next attempt and settles the question that it answers; see EligibilityRepository.check.
    """

    def claim(self, *, now: datetime, until: datetime) -> CheckRetry | None:
        """Lend the check that has been due longest, to one borrower; None when nothing is due.

        One whose borrower has not come back by `until` is lent again.
        """
        ...

    def asked_before(self, retry: CheckRetry) -> AskedBefore:
        """What the check asked."""
        ...

    def settle(self, retry: CheckRetry, asked: AskedBefore, *, today: date, decide: Decide, late: AuditEvent) -> bool:
        """Store the check that was made again, as EligibilityRepository.check does, and give `retry` back for good.

        The patient's contexts learn of it by the outbox of record changes, all in one transaction. False when the
        question was settled meanwhile, or is lent to somebody else: then `late` alone is stored.
        """
        ...

    def drop(self, retry: CheckRetry) -> None:
        """Give `retry` back for good: there is nobody to ask about any more."""
        ...


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
    ) -> EligibilityFile | None:
        """Read the file of a patient (MRN or uuid); `seen` is recorded in the same transaction when there is one."""
        ...

    def check(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None,
        today: date,
        key: IdempotencyKey | None,
        decide: Decide,
    ) -> NewCheck | None:
        """Read the file, decide, and store the check with its audit event and kept answer in one transaction.

        `decide` gets the newest completed check too. The next attempt of a check is planned in the transaction, and
        takes the place of one that was planned for the same question. None for an unknown patient. Raises Replayed for
        a repeated request.
        """
        ...

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """Raise Replayed when the request with this key was carried out within 24 hours; see KeptAnswers.recall."""
        ...

    def claim(self, client_id: UUID, key: IdempotencyKey) -> bool:
        """Take the key for a request that asks somebody before it stores; False while another is at work with it.

        The claim ends when the request's answer is kept, when it is released, and 20 seconds later. Raises Replayed
        when the request was carried out.
        """
        ...

    def release(self, client_id: UUID, key: IdempotencyKey) -> None:
        """Give a claim up, so that another request may carry out what this one could not."""
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

    def with_checks(self, client_id: UUID, patients: Sequence[UUID]) -> set[UUID]:
        """Those of the patients who were ever checked, or for whom an authorization was ever asked."""
        ...

    def settled_checks(self, client_id: UUID, patient_id: UUID, today: date) -> list[EligibilityCheck]:
        """Return the patient's newest check that has an outcome, and the newest about each day from `today` on.

        Newest first; empty for a patient who was never checked, or whom the client does not have.
        """
        ...

    def visits_between(
        self, client_id: UUID, first: date, last: date, *, provider: str | None, limit: int
    ) -> list[UUID] | None:
        """List the visits from `first` to `last` that were not called off, in order of their times, at most `limit`.

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
