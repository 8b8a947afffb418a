"""One call of the model, streamed: the SDK and its errors end here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import httpx2
from google import genai
from google.genai import errors, types

from shared.assistant.gemini import faults
from shared.assistant.gemini.faults import ModelError, StoppedError
from shared.assistant.gemini.transport import ExchangeTransport, NoTransport
from shared.config import GeminiSettings
from shared.http_exchange import ExchangeError, Limits, tls

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

CONNECT_SECONDS = 5.0
CREDENTIAL_SECONDS = 5.0
LARGEST_ANSWER = 4_000_000  # bytes of one call
MOST_TOKENS = 8_192  # of one call, what the model thinks to itself included
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_EXCHANGE_FAULTS = {"timeout": faults.TIMED_OUT, "unreachable": faults.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told: how to answer, which functions there are, and the conversation so far."""

    instruction: str
    functions: tuple[types.FunctionDeclaration, ...]
    contents: Sequence[types.Content]
    may_call: bool = True


@dataclass(slots=True)
class Turn:
    """What the model said in one call: its parts exactly as they came, for they go back with their signatures."""

    parts: list[types.Part] = field(default_factory=list)
    finish: str | None = None
    blocked: bool = False

    @property
    def calls(self) -> list[types.FunctionCall]:
        """The functions that it calls, in their order."""
        return [one.function_call for one in self.parts if one.function_call is not None]


class GeminiModel:
    """A Gemini model at Google's API, in Vertex AI, or at the `url` of the settings."""

    def __init__(self, settings: GeminiSettings, credentials: Callable[[], Credentials] | None = None) -> None:
        """Take `credentials` for Vertex AI, made on first use: by default those of the process's own account."""
        self.settings = settings
        self._credentials = credentials or _own_credentials

    def stream(self, prompt: Prompt, turn: Turn, *, seconds: float, given_up: Callable[[], bool]) -> Generator[str]:
        """Call the model once: yields its text as it comes, and fills `turn`.

        Raises ModelError for whatever goes wrong within `seconds`, StoppedError when `given_up` says so.
        """
        limits = Limits(min(CONNECT_SECONDS, seconds), seconds, LARGEST_ANSWER, float(self.settings.idle_seconds))
        transport = ExchangeTransport(limits, given_up)
        try:
            yield from self._said(prompt, turn, transport, seconds)
        except ExchangeError as exc:
            if exc.fault == "given_up":
                raise StoppedError from exc
            raise ModelError(_EXCHANGE_FAULTS.get(exc.fault, faults.BROKEN)) from exc
        except errors.APIError as exc:
            raise _refusal(exc) from exc
        except (ModelError, StoppedError):
            raise
        except Exception as exc:  # an SDK that reads nonsense raises what it likes
            raise ModelError(faults.BROKEN) from exc
        finally:
            transport.close()
        if turn.finish is None and not turn.blocked:
            raise ModelError(faults.BROKEN)  # the stream ended before the model had

    def _said(self, prompt: Prompt, turn: Turn, transport: ExchangeTransport, seconds: float) -> Iterator[str]:
        client = self._client(transport, seconds)
        chunks = client.models.generate_content_stream(
            model=self.settings.model,
            contents=list(prompt.contents),
            config=_configuration(prompt),
        )
        for chunk in chunks:
            turn.blocked |= chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None
            for candidate in (chunk.candidates or ())[:1]:
                parts = () if candidate.content is None else candidate.content.parts or ()
                for part in parts:
                    turn.parts.append(part)
                    if part.text and not part.thought:
                        yield part.text
                if candidate.finish_reason is not None:
                    turn.finish = str(candidate.finish_reason.value)

    def _client(self, transport: ExchangeTransport, seconds: float) -> genai.Client:
        """A client for one call: with its transport and our TLS context given it costs a fraction of a millisecond."""
        settings = self.settings
        options = types.HttpOptions(
            base_url=settings.url,
            api_version="v1beta" if settings.project is None else "v1beta1",
            timeout=max(1, round(seconds * 1000)),
            httpx_client=httpx2.Client(transport=transport, trust_env=False),
            httpx_async_client=httpx2.AsyncClient(transport=NoTransport(), trust_env=False),
            async_client_args={"ssl": tls()},
        )
        if settings.api_key is not None:
            key = settings.api_key.get_secret_value()
            return genai.Client(vertexai=False, api_key=key, http_options=options)
        return genai.Client(
            vertexai=True,
            project=settings.project,
            location=settings.location,
            credentials=self._fresh_credentials(),
            http_options=options,
        )

    def _fresh_credentials(self) -> Credentials:
        """Credentials with a token, got in limited time: the SDK would wait for two minutes."""
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.requests import Request

        try:
            credentials = self._credentials()
            if not credentials.valid:
                credentials.refresh(partial(Request(), timeout=CREDENTIAL_SECONDS))  # type: ignore[no-untyped-call]
        except GoogleAuthError as exc:
            passing = exc.retryable or isinstance(exc, TransportError)
            raise ModelError(faults.UNAVAILABLE if passing else faults.REFUSED) from exc
        return credentials


@cache
def _own_credentials() -> Credentials:
    import google.auth

    found: Credentials = google.auth.default(scopes=[_SCOPE])[0]
    return found


def _configuration(prompt: Prompt) -> types.GenerateContentConfig:
    mode = types.FunctionCallingConfigMode.AUTO if prompt.may_call else types.FunctionCallingConfigMode.NONE
    calling = types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=mode))
    return types.GenerateContentConfig(
        system_instruction=prompt.instruction,
        tools=[types.Tool(function_declarations=list(prompt.functions))] if prompt.functions else None,
        tool_config=calling if prompt.functions else None,
        # The SDK calls nothing and asks nothing by itself: every call goes through the table of tools.
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
        max_output_tokens=MOST_TOKENS,
    )


def _refusal(error: errors.APIError) -> ModelError:
    """What a status, in the head of an answer or within its stream, means."""
    if error.code in _TRANSIENT:
        return ModelError(faults.UNAVAILABLE, after=_retry_after(error))
    return ModelError(faults.REFUSED)


def _retry_after(error: errors.APIError) -> float | None:
    """How long the service asks to wait: its Retry-After, else what its error says in `retryDelay`."""
    given: str | None = (getattr(error.response, "headers", None) or {}).get("retry-after")
    if given is None:
        return _retry_delay(error.details)
    if given.strip().isdecimal():
        return float(given)
    try:
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _retry_delay(details: Any) -> float | None:
    try:
        found = [one["retryDelay"] for one in details["error"]["details"] if "retryDelay" in one]
        return float(found[0].removesuffix("s")) if found else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
