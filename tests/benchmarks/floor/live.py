"""The calls that every bare function has to make too: the token, the member, Firestore, the audit event.

No framework, no models, no layers: what is left is what the work itself costs. With FLOOR_BARE=1 identity and audit
are left out as well, so that their own price is seen.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
from cryptography.x509 import load_pem_x509_certificate
from flask import Request, Response
from google.cloud import firestore

PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]
BARE = os.environ.get("FLOOR_BARE") == "1"
CERTIFICATES = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
TIMEOUT = 4.5
_members: dict[str, tuple[float, dict[str, Any]]] = {}
_recent: set[str] = set()


@cache
def store() -> firestore.Client:
    """The Firestore client, made on first use."""
    return firestore.Client(project=PROJECT)


@cache
def publisher() -> Any:
    """The Pub/Sub publisher, imported and made on first use; it does not wait to fill a batch."""
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # a namespace package without a marker

    return pubsub_v1.PublisherClient(batch_settings=pubsub_v1.types.BatchSettings(max_latency=0))


@cache
def certificates() -> dict[str, Any]:
    """Google's public keys; never fetched with the emulator's unsigned tokens."""
    with urllib.request.urlopen(CERTIFICATES, timeout=5) as answer:
        return {name: load_pem_x509_certificate(pem.encode()).public_key() for name, pem in json.load(answer).items()}


def who(request: Request) -> dict[str, Any]:
    """The member behind the request's token: {clientId, userId, role}."""
    if BARE:
        return {"clientId": os.environ["FLOOR_CLIENT"], "userId": os.environ["FLOOR_USER"], "role": "admin"}
    token = request.headers["Authorization"].removeprefix("Bearer ")
    header = jwt.get_unverified_header(token)
    if header["alg"] == "none" and os.environ.get("FIREBASE_AUTH_EMULATOR_HOST"):
        claims = jwt.decode(token, options={"verify_signature": False})
    else:
        claims = jwt.decode(token, certificates()[header["kid"]], algorithms=["RS256"], audience=PROJECT)
    now = time.time()
    if claims["aud"] != PROJECT or claims["exp"] < now:
        raise PermissionError
    kept = _members.get(claims["sub"])
    if kept is None or kept[0] < now:
        member = store().collection("members").document(claims["sub"]).get(timeout=TIMEOUT).to_dict()
        kept = _members[claims["sub"]] = (now + 60, member or {})
    if kept[1].get("status") != "active":
        raise PermissionError
    return kept[1]


def event(member: dict[str, Any], action: str, *, resource: str) -> dict[str, Any]:
    """An audit event as `write_audit_log` takes it."""
    return {
        "id": str(_uuid7()),
        "createdAt": datetime.now(UTC).isoformat(),
        "clientId": member["clientId"],
        "userId": member["userId"],
        "action": action,
        "resourceType": resource,
        "outcome": "success",
        "requestId": uuid.uuid4().hex,
        "metadata": {},
        "schema": 1,
    }


def is_new(member: dict[str, Any], what: str) -> bool:
    """Whether this read has to be recorded: the same person reading the same again within minutes is one event."""
    if BARE or (known := f"{member['userId']} {what}") in _recent:
        return False
    _recent.add(known)
    return True


def publish(one: dict[str, Any]) -> Any:
    """Start publishing an audit event."""
    return publisher().publish(f"projects/{PROJECT}/topics/audit-events", json.dumps(one).encode(), timeout=2)


def answer(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body, default=str), status=status, content_type="application/json")


def _uuid7() -> uuid.UUID:
    value = int.from_bytes((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10), "big")
    return uuid.UUID(int=(value & ~(0xF << 76) | 0x7 << 76) & ~(0x3 << 62) | 0x2 << 62)
