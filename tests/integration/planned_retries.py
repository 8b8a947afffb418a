"""The queue of checks that are made again, called as the proofs of query plans call it: as the role `retry`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.repositories.eligibility_protocols import CheckRetry
from shared.repositories.postgres.check_retries import PostgresCheckRetryQueue
from tests.integration import volume
from tests.integration.planned_calls import Call, Place
from tests.unit.factories import TODAY, event


def made_again(at: Place) -> None:
    """Up to the decision, of a check that is lent; then given back to nobody."""

    class DecidedError(Exception):
        pass

    def decide(_file: object, _previous: object) -> Any:
        raise DecidedError

    queue, until = PostgresCheckRetryQueue(at.retry), datetime.now(UTC)
    retry = CheckRetry(at.client, at.id(volume.CHECKS, 711), until)
    asked = queue.asked_before(retry)
    lend = text("UPDATE check_retries SET leased_until = :until WHERE client_id = :client AND check_id = :check")
    with at.retry.unbound() as connection:
        connection.execute(lend, {"until": until, "client": at.client, "check": retry.check_id})
    with pytest.raises(DecidedError):
        queue.settle(retry, asked, today=TODAY, decide=decide, late=event(at.client))
    queue.drop(replace(retry, check_id=at.id(volume.CHECKS, 712)))


def claim(at: Place) -> None:
    now = datetime.now(UTC)
    assert PostgresCheckRetryQueue(at.retry).claim(now=now, until=now + timedelta(minutes=1)) is not None


RETRIES: dict[str, dict[str, Call]] = {"PostgresCheckRetryQueue.settle": {"before it is decided": made_again}}
# Across organisations.
CLAIMED: dict[str, Call] = {"PostgresCheckRetryQueue.claim": claim}
