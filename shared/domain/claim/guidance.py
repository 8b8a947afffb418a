"""What to do next about a claim, for the roles that can, and why something is not offered."""

from __future__ import annotations

from shared.domain.claim.denials import next_steps
from shared.domain.claim.guidance_letters import LETTERS
from shared.domain.claim.guidance_rows import ALWAYS, DESK, ROWS, Row
from shared.domain.claim.situation import ClaimSituation
from shared.domain.eligibility.registry import found
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.roles import Role
from shared.models.verdict import Evidence

_DENIED = "denied."


def guidance(situation: ClaimSituation, role: Role | None = None) -> tuple[GuidanceAction, ...]:
    """Offer what fits the claim, most urgent first; with a `role`, only what is meant for it.

    The remedies of a denial stand in the order of its reason code; letters come behind what they go along with.
    """
    best = {f"{_DENIED}{step}": place for place, step in enumerate(next_steps(situation.claim.denial_code))}
    rows = sorted(ROWS, key=lambda row: (_place(row), best.get(row.key, 0)))
    offered = [
        _offer(row, reason, situation) for row in (*rows, *LETTERS) if (reason := row.when(situation)) is not None
    ]
    every = [*offered, *(_offer(row, None, situation) for row in ALWAYS)]
    fitting = [one for one in every if role is None or role in one.roles]
    return tuple(one.model_copy(update={"priority": number}) for number, one in enumerate(fitting, start=1))


def foremost(situation: ClaimSituation) -> GuidanceAction | None:
    """What to do first; None where nothing can be done now. Standing offers (reports) are not it."""
    offers = guidance(situation)
    return next((one for one in offers if one.reason is not None and one.disabled_reason is None), None)


def desk_guidance(role: Role) -> tuple[GuidanceAction, ...]:
    """What the desk can do without a claim: its queues, deadlines and reports."""
    rows = [row for row in DESK if role in row.roles]
    return tuple(
        GuidanceAction(
            label=row.label, action=row.action, id=f"backend.{row.key}", roles=tuple(sorted(row.roles)), priority=number
        )
        for number, row in enumerate(rows, start=1)
    )


def why_not(situation: ClaimSituation, action: str) -> GuidanceReason | None:
    """Say why `action` is not offered, or is disabled; None when it can be run, or is no action of guidance at all."""
    rows = [row for row in (*ROWS, *LETTERS, *ALWAYS) if row.action == action]
    if not rows or any(row in ALWAYS for row in rows):
        return None
    for row in rows:
        if row.when(situation) is not None:
            hindrance = row.hindered(situation)
            return None if hindrance is None else _reason(hindrance)
    labels = " or ".join(dict.fromkeys(row.label for row in rows))
    when = " or when ".join(dict.fromkeys(row.only_when for row in rows))
    text = f"{labels} is offered when {when}"
    return _reason(found(rows[0].rule, "not_offered", text, situation.source, "status", status=situation.claim.status))


def _place(row: Row) -> int:
    """A denial's remedies share one place among the rows."""
    first = next(number for number, one in enumerate(ROWS) if one.key.startswith(_DENIED))
    return first if row.key.startswith(_DENIED) else ROWS.index(row)


def _offer(row: Row, reason: Evidence | None, situation: ClaimSituation) -> GuidanceAction:
    hindrance = None if reason is None else row.hindered(situation)
    return GuidanceAction(
        label=row.label,
        action=row.action,
        id=f"backend.{row.key}",
        kind=row.kind,
        params=row.params_for(situation),
        form=row.form_for(situation),
        roles=tuple(sorted(row.roles)),
        reason=None if reason is None else _reason(reason),
        confirm=row.confirm,
        disabled_reason=None if hindrance is None else hindrance.text,
    )


def _reason(evidence: Evidence) -> GuidanceReason:
    sources = () if evidence.source is None else (evidence.source,)
    return GuidanceReason(
        rule_id=evidence.rule,
        code=evidence.code,
        text=evidence.text,
        params=dict(evidence.params),
        evidence=sources,
    )
