"""Deliver an alert that was written to the inboxes of those it is for."""

import functions_framework

from shared import bootstrap_events
from shared.events.documents import DocumentEvent
from shared.events.handler import document_handler
from shared.models.outcome import Outcome


@functions_framework.http
@document_handler("alerts/{alertId}")
def on_alert_written(event: DocumentEvent) -> Outcome:
    """Fan out in commits of 200 entries; safe to repeat, to run in any order, and to be cut off anywhere.

    Retried: Firestore does not answer, time is up, or the organisation's roster is not there yet; what was delivered
    stays. Dropped: an event that is malformed or not about an alert. Push notifications are tried once.
    """
    fan_out = bootstrap_events.alert_fan_out()
    return fan_out.alert_written(event.params["alertId"], before=event.before, after=event.after)
