"""The e-mail drafter's quick actions: names, labels, parameters. What runs them is imported when one is run."""

from __future__ import annotations

from shared.models.api.drafts import (
    ApplyTemplateParams,
    ApproveParams,
    ChangesParams,
    CheckPhiParams,
    DiscardParams,
    DraftEmailParams,
    DraftReference,
    FillParams,
    FollowUpParams,
    SendParams,
    ToneParams,
)
from shared.modes.base import QuickActionRule

DRAFT_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule("draft_email", "Draft E-Mail", DraftEmailParams, "letters.draft_email"),
    QuickActionRule("apply_template", "Apply Template", ApplyTemplateParams, "letters.apply_template"),
    QuickActionRule("set_tone", "Set Tone", ToneParams, "letters.set_tone"),
    QuickActionRule("shorten", "Shorten", DraftReference, "letters.shorten"),
    QuickActionRule("expand", "Expand", DraftReference, "letters.expand"),
    QuickActionRule("simplify", "Simplify", DraftReference, "letters.simplify"),
    QuickActionRule("fill_missing_fields", "Fill In What Is Missing", FillParams, "letters.fill_missing_fields"),
    QuickActionRule("check_phi", "Check PHI", CheckPhiParams, "letters.check_phi"),
    QuickActionRule("submit_for_review", "Submit for Review", DraftReference, "letters.submit_for_review"),
    QuickActionRule("request_changes", "Request Changes", ChangesParams, "letters.request_changes"),
    QuickActionRule("approve", "Approve", ApproveParams, "letters.approve"),
    QuickActionRule("send", "Send", SendParams, "letters.send"),
    QuickActionRule("discard", "Discard", DiscardParams, "letters.discard"),
    QuickActionRule("retract_and_correct", "Retract and Correct", ChangesParams, "letters.retract_and_correct"),
    QuickActionRule(
        "create_follow_up_task", "Follow Up on the Answer", FollowUpParams, "letters.create_follow_up_task"
    ),
)
