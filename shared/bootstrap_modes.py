"""The composition root of the modes' own functions: the handler of each, for the routes that only its mode has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared import bootstrap

if TYPE_CHECKING:
    from shared.modes.backend import BackendModeHandler
    from shared.modes.eligibility import EligibilityModeHandler
    from shared.modes.email_drafter import EmailDrafterModeHandler
    from shared.modes.front_desk import FrontDeskModeHandler
    from shared.services.authorizations import AuthorizationService


def eligibility_mode() -> EligibilityModeHandler:
    """The eligibility mode."""
    handler: EligibilityModeHandler = bootstrap.mode_service().get_mode_handler("eligibility")
    return handler


def authorization_service() -> AuthorizationService:
    """Authorizations, as the eligibility mode works with them."""
    return eligibility_mode().authorization_service


def front_desk_mode() -> FrontDeskModeHandler:
    """The front desk."""
    handler: FrontDeskModeHandler = bootstrap.mode_service().get_mode_handler("front-desk")
    return handler


def backend_mode() -> BackendModeHandler:
    """The backend mode."""
    handler: BackendModeHandler = bootstrap.mode_service().get_mode_handler("backend")
    return handler


def email_drafter_mode() -> EmailDrafterModeHandler:
    """The e-mail drafter."""
    handler: EmailDrafterModeHandler = bootstrap.mode_service().get_mode_handler("email-drafter")
    return handler
