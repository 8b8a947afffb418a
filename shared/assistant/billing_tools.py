"""Tools about the organisation's claims: work queues, the ledger of deadlines, aging."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from pydantic import Field

from shared.assistant.desk_tools import organisation
from shared.assistant.live_tools import NothingAsked
from shared.assistant.protocol import Citation
from shared.assistant.readings import Reading
from shared.assistant.tools import Desk, Tool
from shared.models.api.base import Day, RequestModel
from shared.models.api.claims import AgingQuery, ClaimItem, DeadlineQuery, DenialCode, QueueQuery
from shared.models.claim import ClaimQueue

MODE = "backend"
MOST_SHOWN = 10


class QueueParams(RequestModel):
    """Which queue is listed; left out: what lies in each. `reason` is a denial code, of the queue denied only."""

    queue: ClaimQueue | None = None
    reason: DenialCode | None = None


class LedgerParams(RequestModel):
    """Up to which day, or those that have passed; 30 days ahead by default."""

    until: Day | None = Field(default=None, description="Deadlines up to this day, passed ones included")
    overdue: bool = False


def read_queues(desk: Desk, params: QueueParams) -> Reading:
    """See Tool.read."""
    query = QueueQuery(queue=params.queue, reason=params.reason, limit=MOST_SHOWN)
    found = desk.services.claim_work().queues(desk.caller, query)
    return Reading(found, (organisation(desk, "Claims of the organization"), *_claims(found.items or ())))


def read_ledger(desk: Desk, params: LedgerParams) -> Reading:
    """See Tool.read."""
    until = desk.today - timedelta(days=1) if params.overdue else params.until
    query = DeadlineQuery(until=until, order="date", limit=MOST_SHOWN)
    found = desk.services.claim_work().deadlines(desk.caller, query)
    return Reading(found, (organisation(desk, "Claims of the organization"), *_claims(found.items)))


def read_aging(desk: Desk, params: NothingAsked) -> Reading:
    """See Tool.read."""
    del params
    found = desk.services.claim_work().aging(desk.caller, AgingQuery())
    return Reading(found, (organisation(desk, "Claims of the organization"),))


def _claims(items: Iterable[ClaimItem]) -> tuple[Citation, ...]:
    return tuple(Citation(f"claims/{one.id}", f"Claim {one.claim_number}") for one in items)


QUEUES = Tool(
    "claim_queues",
    "The organization's work queues of claims with counts and open cents (denied ones by reason), and one queue's"
    " largest claims.",
    "Looked into the work queues",
    QueueParams,
    read_queues,
    ("patient", "claim"),
    mode=MODE,
)
LEDGER = Tool(
    "claim_deadlines",
    "The organization's deadlines of claims up to a day, passed ones included, with the cents at risk.",
    "Read the ledger of deadlines",
    LedgerParams,
    read_ledger,
    ("patient", "claim"),
    mode=MODE,
)
AGING = Tool(
    "claim_aging",
    "What is open of the organization's claims by payer and age in days.",
    "Worked out the aging",
    NothingAsked,
    read_aging,
    ("claim",),
    mode=MODE,
)
