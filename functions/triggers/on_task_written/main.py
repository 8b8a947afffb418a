"""Carry what happens to a task on: counts, a new assignee, follow-ups, the other side of a shared task."""

import functions_framework

from shared import bootstrap_events
from shared.events.documents import DocumentEvent
from shared.events.handler import document_handler
from shared.models.outcome import Outcome


@functions_framework.http
@document_handler("tasks/{taskId}")
def on_task_written(event: DocumentEvent) -> Outcome:
    """Carry one change on; safe to repeat, to run in any order, and to be cut off between two effects.

    Retried: Firestore does not answer, or a document changes faster than it can be written. Dropped: an event that is
    malformed or not about a task, and effects on a context or task that is missing or another organisation's.
    """
    effects = bootstrap_events.task_effects()
    return effects.task_written(event.params["taskId"], before=event.before, after=event.after)
