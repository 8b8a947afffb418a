"""Identifiers: time-ordered UUIDs (version 7, RFC 9562) and prefixed random document ids."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from uuid import UUID

_SPOKEN = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no letters that are taken for digits
_SPOKEN_LENGTH = 10
DOCUMENT_ID = re.compile(r"^(?!__.*__\Z)[A-Za-z0-9_-]{1,128}\Z")  # Firestore keeps `__…__` for itself


def uuid7(milliseconds: int | None = None, randomness: bytes | None = None) -> UUID:
    """A version 7 UUID of `milliseconds` since 1970 (now) and 10 bytes of `randomness`."""
    stamp = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    value = int.from_bytes(stamp.to_bytes(6, "big") + (randomness or os.urandom(10))[:10], "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def uuid7_for(milliseconds: int, *parts: object) -> UUID:
    """The same version 7 UUID for the same moment and parts: what makes a repeated event one event."""
    return uuid7(milliseconds, hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest())


def document_id(prefix: str) -> str:
    """A random Firestore id such as `task_3q2-7w…` (128 random bits)."""
    return f"{prefix}_{secrets.token_urlsafe(16)}"


def derived_document_id(prefix: str, *parts: object) -> str:
    """The same id for the same parts: what makes `create` the guard of an idempotent operation."""
    return f"{prefix}_{hashlib.sha256(chr(31).join(map(str, parts)).encode()).hexdigest()[:32]}"


def spoken_number(prefix: str) -> str:
    """A number such as `VIS-7K2M9QXW4B` for a record that has none yet: 50 random bits, to be read out."""
    return f"{prefix}-" + "".join(secrets.choice(_SPOKEN) for _ in range(_SPOKEN_LENGTH))
