"""Firebase ID tokens: verification by ourselves, from the certificates that Google publishes.

Source: https://firebase.google.com/docs/auth/admin/verify-id-tokens. A token of the Auth emulator is unsigned and is
accepted only by a verifier made for the emulator.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.x509 import load_pem_x509_certificate

from shared.auth.fetched import Fetched
from shared.errors import UnauthenticatedError

CERTIFICATES_URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
CLOCK_SKEW_SECONDS = 10
MAX_TOKEN_LENGTH = 8192
_PROVIDERS = re.compile(r"^(password|custom|google\.com|microsoft\.com|(oidc|saml)\.[a-z0-9.-]{1,60})\Z")

Fetch = Callable[[], tuple[dict[str, str], float]]


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """The claims of a verified token. Times are seconds since 1970."""

    uid: str
    auth_time: int
    issued_at: int
    expires_at: int
    client_id: str | None
    role: str | None
    user_id: str | None


def fetch_certificates() -> tuple[dict[str, str], float]:
    """Google's current certificates by key id, and for how many seconds they may be kept."""
    with urllib.request.urlopen(CERTIFICATES_URL, timeout=5) as answer:
        age = re.search(r"max-age=(\d+)", answer.headers.get("Cache-Control", ""))
        return json.load(answer), float(age.group(1)) if age else 300.0


class TokenVerifier:
    """Verifies ID tokens of one project. Thread-safe; certificates are fetched on first use."""

    def __init__(self, *, project: str, emulator: bool = False, fetch: Fetch = fetch_certificates) -> None:
        self._project = project
        self._emulator = emulator
        self._fetch = fetch
        self._keys = Fetched(self._certified, unavailable="Sign-ins cannot be checked at the moment")

    def verify(self, token: str) -> TokenClaims:
        """Return the claims of `token`. Raises UnauthenticatedError, or StoreUnavailableError without certificates."""
        if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2:  # noqa: PLR2004 (header.payload.signature)
            raise UnauthenticatedError("The token is not a JWT")
        try:
            payload = self._payload(token)
        except jwt.PyJWTError as exc:
            raise UnauthenticatedError("The token does not verify") from exc
        except (ValueError, TypeError, RecursionError) as exc:
            raise UnauthenticatedError("The token cannot be read") from exc
        return self._claims(payload)

    def _payload(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if self._emulator and algorithm == "none":
            options: Any = {"verify_signature": False, "verify_exp": False, "verify_aud": False, "verify_iat": False}
            unsigned: dict[str, Any] = jwt.decode(token, options=options)
            return unsigned
        if algorithm != "RS256":
            raise UnauthenticatedError("The token is not signed as Firebase signs")
        key = self._key(header.get("kid"))
        checks: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": True}
        signed: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=checks)
        return signed

    def _key(self, key_id: object) -> Any:
        if not isinstance(key_id, str):
            raise UnauthenticatedError("The token names no key")
        key = self._keys.get().get(key_id)
        if key is None:
            raise UnauthenticatedError("The token is signed with an unknown key")
        return key

    def _certified(self) -> tuple[dict[str, Any], float]:
        """Return the public keys by key id, and for how many seconds they may be kept."""
        certificates, seconds = self._fetch()
        return {
            key_id: load_pem_x509_certificate(pem.encode()).public_key() for key_id, pem in certificates.items()
        }, seconds

    def _claims(self, payload: dict[str, Any]) -> TokenClaims:
        now = time.time()
        expires, issued, signed_in = (_seconds(payload, name) for name in ("exp", "iat", "auth_time"))
        firebase = payload.get("firebase")
        provider = firebase.get("sign_in_provider") if isinstance(firebase, dict) else None
        subject = payload.get("sub")
        faults = {
            "issuer": payload.get("iss") != f"https://securetoken.google.com/{self._project}",
            "audience": payload.get("aud") != self._project,
            "expiry": now > expires + CLOCK_SKEW_SECONDS,
            "issue time": issued > now + CLOCK_SKEW_SECONDS,
            "sign-in time": signed_in > now + CLOCK_SKEW_SECONDS,
            "subject": not (isinstance(subject, str) and 0 < len(subject) <= 128),  # noqa: PLR2004 (Firebase's limit)
            "e-mail": payload.get("email_verified") is not True,
            "provider": not (isinstance(provider, str) and _PROVIDERS.match(provider)),
        }
        wrong = [name for name, bad in faults.items() if bad]
        if wrong:
            raise UnauthenticatedError(f"The token's {wrong[0]} is not acceptable")
        return TokenClaims(
            uid=str(subject),
            auth_time=signed_in,
            issued_at=issued,
            expires_at=expires,
            client_id=_text(payload, "clientId"),
            role=_text(payload, "role"),
            user_id=_text(payload, "userId"),
        )


def _seconds(payload: dict[str, Any], name: str) -> int:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnauthenticatedError(f"The token's {name} is not a time")
    return value


def _text(payload: dict[str, Any], name: str) -> str | None:
    value = payload.get(name)
    if value is not None and not isinstance(value, str):
        raise UnauthenticatedError(f"The token's {name} is not acceptable")
    return value
