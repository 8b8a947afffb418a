"""The front desk's quick actions about a day, calls and hand-offs: what runs them is imported later."""

from __future__ import annotations

from shared.models.api.front_desk_actions import CallScriptParams, HandoffParams, ReadinessListParams
from shared.modes.base import QuickActionRule

DAY_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule("readiness_list", "Readiness List", ReadinessListParams, "day.readiness_list", only_reads=True),
    QuickActionRule("call_script", "Call Script", CallScriptParams, "day.call_script", only_reads=True),
    QuickActionRule("handoff", "Hand Off", HandoffParams, "handoffs.hand_off"),
)
