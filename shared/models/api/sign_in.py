"""Signing in, and who is signed in."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.models.api.base import AnswerModel, RequestModel


class Login(RequestModel):
    """An address and a password."""

    email: str = Field(min_length=3, max_length=254, repr=False)
    password: str = Field(min_length=1, max_length=1024, repr=False)


class Refresh(RequestModel):
    """The refresh token of a sign-in."""

    refresh_token: str = Field(min_length=1, max_length=4096, repr=False)


class OAuthStart(RequestModel):
    """Where the sign-in shall end (one of the configured addresses), and the challenge that its code shall need."""

    redirect: str | None = Field(default=None, max_length=2000)
    code_challenge: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{43}$")
    code_challenge_method: Literal["S256"] = "S256"


class OAuthAnswer(BaseModel):
    """What a provider answers through the browser. It adds members of its own, which mean nothing here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: str = Field(min_length=1, max_length=200, repr=False)
    code: str | None = Field(default=None, max_length=4096, repr=False)
    error: str | None = Field(default=None, max_length=200)
    iss: str | None = Field(default=None, max_length=2000)


class CodeExchange(RequestModel):
    """The code that a sign-in at a provider ended with, and the verifier of the challenge that it began with."""

    code: str = Field(min_length=1, max_length=200, repr=False)
    code_verifier: str | None = Field(default=None, min_length=43, max_length=128, repr=False)


class ProviderView(AnswerModel):
    """A provider to sign in at: the button's text, and where a browser begins."""

    name: str
    label: str
    start: str


class ProviderList(AnswerModel):
    """The providers that people can sign in at."""

    providers: tuple[ProviderView, ...]


class ClientView(AnswerModel):
    """The caller's organisation."""

    id: UUID
    name: str
    logo_url: str | None
    time_zone: str


class UserView(AnswerModel):
    """The caller: what they are, what they may do and in which modes, and how they want to work."""

    id: UUID
    email: str
    name: str
    role: str
    client: ClientView
    permissions: tuple[str, ...]
    modes: tuple[str, ...]
    preferences: dict[str, Any]


class SignedIn(AnswerModel):
    """A sign-in: the token to send, the one to renew it with, seconds until then, and who it is."""

    id_token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    expires_in: int
    user: UserView


class SignedOut(AnswerModel):
    """Every session and token of the caller is over."""

    success: bool
