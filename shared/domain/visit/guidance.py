"""What to do next with a visit: one table of actions, each with when it is offered and what stands in its way.

Source: the design's guidance table of the front desk. An action whose guard fails is shown with the reason; who may run
an action is the permission table's. That a visit is not ready keeps nobody from checking in (E21): somebody clears its
reasons, or overrides them.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.domain.visit.clearing import clearings
from shared.domain.visit.ground import DeskGround
from shared.domain.visit.guidance_rows import ROWS, Row
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.roles import Role

MODE = "front-desk"


def guidance(ground: DeskGround, role: Role) -> tuple[GuidanceAction, ...]:
    """Offer what is next, most urgent first; then what clears each reason, and the record."""
    offers = [*_rows(ground, role), *_clearings(ground)]
    offers.append(GuidanceAction(label="View Full Record", action="view_record", id=f"{MODE}.view_record"))
    return tuple(one.model_copy(update={"priority": number}) for number, one in enumerate(offers, start=1))


def why_not(ground: DeskGround, role: Role, action: str) -> GuidanceReason | None:
    """Say why `action` is not offered, or cannot be run; None when it can, or when no state speaks against it."""
    rows = [row for row in ROWS if row.action == action]
    for row in rows:
        if row.when(ground) is not None:
            hindrance = row.hindered(ground, role)
            return None if hindrance is None else _reason(ground, row, "guard_fails", hindrance)
    if not rows or any(action == clearing.action for _, clearing in clearings(ground.reasons)):
        return None
    text = f"{rows[0].label} is offered when {' or when '.join(row.only_when for row in rows)}"
    return _reason(ground, rows[0], "not_offered", text)


def _rows(ground: DeskGround, role: Role) -> Iterator[GuidanceAction]:
    for row in ROWS:
        because = row.when(ground)
        if because is None:
            continue
        yield GuidanceAction(
            label=row.naming(ground) or row.label,
            action=row.action,
            id=f"{MODE}.{row.key}",
            kind=row.kind,
            params=row.params_for(ground),
            form=row.form_for(ground),
            roles=tuple(sorted(row.roles)),
            reason=_reason(ground, row, row.key, because),
            disabled_reason=row.hindered(ground, role),
        )


def _clearings(ground: DeskGround) -> Iterator[GuidanceAction]:
    """One button a reason; reasons that the same action clears share it."""
    buttons: dict[tuple[str, str], GuidanceAction] = {}
    for reason, clearing in clearings(ground.reasons):
        because = GuidanceReason(
            rule_id=reason.rule_id or "visit", code=reason.code, text=reason.text, evidence=(_source(ground),)
        )
        button = GuidanceAction(
            label=clearing.label,
            action=clearing.action,
            id=f"{MODE}.clear.{reason.code}",
            kind=clearing.kind,
            params=clearing.params_of(ground.visit),
            form=clearing.form,
            reason=because,
        )
        buttons.setdefault((clearing.action, clearing.label), button)
    yield from buttons.values()


def _reason(ground: DeskGround, row: Row, code: str, text: str) -> GuidanceReason:
    params: dict[str, str] = {"status": ground.visit.status, "readiness": ground.visit.readiness}
    return GuidanceReason(rule_id=row.rule, code=code, text=text, params=params, evidence=(_source(ground),))


def _source(ground: DeskGround) -> str:
    return f"visits/{ground.visit.id}"
