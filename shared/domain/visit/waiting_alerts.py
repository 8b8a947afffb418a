"""Which alert a visit wants at a moment: a patient waits too long, or has not come and the grace is over.

V01 and V02 are the front desk's own rules; their source is the design's waiting alerts (10 minutes arrived, 15 checked
in, 40 in the room) and its no-show after grace, both as the organisation has set them. No text names a person.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.domain.rule_effects import RuleAlert
from shared.domain.visit.waits import no_show_from, wait_of
from shared.models.firestore.alerts import Text
from shared.models.front_desk import FrontDeskSettings
from shared.models.roles import Role
from shared.models.visit import DeskVisit

WAITS, PAST_GRACE = "V01", "V02"
SOURCES = (f"rule:{WAITS}", f"rule:{PAST_GRACE}")
_BOOKED = frozenset({"scheduled", "confirmed"})


def waiting_alert(visit: DeskVisit, settings: FrontDeskSettings, now: datetime, zone: ZoneInfo) -> RuleAlert | None:
    """What a visit wants told at `now`; only on its own day at the organisation.

    The cause is the stay in one state: whoever waits on is not told of again, a new stay is.
    """
    if visit.visit_date != now.astimezone(zone).date():
        return None
    return _waits(visit, settings, now) or _past_grace(visit, settings, now, zone)


def _waits(visit: DeskVisit, settings: FrontDeskSettings, now: datetime) -> RuleAlert | None:
    """V01: a patient has been in one state for as long as the organisation allows, or longer."""
    wait = wait_of(visit, settings, now)
    if wait is None or not wait.too_long:
        return None
    return RuleAlert(
        rule=WAITS,
        reason=visit.status,
        cause=visit.status_since.isoformat(),
        severity="warning",
        message=Text(
            code="waiting_too_long",
            params={"status": visit.status, "minutes": wait.limit, "visit": visit.visit_number},
            text=f"Visit {visit.visit_number} has been {visit.status.replace('_', ' ')} for {wait.limit} minutes",
        ),
        roles=(Role.FRONT_DESK, Role.MANAGER),
    )


def _past_grace(visit: DeskVisit, settings: FrontDeskSettings, now: datetime, zone: ZoneInfo) -> RuleAlert | None:
    """V02: a booked patient has not come when the grace behind the start is over."""
    if visit.status not in _BOOKED or visit.starts_at is None or now < no_show_from(visit, settings, zone):
        return None
    return RuleAlert(
        rule=PAST_GRACE,
        reason="past_grace",
        cause=visit.starts_at.isoformat(),
        severity="info",
        message=Text(
            code="past_grace",
            params={"visit": visit.visit_number, "minutes": settings.grace_minutes},
            text=f"Nobody has come for visit {visit.visit_number}: no-show, or call the patient",
        ),
        roles=(Role.FRONT_DESK,),
    )
