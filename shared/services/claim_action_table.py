"""The quick actions about claims: names, labels, parameters. What runs them is imported when one is run."""

from __future__ import annotations

from shared.models.api.claim_actions import (
    AgingParams,
    AppealOutcomeParams,
    AppealParams,
    ClaimParams,
    CorrectParams,
    DeadlineParams,
    DenialParams,
    HoldParams,
    LinkAuthorizationParams,
    RootCauseParams,
    ScrubParams,
    SecondaryParams,
    SubmitParams,
    WorkQueueParams,
    WriteOffParams,
)
from shared.modes.base import QuickActionRule

CLAIM_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule("work_queue", "Work Queues", WorkQueueParams, "claim_readings.work_queue", only_reads=True),
    QuickActionRule(
        "claim_status_check", "Check Claim Status", ClaimParams, "claim_readings.claim_status", only_reads=True
    ),
    QuickActionRule("scrub_claim", "Scrub Claim", ScrubParams, "claim_actions.scrub"),
    QuickActionRule("hold_claim", "Hold Claim", HoldParams, "claim_actions.hold"),
    QuickActionRule("release_hold", "Release Hold", ClaimParams, "claim_actions.release"),
    QuickActionRule("submit_claim", "Submit Claim", SubmitParams, "claim_actions.submit"),
    QuickActionRule("correct_and_resubmit", "Correct and Resubmit", CorrectParams, "claim_actions.correct"),
    QuickActionRule("record_denial", "Record Denial", DenialParams, "claim_answers.deny"),
    QuickActionRule("start_appeal", "Start Appeal", AppealParams, "claim_answers.appeal"),
    QuickActionRule("record_appeal_outcome", "Record Appeal Outcome", AppealOutcomeParams, "claim_answers.outcome"),
    QuickActionRule("link_authorization", "Link Authorization", LinkAuthorizationParams, "claim_actions.link"),
    QuickActionRule("bill_secondary", "Bill Secondary Payer", SecondaryParams, "claim_answers.secondary"),
    QuickActionRule("write_off", "Write Off", WriteOffParams, "claim_answers.write_off"),
    QuickActionRule("deadline_list", "Deadlines", DeadlineParams, "claim_readings.deadlines", only_reads=True),
    QuickActionRule("aging_report", "Aging Report", AgingParams, "claim_readings.aging", only_reads=True),
    QuickActionRule(
        "denial_root_cause", "Denials by Root Cause", RootCauseParams, "claim_readings.root_cause", only_reads=True
    ),
)
