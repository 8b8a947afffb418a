"""When a payer may be asked: again after a failure (E19), and about which dates (E03). Pure; nothing here waits."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from shared.models.eligibility_inquiry import FailureKind

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
# What the payer asks for beside the reject code (AAA04): wait 30 or 10 days; or do not ask again by itself.
_WAIT = {"W": timedelta(days=30), "X": timedelta(days=10)}
_DO_NOT_REPEAT = frozenset({"N", "S", "Y"})


def used_up(kind: FailureKind, attempts: int) -> bool:
    """E19: whether the last attempt that is made by itself has failed, so that a person must act."""
    return kind == "retryable" and attempts > len(RETRY_AFTER)


def next_attempt(kind: FailureKind, attempts: int, now: datetime, *, follow_up: str | None = None) -> datetime | None:
    """E19: when to ask again after the `attempts`-th attempt failed at `now`; None when a person must act first.

    Only a retryable failure is repeated, 1, 5, 30 and 120 minutes later. `follow_up` is the payer's AAA04.
    """
    if kind != "retryable" or attempts < 1 or follow_up in _DO_NOT_REPEAT:
        return None
    if follow_up in _WAIT:
        return now + _WAIT[follow_up] if attempts <= len(RETRY_AFTER) else None
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


def payer_window(today: date) -> tuple[date, date]:
    """E03: the dates of service that payers answer: from 12 months back to the end of this month."""
    month = today.replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    end = following - timedelta(days=1)
    last_day_then = (month.replace(year=month.year - 1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    start = today.replace(year=today.year - 1, day=min(today.day, last_day_then.day))
    return start, end


def recheck_on(date_of_service: date, today: date) -> date | None:
    """E03: when a date outside of the window can be asked about: the 1st of its month; None when it is too far back."""
    start, end = payer_window(today)
    if start <= date_of_service <= end:
        return today
    return date_of_service.replace(day=1) if date_of_service > end else None


def answered_from(date_of_service: date, now: datetime) -> datetime | None:
    """E03, E19: the moment to ask again by itself about a date that the payer does not answer for yet.

    That is when the 1st of its month begins at the organisation, whose local time is `now`; within the window, where
    the payer answers for fewer days than others, when the day itself begins. None for a day that has come.
    """
    today = now.date()
    first = recheck_on(date_of_service, today)
    if first is None or date_of_service <= today:
        return None
    return datetime.combine(first if first > today else date_of_service, time(), now.tzinfo)
