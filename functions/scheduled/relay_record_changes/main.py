"""Publish the changes of records that wait in the database's outbox."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def relay_record_changes() -> Outcome:
    """Go through the outbox four times in a minute; safe to repeat and to overlap.

    Retried: the database or Pub/Sub does not answer; the changes stay in the outbox. Dropped: nothing. A run that is
    killed between publishing and committing publishes the same changes again, which changes nothing.
    """
    return bootstrap_events.record_change_relay().run()
