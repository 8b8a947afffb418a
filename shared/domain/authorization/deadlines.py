"""The decision clock: until when the payer has to answer, by the organisation's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.authorization.states import AWAITING
from shared.models.authorization import Urgency
from shared.models.records import Authorization, PayerRule

URGENT_HOURS = 72
STANDARD_DAYS = 7


def decision_due(
    urgency: Urgency | None, submitted_at: datetime, *, zone: ZoneInfo, rule: PayerRule | None
) -> datetime:
    """Until when the payer decides: 72 hours when urgent, else 7 calendar days, unless the payer's rule differs.

    A calendar day ends at the same time of day as the request was sent, also across a change of the clocks.
    """
    if urgency == "urgent":
        return submitted_at + timedelta(hours=(rule and rule.decision_hours) or URGENT_HOURS)
    days = (rule and rule.decision_days) or STANDARD_DAYS
    return (submitted_at.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def is_overdue(authorization: Authorization, now: datetime) -> bool:
    """E23: the payer should have answered by now."""
    due = authorization.decision_due_at
    return authorization.status in AWAITING and due is not None and due <= now
