"""Take up the jobs that nobody goes on with."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def sweep_jobs() -> Outcome:
    """Give back turns that were not finished in two minutes; safe to repeat and to overlap.

    Retried: Firestore does not answer; the next minute's run takes up what is left. Dropped: nothing.
    """
    return bootstrap_events.job_sweep().run()
