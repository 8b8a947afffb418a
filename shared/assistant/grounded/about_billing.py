"""Sentences about the organisation's claims: work queues, the ledger of deadlines, aging."""

from __future__ import annotations

from collections.abc import Iterable

from shared.assistant.grounded.saying import Statement, count, day, listed, money, plain, state, verb
from shared.assistant.grounded.told import Told
from shared.domain.claim.standing import BUCKETS, UNDATED
from shared.models.api.claims import Aging, AgingBucket, ClaimItem, Deadlines, QueueView, ReasonTotal, WorkQueues

MOST_LISTED = 5
_QUEUES = {
    "rejected": "rejected",
    "denied": "denied",
    "deadline": "close to a deadline",
    "underpaid": "underpaid",
    "pended_too_long": "pended too long",
    "authorization_gaps": "without the authorization they need",
}
_EDGES = tuple(last for _, _, last in BUCKETS if last is not None)


def queues(told: Told) -> list[Statement]:
    """What lies in the queue that was asked for, else in each."""
    reading, data = told.readings["claim_queues"], told.data("claim_queues", WorkQueues)
    if data is None:
        return []
    whole = reading.sources[:1]
    if data.queue is None:
        each = "; ".join(f"{_QUEUES[one.queue]} {_total(one)}" for one in data.queues if one.claims)
        if not each:
            return [Statement("Nothing lies in your organization's work queues of claims.", whole)]
        return [Statement(f"In your organization's work queues: {each}.", whole)]
    one = next((found for found in data.queues if found.queue == data.queue), None)
    if one is None or not one.claims:
        return [Statement(f"Your organization's queue of claims {_QUEUES[data.queue]} is empty.", whole)]
    text = f"Your organization's queue of claims {_QUEUES[one.queue]} holds {_total(one)} open."
    said = [Statement(text, whole)]
    if one.queue == "denied" and one.reasons:
        said.append(Statement(f"By reason: {_reasons(one.reasons)}.", whole))
    shown = (data.items or ())[:MOST_LISTED]
    cited = whole + reading.cited(*(f"claims/{item.id}" for item in shown))
    return [*said, Statement(f"{_first(one.claims)}: {_items(shown)}.", cited)]


def ledger(told: Told) -> list[Statement]:
    """The deadlines up to a day, the soonest first."""
    reading, data = told.readings["claim_deadlines"], told.data("claim_deadlines", Deadlines)
    if data is None:
        return []
    whole, until = reading.sources[:1], f"by {day(data.until)}, passed ones included"
    if not data.claims:
        return [Statement(f"No claim of your organization has a deadline {until}.", whole)]
    text = (
        f"{count(data.claims, 'claim')} of your organization {verb(data.claims, 'has')} a deadline {until},"
        f" {money(data.amount_cents)} at risk."
    )
    shown = data.items[:MOST_LISTED]
    cited = whole + reading.cited(*(f"claims/{item.id}" for item in shown))
    each = "; ".join(_due(one) for one in shown)
    return [Statement(text, whole), Statement(f"Soonest: {each}.", cited)]


def aging(told: Told) -> list[Statement]:
    """What is open, by age; with a number of days, what is older."""
    reading, data = told.readings["claim_aging"], told.data("claim_aging", Aging)
    if data is None:
        return []
    whole, limit = reading.sources[:1], told.ask.older_than
    if not data.claims:
        return [Statement("Nothing is open of your organization's claims.", whole)]
    if limit is None:
        each = "; ".join(f"{_age(one)} {_total(one)}" for one in data.total if one.claims)
        text = f"Open of your organization's claims {_total(data)}, by age: {each}."
        return [Statement(text, whole)]
    if limit not in _EDGES:
        edges = listed([str(one) for one in _EDGES], "or")
        return [Statement(f"Ages are counted in steps: ask about more than {edges} days.")]
    over = _over(data.total, limit)
    text = f"{money(_cents(over))} of {count(_claims(over), 'claim')} has been open for more than {limit} days."
    said = [Statement(text, whole)]
    payers: dict[str, int] = {}
    for row in data.rows:
        name = plain(row.payer) if row.payer else "no payer"
        payers[name] = payers.get(name, 0) + _cents(_over(row.buckets, limit))
    largest = sorted(((cents, name) for name, cents in payers.items() if cents), key=lambda one: (-one[0], one[1]))
    if largest:
        each = "; ".join(f"{name} {money(cents)}" for cents, name in largest[:MOST_LISTED])
        said.append(Statement(f"{'Most of it' if len(largest) > MOST_LISTED else 'By payer'}: {each}.", whole))
    undated = [one for one in data.total if one.bucket == UNDATED and one.claims]
    if undated:
        said.append(Statement(f"Not counted, for want of a day: {_total(undated[0])}.", whole))
    return said


def _over(buckets: Iterable[AgingBucket], limit: int) -> list[AgingBucket]:
    older = {name for name, first, _ in BUCKETS if first > limit}
    return [one for one in buckets if one.bucket in older]


def _cents(buckets: Iterable[AgingBucket]) -> int:
    return sum(one.amount_cents for one in buckets)


def _claims(buckets: Iterable[AgingBucket]) -> int:
    return sum(one.claims for one in buckets)


def _total(one: QueueView | AgingBucket | Aging) -> str:
    return f"{count(one.claims, 'claim')}, {money(one.amount_cents)}"


def _age(one: AgingBucket) -> str:
    return "without a day" if one.bucket == UNDATED else f"{one.bucket} days"


def _reasons(reasons: tuple[ReasonTotal, ...]) -> str:
    more = len(reasons) - MOST_LISTED
    told = [f"{plain(one.reason)} {count(one.claims, 'claim')}, {money(one.amount_cents)}" for one in reasons]
    return "; ".join([*told[:MOST_LISTED], *([f"{count(more, 'reason')} more"] if more > 0 else [])])


def _first(number: int) -> str:
    return "The first of them" if number > MOST_LISTED else "They are"


def _items(items: Iterable[ClaimItem]) -> str:
    return "; ".join(
        f"{plain(one.claim_number)}{f' ({plain(one.payer)})' if one.payer else ''}"
        f" {money(one.balance_cents, one.currency)}"
        for one in items
    )


def _due(one: ClaimItem) -> str:
    due = "" if one.next_deadline_on is None else f" on {day(one.next_deadline_on)}"
    kind = "" if one.deadline_kind is None else f" {state(one.deadline_kind)}"
    return f"{plain(one.claim_number)}{kind}{due}, {money(one.balance_cents, one.currency)}"
