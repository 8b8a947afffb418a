"""Keep the number of open tasks on the context of the task that changed."""

import functions_framework

from shared import bootstrap
from shared.events.documents import DocumentEvent
from shared.events.handler import document_handler
from shared.models.outcome import Outcome


@functions_framework.http
@document_handler("tasks/{taskId}")
def on_task_written(event: DocumentEvent) -> Outcome:
    """Recount; safe to repeat and to run in any order.

    Retried: Firestore does not answer, or the context changes faster than the count can be written. Dropped: an event
    that is malformed or not about a task, and the count of a context that is missing or another organisation's.
    """
    return bootstrap.task_projection().task_written(before=event.before, after=event.after)
