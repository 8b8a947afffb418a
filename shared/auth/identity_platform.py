"""Signing in at Firebase, as its client SDKs do it over REST; beside an Auth emulator, at the emulator.

Source: https://cloud.google.com/identity-platform/docs/reference/rest and, for custom tokens,
https://firebase.google.com/docs/auth/admin/create-custom-tokens.
"""

from __future__ import annotations

import time

from pydantic import SecretStr

from shared.auth.service_account import ServiceAccount
from shared.auth.web_call import WebAnswer, call
from shared.errors import MobiusError, StoreUnavailableError, TooManyRequestsError, UnauthenticatedError
from shared.models.sign_in import Tokens

CUSTOM_TOKEN_AUDIENCE = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit"  # noqa: S105 (an audience)
CUSTOM_TOKEN_SECONDS = 300
OK = 200
BUSY_SECONDS = 60
_WRONG_CREDENTIALS = frozenset(
    {
        "EMAIL_NOT_FOUND",
        "INVALID_EMAIL",
        "INVALID_LOGIN_CREDENTIALS",
        "INVALID_PASSWORD",
        "MISSING_EMAIL",
        "MISSING_PASSWORD",
        "USER_DISABLED",
    }
)
_SIGN_IN_OVER = frozenset(
    {
        "INVALID_GRANT_TYPE",
        "INVALID_REFRESH_TOKEN",
        "MISSING_REFRESH_TOKEN",
        "PROJECT_NUMBER_MISMATCH",
        "TOKEN_EXPIRED",
        "USER_DISABLED",
        "USER_NOT_FOUND",
    }
)


class FirebaseIdentityPlatform:
    """See IdentityPlatform."""

    def __init__(self, *, api_key: SecretStr, service_account: ServiceAccount, emulator: str | None = None) -> None:
        """Take the project's web API key; `emulator` is the host:port of an Auth emulator."""
        scheme = f"http://{emulator}/" if emulator else "https://"
        self._accounts = f"{scheme}identitytoolkit.googleapis.com/v1"
        self._tokens = f"{scheme}securetoken.googleapis.com/v1/token"
        self._key = api_key
        self._service_account = service_account

    def sign_in(self, email: str, password: str) -> Tokens:
        """See IdentityPlatform.sign_in."""
        asked = {"email": email, "password": password, "returnSecureToken": True}
        answer = call(f"{self._accounts}/accounts:signInWithPassword", json_body=asked, headers=self._api_key())
        if answer.status != OK:
            raise _refused(answer, _WRONG_CREDENTIALS, wrong_credentials())
        return _tokens(answer)

    def sign_in_as(self, uid: str) -> Tokens:
        """See IdentityPlatform.sign_in_as."""
        now = int(time.time())
        claims = {"uid": uid, "aud": CUSTOM_TOKEN_AUDIENCE, "iat": now, "exp": now + CUSTOM_TOKEN_SECONDS}
        asked = {"token": self._service_account.signed(claims), "returnSecureToken": True}
        answer = call(f"{self._accounts}/accounts:signInWithCustomToken", json_body=asked, headers=self._api_key())
        if answer.status != OK:
            raise _refused(answer, frozenset({"USER_DISABLED"}), _sign_in_ended())
        return _tokens(answer)

    def refresh(self, refresh_token: str) -> Tokens:
        """See IdentityPlatform.refresh."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = call(self._tokens, form=form, headers=self._api_key())
        if answer.status != OK:
            raise _refused(answer, _SIGN_IN_OVER, _sign_in_ended())
        return _tokens(answer, id_token="id_token", refresh_token="refresh_token", expires_in="expires_in")  # noqa: S106 (names)

    def _api_key(self) -> dict[str, str]:
        """As a header: a key in a URL ends up in logs."""
        return {"X-Goog-Api-Key": self._key.get_secret_value()}


def wrong_credentials() -> UnauthenticatedError:
    """The one refusal of a wrong password, an unknown address and a closed account."""
    return UnauthenticatedError("The e-mail address or the password is wrong", code="wrong_credentials")


def _sign_in_ended() -> UnauthenticatedError:
    return UnauthenticatedError("This sign-in cannot be continued: sign in again", code="sign_in_ended")


def _refused(answer: WebAnswer, expected: frozenset[str], refusal: MobiusError) -> MobiusError:
    """The error for a refusal: `refusal` for an `expected` reason; a reason that we caused is our own failure."""
    if answer.google_reason in expected:
        return refusal
    if answer.google_reason == "TOO_MANY_ATTEMPTS_TRY_LATER":
        return TooManyRequestsError("Too many sign-ins were tried: wait a while", retry_after=BUSY_SECONDS)
    return StoreUnavailableError("The identity service refused us", retry_after=5)


def _tokens(
    answer: WebAnswer,
    *,
    id_token: str = "idToken",  # noqa: S107 (a member's name)
    refresh_token: str = "refreshToken",  # noqa: S107 (a member's name)
    expires_in: str = "expiresIn",
) -> Tokens:
    try:
        return Tokens(
            id_token=str(answer.body[id_token]),
            refresh_token=str(answer.body[refresh_token]),
            expires_in=int(answer.body[expires_in]),
        )
    except (KeyError, ValueError, TypeError) as exc:
        raise StoreUnavailableError("The identity service gave no tokens", retry_after=5) from exc
