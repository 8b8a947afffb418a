"""Which assistant answers whom: rules, unless a person prefers the model and one is set up."""

from __future__ import annotations

from shared.assistant.protocol import Assistant
from shared.assistant.standing_in import StandingIn
from shared.assistant.tools import ToolTable
from shared.config import GeminiSettings
from shared.models.users import AssistantChoice


def chosen(
    choice: AssistantChoice, *, tools: ToolTable, grounded: Assistant, gemini: GeminiSettings | None
) -> Assistant:
    """The assistant of somebody's choice. The model's SDK is imported for who is answered by it, and nobody else."""
    if choice != "gemini":
        return grounded
    if gemini is None:
        return StandingIn(grounded)
    from shared.assistant.gemini.assistant import GeminiAssistant
    from shared.assistant.gemini.model import GeminiModel

    return GeminiAssistant(tools, grounded, GeminiModel(gemini))
