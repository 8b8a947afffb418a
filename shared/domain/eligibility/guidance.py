"""What to do next in the eligibility mode: one table of actions, each with when it is offered and to whom.

An action is offered when its rule fired, disabled with a reason when something stands in its way, and `why_not` says
why one is not there. Who may run it is the permission table's; `roles` are for whom it is meant.
"""

from __future__ import annotations

from shared.domain.eligibility.guidance_rows import ALWAYS, OPEN_RECORD, ROWS, Row
from shared.domain.eligibility.registry import found
from shared.domain.eligibility.situation import Situation
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.verdict import Evidence


def guidance(situation: Situation | None) -> tuple[GuidanceAction, ...]:
    """Offer what is next, the full record, and then everything else that fits. Without a verdict: a first check."""
    if situation is None:
        first = GuidanceAction(label="Check Eligibility", action="check_eligibility")
        return (first, GuidanceAction(label=OPEN_RECORD.label, action=OPEN_RECORD.action))
    offered = [_offer(row, reason, situation) for row in ROWS if (reason := row.when(situation)) is not None]
    always = [_always(row, situation) for row in ALWAYS]
    ordered = [*offered[:1], always[0], *offered[1:], *always[1:]]
    return tuple(one.model_copy(update={"priority": number}) for number, one in enumerate(ordered, start=1))


def why_not(situation: Situation, action: str) -> GuidanceReason | None:
    """Say why `action` is not offered, or is disabled; None when it can be run, or is no action of guidance at all."""
    rows = [row for row in ROWS if row.action == action]
    for row in rows:
        reason = row.when(situation)
        if reason is not None:
            hindrance = row.hindered(situation)
            return None if hindrance is None else _reason(hindrance)
    if not rows:
        return None
    now = situation.receipt.evidence[0]
    labels = dict.fromkeys(row.label for row in rows)
    text = f"{' or '.join(labels)} is offered when {' or when '.join(row.only_when for row in rows)}"
    reason = found(rows[0].rule, "not_offered", text, now.source, None, verdict=situation.receipt.verdict)
    return _reason(reason)


def _offer(row: Row, reason: Evidence, situation: Situation) -> GuidanceAction:
    hindrance = row.hindered(situation)
    return GuidanceAction(
        label=row.label_for(situation),
        action=row.action,
        id=f"eligibility.{row.key}",
        kind=row.kind,
        params=row.params_for(situation),
        form=row.form_for(situation),
        roles=tuple(sorted(row.roles)),
        reason=_reason(reason),
        disabled_reason=None if hindrance is None else hindrance.text,
    )


def _always(row: Row, situation: Situation) -> GuidanceAction:
    return _offer(row, row.when(situation) or situation.receipt.evidence[0], situation).model_copy(
        update={"reason": None}
    )


def _reason(evidence: Evidence) -> GuidanceReason:
    sources = () if evidence.source is None else (evidence.source,)
    params = dict(evidence.params)
    return GuidanceReason(
        rule_id=evidence.rule, code=evidence.code, text=evidence.text, params=params, evidence=sources
    )
