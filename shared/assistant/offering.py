"""Which of the actions that the guidance service offers fit an answer; nobody else makes any up."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from shared.models.guidance import GuidanceAction

MOST_OFFERED = 3


def fitting(
    offered: Iterable[GuidanceAction], wanted: Collection[str], other_patient: str | None
) -> tuple[GuidanceAction, ...]:
    """Those that can be done here and are `wanted` ("*": any); for another patient's record, opening that."""
    usable = [one for one in offered if one.disabled_reason is None]
    if other_patient is not None:
        chosen = [_opening(one, other_patient) for one in usable if one.action == "open_record"]
    else:
        chosen = [one for one in usable if one.action in wanted or "*" in wanted]
    return tuple(chosen[:MOST_OFFERED])


def _opening(action: GuidanceAction, patient: str) -> GuidanceAction:
    return action.model_copy(update={"params": {"recordType": "Patient ID", "recordId": patient}, "form": None})
