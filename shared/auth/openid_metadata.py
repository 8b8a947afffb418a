"""What an OpenID Connect provider publishes about itself: its addresses, its algorithms, its keys.

Only the discovery document below a configured issuer is read, and only the keys that it names; no address comes from
a request or from a token. Source: OpenID Connect Discovery 1.0, RFC 8414, RFC 9207, and for Microsoft's issuer
https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.auth.fetched import Fetched
from shared.auth.web_call import WebAnswer
from shared.config import ANY_TENANT
from shared.errors import StoreUnavailableError

Call = Callable[..., WebAnswer]
ALGORITHMS = ("RS256", "ES256", "PS256")  # signed, and never with a shared secret
TENANT = "{tenantid}"
OK = 200
KEPT_SECONDS = 3600.0
FETCH_SECONDS = 2.5
NEW_KEYS_AFTER_SECONDS = 30.0
UNAVAILABLE = "The sign-in provider is not available"


@dataclass(frozen=True, slots=True)
class Metadata:
    """A sound discovery document. `secret_in_form` says how the provider wants our secret (else: HTTP Basic).

    A provider that `names_itself` puts its issuer into its answers, so that one without it is forged.
    """

    authorization_endpoint: str
    token_endpoint: str
    algorithms: tuple[str, ...]
    secret_in_form: bool
    names_itself: bool
    keys_url: str


class PublishedMetadata:
    """The metadata and keys of one issuer, kept for an hour. Raises StoreUnavailableError without them."""

    def __init__(self, issuer: str, call: Call) -> None:
        """Take the configured issuer, which has `{tenantid}` in the place of a tenant when any tenant may sign in."""
        self._issuer = issuer
        self._call = call
        self._metadata = Fetched(self._discover, unavailable=UNAVAILABLE)
        self._keys = Fetched(self._fetch_keys, unavailable=UNAVAILABLE)

    def get(self) -> Metadata:
        """Return the metadata."""
        return self._metadata.get()

    def keys(self, key_id: str | None) -> list[dict[str, Any]]:
        """Return the keys that may have signed: those of this id, fetched anew when it is unknown."""
        found = _with_id(self._keys.get(), key_id)
        return found or _with_id(self._keys.get(newest=NEW_KEYS_AFTER_SECONDS), key_id)

    def _discover(self) -> tuple[Metadata, float]:
        answer = self._call(discovery_url(self._issuer), seconds=FETCH_SECONDS)
        if answer.status != OK or answer.body.get("issuer") != self._issuer:
            raise StoreUnavailableError(UNAVAILABLE, retry_after=5)
        return read_metadata(answer.body, plain_allowed=self._issuer.startswith("http://")), KEPT_SECONDS

    def _fetch_keys(self) -> tuple[list[dict[str, Any]], float]:
        answer = self._call(self._metadata.get().keys_url, seconds=FETCH_SECONDS)
        keys = answer.body.get("keys")
        if answer.status != OK or not isinstance(keys, list) or not keys:
            raise StoreUnavailableError(UNAVAILABLE, retry_after=5)
        return [key for key in keys if isinstance(key, dict)], KEPT_SECONDS


def discovery_url(issuer: str) -> str:
    """Where the issuer's discovery document is. Microsoft's for any tenant stands below a name of its own."""
    return f"{issuer.replace(TENANT, ANY_TENANT).rstrip('/')}/.well-known/openid-configuration"


def read_metadata(document: dict[str, Any], *, plain_allowed: bool) -> Metadata:
    """Read a discovery document; addresses without TLS only where the issuer has none either. Raises ValueError."""
    offered = document.get("id_token_signing_alg_values_supported")
    algorithms = tuple(one for one in ALGORITHMS if isinstance(offered, list) and one in offered)
    if not algorithms:
        raise ValueError("no algorithm that we take")
    ways = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Metadata(
        authorization_endpoint=_address(document, "authorization_endpoint", plain_allowed=plain_allowed),
        token_endpoint=_address(document, "token_endpoint", plain_allowed=plain_allowed),
        algorithms=algorithms,
        secret_in_form="client_secret_basic" not in ways,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        keys_url=_address(document, "jwks_uri", plain_allowed=plain_allowed),
    )


def _address(document: dict[str, Any], name: str, *, plain_allowed: bool) -> str:
    value = document.get(name)
    parts = urlsplit(value if isinstance(value, str) else "")
    schemes = {"https", "http"} if plain_allowed else {"https"}
    if parts.scheme not in schemes or not parts.hostname or parts.fragment or not str(value).isprintable():
        raise ValueError(f"{name} is no address")
    return str(value)


def _with_id(keys: list[dict[str, Any]], key_id: str | None) -> list[dict[str, Any]]:
    return [key for key in keys if key_id is None or key.get("kid") == key_id]
