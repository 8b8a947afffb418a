"""The question in the body of a streamed message: ours, or that of the AI SDK's own transport."""

from __future__ import annotations

from shared.errors import FieldError, ValidationFailedError
from shared.models.api.chat import LONGEST_QUESTION, NewMessage, StreamedMessage, UiMessage


def question_of(body: StreamedMessage) -> NewMessage:
    """Read the question. Raises ValidationFailedError naming the member that holds none."""
    if body.messages is None:
        if body.content is None:
            raise _refused("content", "missing", "content or messages is needed")
        content = body.content
    elif body.content is not None:
        raise _refused("content", "one_of", "content and messages exclude each other")
    else:
        content = _text(body.messages[-1], f"messages[{len(body.messages) - 1}]")
    return NewMessage(context_id=body.context_id, content=content, thread_id=body.thread_id)


def _text(message: UiMessage, place: str) -> str:
    """The text of the AI SDK's last message."""
    if message.role != "user":
        raise _refused(f"{place}.role", "no_question", "the last message must be a user's")
    for number, part in enumerate(message.parts):
        if part.type != "text":
            raise _refused(f"{place}.parts[{number}].type", "unsupported_part", "only text can be asked")
    text = "".join(part.text or "" for part in message.parts).strip()
    if not text:
        raise _refused(f"{place}.parts", "missing", "the message has no text")
    if len(text) > LONGEST_QUESTION:
        raise _refused(f"{place}.parts", "string_too_long", f"a question has at most {LONGEST_QUESTION} characters")
    return text


def _refused(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"{field}: {message}", errors=(FieldError(field, code, message),))
