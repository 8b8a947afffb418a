"""What to do next about an authorization, and which of several matters most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from shared.domain.authorization.states import AWAITING, IN_FORCE, as_of
from shared.domain.authorization.units import has_few_units, is_expiring
from shared.models.guidance import GuidanceAction
from shared.models.records import Authorization

_REQUEST = GuidanceAction(label="Request Authorization", action="request_auth")
_NOT_REQUIRED = GuidanceAction(label="Mark Not Required", action="mark_auth_not_required")
_STATUS = GuidanceAction(label="Check Authorization Status", action="check_authorization_status")
_RECORD = GuidanceAction(label="Record Payer's Answer", action="record_auth_decision")
_EXTEND = GuidanceAction(label="Extend Authorization", action="extend_authorization")
VIEW = GuidanceAction(label="View Full Record", action="view_record")


def next_steps(known: Authorization | None, today: date, *, needed: bool | None = True) -> tuple[GuidanceAction, ...]:
    """Offer what follows from an authorization as it is `today` (None: there is none), the full record always."""
    if known is None:
        return (_REQUEST, _NOT_REQUIRED, VIEW) if needed is not False else (VIEW,)
    if known.status in AWAITING:
        return (_STATUS, _RECORD, VIEW)
    if known.status in IN_FORCE:
        return (_EXTEND, VIEW) if is_expiring(known, today) or has_few_units(known) else (VIEW,)
    return (VIEW,) if known.status == "not_required" else (_REQUEST, VIEW)


def foremost(held: Iterable[Authorization], today: date) -> Authorization | None:
    """The one that matters most `today`: with the payer, else in force, else the newest; None without any."""
    known = [as_of(one, today) for one in held]
    for states in (AWAITING, IN_FORCE):
        found = [one for one in known if one.status in states]
        if found:
            return max(found, key=_newness)
    return max(known, key=_newness, default=None)


def _newness(one: Authorization) -> tuple[date, str]:
    return one.requested_date or date.min, str(one.id)
