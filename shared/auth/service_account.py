"""The deployed function's own service account: access tokens and signatures, without a key file.

Signatures are made by the IAM Credentials API, for which the account needs `iam.serviceAccounts.signBlob` on itself.
"""

from __future__ import annotations

import base64
import json
from threading import Lock
from typing import Any, Protocol

from shared.errors import StoreUnavailableError

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


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


class GoogleServiceAccount:
    """See ServiceAccount. Credentials are looked up on first use."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._lock = Lock()

    def access_token(self) -> str:
        """See ServiceAccount.access_token."""
        return str(self._ready().token)

    def signed(self, claims: dict[str, object]) -> str:
        """See ServiceAccount.signed."""
        from google.auth import exceptions, iam, jwt
        from google.auth.transport.requests import Request

        credentials = self._ready()
        email = credentials.service_account_email
        try:
            signer = iam.Signer(Request(), credentials, email)  # type: ignore[no-untyped-call]  # google-auth
            return bytes(jwt.encode(signer, claims | {"iss": email, "sub": email})).decode()  # type: ignore[no-untyped-call]  # google-auth
        except exceptions.GoogleAuthError as exc:
            raise StoreUnavailableError("A sign-in could not be signed", retry_after=5) from exc

    def _ready(self) -> Any:
        import google.auth
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=SCOPES)
                if not self._credentials.valid:
                    self._credentials.refresh(Request())
            except exceptions.GoogleAuthError as exc:
                raise StoreUnavailableError("The service account is not available", retry_after=5) from exc
            return self._credentials
