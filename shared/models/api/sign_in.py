"""Signing in, and who is signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from shared.models.api.base import AnswerModel, RequestModel


class Login(RequestModel):
    """An address and a password."""

    email: str = Field(min_length=3, max_length=254, repr=False)
    password: str = Field(min_length=1, max_length=1024, repr=False)


class Refresh(RequestModel):
    """The refresh token of a sign-in."""

    refresh_token: str = Field(min_length=1, max_length=4096, repr=False)


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
