"""Ending the replies whose run was killed: nobody else would."""

from __future__ import annotations

from uuid import UUID

from shared.domain import chat as rules
from shared.models.firestore.conversation import MessageDocument
from shared.models.outcome import Outcome
from shared.repositories.changes import Change
from shared.repositories.document_protocols import MessageRepository, RunningReplies
from shared.services.clock import Clock, utc_now

SWEPT_AT_ONCE = 100


class MessageSweep:
    """Ends silent runs."""

    def __init__(self, running: RunningReplies, messages: MessageRepository, *, now: Clock = utc_now) -> None:
        self._running = running
        self._messages = messages
        self._now = now

    def run(self) -> Outcome:
        """End the replies whose run has not been heard of for two minutes; what was written of them is kept."""
        now = self._now()
        found = self._running.silent_since(now - rules.SILENCE, limit=SWEPT_AT_ONCE)

        def decide(stored: MessageDocument) -> Change[MessageDocument] | None:
            return Change(rules.interrupted(stored, now), None) if rules.is_silent(stored, now) else None

        for reply in found:
            self._messages.change(UUID(reply.client_id), reply.id, decide)
        return Outcome.DONE if found else Outcome.UNCHANGED
