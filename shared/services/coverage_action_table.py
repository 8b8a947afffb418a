"""The quick actions of the eligibility mode about single coverages. What runs them is imported when one is run."""

from __future__ import annotations

from shared.models.api.eligibility_actions import (
    CoordinationParams,
    PhoneVerificationParams,
    RecheckParams,
    SwitchPayerParams,
)
from shared.modes.base import QuickActionRule

COVERAGE_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule("recheck_all_coverages", "Check All Coverages", RecheckParams, "coverage_checks.recheck"),
    QuickActionRule(
        "verify_cob", "Verify Coordination of Benefits", CoordinationParams, "coverage_checks.coordination"
    ),
    QuickActionRule(
        "record_phone_verification", "Record Phone Verification", PhoneVerificationParams, "coverage_checks.phoned"
    ),
    QuickActionRule("switch_payer", "Switch Payer", SwitchPayerParams, "payer_switch.switch"),
)
