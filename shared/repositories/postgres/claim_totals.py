"""What work queues and aging add up to: sums that are kept, and what was added to them since (decision 0028)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.claim.day_blocks import FIRST, UNDATED_LEVEL, blocks_between, day_number
from shared.domain.claim.standing import BUCKETS, UNDATED, deadline_horizon, pended_horizon
from shared.models.claim import AgingCell, QueueTotal, Total

_SUMS = text("""
SELECT asked.place, part.key, sum(part.claims)::bigint, sum(part.cents)::bigint
FROM unnest(CAST(:places AS int[]), CAST(:queues AS text[]), CAST(:levels AS int[]), CAST(:firsts AS int[]),
    CAST(:lasts AS int[])) AS asked(place, queue, level, first, last)
  CROSS JOIN LATERAL (
    SELECT key, claims, cents FROM claim_totals WHERE client_id = :client AND queue = asked.queue
      AND level = asked.level AND block BETWEEN asked.first AND asked.last
    UNION ALL
    SELECT key, claims, cents FROM claim_total_changes WHERE client_id = :client AND queue = asked.queue
      AND level = asked.level AND block BETWEEN asked.first AND asked.last) AS part
GROUP BY asked.place, part.key HAVING sum(part.claims) <> 0
""")
_PAYERS = text("SELECT id, name FROM payers WHERE client_id = :client AND id = ANY(:ids)")
# A run of blocks of one queue: (place, queue, level, first, last).
_Run = tuple[int, str, int, int, int]
_NO_DAY = ((UNDATED_LEVEL, 0, 0),)
_NOTHING = Total(0, Decimal(0))


def queue_totals(connection: Connection, client_id: UUID, today: date) -> tuple[QueueTotal, ...]:
    """What lies in each queue on `today`."""
    until = {"deadline": deadline_horizon(today), "pended": pended_horizon(today)}
    runs: list[_Run] = []
    for place, queue in enumerate(("open", "denied", "deadline", "pended", "authorization_gap")):
        blocks = blocks_between(FIRST, day_number(until[queue])) if queue in until else _NO_DAY
        runs += [(place, queue, *block) for block in blocks]
    sums = _sums(connection, client_id, runs)
    by_status, by_reason, by_kind, pended, gaps = (sums.get(place, {}) for place in range(5))
    return (
        QueueTotal("rejected", by_status.get("rejected", _NOTHING)),
        QueueTotal("denied", _all(by_reason.values()), by_reason),
        QueueTotal("deadline", _all(by_kind.values()), by_kind),
        QueueTotal("underpaid", by_status.get("underpaid", _NOTHING)),
        QueueTotal("pended_too_long", _all(pended.values())),
        QueueTotal("authorization_gaps", _all(gaps.values())),
    )


def total_until(connection: Connection, client_id: UUID, queue: str, until: date, *, key: str | None) -> Total:
    """The sum of a queue up to a day, of one key or of all."""
    runs = [(0, queue, *block) for block in blocks_between(FIRST, day_number(until))]
    found = _sums(connection, client_id, runs).get(0, {})
    return _all(found.values()) if key is None else found.get(key, _NOTHING)


def aging_cells(connection: Connection, client_id: UUID, as_of: date) -> tuple[AgingCell, ...]:
    """What is open by payer, stage and age on `as_of`; what lies ahead is new."""
    ahead = day_number(date.max)
    runs: list[_Run] = [(len(BUCKETS), "aging", *_NO_DAY[0])]
    for place, (_, youngest, oldest) in enumerate(BUCKETS):
        first = FIRST if oldest is None else day_number(_before(as_of, oldest))
        last = ahead if youngest == 0 else day_number(_before(as_of, youngest))
        runs += [(place, "aging", *block) for block in blocks_between(first, last)]
    sums = _sums(connection, client_id, runs)
    names = [name for name, _, _ in BUCKETS] + [UNDATED]
    parts = {key: key.partition(":")[::2] for keys in sums.values() for key in keys}
    payers = {payer: UUID(payer) if payer else None for _, payer in parts.values()}
    asked = {"client": client_id, "ids": [one for one in payers.values() if one is not None]}
    known = dict(tuple(row) for row in connection.execute(_PAYERS, asked))
    lines = sorted((parts[key][::-1], place, total) for place, keys in sums.items() for key, total in keys.items())
    return tuple(
        AgingCell(payers[payer], known.get(payers[payer]), stage, names[place], total)  # type: ignore[arg-type]
        for (payer, stage), place, total in lines
    )


def _before(day: date, days: int) -> date:
    return day - timedelta(days=days) if day.toordinal() > days else date.min


def _sums(connection: Connection, client_id: UUID, runs: list[_Run]) -> dict[int, dict[str, Total]]:
    """The sums of the runs by place and key; keys of nothing are left out."""
    names = ("places", "queues", "levels", "firsts", "lasts")
    given: dict[str, Any] = dict(zip(names, map(list, zip(*runs, strict=True)), strict=True))
    found: dict[int, dict[str, Total]] = {}
    for place, key, claims, cents in connection.execute(_SUMS, given | {"client": client_id}):
        found.setdefault(place, {})[key] = Total(claims, Decimal(cents) / 100)
    return found


def _all(totals: Iterable[Total]) -> Total:
    given = list(totals)
    return Total(sum(one.claims for one in given), sum((one.amount for one in given), Decimal(0)))
