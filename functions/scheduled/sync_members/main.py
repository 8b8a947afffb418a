"""Carry the changed memberships that are still waiting, and each change once more when all cached copies are old."""

import functions_framework

from shared import bootstrap_events
from shared.events.handler import schedule_handler
from shared.models.outcome import Outcome


@functions_framework.http
@schedule_handler
def sync_members() -> Outcome:
    """Go through the outbox of memberships four times in a minute; safe to repeat and to overlap.

    Retried: a store or the identity service does not answer; the change stays in the outbox. Dropped: nothing.
    """
    return bootstrap_events.member_sweep().sweep()
