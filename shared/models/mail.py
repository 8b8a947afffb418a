"""A message on its way, and what came of handing it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

HandOverResult = Literal["accepted", "deferred", "refused", "unknown"]
ReportedAction = Literal["failed", "delayed", "delivered", "relayed", "expanded"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address, and the name of whom it belongs to."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One message to one recipient. `message_id` (`<left@right>`) and `date` stay the same however often it is sent."""

    message_id: str
    date: datetime
    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """What came of handing a message over. `code` says why in a machine's words, never in a server's.

    `accepted`: somebody else answers for it now. `deferred`: nobody has it, and later may be better. `refused`: nobody
    has it, and asking again changes nothing. `unknown`: whether somebody has it cannot be said.
    """

    result: HandOverResult
    code: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a delivery report (RFC 3464) says of one message: the Message-IDs it may mean, its own wording first.

    `status` is the enhanced status code of RFC 3463 (`5.1.1`), where there is one.
    """

    message_ids: tuple[str, ...]
    action: ReportedAction
    status: str | None
