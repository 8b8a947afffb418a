"""Tell of patients who wait too long, or have not come."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def alert_waits() -> Outcome:
    """Compare the alerts about waits with how the visits of every organisation stand, in a bounded run.

    Retried: a store does not answer; the other alerts were written. Dropped: nothing. Safe to repeat and to overlap.
    """
    return bootstrap_events.waiting_alerts().run()
