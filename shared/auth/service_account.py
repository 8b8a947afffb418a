"""The deployed function's own service account: access tokens and signatures, without a key file.

Signatures are made by the IAM Credentials API, for which the account needs `iam.serviceAccounts.signBlob` on itself.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from shared.errors import StoreUnavailableError

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class GoogleServiceAccount:
    """See shared.auth.identity_platform.ServiceAccount. Credentials are looked up on first use."""

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
