"""What check-in asks for before a patient is checked in, and what is still missing. Source: the design's guards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.visit.states import NOT_CHECKED_IN
from shared.errors import FieldError, ForbiddenError, InvalidTransitionError, ValidationFailedError
from shared.models.front_desk import FrontDeskSettings
from shared.models.roles import Role
from shared.models.visit import CheckInFact, DeskVisit, FactKind, ReadinessReason

IDENTIFIERS_NEEDED = 2
_MANAGERS = frozenset({Role.ADMIN, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class MissingStep:
    """What check-in lacks: a machine's word, a sentence, what to do about it and by which action and members."""

    code: str
    text: str
    clear: str
    action: str
    members: tuple[str, ...] = ()
    reasons: tuple[ReadinessReason, ...] = ()
    needs_manager: bool = False


@dataclass(frozen=True, slots=True)
class CheckInGround:
    """What is known when a patient is checked in.

    `verified` tells that a check found the patient covered on the day; `copay` is what the coverage of the day says is
    due, None when nobody knows.
    """

    visit: DeskVisit
    facts: tuple[CheckInFact, ...]
    settings: FrontDeskSettings
    verified: bool
    copay: Decimal | None


def missing_steps(ground: CheckInGround) -> tuple[MissingStep, ...]:
    """List what stands between the patient and being checked in, in the order in which a desk asks."""
    found = (_identity(ground), _demographics(ground), _coverage(ground), _forms(ground), _copay(ground))
    return tuple(step for step in (*found, _readiness(ground)) if step is not None)


def forms_left(facts: Iterable[CheckInFact], settings: FrontDeskSettings) -> tuple[str, ...]:
    """Name the forms that are required and not there."""
    given = {form for fact in facts if fact.kind == "form" for form in fact.details}
    return tuple(form for form in settings.required_forms if form not in given)


def overridden(visit: DeskVisit, role: Role) -> tuple[ReadinessReason, ...]:
    """Return what `role` puts aside by overriding the visit's readiness.

    Raises ForbiddenError (`needs_manager`) where an authorization is missing and the role is none of those who decide.
    """
    if _authorization_lacks(visit) and role not in _MANAGERS:
        raise ForbiddenError("A missing authorization is overridden by a manager", code="needs_manager")
    return visit.readiness_reasons


def check_readiness(before: object, now: object) -> None:
    """Refuse a plain change of a record's readiness to ready: it is found by rule, or overridden with a reason.

    A new record (`before` is None) is pending; only imports bring one that is not. Raises InvalidTransitionError,
    ValidationFailedError.
    """
    if before is None and now != "pending":
        message = "The readiness of a new visit is pending until something is found about it"
        raise ValidationFailedError(message, errors=(FieldError("data.readiness", "not_pending", message),))
    if now == "ready" != before:
        words = "A visit becomes ready by what is on file, or by override_readiness"
        raise InvalidTransitionError(words, allowed=["override_readiness"], current=before)


def on_another_day(before: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, str]:
    """What a visit's readiness becomes when its day changes: another question, also where a person had answered it.

    The reasons stay until a check decides: an authorization that lacks, lacks on the other day too.
    """
    if "visit_date" not in changes or before["status"] not in NOT_CHECKED_IN:
        return {}
    return {"readiness": "pending", "readiness_source": "machine"}


def _authorization_lacks(visit: DeskVisit) -> bool:
    return any(reason.about_authorization for reason in visit.readiness_reasons)


def _has(ground: CheckInGround, *kinds: FactKind) -> bool:
    return any(fact.kind in kinds for fact in ground.facts)


def _identity(ground: CheckInGround) -> MissingStep | None:
    confirmed = {name for fact in ground.facts if fact.kind == "identity" for name in fact.details}
    if len(confirmed) >= IDENTIFIERS_NEEDED:
        return None
    return MissingStep(
        "identity_not_confirmed",
        "The patient's identity is not confirmed",
        "Confirm two identifiers, such as name and date of birth",
        "complete_check_in",
        ("identifiers",),
    )


def _demographics(ground: CheckInGround) -> MissingStep | None:
    if _has(ground, "demographics"):
        return None
    return MissingStep(
        "demographics_not_reviewed",
        "Address, phone and contacts were not reviewed",
        "Go through them with the patient, correct what is wrong, and say that it was done",
        "complete_check_in",
        ("demographicsReviewed",),
    )


def _coverage(ground: CheckInGround) -> MissingStep | None:
    if ground.verified or _has(ground, "coverage", "self_pay"):
        return None
    return MissingStep(
        "coverage_not_verified",
        "The coverage is not verified for this day",
        "Check eligibility, confirm the insurance card, or let the patient acknowledge self-pay",
        "complete_check_in",
        ("coverageVerified", "selfPayAcknowledged"),
    )


def _forms(ground: CheckInGround) -> MissingStep | None:
    left = forms_left(ground.facts, ground.settings)
    if not left:
        return None
    return MissingStep(
        "forms_missing",
        f"Forms are missing: {', '.join(left)}",
        "Let the patient sign them, and name them",
        "complete_check_in",
        ("forms",),
    )


def _copay(ground: CheckInGround) -> MissingStep | None:
    if _has(ground, "copay", "copay_waived", "self_pay") or ground.copay == 0:
        return None
    due = "" if ground.copay is None else f" ({ground.copay:.2f})"
    return MissingStep(
        "copay_open",
        f"The copay is neither recorded nor waived{due}",
        "Record what the patient paid, or waive it with a reason",
        "record_copay",
        ("copay", "copayWaived"),
    )


def _readiness(ground: CheckInGround) -> MissingStep | None:
    visit = ground.visit
    if visit.readiness == "ready":
        return None
    lacking = _authorization_lacks(visit)
    who = "A manager overrides it" if lacking else "Clear the reasons, or override it"
    code, words = "not_ready", "The visit is not ready"
    if visit.readiness == "pending":
        code, words = "not_known_ready", "Nobody knows yet whether the visit is ready"
    return MissingStep(
        "authorization_missing" if lacking else code,
        words,
        f"{who}, with a reason",
        "override_readiness",
        ("override",),
        visit.readiness_reasons,
        needs_manager=lacking,
    )
