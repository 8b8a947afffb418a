"""How an interchange travels over HTTP: as it is (RFC 1767), or in a CAQH CORE vC2.2.0 MIME envelope (real time)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message

from shared.config import ClearinghouseSettings

CONTENT_TYPE = "application/EDI-X12"
_CORE_VERSION = "2.2.0"
_PAYLOAD_TYPE = "X12_270_Request_005010X279A1"
_CORE_SUCCESS = "Success"
_NAME = re.compile(rb"""content-disposition:[^\r\n]*?\bname="?([^";\r\n]+)""", re.IGNORECASE)
MAX_PARTS = 50
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent."""

    content_type: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came back: the X12 in it, or the code with which the envelope was refused."""

    payload: bytes = field(repr=False)
    refused: str | None = None


def pack(interchange: str, settings: ClearinghouseSettings, *, payload_id: str, at: datetime) -> Parcel:
    """`interchange` with our credentials, as the settings say. `at` is in UTC."""
    content = interchange.encode("ascii")
    if settings.envelope == "plain":
        secret = f"{settings.user}:{settings.password.get_secret_value()}".encode()
        basic = f"Basic {base64.b64encode(secret).decode()}"
        return Parcel(CONTENT_TYPE, content, {"Authorization": basic})
    fields = {
        "PayloadType": _PAYLOAD_TYPE,
        "ProcessingMode": "RealTime",
        "PayloadID": payload_id,
        "TimeStamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "UserName": settings.user,
        "Password": settings.password.get_secret_value(),
        "SenderID": settings.sender,
        "ReceiverID": settings.receiver,
        "CORERuleVersion": _CORE_VERSION,
    }
    boundary = f"mobius-{payload_id}"
    parts = [_part(boundary, name, value.encode()) for name, value in fields.items()]
    parts.append(_part(boundary, "Payload", content))
    body = b"".join((*parts, f"--{boundary}--\r\n".encode()))
    return Parcel(f'multipart/form-data; boundary="{boundary}"', body)


def _part(boundary: str, name: str, value: bytes) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"


def unpack(content_type: str, body: bytes) -> Unpacked:
    """The X12 in an answer. What is no MIME envelope is taken as it is: senders say text/plain, and worse."""
    if not content_type.lower().startswith("multipart/"):
        return Unpacked(body)
    fields = _form(content_type, body)
    code = fields.get("ErrorCode", b"").decode("utf-8", "replace").strip()
    if code and code != _CORE_SUCCESS:
        return Unpacked(b"", refused=code)
    return Unpacked(fields.get("Payload", b""))


def _form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form, by their names. Not email's parser: it follows parts in parts as deep as a sender likes."""
    head = Message()
    head["Content-Type"] = " ".join(content_type.split())
    boundary = head.get_boundary("")
    found: dict[str, bytes] = {}
    if not boundary:
        return found
    for part in body.split(b"--" + boundary.encode("utf-8", "replace"))[1:MAX_PARTS]:
        blank = _BLANK_LINE.search(part)
        name = _NAME.search(part, 0, blank.start()) if blank else None
        if blank and name:
            found[name[1].decode("utf-8", "replace")] = part[blank.end() :].removesuffix(b"\n").removesuffix(b"\r")
    return found
