"""What all streams of an organisation on one instance share: one listener, and who waits for what it tells."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared import log_line
from shared.repositories.live_protocols import EntryChange, InboxFeed, Listener


@dataclass(frozen=True, slots=True)
class Pace:
    """How a hub looks after its listener, in seconds.

    Every `tick` it looks whether anybody still listens, every `watch` whether the listener has told of everything that
    is older than `lag`, and after `renew` it opens a new one: the driver keeps whatever a listener has told of.
    """

    tick: float = 5.0
    watch: float = 30.0
    lag: float = 3.0
    renew: float = 600.0


class Mailbox:
    """What has changed for one stream and was not sent yet. A full one is lost: its reader does not keep up."""

    def __init__(self, uid: str, size: int) -> None:
        self.uid = uid
        self.is_lost = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self._size = size
        self._changes: deque[EntryChange] = deque()
        self._bell = asyncio.Event()

    def put(self, change: EntryChange) -> None:
        """Add a change, from any thread; whoever waits is woken by `ring`."""
        if len(self._changes) >= self._size:
            self.is_lost = True
            self._changes.clear()
        elif not self.is_lost:
            self._changes.append(change)

    def ring(self) -> None:
        """Wake whoever waits; on the event loop only."""
        self._bell.set()

    def take(self) -> EntryChange | None:
        """Return the next change; None when there is none."""
        return self._changes.popleft() if self._changes else None

    async def wait(self) -> None:
        """Wait until the bell has been rung since it was last waited for."""
        await self._bell.wait()
        self._bell.clear()


class InboxHub:
    """Hands what the listener of an organisation tells to the mailboxes of those whom it concerns.

    `ended` is called when nobody has listened for a tick and the listener was stopped.
    """

    def __init__(self, feed: InboxFeed, client_id: UUID, pace: Pace, ended: Callable[[InboxHub], bool]) -> None:
        self._feed = feed
        self._client_id = client_id
        self._pace = pace
        self._ended = ended
        self._boxes: dict[str, set[Mailbox]] = {}
        self._lock = threading.Lock()  # of the mailboxes; never held while the store or a listener is asked
        self._opening = threading.Lock()  # of the listener
        self._listener: Listener | None = None
        self._from: datetime | None = None  # the listener tells of changes from here on
        self._position: datetime | None = None  # it has told of all changes until here
        self._opened = self._watched = 0.0
        self._thread: threading.Thread | None = None

    def join(self, box: Mailbox) -> None:
        """Put what is told from now on into `box` too."""
        with self._lock:
            self._boxes.setdefault(box.uid, set()).add(box)

    def leave(self, box: Mailbox) -> None:
        """Put nothing into `box` any more."""
        with self._lock:
            boxes = self._boxes.get(box.uid, set())
            boxes.discard(box)
            if not boxes:
                self._boxes.pop(box.uid, None)

    @property
    def is_deserted(self) -> bool:
        """Whether nobody listens."""
        return not self._boxes

    def listen_from(self, at: datetime) -> None:
        """See to it that all changes since `at` are told of, to those who had joined before they read at `at`."""
        with self._opening:
            if self._from is None or at < self._from:
                self._open(at)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_after, name="inbox-hub", daemon=True)
                self._thread.start()

    def look(self) -> None:
        """Open the listener again when it has ended, is old, or has not told of what the store holds."""
        now = time.monotonic()
        with self._opening:
            if self._listener is None or self._from is None:
                return
            position = self._position or self._from
            if not self._listener.is_listening() or now - self._opened >= self._pace.renew:
                self._open(position)
            if now - self._watched >= self._pace.watch:
                self._watched = now
                self._compare(position)

    def stop(self) -> None:
        """Stop the listener."""
        with self._opening:
            if self._listener is not None:
                self._listener.stop()
            self._listener = self._from = None

    def _compare(self, position: datetime) -> None:
        """Tell of what the listener should have told of by now."""
        reading = self._feed.since(self._client_id, None, position)
        due = reading.at - timedelta(seconds=self._pace.lag)
        if any((self._position or position) < one.at <= due for one in reading.changes):
            self._tell(reading.changes)
            self._open(position)

    def _open(self, at: datetime) -> None:
        if self._listener is not None:
            self._listener.stop()
        self._listener = self._feed.listen(self._client_id, at, self._tell)
        self._from, self._opened = at, time.monotonic()

    def _tell(self, changes: Sequence[EntryChange]) -> None:
        """Put changes into the mailboxes, and wake each event loop once."""
        woken: dict[asyncio.AbstractEventLoop, list[Mailbox]] = {}
        with self._lock:
            for change in changes:
                self._position = max(self._position or change.at, change.at)
                for box in self._boxes.get(change.entry.uid, ()):
                    box.put(change)
                    if box.loop is not None:
                        woken.setdefault(box.loop, []).append(box)
        for loop, boxes in woken.items():
            with suppress(RuntimeError):  # the loop has ended, and its streams with it
                loop.call_soon_threadsafe(_ring, boxes)

    def _look_after(self) -> None:
        deserted = False
        while True:
            time.sleep(self._pace.tick)
            if deserted and self._ended(self):
                self.stop()
                return
            deserted = self.is_deserted
            try:
                self.look()
            except Exception as exc:  # noqa: BLE001 (the thread's outermost place: the next look finds what was missed)
                log_line.write(
                    "WARNING", "inboxes were not looked at", error=type(exc).__name__, at=log_line.places(exc)
                )


def _ring(boxes: Iterable[Mailbox]) -> None:
    for box in boxes:
        box.ring()
