"""The composition root of the chat and of what else asks a model: beside shared.bootstrap."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared import bootstrap

if TYPE_CHECKING:
    from shared.assistant.protocol import Assistant
    from shared.assistant.rewriting import Rewriter
    from shared.assistant.tools import ToolTable
    from shared.models.caller import Caller
    from shared.models.users import AssistantPreferences
    from shared.services.chat import ChatService
    from shared.services.chat_runs import RunBoard
    from shared.services.claim_work import ClaimWork
    from shared.services.front_desk_figures import FrontDeskFigures
    from shared.services.patient_records import PatientRecordService
    from shared.services.visits import VisitService


def assistant(preferences: AssistantPreferences) -> Assistant:
    """The assistant that answers somebody with these preferences."""
    from shared.assistant.choice import chosen
    from shared.config import settings

    return chosen(preferences.choice, tools=assistant_tools(), grounded=grounded_assistant(), gemini=settings().gemini)


@cache
def rewriter() -> Rewriter | None:
    """The model that puts people's own texts in other words; None where none is set up."""
    from shared.config import settings

    gemini = settings().gemini
    if gemini is None:
        return None
    from shared.assistant.gemini.model import GeminiModel
    from shared.assistant.gemini.rewriting import GeminiRewriter

    return GeminiRewriter(GeminiModel(gemini))


@cache
def grounded_assistant() -> Assistant:
    """Answers from what its tools read, by rules."""
    from shared.assistant.grounded.assistant import GroundedAssistant

    return GroundedAssistant(assistant_tools())


@cache
def assistant_tools() -> ToolTable:
    """What every assistant reads with; each tool makes its service on the first question that needs it."""
    from shared import log_line
    from shared.assistant.catalog import tool_table
    from shared.assistant.tools import Services

    services = Services(
        patient_records=patient_record_service,
        records=bootstrap.record_service,
        tasks=bootstrap.task_service,
        alerts=bootstrap.alert_service,
        guidance=bootstrap.guidance_service,
        modes=bootstrap.mode_service,
        visits=visit_service,
        desk_figures=front_desk_figures,
        claim_work=claim_work,
    )
    return tool_table(services, noticed=log_line.failure)


@cache
def patient_record_service() -> PatientRecordService:
    """What is on file of one patient, as the assistant's tools read it."""
    from shared.db.selector import DatabaseSelector
    from shared.services.clock import utc_now
    from shared.services.patient_records import PatientRecordService

    selector = DatabaseSelector(bootstrap.record_store, bootstrap.live_store)
    return PatientRecordService(selector, bootstrap.access_log(), now=utc_now)


@cache
def visit_service() -> VisitService:
    """The front desk's board and visits, as the assistant's tools read them."""
    from shared.services.clock import utc_now
    from shared.services.visits import VisitService

    return VisitService(bootstrap.record_store, bootstrap.access_log(), now=utc_now)


@cache
def front_desk_figures() -> FrontDeskFigures:
    """A day at the front desk in figures."""
    from shared.services.clock import utc_now
    from shared.services.front_desk_figures import FrontDeskFigures

    return FrontDeskFigures(bootstrap.record_store, bootstrap.access_log(), now=utc_now)


@cache
def claim_work() -> ClaimWork:
    """Queues, deadlines and aging of claims."""
    from shared.services.claim_work import ClaimWork
    from shared.services.clock import utc_now

    return ClaimWork(bootstrap.record_store, bootstrap.access_log(), now=utc_now)


def assistant_preferences(caller: Caller) -> AssistantPreferences:
    """How a person wants to be answered; the defaults when that cannot be read now."""
    from shared.errors import StoreUnavailableError
    from shared.models.users import AssistantPreferences

    try:
        user = bootstrap.user_repository().get(caller.client_id, caller.user_id)
    except StoreUnavailableError:
        return AssistantPreferences()
    return AssistantPreferences() if user is None else user.preferences.assistant


@cache
def run_board() -> RunBoard:
    """The runs of this process."""
    from shared.services.chat_runs import RunBoard

    return RunBoard()


@cache
def chat_service() -> ChatService:
    """The chat component; structured records are asked only by the assistant."""
    from shared.db.selector import DatabaseSelector
    from shared.services.chat import ChatService

    selector = DatabaseSelector(bootstrap.record_store, bootstrap.live_store)
    return ChatService(selector, bootstrap.access_log(), run_board(), assistant, assistant_preferences)
