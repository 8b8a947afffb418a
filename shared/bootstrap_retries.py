"""The composition root of `retry_checks`, which works as a database role of its own: see `shared.bootstrap`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared import bootstrap

if TYPE_CHECKING:
    from shared.services.check_retries import CheckRetries


@cache
def check_retries() -> CheckRetries:
    """Makes the checks again that are due."""
    from shared.repositories.postgres.check_retries import PostgresCheckRetryQueue
    from shared.repositories.postgres.eligibility import PostgresEligibilityRepository
    from shared.services.check_retries import CheckRetries

    postgres = bootstrap.postgres("retry")
    queue, eligibility = PostgresCheckRetryQueue(postgres), PostgresEligibilityRepository(postgres)
    return CheckRetries(queue, eligibility, bootstrap.clearinghouse)
