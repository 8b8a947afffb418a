"""The port to whoever delivers e-mail."""

from __future__ import annotations

from typing import Protocol

from shared.models.mail import HandOver, Mailbox, OutgoingMail


class Mailer(Protocol):
    """Hands one message over, once.

    It never raises for what a server, a network or a disk did, never waits to try again, and never calls a message
    deferred or refused that somebody may have.
    """

    @property
    def sender(self) -> Mailbox:
        """From whose address messages go; the name is the organisation's."""
        ...

    def send(self, mail: OutgoingMail) -> HandOver:
        """Hand `mail` over. Raises UnwritableMailError for a message that cannot be written, before anybody has it."""
        ...
