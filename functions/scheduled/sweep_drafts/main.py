"""Go on with e-mails that wait to be sent."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def sweep_drafts() -> Outcome:
    """Send queued e-mails that are due, and mark as unknown those whose sending nobody finished; safe to overlap.

    Retried: Firestore does not answer; the next minute's run goes on. Dropped: nothing. What may have been handed over
    is never sent again.
    """
    return bootstrap_events.draft_sweep().run()
