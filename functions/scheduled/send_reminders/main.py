"""Send the reminders of tasks that are due."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def send_reminders() -> Outcome:
    """Alert whoever has the task, once for each task and time; safe to repeat and to overlap.

    Retried: Firestore does not answer, or a task changes faster than it can be marked; what was sent stays sent, and
    the next minute's run takes up what is left. Dropped: the reminders of a task that cannot be read, which the log
    names.
    """
    return bootstrap_events.reminder_service().send()
