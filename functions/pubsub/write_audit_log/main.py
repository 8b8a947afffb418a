"""Write one audit event into `audit_logs`."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import message_handler
from shared.events.messages import PubSubMessage
from shared.models.outcome import Outcome


@functions_framework.http
@message_handler("audit-events")
def write_audit_log(message: PubSubMessage) -> Outcome:
    """Write the event and clear its SQL outbox row in one commit; an event that comes twice is written once.

    Retried: the database does not answer; after the catalog's number of attempts Pub/Sub moves the message to the
    dead-letter topic. Quarantined at once (table `audit_quarantine`): an event that is not one, or that the database
    will never take. Dropped: a CloudEvent that is malformed or from another topic.
    """
    return bootstrap_events.audit_writer().write(
        message.data, message_id=message.id, published=message.publish_time, attributes=message.attributes
    )
