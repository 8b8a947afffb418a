"""Tokens as Firebase signs them and seventy kinds that it never would, with keys made here."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from shared.auth.tokens import TokenVerifier

PROJECT = "mobius-test"
KEY_ID = "key-1"
Claims = dict[str, Any]


def make_key() -> tuple[rsa.RSAPrivateKey, str]:
    """A private key, and the certificate of its public half as Google publishes them."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM).decode()


PRIVATE, CERTIFICATE = make_key()
FOREIGN, FOREIGN_CERTIFICATE = make_key()


def verifier(**options: Any) -> TokenVerifier:
    given: dict[str, Any] = {"project": PROJECT, "fetch": lambda: ({KEY_ID: CERTIFICATE}, 3600.0)}
    return TokenVerifier(**given | options)


def claims(**changes: Any) -> Claims:
    """Sound claims; a change to `...` leaves the member out."""
    now = int(time.time())
    sound = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": "uid-1",
        "user_id": "uid-1",
        "iat": now - 60,
        "exp": now + 3540,
        "auth_time": now - 120,
        "email": "someone@example.org",
        "email_verified": True,
        "firebase": {"identities": {}, "sign_in_provider": "password"},
        "clientId": "c-1",
        "role": "biller",
        "userId": "u-1",
    }
    return {name: value for name, value in (sound | changes).items() if value is not ...}


def signed(payload: Claims, *, key: Any = PRIVATE, algorithm: str = "RS256", **header: Any) -> str:
    headers = {"kid": KEY_ID} | header
    kept = {name: value for name, value in headers.items() if value is not ...}
    return jwt.encode(payload, key, algorithm=algorithm, headers=kept)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(payload: Any, header: Any = None, signature: str = "") -> str:
    return f"{part(header or {'alg': 'none', 'typ': 'JWT'})}.{part(payload)}.{signature}"


def resigned(header: Any, payload: Any) -> str:
    """Any header and payload, also those that no library writes, with a right signature."""
    from cryptography.hazmat.primitives.asymmetric import padding

    content = f"{part(header)}.{part(payload)}"
    return f"{content}.{part(PRIVATE.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def swapped(token: str, position: int, new: str) -> str:
    parts = token.split(".")
    parts[position] = new
    return ".".join(parts)


