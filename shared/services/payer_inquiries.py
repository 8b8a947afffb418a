"""Asking payers about one patient, while no transaction is open and within the time that a request has."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.domain import eligibility as rules
from shared.domain.eligibility.inquiries import (
    MOST_ASKED,
    check_failure,
    inquiry_about,
    not_to_ask,
    still_about,
    to_ask,
)
from shared.errors import ConflictError
from shared.models.api.modes import CheckEligibilityParams
from shared.models.caller import Caller
from shared.models.eligibility_inquiry import InquiryFailure
from shared.models.identifiers import uuid7
from shared.models.payer_answer import CheckFailure
from shared.models.records import Coverage, EligibilityFile, Payer
from shared.models.replay import Replayed
from shared.models.verdict import GivenAnswer

if TYPE_CHECKING:
    from shared.clearinghouse.port import Clearinghouse
    from shared.repositories.eligibility_protocols import EligibilityRepository

# A function ends after 13 seconds: what is left is for its start, the file, the check and the context.
ASK_SECONDS = 9.0
LEAST_SECONDS = 1.0
# How long a request waits for another with its Idempotency-Key: a little longer than that one may ask.
WAIT_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.2
_CONTROL_NUMBERS = 999_999_999


@contextmanager
def one_inquiry(eligibility: EligibilityRepository, caller: Caller) -> Iterator[float]:
    """Let one of the requests with the caller's Idempotency-Key ask and store; yields the seconds that it may ask.

    Another waits for what it stores. Raises Replayed when it has, ConflictError `in_progress` when it takes too long.
    """
    key = caller.idempotency
    begun = time.monotonic()
    if key is None:
        yield ASK_SECONDS
        return
    while not eligibility.claim(caller.client_id, key):
        if time.monotonic() - begun > WAIT_SECONDS:
            raise ConflictError("A request with this Idempotency-Key is being carried out", code="in_progress")
        time.sleep(_LOOK_AGAIN_SECONDS)
    try:
        yield ASK_SECONDS - (time.monotonic() - begun)
    except Replayed:
        raise
    except Exception:
        eligibility.release(caller.client_id, key)
        raise


@dataclass(frozen=True, slots=True)
class PayersAsked:
    """What payers answered, and the file that they were asked with."""

    file: EligibilityFile
    answers: tuple[GivenAnswer, ...]
    attempts: int = 1

    def about(self, file: EligibilityFile, *, at: datetime) -> tuple[GivenAnswer, ...]:
        """The answers as far as they are about the file as it is now."""
        return still_about(file, self.answers, asked_with=self.file, at=at, attempts=self.attempts)


class PayerInquiries:
    """Asks in rank order until a payer says that the patient is covered."""

    def __init__(
        self,
        clearinghouse: Clearinghouse,
        *,
        seconds: float = ASK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clearinghouse = clearinghouse
        self._seconds = seconds
        self._clock = clock

    def ask(
        self, file: EligibilityFile, params: CheckEligibilityParams, *, now: Callable[[], datetime], attempts: int = 1
    ) -> PayersAsked:
        """What the payers of the file's coverages answered, or why there is no answer. `now` is the local time.

        A coverage whose payer is not asked is answered from the file, and its GivenAnswer says why. `attempts` counts
        this time too.
        """
        today = now().date()
        until = self._clock() + self._seconds
        given: list[GivenAnswer] = []
        asked = 0
        on, _ = rules.service_date(file, asked=params.date_of_service, today=today)
        payers = {payer.id: payer for payer in file.payers}
        for coverage in to_ask(file, on):
            payer = payers.get(coverage.payer_id)
            reason = not_to_ask(payer, on, now=now())
            if reason is not None or payer is None:
                given.append(GivenAnswer(coverage.id, "on_file", now(), failure=reason))
                continue
            if asked == MOST_ASKED:
                break
            asked += 1
            given.append(self._ask_one(file, params, coverage, payer, until=until, now=now, attempts=attempts))
            receipt = rules.decide(
                file, asked_date=params.date_of_service, asked_service=params.service_type, answers=given, today=today
            )
            if receipt.verdict == "eligible" and receipt.coverage_id == coverage.id:
                break
        return PayersAsked(file, tuple(given), attempts)

    def _ask_one(
        self,
        file: EligibilityFile,
        params: CheckEligibilityParams,
        coverage: Coverage,
        payer: Payer,
        *,
        until: float,
        now: Callable[[], datetime],
        attempts: int,
    ) -> GivenAnswer:
        today = now().date()
        left = until - self._clock()
        if left < LEAST_SECONDS:
            again = rules.retry_at(attempts, now())
            late = CheckFailure("retryable", "not_asked", retry_at=again, attempts=attempts)
            return GivenAnswer(coverage.id, "clearinghouse", now(), failure=late)
        inquiry = inquiry_about(
            file.patient,
            coverage,
            payer,
            self._clearinghouse.provider,
            on=rules.service_date(file, asked=params.date_of_service, today=today)[0],
            service=rules.service_type(file, asked=params.service_type),
            today=today,
            trace_number=uuid7().hex.upper(),
            control_number=1 + secrets.randbelow(_CONTROL_NUMBERS),
        )
        outcome = self._clearinghouse.check(inquiry, within=left)
        at = now()
        if isinstance(outcome, InquiryFailure):
            failure = check_failure(outcome, attempts=attempts, now=at, on=inquiry.date_of_service)
            return GivenAnswer(coverage.id, "clearinghouse", at, outcome.answer, failure)
        return GivenAnswer(coverage.id, "clearinghouse", at, outcome)
