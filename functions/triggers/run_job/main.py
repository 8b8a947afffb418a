"""Do the next turn of the job that changed."""

import functions_framework

from shared import bootstrap_events
from shared.events.documents import DocumentEvent
from shared.events.handler import document_handler
from shared.models.outcome import Outcome


@functions_framework.http
@document_handler("jobs/{jobId}")
def run_job(event: DocumentEvent) -> Outcome:
    """Do some items and write what came of them, which is the event of the next turn.

    Safe to repeat and to run in any order: a turn is begun once, an item has its own idempotency key. Retried: a store
    does not answer, or another is at work on the turn (and may have been killed). Dropped: what is no job.
    """
    return bootstrap_events.job_runner().job_written(event.params["jobId"], event.after)
