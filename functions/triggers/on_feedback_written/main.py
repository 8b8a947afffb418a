"""Keep feedback for analytics: a row in PostgreSQL for each document."""

import functions_framework

from shared import bootstrap_events
from shared.events.documents import DocumentEvent
from shared.events.handler import document_handler
from shared.models.outcome import Outcome


@functions_framework.http
@document_handler("feedback/{feedbackId}")
def on_feedback_written(event: DocumentEvent) -> Outcome:
    """Keep the document as it is now; safe to repeat and to run in any order, also around a deletion.

    Retried: Firestore or the database does not answer. Dropped: an event that is malformed, not about feedback, or
    about a document that no database row can hold (an organisation that there is not).
    """
    return bootstrap_events.feedback_projection().feedback_written(
        event.params["feedbackId"], before=event.before, after=event.after
    )
