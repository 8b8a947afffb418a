"""What a request for an authorization must have before it is sent, and asking for more than was granted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.authorization.deadlines import decision_due
from shared.domain.authorization.states import moved
from shared.errors import ConflictError, FieldError, ValidationFailedError
from shared.models.authorization import ExtensionRequest
from shared.models.records import GENERAL_SERVICE, Authorization, PayerRule

LONGEST_PERIOD = timedelta(days=731)


def rule_for(
    rules: Iterable[PayerRule], payer_id: object, service_type: str | None, *, procedures: Collection[str] = ()
) -> PayerRule | None:
    """The payer's rule for one of the procedures, else for the service, else its general one."""
    own = [one for one in rules if one.payer_id == payer_id]
    of_procedures = sorted((one for one in own if one.procedure in procedures), key=lambda one: str(one.id))
    by_procedure = {one.service_type: one for one in reversed(of_procedures)}
    by_service = {one.service_type: one for one in own if one.procedure is None}
    for known in (by_procedure, by_service):
        chosen = known.get(service_type or GENERAL_SERVICE) or known.get(GENERAL_SERVICE)
        if chosen is not None:
            return chosen
    return of_procedures[0] if of_procedures else None


def missing_fields(
    authorization: Authorization, rule: PayerRule | None, *, member_id: str | None, provider_npi: str | None
) -> tuple[str, ...]:
    """Name what a request lacks, as the API calls it: the design's `draft → submitted`, and the payer's rule."""
    usual: dict[str, object] = {
        "payerId": authorization.payer_id,
        "serviceType": authorization.service_type or authorization.procedure_codes,
        "providerId": authorization.provider_id,
        "periodStart": authorization.period_start,
        "periodEnd": authorization.period_end,
        "units": authorization.units_requested,
        "urgency": authorization.urgency,
    }
    wanted: dict[str, object] = {
        "serviceType": authorization.service_type,
        "procedureCodes": authorization.procedure_codes,
        "diagnosisCodes": authorization.diagnosis_codes,
        "visitId": authorization.visits,
        "coverageId": authorization.coverage_id,
        "memberId": member_id,
        "providerNpi": provider_npi,
        "notes": authorization.notes,
    }
    lacking = [name for name, value in usual.items() if not value]
    lacking += [name for name in (rule.required_fields if rule else ()) if not wanted.get(name, True)]
    return tuple(dict.fromkeys(lacking))


def submitted(
    authorization: Authorization,
    rule: PayerRule | None,
    *,
    member_id: str | None,
    provider_npi: str | None,
    at: datetime,
    zone: ZoneInfo,
) -> Authorization | None:
    """Return the request as sent, its decision clock started; None when it is sent already.

    Raises ValidationFailedError naming every missing member, InvalidTransitionError.
    """
    sent = moved(authorization, "submit")
    if sent is None:
        return None
    lacking = missing_fields(authorization, rule, member_id=member_id, provider_npi=provider_npi)
    if lacking:
        raise _lacking(lacking)
    return _clock_started(sent, rule, at=at, zone=zone)


def not_required(authorization: Authorization, evidence: str) -> Authorization:
    """Return the draft as what the payer does not want to be asked about.

    Raises ValidationFailedError when it does not say of whom, what and when.
    """
    kept = {"payerId", "serviceType", "periodStart", "periodEnd"}
    lacking = [name for name in missing_fields(authorization, None, member_id=None, provider_npi=None) if name in kept]
    if lacking:
        raise _lacking(lacking)
    return moved(authorization, "mark_not_required", reason=evidence) or authorization


def resubmitted(
    authorization: Authorization, rule: PayerRule | None, *, at: datetime, zone: ZoneInfo
) -> Authorization | None:
    """Return a pended request as sent again, with what the payer wanted; its clock starts anew."""
    sent = moved(authorization, "resubmit")
    return None if sent is None else _clock_started(sent, rule, at=at, zone=zone)


def extended(
    authorization: Authorization, asked: ExtensionRequest, rule: PayerRule | None, *, zone: ZoneInfo
) -> Authorization | None:
    """Return a grant with an extension asked for; None when the same was asked already.

    Raises InvalidTransitionError, ConflictError while another one is being decided, ValidationFailedError when what is
    asked for is no more than what was granted.
    """
    waiting = authorization.extension
    if waiting is not None and (waiting.units, waiting.period_end) == (asked.units, asked.period_end):
        return None
    sent = moved(authorization, "extend")
    if sent is None:
        raise ConflictError("Another extension is being decided", code="already_requested")
    now_end = authorization.period_end
    if asked.period_end is not None and now_end is not None and asked.period_end <= now_end:
        raise _refused("periodEnd", "not_later", "must lie after the end of the present period")
    if asked.units is not None and authorization.units_approved is None:
        raise _refused("units", "unlimited", "cannot be added: the authorization has no limit")
    return replace(
        sent,
        extension=asked,
        decision_due_at=decision_due(authorization.urgency, asked.requested_at, zone=zone, rule=rule),
    )


def check_period(authorization: Authorization) -> None:
    """Refuse a period that ends before it starts or is longer than two years. Raises ValidationFailedError."""
    start, end = authorization.period_start, authorization.period_end
    if start is not None and end is not None:
        if end < start:
            raise _refused("periodEnd", "before_start", "must not lie before periodStart")
        if end - start > LONGEST_PERIOD:
            raise _refused("periodEnd", "too_long", "must lie within two years of periodStart")


def _clock_started(sent: Authorization, rule: PayerRule | None, *, at: datetime, zone: ZoneInfo) -> Authorization:
    return replace(
        sent,
        submitted_at=at,
        requested_date=sent.requested_date or at.astimezone(zone).date(),
        decision_due_at=decision_due(sent.urgency, at, zone=zone, rule=rule),
    )


def _lacking(names: Sequence[str]) -> ValidationFailedError:
    errors = tuple(FieldError(name, "missing", f"The payer needs {name}") for name in names)
    return ValidationFailedError(f"The request lacks {', '.join(names)}", errors=errors)


def _refused(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
