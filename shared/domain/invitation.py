"""Invitation codes: who is invited, and a proof that only this product can have made.

A code names the organisation and the user, so that it is looked up inside one organisation, and carries a keyed digest
of both and of the invitation's id. The database holds the id alone: who reads it cannot make a code of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

VALID_FOR = timedelta(days=7)
_PREFIX = "inv_"
_UUID_BYTES = 16
_BYTES = 2 * _UUID_BYTES + hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class InvitationCode:
    """A code that was read, not yet proven."""

    client_id: UUID
    user_id: UUID
    proof: bytes


def write_code(key: bytes, *, client_id: UUID, user_id: UUID, invitation_id: UUID) -> str:
    """Write the code of an invitation, URL-safe."""
    content = client_id.bytes + user_id.bytes + _proof(key, client_id, user_id, invitation_id)
    return _PREFIX + base64.urlsafe_b64encode(content).decode().rstrip("=")


def read_code(code: str) -> InvitationCode | None:
    """Read a code; None for what cannot be one."""
    text = code.strip().removeprefix(_PREFIX)
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(content) != _BYTES or not code.strip().startswith(_PREFIX):
        return None
    client, user = content[:_UUID_BYTES], content[_UUID_BYTES : 2 * _UUID_BYTES]
    return InvitationCode(UUID(bytes=client), UUID(bytes=user), content[2 * _UUID_BYTES :])


def proves(code: InvitationCode, key: bytes, invitation_id: UUID) -> bool:
    """Tell whether the code was written for this invitation."""
    return hmac.compare_digest(code.proof, _proof(key, code.client_id, code.user_id, invitation_id))


def _proof(key: bytes, client_id: UUID, user_id: UUID, invitation_id: UUID) -> bytes:
    return hmac.digest(key, b"invitation\x1f" + client_id.bytes + user_id.bytes + invitation_id.bytes, "sha256")
