"""What there is to do with claims: lists, work queues, the ledger of deadlines, aging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.errors import FieldError, ValidationFailedError
from shared.models.api.claims import (
    Aging,
    AgingQuery,
    ClaimItems,
    ClaimsQuery,
    DeadlineQuery,
    Deadlines,
    QueueQuery,
    WorkQueues,
)
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor, refused_cursor
from shared.repositories.claim_protocols import (
    AmountPosition,
    ClaimFilter,
    ClaimPage,
    ClaimRepository,
    DayPosition,
    DeadlinesAsked,
    ListOrder,
    QueueAsked,
)
from shared.repositories.protocols import RecordStore
from shared.services.access_log import AccessLog
from shared.services.claim_changes import MODE
from shared.services.claim_views import aging_view, claim_item, in_cents, queue_view
from shared.services.claims import in_units
from shared.services.clock import Clock

DEADLINE_DAYS = 30
# Told apart by reason: the others have none.
_WITH_REASON = frozenset({"denied"})
# The longest waits first is the only order that a queue by waiting has.
_BY_DATE = frozenset({"pended_too_long"})
_WITH_DATES = frozenset({"deadline", "pended_too_long"})
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class _Place:
    """Which list a cursor belongs to, and how it is ordered."""

    filters: tuple[Any, ...]
    order: ListOrder

    def after(self, cursor: str | None) -> AmountPosition | DayPosition | None:
        """Read a cursor. Raises ValidationFailedError for one that this list has not given."""
        if cursor is None:
            return None
        at, identity = decode_cursor(cursor, self.filters)
        try:
            if self.order == "date":
                return DayPosition(date.fromisoformat(at), UUID(identity))
            cents = int(at) if at.isascii() and at.isdecimal() else -1
            if not 0 <= cents < _LARGEST:
                raise refused_cursor()
            return AmountPosition(cents, UUID(identity))
        except ValueError as exc:
            raise refused_cursor() from exc

    def cursor(self, page: ClaimPage) -> str | None:
        """Write the cursor of the page behind `page`."""
        if page.ends is None:
            return None
        at = page.ends.day.isoformat() if isinstance(page.ends, DayPosition) else str(page.ends.cents)
        return encode_cursor(self.filters, at, str(page.ends.id))


class ClaimWork:
    """Lists of claims and what they add up to; each is one audited read."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog, *, now: Clock) -> None:
        self._store = store
        self._access_log = access_log
        self._now = now

    def claims(self, caller: Caller, query: ClaimsQuery) -> ClaimItems:
        """List claims that fit, newest day of service first. Raises ValidationFailedError naming what names nothing."""
        wanted = self._filter(caller, query)
        place = _Place((caller.client_id, "claims", wanted), "date")
        after = place.after(query.cursor)
        today = caller.today(self._now())
        with self._access_log.in_transaction(_seen(caller, place)) as seen:
            page = self._claims.page(
                caller.client_id,
                wanted,
                after=after if isinstance(after, DayPosition) else None,
                limit=query.limit,
                seen=seen,
            )
        items = tuple(claim_item(one, today) for one in page.claims)
        return ClaimItems(claims=items, next_cursor=place.cursor(page))

    def queues(self, caller: Caller, query: QueueQuery) -> WorkQueues:
        """Show what lies in each queue today; with a queue, its claims. A queue by waiting is always by date."""
        today = caller.today(self._now())
        if query.reason is not None and query.queue not in _WITH_REASON:
            raise _fault("reason", "not_of_this_queue", f"Only these are told apart by reason: {_all(_WITH_REASON)}")
        if query.order == "date" and query.queue not in _WITH_DATES:
            raise _fault("order", "not_of_this_queue", f"Only these have an order by date: {_all(_WITH_DATES)}")
        order: ListOrder = "date" if query.queue in _BY_DATE else query.order
        place = _Place((caller.client_id, "queue", query.queue, query.reason, order, today), order)
        after = place.after(query.cursor)
        with self._access_log.in_transaction(_seen(caller, place)) as seen:
            totals = self._claims.queues(caller.client_id, today, seen=seen)
        views = tuple(queue_view(one) for one in totals)
        if query.queue is None:
            return WorkQueues(as_of=today, queues=views)
        asked = QueueAsked(query.queue, today, query.reason, order)
        page = self._claims.queue(caller.client_id, asked, after=after, limit=query.limit, seen=None)
        return WorkQueues(
            as_of=today,
            queues=views,
            queue=query.queue,
            items=tuple(claim_item(one, today) for one in page.claims),
            next_cursor=place.cursor(page),
        )

    def deadlines(self, caller: Caller, query: DeadlineQuery) -> Deadlines:
        """Show the ledger of deadlines up to a day, each claim once with the deadline that comes first."""
        today = caller.today(self._now())
        until = query.until or today + timedelta(days=DEADLINE_DAYS)
        asked = DeadlinesAsked(until, query.kind, query.order)
        place = _Place((caller.client_id, "deadlines", asked), query.order)
        after = place.after(query.cursor)
        with self._access_log.in_transaction(_seen(caller, place)) as seen:
            total, page = self._claims.deadlines(caller.client_id, asked, after=after, limit=query.limit, seen=seen)
        return Deadlines(
            as_of=today,
            until=until,
            claims=total.claims,
            amount_cents=in_cents(total.amount) or 0,
            items=tuple(claim_item(one, today) for one in page.claims),
            next_cursor=place.cursor(page),
        )

    def aging(self, caller: Caller, query: AgingQuery) -> Aging:
        """Show what is open now by payer, stage and age on a day."""
        as_of = query.as_of or caller.today(self._now())
        event = caller.seen("aging", mode=MODE, same=as_of.isoformat())
        with self._access_log.in_transaction(event) as seen:
            cells = self._claims.aging(caller.client_id, as_of, seen=seen)
        return aging_view(cells, as_of)

    @property
    def _claims(self) -> ClaimRepository:
        return self._store().claims

    def _filter(self, caller: Caller, query: ClaimsQuery) -> ClaimFilter:
        """References as ids. What names no record is refused by name; an unknown patient has no claims."""
        ids = {}
        for name, member, kind in (("payer_id", "payerId", "payer"), ("provider_id", "providerId", "provider")):
            reference = getattr(query, name)
            found = None
            if reference is not None:
                found = self._store().records.resolve(caller.client_id, kind, reference)
                if found is None:
                    raise _fault(member, f"unknown_{kind}", f"There is no such {kind}")
            ids[name] = None if found is None else found.id
        if query.first_day and query.last_day and query.last_day < query.first_day:
            raise _fault("lastDay", "before_start", "must not lie before firstDay")
        if query.least_cents is not None and query.most_cents is not None and query.most_cents < query.least_cents:
            raise _fault("mostCents", "below_least", "must not be less than leastCents")
        return ClaimFilter(
            patient=query.patient_id,
            status=query.status,
            payer_id=ids["payer_id"],
            provider_id=ids["provider_id"],
            denial_code=query.denial_code,
            first_day=query.first_day,
            last_day=query.last_day,
            least=in_units(query.least_cents),
            most=in_units(query.most_cents),
        )


def _seen(caller: Caller, place: _Place) -> AuditEvent:
    return caller.seen("claim_list", mode=MODE, same=repr(place.filters))


def _fault(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(message, errors=(FieldError(field, code, message),))


def _all(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
