"""The quick actions about authorizations: names, labels, parameters. What runs them is imported when one is run."""

from __future__ import annotations

from shared.models.api.authorizations import (
    AuthorizationMembers,
    AuthorizationReference,
    ExtendParams,
    NotRequiredParams,
    RecordDecisionParams,
    RequirementParams,
)
from shared.modes.base import QuickActionRule

AUTHORIZATION_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule(
        "check_auth_requirement", "Check Authorization Requirement", RequirementParams, "authorizations.requirement"
    ),
    QuickActionRule("request_auth", "Request Authorization", AuthorizationMembers, "authorizations.request"),
    QuickActionRule(
        "request_authorization", "Request Authorization", AuthorizationMembers, "authorizations.request", listed=False
    ),
    QuickActionRule(
        "check_authorization_status", "Check Authorization Status", AuthorizationReference, "authorizations.status"
    ),
    QuickActionRule("extend_authorization", "Extend Authorization", ExtendParams, "authorizations.extend"),
    QuickActionRule("mark_auth_not_required", "Mark Not Required", NotRequiredParams, "authorizations.not_required"),
    QuickActionRule("record_auth_decision", "Record Payer's Answer", RecordDecisionParams, "authorizations.record"),
)
