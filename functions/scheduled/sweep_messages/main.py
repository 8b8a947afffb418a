"""End the replies whose run was killed."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def sweep_messages() -> Outcome:
    """End replies whose run has not been heard of for two minutes; safe to repeat and to overlap.

    Retried: Firestore does not answer; the next minute's run ends what is left. Dropped: nothing.
    """
    return bootstrap_events.message_sweep().run()
