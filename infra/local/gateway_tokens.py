"""What API Gateway checks of a token: form, issuer, audience and time. The functions check everything, again.

The texts are those of Envoy's jwt_authn filter, which API Gateway answers with. The Auth emulator's tokens are unsigned
(`alg: none`); a signed one cannot be checked here and is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import dataclass
from typing import Any

CLOCK_SKEW_SECONDS = 60
MISSING = "Jwt is missing"
BAD_FORMAT = "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"
BAD_HEADER = "Jwt header is an invalid JSON"
BAD_PAYLOAD = "Jwt payload is an invalid JSON"
UNVERIFIED = "Jwt verification fails"
UNKNOWN_ISSUER = "Jwt issuer is not configured"
FOREIGN_AUDIENCE = "Audiences in Jwt are not allowed"
EXPIRED = "Jwt is expired"
NOT_YET_VALID = "Jwt not yet valid"
MULTIPLE = "Found multiple Jwt tokens"


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 (an answer rather than an error)
    """The token is not accepted; `status` is 401, or 403 for a token that was made for somebody else."""

    message: str
    status: int = 401


def check_token(token: str, project: str) -> str:
    """Return the token's payload as the gateway passes it on: base64url without padding. Raises Refusal."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 (header.payload.signature)
        raise Refusal(BAD_FORMAT)
    header, payload = _object(parts[0], BAD_HEADER), _object(parts[1], BAD_PAYLOAD)
    if payload.get("iss") != f"https://securetoken.google.com/{project}":
        raise Refusal(UNKNOWN_ISSUER)
    now = time.time()
    if _number(payload, "exp", default=now) < now - CLOCK_SKEW_SECONDS:
        raise Refusal(EXPIRED)
    if _number(payload, "nbf", default=0) > now + CLOCK_SKEW_SECONDS:
        raise Refusal(NOT_YET_VALID)
    audiences = payload.get("aud")
    if project not in (audiences if isinstance(audiences, list) else [audiences]):
        raise Refusal(FOREIGN_AUDIENCE, status=403)
    if header.get("alg") != "none" or parts[2]:
        raise Refusal(UNVERIFIED)
    return parts[1].rstrip("=")


def _object(segment: str, fault: str) -> dict[str, Any]:
    try:
        padded = segment + "=" * (-len(segment) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as exc:
        raise Refusal(fault) from exc
    if not isinstance(value, dict):
        raise Refusal(fault)
    return value


def _number(payload: dict[str, Any], name: str, *, default: float) -> float:
    value = payload.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(f"Jwt payload [{name}] field is not an integer")
    return value
