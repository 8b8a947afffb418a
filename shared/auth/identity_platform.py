"""Firebase's accounts through the Identity Toolkit REST API; beside an Auth emulator, the emulator's.

Source: https://cloud.google.com/identity-platform/docs/reference/rest and, for custom tokens,
https://firebase.google.com/docs/auth/admin/create-custom-tokens.
"""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

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


class ServiceAccount(Protocol):
    """The function's own identity: what it may do with accounts, and what signs custom tokens."""

    def access_token(self) -> str:
        """Return an OAuth access token for the Identity Toolkit API."""
        ...

    def signed(self, claims: dict[str, object]) -> str:
        """Return a JWT of `claims` (and of who issues it) that Firebase accepts as a custom token."""
        ...


class EmulatorServiceAccount:
    """What the Auth emulator takes for a service account: the bearer `owner`, and unsigned custom tokens."""

    def access_token(self) -> str:
        """See ServiceAccount.access_token."""
        return "owner"

    def signed(self, claims: dict[str, object]) -> str:
        """See ServiceAccount.signed."""
        issuer = {"iss": "mobius@emulator.example", "sub": "mobius@emulator.example"}
        parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims | issuer))
        return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


class FirebaseIdentityPlatform:
    """See IdentityPlatform."""

    def __init__(
        self, *, project: str, api_key: SecretStr, service_account: ServiceAccount, emulator: str | None = None
    ) -> None:
        """Take the project's web API key; `emulator` is the host:port of an Auth emulator."""
        scheme = f"http://{emulator}/" if emulator else "https://"
        self._accounts = f"{scheme}identitytoolkit.googleapis.com/v1"
        self._tokens = f"{scheme}securetoken.googleapis.com/v1/token"
        self._project = project
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

    def revoke(self, uid: str, *, before: datetime) -> None:
        """See IdentityPlatform.revoke."""
        self._administer("update", {"localId": uid, "validSince": str(int(before.timestamp()))})

    def uid_of(self, email: str) -> str | None:
        """See IdentityPlatform.uid_of."""
        found = self._administer("lookup", {"email": [email]}).body.get("users") or []
        if len(found) != 1 or found[0].get("disabled"):
            return None
        return str(found[0]["localId"])

    def _administer(self, verb: str, asked: dict[str, object]) -> WebAnswer:
        token = self._service_account.access_token()
        url = f"{self._accounts}/projects/{self._project}/accounts:{verb}"
        answer = call(url, json_body=asked, headers={"Authorization": f"Bearer {token}"})
        if answer.status != OK:
            raise StoreUnavailableError("The identity service refused us", retry_after=5)
        return answer

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
    error = answer.body.get("error")
    message = str(error.get("message", "")) if isinstance(error, dict) else ""
    reason = message.partition(" ")[0]  # "TOO_MANY_ATTEMPTS_TRY_LATER : Access to this account has been …"
    if reason in expected:
        return refusal
    if reason == "TOO_MANY_ATTEMPTS_TRY_LATER":
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
