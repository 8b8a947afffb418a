"""What services ask of a push service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.models.push import PushMessage


class PushSender(Protocol):
    """Sends notifications to devices."""

    def send(self, messages: Sequence[PushMessage]) -> frozenset[str]:
        """Send each message once, until the service does not answer; returns the tokens that are no longer valid.

        Raises StoreUnavailableError when the service cannot be used at all.
        """
        ...