NOW = int(time.time())
PUBLIC_PEM = PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def hmac_with_the_public_key() -> str:
    import hashlib
    import hmac

    content = f"{part({'alg': 'HS256', 'kid': KEY_ID})}.{part(claims())}"
    return f"{content}.{part(hmac.new(PUBLIC_PEM, content.encode(), hashlib.sha256).digest())}"


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "one part": lambda: "abc",
    "two parts": lambda: "abc.def",
    "four parts": lambda: signed(claims()) + ".x",
    "empty parts": lambda: "..",
    "no base64": lambda: "%%%.%%%.%%%",
    "not ASCII": lambda: "é.é.é",
    "a NUL": lambda: signed(claims()) + "\x00",
    "header is no JSON": lambda: swapped(signed(claims()), 0, part(b"{")),
    "header is a list": lambda: resigned([], claims()),
    "header is a text": lambda: resigned("alg", claims()),
    "deep header": lambda: resigned({"alg": "RS256", "kid": KEY_ID}, b"[" * 3000),
    "payload is no JSON": lambda: resigned({"alg": "RS256", "kid": KEY_ID}, b"{"),
    "payload is a list": lambda: resigned({"alg": "RS256", "kid": KEY_ID}, [1]),
    "payload is no UTF-8": lambda: resigned({"alg": "RS256", "kid": KEY_ID}, b"\xff\xfe"),
    "too long": lambda: signed(claims(padding="x" * 9000)),
    "unsigned": lambda: unsigned(claims()),
    "unsigned, None": lambda: unsigned(claims(), {"alg": "None"}),
    "unsigned, NONE": lambda: unsigned(claims(), {"alg": "NONE", "kid": KEY_ID}),
    "no algorithm": lambda: unsigned(claims(), {"typ": "JWT", "kid": KEY_ID}),
    "signature dropped": lambda: swapped(signed(claims()), 2, ""),
    "signature of another": lambda: swapped(signed(claims()), 2, signed(claims(sub="uid-2")).split(".")[2]),
    "signature changed": lambda: swapped(signed(claims()), 2, part(b"\x00" * 256)),
    "payload changed": lambda: swapped(signed(claims()), 1, part(claims(sub="uid-2"))),
    "foreign key": lambda: signed(claims(), key=FOREIGN),
    "RS384": lambda: signed(claims(), algorithm="RS384"),
    "PS256": lambda: signed(claims(), algorithm="PS256"),
    "HS256 with the public key": hmac_with_the_public_key,
    "HS256": lambda: signed(claims(), key="k" * 40, algorithm="HS256"),
    "no key id": lambda: signed(claims(), kid=...),
    "unknown key id": lambda: signed(claims(), kid="key-2"),
    "key id is a number": lambda: resigned({"alg": "RS256", "kid": 1}, claims()),
    "key id is a list": lambda: resigned({"alg": "RS256", "kid": [KEY_ID]}, claims()),
    "key of their own": lambda: signed(claims(), key=FOREIGN, jwk={"kty": "RSA"}, kid=...),
    "unknown critical header": lambda: resigned({"alg": "RS256", "kid": KEY_ID, "crit": ["x"], "x": 1}, claims()),
    "another issuer": lambda: signed(claims(iss="https://securetoken.google.com/other")),
    "issuer with a slash": lambda: signed(claims(iss=f"https://securetoken.google.com/{PROJECT}/")),
    "no issuer": lambda: signed(claims(iss=...)),
    "issuer is a list": lambda: resigned(
        {"alg": "RS256", "kid": KEY_ID}, claims(iss=[f"https://securetoken.google.com/{PROJECT}"])
    ),
    "another audience": lambda: signed(claims(aud="other")),
    "several audiences": lambda: signed(claims(aud=[PROJECT, "other"])),
    "no audience": lambda: signed(claims(aud=...)),
    "expired": lambda: signed(claims(exp=NOW - 60)),
    "no expiry": lambda: signed(claims(exp=...)),
    "expiry is a text": lambda: signed(claims(exp=str(NOW + 600))),
    "expiry is true": lambda: signed(claims(exp=True)),
    "expiry is a fraction": lambda: signed(claims(exp=NOW + 600.5)),
    "expiry is null": lambda: signed(claims(exp=None)),
    "issued tomorrow": lambda: signed(claims(iat=NOW + 86400)),
    "no issue time": lambda: signed(claims(iat=...)),
    "not valid yet": lambda: signed(claims(nbf=int(time.time()) + 600)),
    "signed in tomorrow": lambda: signed(claims(auth_time=NOW + 86400)),
    "no sign-in time": lambda: signed(claims(auth_time=...)),
    "sign-in time is a text": lambda: signed(claims(auth_time="1")),
    "no subject": lambda: signed(claims(sub=...)),
    "empty subject": lambda: signed(claims(sub="")),
    "subject of 129": lambda: signed(claims(sub="x" * 129)),
    "subject is a number": lambda: resigned({"alg": "RS256", "kid": KEY_ID}, claims(sub=1)),
    "e-mail not verified": lambda: signed(claims(email_verified=False)),
    "no word of the e-mail": lambda: signed(claims(email_verified=...)),
    "e-mail verified as a text": lambda: signed(claims(email_verified="true")),
    "e-mail verified as 1": lambda: signed(claims(email_verified=1)),
    "anonymous": lambda: signed(claims(firebase={"sign_in_provider": "anonymous"})),
    "phone": lambda: signed(claims(firebase={"sign_in_provider": "phone"})),
    "unknown provider": lambda: signed(claims(firebase={"sign_in_provider": "evil.example"})),
    "provider with more": lambda: signed(claims(firebase={"sign_in_provider": "password\n"})),
    "provider is a list": lambda: signed(claims(firebase={"sign_in_provider": ["password"]})),
    "no provider": lambda: signed(claims(firebase={})),
    "no firebase": lambda: signed(claims(firebase=...)),
    "firebase is a list": lambda: signed(claims(firebase=["password"])),
    "client is a number": lambda: signed(claims(clientId=7)),
    "role is a list": lambda: signed(claims(role=["admin"])),
    "user is an object": lambda: signed(claims(userId={"id": "u-1"})),
}
