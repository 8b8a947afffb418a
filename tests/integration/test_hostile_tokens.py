"""ID tokens and keys of a provider that lies: nobody is let in by them, and nothing ends in a 500."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.auth.openid_metadata import NEW_KEYS_AFTER_SECONDS
from tests.functions.in_memory import InMemoryProduct
from tests.integration.hostile_provider import (
    CLIENT_ID,
    CURVE,
    FOREIGN,
    KEY_ID,
    PRIVATE,
    SHORT,
    HostileProvider,
    hash_of,
    part,
    published,
)
from tests.integration.provider_sign_in import BILLER, outcome, signed_in


def now(seconds: int = 0) -> int:
    """The present, and so many seconds later."""
    return int(time.time()) + seconds


def with_header(provider: HostileProvider, header: Any, *, key: rsa.RSAPrivateKey | None = PRIVATE) -> str:
    """A token with any header, with a right signature or with none."""
    content = f"{part(header)}.{part(provider.sound())}"
    signature = key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()) if key else b""
    return f"{content}.{part(signature)}"


def with_secret(provider: HostileProvider, secret: bytes, algorithm: str = "HS256") -> str:
    content = f"{part({'alg': algorithm, 'kid': KEY_ID})}.{part(provider.sound())}"
    return f"{content}.{part(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"


def swapped(token: str, position: int, new: str) -> str:
    parts = token.split(".")
    parts[position] = new
    return ".".join(parts)


BAD_ID_TOKENS: dict[str, Callable[[HostileProvider], Any]] = {
    "none at all": lambda _: None,
    "a number": lambda _: 5,
    "a list": lambda it: [it.signed()],
    "empty": lambda _: "",
    "garbage": lambda _: "a.b.c",
    "five parts": lambda it: f"{it.signed()}.x.y",
    "too long": lambda it: it.signed(padding="x" * 20_000),
    "unsigned": lambda it: with_header(it, {"alg": "none"}, key=None),
    "unsigned, None": lambda it: with_header(it, {"alg": "None", "kid": KEY_ID}, key=None),
    "signed by nobody": lambda it: swapped(it.signed(), 2, ""),
    "signature of another": lambda it: swapped(it.signed(), 2, it.signed(sub="x").split(".")[2]),
    "claims changed": lambda it: swapped(it.signed(), 1, part(it.sound(sub="x"))),
    "foreign key": lambda it: it.signed(key=FOREIGN),
    "unknown key id": lambda it: it.signed(kid="key-9"),
    "key id is a number": lambda it: with_header(it, {"alg": "RS256", "kid": 1}),
    "no algorithm": lambda it: with_header(it, {"kid": KEY_ID}),
    "another algorithm's name": lambda it: with_header(it, {"alg": "PS256", "kid": KEY_ID}),
    "an algorithm that the provider does not name": lambda it: it.signed(algorithm="RS384"),
    "critical header": lambda it: with_header(it, {"alg": "RS256", "kid": KEY_ID, "crit": ["b64"], "b64": False}),
    "HS256 with our secret": lambda it: with_secret(it, b"our secret/+&"),
    "HS256 with the public key": lambda it: with_secret(it, json.dumps(it.keys[0]).encode()),
    "an elliptic token under the RSA key": lambda it: it.signed(key=CURVE, algorithm="ES256"),
    "another issuer": lambda it: it.signed(iss="https://evil.example"),
    "issuer with a slash": lambda it: it.signed(iss=f"{it.issuer}/"),
    "no issuer": lambda it: it.signed(iss=...),
    "another audience": lambda it: it.signed(aud="other"),
    "no audience": lambda it: it.signed(aud=...),
    "audience is empty": lambda it: it.signed(aud=[]),
    "two audiences and no party": lambda it: it.signed(aud=[CLIENT_ID, "other"]),
    "two audiences and another party": lambda it: it.signed(aud=[CLIENT_ID, "other"], azp="other"),
    "our audience and another party": lambda it: it.signed(azp="other"),
    "expired": lambda it: it.signed(exp=now(-120)),
    "no expiry": lambda it: it.signed(exp=...),
    "expiry is a text": lambda it: it.signed(exp="tomorrow"),
    "expiry is true": lambda it: it.signed(exp=True),
    "issued tomorrow": lambda it: it.signed(iat=now(86_400), exp=now(90_000)),
    "issued an hour ago": lambda it: it.signed(iat=now(-3600)),
    "no issue time": lambda it: it.signed(iat=...),
    "not valid yet": lambda it: it.signed(nbf=now(600)),
    "another nonce": lambda it: it.signed(nonce="another"),
    "no nonce": lambda it: it.signed(nonce=...),
    "nonce is a list": lambda it: it.signed(nonce=[it.nonce]),
    "no subject": lambda it: it.signed(sub=...),
    "empty subject": lambda it: it.signed(sub=""),
    "subject of 256": lambda it: it.signed(sub="x" * 256),
    "hash of another access token": lambda it: it.signed(at_hash=hash_of("another")),
    "hash is a number": lambda it: it.signed(at_hash=1),
    "claims are a list": lambda _: f"{part({'alg': 'RS256', 'kid': KEY_ID})}.{part([1])}.{part(b'x')}",
    "deep claims": lambda _: f"{part({'alg': 'RS256', 'kid': KEY_ID})}.{part(b'[' * 3000)}.{part(b'x')}",
}


@pytest.mark.parametrize("kind", BAD_ID_TOKENS)
def test_a_bad_id_token_proves_nothing(product: InMemoryProduct, provider: HostileProvider, kind: str) -> None:
    provider.token = BAD_ID_TOKENS[kind]
    assert outcome(product, provider)["error"] == "identity_not_proven"
    assert not product.events
    assert not product.live.documents.sessions
    assert not product.people.links


@pytest.mark.parametrize(
    "changes",
    [
        lambda: {"aud": [CLIENT_ID]},
        lambda: {"azp": CLIENT_ID},
        lambda: {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID},
        lambda: {"at_hash": hash_of("access")},
        lambda: {"exp": now(-20), "iat": now(-300)},
        lambda: {"iat": now(20)},
        lambda: {"email": BILLER.email.upper()},
    ],
)
def test_what_else_a_sound_token_may_hold(
    product: InMemoryProduct, provider: HostileProvider, changes: Callable[[], dict[str, Any]]
) -> None:
    provider.claims = changes()
    assert signed_in(product, provider)["email"] == BILLER.email


def test_a_token_may_be_elliptic_or_without_a_key_id(product: InMemoryProduct, provider: HostileProvider) -> None:
    provider.keys = [published(CURVE, "key-2")]
    provider.token = lambda it: it.signed(key=CURVE, algorithm="ES256", kid=...)
    assert signed_in(product, provider)["email"] == BILLER.email


@pytest.mark.parametrize(
    "keys",
    [
        [published(SHORT, KEY_ID)],
        [published(PRIVATE, KEY_ID, use="enc")],
        [published(PRIVATE, KEY_ID, alg="RS512")],
        [published(PRIVATE, KEY_ID), published(FOREIGN, KEY_ID)],
        [{"kty": "oct", "k": part(b"secret"), "kid": KEY_ID, "alg": "HS256"}],
        [{"kty": "RSA", "kid": KEY_ID}],
        [{"kty": "RSA", "kid": KEY_ID, "n": "%%%", "e": 5}],
        ["key", None, 5],
    ],
)
def test_a_key_that_cannot_have_signed_is_not_taken(
    product: InMemoryProduct, provider: HostileProvider, keys: list[Any]
) -> None:
    provider.keys = keys
    key = SHORT if keys[0] == published(SHORT, KEY_ID) else PRIVATE
    provider.token = lambda it: with_header(it, {"alg": "RS256", "kid": KEY_ID}, key=key)
    assert outcome(product, provider)["error"] == "identity_not_proven"


def test_a_new_key_of_the_providers_is_found(product: InMemoryProduct, provider: HostileProvider) -> None:
    signed_in(product, provider)
    provider.keys = [published(FOREIGN, "key-2")]
    provider.token = lambda it: it.signed(key=FOREIGN, kid="key-2")
    client: Any = product.providers["corp"]
    kept = client._published._keys
    kept._value = (kept._value[0], time.monotonic() - NEW_KEYS_AFTER_SECONDS, kept._value[2])
    assert signed_in(product, provider)["email"] == BILLER.email
