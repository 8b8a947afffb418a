"""ID tokens of OpenID Connect providers: everything that OpenID Connect Core 3.1.3.7 asks for, and no leniency.

Other than Firebase's tokens (shared/auth/tokens.py) these come once, from the provider's own token endpoint, and say
who it is; they are kept nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from typing import Any

import jwt

from shared.auth.openid_metadata import TENANT, Metadata, PublishedMetadata
from shared.errors import UnauthenticatedError

CLOCK_SKEW_SECONDS = 60
OLDEST_SECONDS = 600
MAX_TOKEN_LENGTH = 16_384
MAX_SUBJECT = 255
RSA_BITS = 2048
_TENANT_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_KEYS = {"RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256")}  # type and curve


def not_proven() -> UnauthenticatedError:
    """The one refusal of an answer that proves nobody's identity; what is wrong with it helps only a forger."""
    return UnauthenticatedError("The provider's answer does not prove who this is", code="identity_not_proven")


class IdTokenVerifier:
    """Verifies the ID tokens that one provider issues to us."""

    def __init__(self, *, issuer: str, client_id: str, published: PublishedMetadata, aliases: tuple[str, ...]) -> None:
        """Take the issuer as configured; `aliases` are other spellings that the provider documents."""
        self._issuer = issuer
        self._client_id = client_id
        self._published = published
        self._aliases = aliases

    def verify(self, token: object, *, nonce: str, access_token: object) -> dict[str, Any]:
        """Return the claims of `token`. Raises UnauthenticatedError, or StoreUnavailableError without keys."""
        if not isinstance(token, str) or len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2:  # noqa: PLR2004 (h.p.s)
            raise not_proven()
        try:
            header = jwt.get_unverified_header(token)
            claims, key = self._decoded(token, header, self._published.get())
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as exc:
            raise not_proven() from exc
        if not (
            self._is_issued_by_provider(claims, key)
            and self._is_for_us(claims)
            and _is_fresh(claims)
            and _is(claims.get("nonce"), nonce)
            and _is_subject(claims.get("sub"))
            and _fits(claims.get("at_hash"), access_token)
        ):
            raise not_proven()
        return claims

    def _decoded(self, token: str, header: dict[str, Any], metadata: Metadata) -> tuple[dict[str, Any], dict[str, Any]]:
        """The claims, and the published key that signed them. The claims are looked at by ourselves."""
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in metadata.algorithms or not isinstance(key_id, str | None):
            raise ValueError
        fitting = [key for key in self._published.keys(key_id) if _may_sign(key, algorithm)]
        if len(fitting) != 1:
            raise ValueError
        key = jwt.PyJWK.from_dict(fitting[0], algorithm).key
        if fitting[0]["kty"] == "RSA" and key.key_size < RSA_BITS:
            raise ValueError
        unchecked: Any = dict.fromkeys(("verify_exp", "verify_aud", "verify_iat", "verify_iss"), False)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], options=unchecked, leeway=CLOCK_SKEW_SECONDS
        )
        return claims, fitting[0]

    def _is_issued_by_provider(self, claims: dict[str, Any], key: dict[str, Any]) -> bool:
        """Whether the token's issuer is ours: of many tenants, the one that the token and its key are of."""
        issuer = claims.get("iss")
        if TENANT not in self._issuer:
            return issuer == self._issuer or issuer in self._aliases
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not _TENANT_ID.match(tenant):
            return False
        expected = self._issuer.replace(TENANT, tenant)
        of_key = str(key.get("issuer", expected)).replace(TENANT, tenant)
        return issuer == expected == of_key

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        audience, party = claims.get("aud"), claims.get("azp")
        audiences = audience if isinstance(audience, list) else [audience]
        if self._client_id not in audiences or (len(audiences) > 1 and party is None):
            return False
        return party is None or party == self._client_id


def _may_sign(key: dict[str, Any], algorithm: str) -> bool:
    """Whether a published key may have signed with this algorithm."""
    fits = (key.get("kty"), key.get("crv")) == _KEYS[algorithm]
    return bool(fits and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm)


def _is_fresh(claims: dict[str, Any]) -> bool:
    now = time.time()
    expires, issued = _time(claims.get("exp")), _time(claims.get("iat"))
    return now < expires + CLOCK_SKEW_SECONDS and now - OLDEST_SECONDS < issued < now + CLOCK_SKEW_SECONDS


def _time(value: object) -> float:
    """Seconds since 1970; what is no time is long ago."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _is(value: object, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_SUBJECT


def _fits(at_hash: object, access_token: object) -> bool:
    """Whether the hash, where there is one, is of the access token beside it (by SHA-256, as all our algorithms)."""
    if at_hash is None:
        return True
    digest = hashlib.sha256(str(access_token).encode()).digest()
    half = base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
    return isinstance(access_token, str) and _is(at_hash, half)
