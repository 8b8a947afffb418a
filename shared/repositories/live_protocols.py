"""Inboxes as they change: what has changed since when, and a listener that tells of changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.models.firestore.alerts import InboxEntryDocument


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry as it is since `at`: the moment of the store's commit, which no later commit lies before."""

    entry: InboxEntryDocument
    at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, oldest change first; all that was committed until `at` is in it, and what was seen since."""

    changes: tuple[EntryChange, ...]
    at: datetime


class Listener(Protocol):
    """A listener that was opened."""

    def is_listening(self) -> bool:
        """Tell whether it still does, as far as it knows."""
        ...

    def stop(self) -> None:
        """End it; it may tell of changes until this returns."""
        ...


class InboxFeed(Protocol):
    """The inboxes of an organisation's people, in the order of their changes."""

    def active(self, client_id: UUID, uid: str) -> Reading:
        """Return all active entries of a person."""
        ...

    def since(self, client_id: UUID, uid: str | None, after: datetime) -> Reading:
        """Return the entries of a person (None: of everybody) that changed at `after` or later, active or not."""
        ...

    def listen(self, client_id: UUID, after: datetime, changed: Callable[[Sequence[EntryChange]], None]) -> Listener:
        """Call `changed`, in a thread of its own, with what changed at `after` or later, and with what changes then."""
        ...
