"""An OpenID Connect provider that answers whatever a test wants: over real HTTP, signed with keys made here."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.auth.openid_client import OpenIdClient
from shared.config import OpenIdProvider
from tests.integration.serving import served

KEY_ID, CLIENT_ID, SECRET = "key-1", "our-client", "our secret/+&"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 (that is its point)
Claims = dict[str, Any]


def published(private: Any, key_id: str, **members: Any) -> dict[str, Any]:
    """The public half as a JWK."""
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    jwk: dict[str, Any] = json.loads(algorithm.to_jwk(private.public_key()))
    return jwk | {"kid": key_id, "use": "sig"} | members


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def hash_of(access_token: str) -> str:
    """The `at_hash` of an access token."""
    return part(hashlib.sha256(access_token.encode()).digest()[:16])


def json_answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status_code=status, media_type="application/json")


@dataclass
class HostileProvider:
    """What it answers. `discovery` replaces members of the document; `asked` are the forms that it was sent."""

    issuer: str = ""
    nonce: str = ""
    claims: Claims = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [published(PRIVATE, KEY_ID)])
    asked: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answers: dict[str, Callable[[], Response]] = field(default_factory=dict)
    token: Callable[[HostileProvider], str] = lambda provider: provider.signed()

    def sound(self, **changes: Any) -> Claims:
        """The claims of a sound ID token; a change to `...` leaves the claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email": "biller@riverside.example",
            "email_verified": True,
        }
        return {name: value for name, value in (claims | self.claims | changes).items() if value is not ...}

    def signed(self, *, key: Any = PRIVATE, algorithm: str = "RS256", kid: Any = KEY_ID, **changes: Any) -> str:
        """An ID token."""
        headers = {} if kid is ... else {"kid": kid}
        return jwt.encode(self.sound(**changes), key, algorithm=algorithm, headers=headers)

    def described(self) -> dict[str, Any]:
        """The discovery document."""
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        }
        return {name: value for name, value in (document | self.discovery).items() if value is not ...}

    async def answer(self, request: Request) -> Response:
        """One request."""
        place = request.url.path.rpartition("/")[2]
        if place == "token":
            form = dict(parse_qsl((await request.body()).decode()))
            self.asked.append((form, request.headers.get("authorization", "")))
        if place in self.answers:
            return self.answers[place]()
        if place == "token":
            return json_answer({"access_token": "access", "token_type": "Bearer", "id_token": self.token(self)})
        return json_answer({"keys": self.keys} if place == "keys" else self.described())

    def client(self, name: str = "corp", **settings: Any) -> OpenIdClient:
        """The product's client of it; one that knows nothing yet."""
        given = {
            "name": name,
            "label": "Corporate",
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return OpenIdClient(OpenIdProvider.model_validate(given | settings))


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    """A provider that is sound until a test changes it."""
    provider = HostileProvider()
    application = Starlette(routes=[Route("/{path:path}", provider.answer, methods=["GET", "POST"])])
    with served(application) as address:
        provider.issuer = address
        yield provider
