"""Carries changed memberships from the database to the accounts and the live store.

Right after a change's commit, and again by the sweep: whatever a process that died left behind is carried within 15 s
by the next round, and every change once more after all cached copies have run out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from shared.errors import StoreUnavailableError
from shared.models.outcome import Outcome
from shared.repositories.user_protocols import Accounts, MemberMirror, MemberOutbox
from shared.services.rounds import rounds


class MemberSync:
    """Applies the outbox of memberships. Safe to repeat and to overlap."""

    def __init__(
        self,
        outbox: MemberOutbox,
        accounts: Accounts,
        mirror: MemberMirror,
        *,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._accounts = accounts
        self._mirror = mirror
        self._wait = wait
        self._clock = clock

    def carry(self, client_id: UUID) -> None:
        """Carry what waits for one organisation. Raises StoreUnavailableError; it stays in the outbox then."""
        with self._outbox.taken(client_id) as changes:
            if not changes.changed and not changes.roster:
                return
            # The live store first: it is what functions and security rules ask.
            self._mirror.store(changes)
            for membership in changes.changed:
                self._accounts.apply(membership)

    def carry_now(self, client_id: UUID) -> None:
        """Carry right after a commit; no harm if that fails: the sweep takes it then."""
        with suppress(StoreUnavailableError):
            self.carry(client_id)

    def sweep(self) -> Outcome:
        """Carry what waits, in four rounds over a minute. Raises StoreUnavailableError when the last round failed."""
        done = False
        failure: StoreUnavailableError | None = None
        for _ in rounds(self._wait, self._clock):
            failure = None
            try:
                waiting = self._outbox.waiting()
            except StoreUnavailableError as exc:
                failure = exc
                continue
            for client_id in waiting:
                try:
                    self.carry(client_id)
                    done = True
                except StoreUnavailableError as exc:  # the other organisations do not wait for this one
                    failure = exc
        if failure is not None:
            raise failure
        return Outcome.DONE if done else Outcome.UNCHANGED
