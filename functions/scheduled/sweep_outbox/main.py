"""Relay the audit events that have stayed in an outbox for over a minute."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def sweep_outbox() -> Outcome:
    """Publish what waits, oldest first, in a bounded run; safe to repeat and to overlap.

    Retried: a store or Pub/Sub does not answer; the next minute's run takes up what is left. Dropped: nothing.
    """
    return bootstrap_events.outbox_sweep().run()
