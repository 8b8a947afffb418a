"""From an alert to the inboxes of those it is for.

An entry remembers the version of the alert that it was taken from, and only a newer one replaces what it says; what
belongs to its person always stays. So a delivery may be repeated, overtaken or cut off anywhere: whatever was written
is found again, the rest is written, and nothing is written twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.domain import alert as rules
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.failpoints import failpoint
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.outcome import Outcome
from shared.repositories.document_protocols import Delivered, DocumentStore
from shared.services.alert_push import AlertPush
from shared.services.clock import Clock, utc_now

AT_ONCE = 200  # entries in one commit: Firestore takes 500, within the time that every call is given
SECONDS_PER_RUN = 240.0  # below the function's time-out; what is left is done by the redelivered event


class AlertFanOut:
    """Delivers alerts."""

    def __init__(
        self,
        store: DocumentStore,
        push: AlertPush,
        *,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._push = push
        self._now = now
        self._clock = clock

    def alert_written(
        self, alert_id: str, *, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> Outcome:
        """Bring every inbox that the alert is for to what this change of it says.

        Raises StoreUnavailableError when a store does not answer or time is up: the event comes again and goes on.
        """
        was, now = _typed(alert_id, before), _typed(alert_id, after)
        if now is None:
            if was is None:
                raise PermanentEventError("an event without a document")
            return self._deliver(rules.withdrawn(was), new=False) if was.is_active else Outcome.UNCHANGED
        if was is not None and was.version >= now.version:
            return Outcome.UNCHANGED  # a mark of our own, which inboxes do not show
        return self._deliver(now, new=was is None)

    def _deliver(self, alert: AlertDocument, *, new: bool) -> Outcome:
        give_up = self._clock() + SECONDS_PER_RUN
        done: list[Delivered] = []

        def deliver(entries: Sequence[InboxEntryDocument], *, fresh: bool) -> None:
            if self._clock() > give_up:
                raise StoreUnavailableError("The fan-out goes on with the next delivery", retry_after=1)
            done.append(self._store.inboxes.deliver(entries, fresh=fresh))
            failpoint("fan_out.delivered")

        roster = self._store.rosters.get(UUID(alert.client_id))
        if roster is None:
            raise StoreUnavailableError("The organisation's roster is not there yet", retry_after=5)
        # Past their end TTL deletes entries: none is made again.
        kept = alert.expire_at - rules.ENTRY_EARLIER > self._now()
        people = rules.recipients(alert.audience, roster) if kept else []
        for start in range(0, len(people), AT_ONCE):
            some = people[start : start + AT_ONCE]
            deliver([rules.entry_for(alert, uid=one.uid, user_id=one.user_id) for one in some], fresh=new)
        if not new:  # those who got it once and would not get it today: their role has changed, or they have left
            while behind := self._behind(alert):
                deliver([rules.entry_for(alert, uid=one.uid, user_id=one.user_id) for one in behind], fresh=False)
        news = [entry for one in done for entry in one.news]
        if alert.is_active and not rules.is_expired(alert, self._now()):
            failpoint("fan_out.before_push")
            self._push.tell(alert, news, roster)
        return Outcome.DONE if any(one.written for one in done) else Outcome.UNCHANGED

    def _behind(self, alert: AlertDocument) -> list[InboxEntryDocument]:
        return self._store.inboxes.behind(UUID(alert.client_id), alert.id, alert.version, limit=AT_ONCE)


def _typed(alert_id: str, fields: Mapping[str, Any] | None) -> AlertDocument | None:
    """Read a document. Raises PermanentEventError for one that no version of ours has written."""
    if fields is None:
        return None
    try:
        alert = AlertDocument.model_validate({**fields, "id": alert_id})
        UUID(alert.client_id)
    except (ValidationError, ValueError) as exc:
        raise PermanentEventError("the document is no alert") from exc
    return alert
