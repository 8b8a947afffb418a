"""Checks that are made again by themselves: payers that could not answer, and days that they did not answer for yet.

A check without an answer is a plan (see `shared.domain.check_schedule`): it waits in a queue until it is due. A run
takes what is due, one check a worker at a time, asks as the quick action does, and stores the outcome as a new check,
which plans its own next attempt or is the last. A run that is killed between asking and storing leaves a lease behind;
when it is over, the check is made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.clearinghouse.port import Clearinghouse
from shared.domain import eligibility as rules
from shared.errors import StoreUnavailableError
from shared.models.api.modes import CheckEligibilityParams
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.identifiers import uuid7
from shared.models.outcome import Outcome
from shared.models.records import EligibilityFile
from shared.models.verdict import GivenAnswer, VerdictReceipt
from shared.repositories.eligibility_protocols import (
    AskedBefore,
    CheckRetry,
    CheckRetryQueue,
    EligibilityRepository,
    NewCheck,
    PreviousCheck,
)
from shared.services.clock import Clock, utc_now
from shared.services.eligibility_checks import MODE, difference_to
from shared.services.eligibility_situations import brought, disclosed
from shared.services.payer_inquiries import PayerInquiries

# Longer than a check can take: 9 s for payers, and the database's own limits before and after.
LEASE = timedelta(seconds=60)
RUN_SECONDS = 45.0
WORKERS = 4


class CheckRetries:
    """Makes the checks again that are due, of every client."""

    def __init__(
        self,
        queue: CheckRetryQueue,
        eligibility: EligibilityRepository,
        clearinghouse: Callable[[], Clearinghouse | None],
        *,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
        workers: int = WORKERS,
    ) -> None:
        self._queue = queue
        self._eligibility = eligibility
        self._clearinghouse = clearinghouse
        self._now = now
        self._clock = clock
        self._workers = workers

    def run(self) -> Outcome:
        """Make what is due again, the longest waiting first, until nothing is or the time is up; the rest waits.

        Where there is no connection to payers, nothing is taken. A check that cannot be made keeps nobody else's from
        being made; what went wrong is raised in the end, StoreUnavailableError first.
        """
        payers = self._clearinghouse()
        if payers is None:
            return Outcome.UNCHANGED
        until = self._clock() + RUN_SECONDS
        with ThreadPoolExecutor(self._workers) as pool:
            turns = [pool.submit(self._turns, payers, until) for _ in range(self._workers)]
        made = sum(turn.result()[0] for turn in turns)
        failures = [failure for turn in turns for failure in turn.result()[1]]
        failures.sort(key=lambda failure: not isinstance(failure, StoreUnavailableError))
        if failures:
            raise failures[0]
        return Outcome.DONE if made else Outcome.UNCHANGED

    def _turns(self, payers: Clearinghouse, until: float) -> tuple[int, list[Exception]]:
        """One worker: how many checks it took, and what went wrong. A store that is away ends its work."""
        made, failures = 0, list[Exception]()
        while self._clock() < until:
            try:
                now = self._now()
                retry = self._queue.claim(now=now, until=now + LEASE)
                if retry is None:
                    break
                made += 1
                self._make(payers, retry)
            except StoreUnavailableError as exc:
                return made, [*failures, exc]
            except Exception as exc:  # noqa: BLE001 (whatever is wrong with one check, the others are made)
                failures.append(exc)
        return made, failures

    def _make(self, payers: Clearinghouse, retry: CheckRetry) -> None:
        """Ask what a check asked once more, and store what came of it."""
        asked = self._queue.asked_before(retry)
        zone = ZoneInfo(asked.time_zone)

        def local() -> datetime:
            return self._now().astimezone(zone)

        file = self._eligibility.file_of(
            retry.client_id, str(asked.patient_id), visit_id=asked.visit_id, today=local().date()
        )
        if file is None:
            self._queue.drop(retry)
            return
        attempts = asked.attempts + 1
        params = CheckEligibilityParams(date_of_service=asked.date_of_service, service_type=asked.service_type)
        told = PayerInquiries(payers).ask(file, params, now=local, attempts=attempts)
        at = local()

        def decide(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
            answers = told.about(file, at=at)
            receipt = rules.decide(
                file,
                asked_date=asked.date_of_service,
                asked_service=asked.service_type,
                answers=answers,
                today=at.date(),
            )
            return _check(retry, asked, receipt, answers, previous)

        late = _event(retry, asked, told.answers, late="true")
        self._queue.settle(retry, asked, today=at.date(), decide=decide, late=late)


def _check(
    retry: CheckRetry,
    asked: AskedBefore,
    receipt: VerdictReceipt,
    answers: Sequence[GivenAnswer],
    previous: PreviousCheck | None,
) -> NewCheck:
    """The check that is made again, for whoever asked first."""
    event = _event(retry, asked, answers, verdict=receipt.verdict)
    check_id = uuid7()
    return NewCheck(
        id=check_id,
        patient_id=asked.patient_id,
        verdict=receipt,
        checked_by=asked.checked_by,
        event=event.model_copy(update={"resource_id": check_id}),
        kept=None,
        answer="",
        previous=previous,
        difference=difference_to(previous, receipt),
        **brought(receipt, answers, attempts=asked.attempts + 1),
    )


def _event(retry: CheckRetry, asked: AskedBefore, answers: Sequence[GivenAnswer], **metadata: object) -> AuditEvent:
    """What was done by itself: of how many coverages a payer was told, and which check made it so."""
    told = {"attempt": str(asked.attempts + 1), "check": str(retry.check_id)}
    return own_act(
        retry.client_id,
        AuditAction.CHECK_RETRY,
        "eligibility_check",
        cause=f"retry-{retry.check_id}",
        resource_id=retry.check_id,
        patient_ref=str(asked.patient_id),
        mode=MODE,
        metadata=metadata | told | disclosed(answers),
    )
