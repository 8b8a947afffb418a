"""A person's alerts: what is active, and what has changed since a place in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.db.selector import DatabaseSelector
from shared.domain import alert as rules
from shared.errors import NotFoundError
from shared.models.api.alerts import AlertList, AlertQuery, AlertView
from shared.models.caller import Caller
from shared.models.cursor import encode_cursor
from shared.models.firestore.alerts import InboxEntryDocument
from shared.models.firestore.documents import ContextDocument
from shared.repositories.protocols import Position
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.component import ComponentService
from shared.services.positions import position_of

SEARCH_STEP = 100


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """Alerts that changed, oldest change first, and the place to go on from (None: nothing has changed)."""

    alerts: tuple[AlertView, ...]
    position: Position | None


class AlertLists(ComponentService):
    """The reading half of the alerts component: a person's own inbox, without what has expired."""

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock = utc_now) -> None:
        super().__init__(db_selector)
        self._access_log = access_log
        self._now = now

    def get_component_data(
        self, component_type: str, context_id: str | None, mode: str | None = None, *, caller: Caller
    ) -> AlertList:
        """Return the first page of the caller's alerts, of one context when it is named. Raises NotFoundError."""
        del mode
        if component_type != "alerts":
            raise NotFoundError(f"AlertService has no component {component_type}")
        return self.get_alerts(caller, AlertQuery(context_id=context_id))

    def get_alerts(self, caller: Caller, query: AlertQuery) -> AlertList:
        """List the caller's active alerts, latest change first."""
        now = self._now()
        filters = (caller.client_id, query.context_id, query.severity, query.acknowledged, query.snoozed)
        after = position_of(query.cursor, filters)
        event = caller.seen("alert_list", resource_ref=query.context_id)
        with self._access_log.reading(event):
            found = self._found(caller, query.limit, after, lambda entry: _fits(entry, query, now))
        shown = found[: query.limit]
        more = len(found) > query.limit
        return AlertList(
            alerts=tuple(AlertView.of(entry, rules.state_at(entry, now)) for entry in shown),
            next_cursor=encode_cursor(filters, shown[-1].updated_at.isoformat(), shown[-1].id) if more else None,
        )

    def about(self, caller: Caller, context: ContextDocument) -> tuple[AlertView, ...]:
        """The caller's active alerts about a context's record, whichever context they came from: the latest hundred."""
        now = self._now()
        record = (context.record_type, context.record_uuid)

        def fits(entry: InboxEntryDocument) -> bool:
            same = entry.context_id == context.id or (entry.record_type, entry.record_uuid) == record
            return same and not rules.is_expired(entry, now) and not rules.is_snoozed(entry, now)

        with self._access_log.reading(caller.seen("alert_list", resource_ref=context.id)):
            found = self._found(caller, SEARCH_STEP, None, fits)[:SEARCH_STEP]
        return tuple(AlertView.of(entry, rules.state_at(entry, now)) for entry in found)

    def get_changes(self, caller: Caller, *, after: Position | None, limit: int = SEARCH_STEP) -> AlertChanges:
        """Return at most `limit` of the caller's alerts that changed behind `after`, those that are over too.

        A live list begins with `get_alerts` and goes on from the store's time of that reading.
        """
        now = self._now()
        found = self.db.firestore.inboxes.changed_since(caller.client_id, caller.uid, after=after, limit=limit)
        position = Position(found[-1].updated_at, found[-1].id) if found else after
        return AlertChanges(tuple(AlertView.of(entry, rules.state_at(entry, now)) for entry in found), position)

    def _found(
        self, caller: Caller, limit: int, after: Position | None, fits: Callable[[InboxEntryDocument], bool]
    ) -> list[InboxEntryDocument]:
        """Find a full page and at least one more, if there are as many that fit."""
        visible: list[InboxEntryDocument] = []
        step = limit + 1
        while True:
            found = self.db.firestore.inboxes.active(caller.client_id, caller.uid, after=after, limit=step)
            visible += (entry for entry in found if fits(entry))
            if len(found) < step or len(visible) > limit:
                return visible
            after = Position(found[-1].updated_at, found[-1].id)
            step = SEARCH_STEP


def _fits(entry: InboxEntryDocument, query: AlertQuery, now: datetime) -> bool:
    if rules.is_expired(entry, now) or (rules.is_snoozed(entry, now) and not query.snoozed):
        return False
    return (
        query.context_id in {None, entry.context_id}
        and query.severity in {None, entry.severity}
        and query.acknowledged in {None, entry.acknowledged_at is not None}
    )
