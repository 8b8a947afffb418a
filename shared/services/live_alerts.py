"""Alerts as they happen: first what is active (or what has changed since the last event), then each change.

Events are in the order of the store's commits, and an event's id is its place in it: whoever comes back with the id of
the last event that they had gets what follows, nothing twice and nothing left out.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.domain.alert import is_expired, state_at
from shared.domain.session import signed_in_at
from shared.errors import FieldError, StoreUnavailableError, UnauthenticatedError, ValidationFailedError
from shared.models.api.alerts import AlertView
from shared.models.caller import Caller
from shared.repositories.live_protocols import EntryChange, InboxFeed, Reading
from shared.repositories.protocols import MemberRepository
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.inbox_hub import InboxHub, Mailbox, Pace
from shared.services.sessions import SessionService

MAILBOX = 1000  # changes that wait for one stream
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENT_ID = re.compile(r"^([0-9]{1,17})\.([A-Za-z0-9_-]{1,128}|~)\Z")
CLOCKS_DIFFER = timedelta(minutes=5)
LAST = "~"  # behind every id
TIMERS_EARLY = 0.001  # seconds that an event loop may be early with a timer


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A place in the order of changes: microseconds since 1970, then the alert's id."""

    at: int
    alert_id: str

    def __str__(self) -> str:
        """As an event's id."""
        return f"{self.at}.{self.alert_id}"

    @property
    def moment(self) -> datetime:
        """Its time."""
        return EPOCH + timedelta(microseconds=self.at)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An alert as it is now, or `ready`: all that there was has been sent."""

    event: Literal["alert", "ready"]
    id: str
    data: str


class Readers:
    """Tells whether a stream's reader is still signed in, a member, and of the same role; asked `every` seconds.

    A copy of a membership may be half a minute old: asked every half a minute, a stream ends within the minute in which
    a change of role or the end of a session must show.
    """

    def __init__(self, members: MemberRepository, sessions: SessionService, *, every: float) -> None:
        self.every = every
        self._members = members
        self._sessions = sessions

    def may_read_on(self, caller: Caller) -> bool:
        """Ask the store, which may be out of reach: raises StoreUnavailableError."""
        member = self._members.get(caller.uid)
        if member is None or member.status != "active":
            return False
        if (member.client_id, member.role) != (str(caller.client_id), caller.role.value):
            return False
        if member.tokens_valid_after is not None and signed_in_at(caller.session_id) < member.tokens_valid_after:
            return False
        try:
            self._sessions.check(caller, active=False, latest=True)
        except UnauthenticatedError:
            return False
        return True


class LiveAlerts:
    """The streams that an instance holds: one hub for all those of an organisation."""

    def __init__(
        self,
        feed: InboxFeed,
        access_log: AccessLog,
        readers: Readers,
        *,
        pace: Pace | None = None,
        now: Clock = utc_now,
    ) -> None:
        self._feed = feed
        self._access_log = access_log
        self._readers = readers
        self._pace = pace or Pace()
        self._now = now
        self._hubs: dict[UUID, InboxHub] = {}
        self._lock = threading.Lock()

    def open(self, caller: Caller, last_event_id: str | None = None) -> AlertStream:
        """Read what a stream begins with; end it with `leave`. Raises ValidationFailedError for an id of no event."""
        after = None if last_event_id is None else self._place(last_event_id)
        box = Mailbox(caller.uid, MAILBOX)
        hub = self._join(caller.client_id, box)  # before reading: what changes from now on is not missed
        try:
            with self._access_log.reading(caller.seen("alert_list")):
                reading = self._read(caller, after)
            hub.listen_from(reading.at)
        except BaseException:
            hub.leave(box)
            raise
        return AlertStream(caller, reading, after, hub, box, self._readers, self._now)

    def _read(self, caller: Caller, after: Place | None) -> Reading:
        if after is not None:
            return self._feed.since(caller.client_id, caller.uid, after.moment)
        found, now = self._feed.active(caller.client_id, caller.uid), self._now()
        return Reading(tuple(one for one in found.changes if not is_expired(one.entry, now)), found.at)

    def _place(self, given: str) -> Place:
        found = EVENT_ID.match(given)
        place = Place(int(found[1]), found[2]) if found else None
        if place is None or place.at > _microseconds(self._now() + CLOCKS_DIFFER):
            message = "must be the id of an event of this stream"
            raise ValidationFailedError(
                f"Last-Event-ID {message}", errors=(FieldError("Last-Event-ID", "malformed", message),)
            )
        return place

    def _join(self, client_id: UUID, box: Mailbox) -> InboxHub:
        with self._lock:
            hub = self._hubs.get(client_id)
            if hub is None:
                hub = InboxHub(self._feed, client_id, self._pace, lambda one: self._forget(client_id, one))
                self._hubs[client_id] = hub
            hub.join(box)
            return hub

    def _forget(self, client_id: UUID, hub: InboxHub) -> bool:
        with self._lock:
            if not hub.is_deserted:
                return False
            self._hubs.pop(client_id, None)
            return True


class AlertStream:
    """One reader's stream."""

    def __init__(
        self,
        caller: Caller,
        reading: Reading,
        after: Place | None,
        hub: InboxHub,
        box: Mailbox,
        readers: Readers,
        now: Clock,
    ) -> None:
        self._caller = caller
        self._reading = reading
        self._place = after or Place(0, "")
        self._hub = hub
        self._box = box
        self._readers = readers
        self._now = now

    async def events(self) -> AsyncGenerator[LiveEvent, None]:
        """The events, until the reader is no longer signed in or does not keep up: who comes back misses nothing."""
        loop = asyncio.get_running_loop()
        self._box.loop = loop
        for change in self._reading.changes:
            if (event := self._event(change)) is not None:
                yield event
        self._place = max(self._place, Place(_microseconds(self._reading.at), LAST))
        self._reading = Reading((), self._reading.at)
        yield LiveEvent("ready", str(self._place), "{}")
        timer = loop.call_later(self._readers.every, self._box.ring)  # one a check: a time limit a wait costs more
        try:
            while not self._box.is_lost:
                while (one := self._box.take()) is not None:
                    if (event := self._event(one)) is not None:
                        yield event
                await self._box.wait()
                if loop.time() >= timer.when() - TIMERS_EARLY:
                    if not await self._may_read_on():
                        return
                    timer = loop.call_later(self._readers.every, self._box.ring)
        finally:
            timer.cancel()

    def leave(self) -> None:
        """End it."""
        self._hub.leave(self._box)

    async def _may_read_on(self) -> bool:
        """A store that is out of reach ends no stream: it is asked again next time."""
        try:
            return await asyncio.to_thread(self._readers.may_read_on, self._caller)
        except StoreUnavailableError:
            return True

    def _event(self, change: EntryChange) -> LiveEvent | None:
        """The event of a change; None for one that was sent already, or that lies before what was asked for."""
        place = Place(_microseconds(change.at), change.entry.id)
        if place <= self._place:
            return None
        self._place = place
        view = AlertView.of(change.entry, state_at(change.entry, self._now()))
        return LiveEvent("alert", str(place), view.model_dump_json(by_alias=True))


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
