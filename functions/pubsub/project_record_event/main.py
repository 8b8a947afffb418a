"""Bring contexts, tasks and alerts up to date with the records that they speak of."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import message_handler
from shared.events.messages import PubSubMessage
from shared.models.outcome import Outcome


@functions_framework.http
@message_handler("record-changes")
def project_record_event(message: PubSubMessage) -> Outcome:
    """Make the snapshots of all contexts concerned anew, then open and close what rules want done about them.

    A message that comes twice, late or out of order is as good. Retried: a store does not answer, or others change the
    same context or record all the time; after the catalog's number of attempts Pub/Sub moves the message to the
    dead-letter topic. Dropped: what is no set of record changes, or of an organisation that does not exist.
    """
    return bootstrap_events.record_projection().project(message.data)
