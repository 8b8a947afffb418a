"""What may be said to whom: health information by kind, and an allow-list per recipient type and channel.

Sources: the design's e-mail section ("no diagnosis to a patient over plain e-mail, last four digits only"), and
45 CFR 164.502(b) and 164.530(c): no more than needed, and e-mail as the insecure channel that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from shared.models.firestore.drafts import PhiLevel, Recipient

PhiKind = Literal[
    "name", "contact", "appointment", "money", "coverage", "authorization", "claim", "member_id", "service",
    "birth_date", "mrn", "diagnosis", "clinical", "ssn",
]  # fmt: skip
Channel = Literal["plain_email", "portal_link"]
RecipientKind = Literal["patient", "payer", "provider", "colleague", "other"]
LEVELS: tuple[PhiLevel, ...] = get_args(PhiLevel)
RECIPIENTS: tuple[RecipientKind, ...] = get_args(Recipient.model_fields["kind"].annotation)
CHANNELS: tuple[Channel, ...] = get_args(Channel)

_PLAIN_TO_PATIENT: frozenset[PhiKind] = frozenset(
    {"name", "contact", "appointment", "money", "coverage", "authorization"}
)
_WORK: frozenset[PhiKind] = _PLAIN_TO_PATIENT | {"claim", "member_id", "service", "mrn"}
_EVERYTHING: frozenset[PhiKind] = frozenset(get_args(PhiKind)) - {"ssn"}  # which nobody needs to be told by us

ALLOWED: Mapping[tuple[RecipientKind, Channel], frozenset[PhiKind]] = {
    ("patient", "plain_email"): _PLAIN_TO_PATIENT,
    ("patient", "portal_link"): _EVERYTHING,
    ("payer", "plain_email"): _WORK,
    ("payer", "portal_link"): _EVERYTHING,
    ("provider", "plain_email"): _WORK,
    ("provider", "portal_link"): _EVERYTHING,
    ("colleague", "plain_email"): _WORK,
    ("colleague", "portal_link"): _EVERYTHING,
    ("other", "plain_email"): frozenset(),
    ("other", "portal_link"): _PLAIN_TO_PATIENT,
}
LIMITS: Mapping[tuple[RecipientKind, Channel], PhiLevel] = {
    ("patient", "plain_email"): "low",
    ("patient", "portal_link"): "high",
    ("payer", "plain_email"): "medium",
    ("payer", "portal_link"): "high",
    ("provider", "plain_email"): "medium",
    ("provider", "portal_link"): "high",
    ("colleague", "plain_email"): "medium",
    ("colleague", "portal_link"): "high",
    ("other", "plain_email"): "none",
    ("other", "portal_link"): "low",
}


def highest(levels: Iterable[PhiLevel]) -> PhiLevel:
    """The highest of the levels; none when there are none."""
    return max(levels, key=LEVELS.index, default="none")


def is_above(level: PhiLevel, limit: PhiLevel) -> bool:
    """Whether a level is over a limit."""
    return LEVELS.index(level) > LEVELS.index(limit)
