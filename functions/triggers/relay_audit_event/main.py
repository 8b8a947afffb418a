"""Publish an audit event that was committed to the Firestore outbox."""

import functions_framework

from shared import bootstrap_events
from shared.events.documents import DocumentEvent
from shared.events.handler import document_handler
from shared.models.outcome import Outcome


@functions_framework.http
@document_handler("audit_outbox/{eventId}")
def relay_audit_event(event: DocumentEvent) -> Outcome:
    """Publish, wait for the acknowledgement, delete the outbox document; an event that goes twice is written once.

    Retried: Pub/Sub or Firestore does not answer; the document stays until then, and `sweep_outbox` finds it too.
    Dropped: a CloudEvent that is malformed or not about the outbox. The audit event itself is not judged here.
    """
    return bootstrap_events.audit_relay().relay(event.params["eventId"], event.after)
