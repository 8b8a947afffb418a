"""The quick actions of the eligibility mode that only look. What runs them is imported when one is run."""

from __future__ import annotations

from shared.models.api.eligibility_actions import ClaimsParams, EstimateParams, ExplainParams, WhyNotParams
from shared.models.api.modes import NoParams
from shared.modes.base import QuickActionRule

READING_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule("explain_verdict", "Explain Verdict", ExplainParams, "readings.explain", only_reads=True),
    QuickActionRule("why_not", "Why Not", WhyNotParams, "readings.why_not", only_reads=True),
    QuickActionRule("compare_last_check", "Compare with Last Check", NoParams, "readings.compare", only_reads=True),
    QuickActionRule(
        "estimate_patient_cost", "Estimate Patient Cost", EstimateParams, "readings.estimate", only_reads=True
    ),
    QuickActionRule("get_claims", "Get Claims", ClaimsParams, "readings.claims", only_reads=True),
)
