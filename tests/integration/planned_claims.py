"""What is asked of claims, as the proofs of query plans call it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim.moving import MoveDetails, note, step
from shared.models.claim import ClaimFile
from shared.repositories.claim_protocols import (
    PROBED,
    AmountPosition,
    ClaimChange,
    ClaimFilter,
    DayPosition,
    DeadlinesAsked,
    QueueAsked,
)
from shared.repositories.postgres.claims import PostgresClaimRepository
from tests.integration import volume
from tests.integration.planned_calls import Call, Place
from tests.unit.factories import event

_REPOSITORY, _LISTS = "PostgresClaimRepository", "PostgresClaimLists"
_DAY = date(2023, 5, 17)


def _claims(at: Place) -> PostgresClaimRepository:
    return PostgresClaimRepository(at.serving)


def _today() -> date:
    return datetime.now(UTC).date()  # the claims of these proofs lie around the database's day


def _change(at: Place) -> None:
    """A step and back again; the second organisation finds it as the first one did."""

    def there(file: ClaimFile) -> ClaimChange:
        after, told = step(file.claim, "accept", MoveDetails(), at=datetime.now(UTC), today=_today())
        return ClaimChange(after, event(at.client), None, (told,))

    _claims(at).change(at.client, "CLM704", there, changed_by=at.id(volume.USERS, 1), key=None)


def _note(at: Place) -> None:
    """A note on a claim with a long history."""

    def noted(file: ClaimFile) -> ClaimChange:
        told = note(file.claim, "Called the payer", at=datetime.now(UTC))
        return ClaimChange(file.claim, event(at.client), None, (told,))

    _claims(at).change(at.client, "CLM711", noted, changed_by=at.id(volume.USERS, 1), key=None)


def _events(before: int | None) -> Call:
    return lambda at: _claims(at).events(at.client, "CLM711", before=before, limit=26, seen=None)


def _page(*, deep: bool = False, **wanted: Any) -> Call:
    def asked(at: Place) -> None:
        given: dict[str, Any] = {
            name: at.id(*value) if isinstance(value, tuple) else value for name, value in wanted.items()
        }
        after = DayPosition(_DAY, at.id(volume.CLAIMS, 711)) if deep else None
        _claims(at).page(at.client, ClaimFilter(**given), after=after, limit=25, seen=None)

    return asked


def _queue(queue: Any, *, deep: bool = False, **members: Any) -> Call:
    def asked(at: Place) -> None:
        wanted = QueueAsked(queue, _today(), **members)
        by_day = queue == "pended_too_long" or members.get("order") == "date"
        last = at.id(volume.CLAIMS, 711)
        after = DayPosition(_today() - timedelta(days=90), last) if by_day else AmountPosition(50_000, last)
        _claims(at).queue(at.client, wanted, after=after if deep else None, limit=25, seen=None)

    return asked


def _deadlines(days: int, **members: Any) -> Call:
    def asked(at: Place) -> None:
        wanted = DeadlinesAsked(_today() + timedelta(days=days), **members)
        _claims(at).deadlines(at.client, wanted, after=None, limit=25, seen=None)

    return asked


_QUEUES = ("rejected", "denied", "deadline", "underpaid", "pended_too_long", "authorization_gaps")
_PAYER, _PROVIDER = (volume.PAYERS, 3), (volume.PROVIDERS, 7)
CLAIM_CALLS: dict[str, dict[str, Call]] = {
    f"{_REPOSITORY}.get": {
        "by number": lambda at: _claims(at).get(at.client, "CLM711"),
        "by uuid": lambda at: _claims(at).get(at.client, str(at.id(volume.CLAIMS, 700))),
    },
    f"{_REPOSITORY}.change": {"a step": _change, "a note": _note},
    f"{_REPOSITORY}.events": {"first": _events(None), "deep": _events(300)},
    f"{_REPOSITORY}.with_claims": {
        "a tenth of all claims": lambda at: _claims(at).with_claims(
            at.client, [at.id(volume.PEOPLE, volume.FIRST), UUID(int=5)]
        )
    },
    f"{_LISTS}.page": {
        "all": _page(),
        "deep": _page(deep=True),
        "a patient's": _page(patient="MRN711"),
        "a patient's with a tenth of all": _page(patient="MRN1", deep=True),
        "a patient's in a state": _page(patient="MRN1", status="denied"),
        "of a state": _page(status="denied"),
        "of a state in days": _page(status="denied", first_day=_DAY, last_day=_DAY + timedelta(days=40)),
        "of a payer": _page(payer_id=_PAYER),
        "of a payer, deep": _page(payer_id=_PAYER, deep=True),
        "of a provider": _page(provider_id=_PROVIDER),
        "of a denial": _page(denial_code="CO-197"),
        "of a denial that nobody has": _page(denial_code="CO-1"),
        "what no index knows": _page(payer_id=_PAYER, status="denied", least=Decimal(900)),
        "of an amount that nobody has": _page(least=Decimal(5000)),
    },
    f"{_LISTS}.queues": {"today": lambda at: _claims(at).queues(at.client, _today(), seen=None)},
    f"{_LISTS}.queue": {
        **{queue: _queue(queue) for queue in _QUEUES},
        **{f"{queue}, deep": _queue(queue, deep=True) for queue in _QUEUES},
        "deadline by date": _queue("deadline", order="date"),
        "denied for a reason": _queue("denied", reason="CO-197"),
        "denied for a reason that nobody has": _queue("denied", reason="CO-1"),
    },
    f"{_LISTS}.deadlines": {
        "a month": _deadlines(30),
        "those that have passed": _deadlines(-1),
        "years": _deadlines(900),
        "by date": _deadlines(30, order="date"),
        "of a kind": _deadlines(30, kind="appeal"),
        "of a kind by date": _deadlines(30, kind="filing", order="date"),
        "of a kind that nobody has": _deadlines(30, kind="noted"),
    },
    f"{_LISTS}.aging": {
        "today": lambda at: _claims(at).aging(at.client, _today(), seen=None),
        "another day": lambda at: _claims(at).aging(at.client, _DAY, seen=None),
    },
}
# A filter that no index knows is tried on at most a thousand claims, which may each lie on a page of their own.
TRIED = {f"{_LISTS}.page": PROBED}
