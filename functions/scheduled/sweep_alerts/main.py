"""Bring critical alerts that nobody takes before managers, and close alerts that have expired."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def sweep_alerts() -> Outcome:
    """Go through what is due, in a bounded run; safe to repeat and to overlap.

    Retried: Firestore does not answer; the next minute's run takes up what is left. Dropped: nothing.
    """
    return bootstrap_events.alert_sweep().run()
