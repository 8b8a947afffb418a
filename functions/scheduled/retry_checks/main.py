"""Make the eligibility checks again that payers could not answer, when they are due."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def retry_checks() -> Outcome:
    """Take what is due of every client, in a bounded run; safe to repeat and to overlap.

    Retried: the database does not answer; a check that a killed run had begun is made again when its lease is over, a
    minute later. Dropped: nothing. What payers do is never an error here: it is the outcome of a check.
    """
    return bootstrap_events.check_retries().run()
