"""The PHI meter: what an e-mail discloses, whether this recipient may be told so on this way, and the ways out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.domain.email.findings import Finding, Known, TextPart, findings
from shared.domain.email.phi import ALLOWED, LIMITS, Channel, PhiKind, RecipientKind, highest, is_above
from shared.models.firestore.drafts import PhiLevel

WayOut = Literal["remove", "portal_link"]
REMOVED = "[removed]"
_WORDS: dict[PhiKind, str] = {
    "name": "the patient's name",
    "contact": "a phone number",
    "appointment": "an appointment",
    "money": "an amount",
    "coverage": "the patient's coverage",
    "authorization": "an authorization",
    "claim": "a claim",
    "member_id": "a member id",
    "service": "the kind of service",
    "birth_date": "a date of birth",
    "mrn": "a medical record number",
    "diagnosis": "a diagnosis",
    "clinical": "clinical information",
    "ssn": "a social security number",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an e-mail may not go out as it is: what was found and where, never what it says."""

    code: Literal["phi_in_subject", "phi_over_limit", "phi_not_for_recipient"]
    finding: Finding
    text: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What an e-mail discloses. It may be submitted when there is no reason against it."""

    level: PhiLevel
    limit: PhiLevel
    findings: tuple[Finding, ...]
    reasons: tuple[Reason, ...]
    ways_out: tuple[WayOut, ...]

    @property
    def disclosed(self) -> tuple[str, ...]:
        """What the audit row says was disclosed: merge fields, and kinds where it was no field."""
        return tuple(sorted({one.field or one.kind for one in self.findings}))


def measure(
    *,
    subject: str,
    body: str,
    recipient: RecipientKind,
    channel: Channel,
    known: Known,
    used: Iterable[Finding] = (),
) -> Measure:
    """Measure an e-mail to `recipient` by `channel`: its level is the highest of what it contains.

    `used` is what the fields disclose that it was filled from, whether or not that can be found in it.
    """
    used = tuple(used)
    in_subject = _both(findings(subject, known, part="subject"), used, "subject")
    in_body = _both(findings(body, known), used, "body")
    found = in_subject + in_body
    against = [_reason(one, "phi_in_subject", recipient) for one in in_subject]
    against += _against(in_body, recipient, channel)
    return Measure(
        highest(one.level for one in found),
        LIMITS[recipient, channel],
        found,
        tuple(against),
        _ways_out(against, recipient, channel),
    )


def _both(found: tuple[Finding, ...], used: tuple[Finding, ...], part: TextPart) -> tuple[Finding, ...]:
    own = {one for one in used if one.part == part}
    return tuple(sorted(own.union(found), key=lambda one: (one.start, one.end, one.kind, one.field or "")))


def _against(found: Iterable[Finding], recipient: RecipientKind, channel: Channel) -> list[Reason]:
    return [
        _reason(
            one, "phi_over_limit" if one.kind in ALLOWED[recipient, channel] else "phi_not_for_recipient", recipient
        )
        for one in found
        if one.kind not in ALLOWED[recipient, channel] or is_above(one.level, LIMITS[recipient, channel])
    ]


def _reason(
    finding: Finding, code: Literal["phi_in_subject", "phi_over_limit", "phi_not_for_recipient"], recipient: str
) -> Reason:
    what, at = _WORDS[finding.kind], f"{finding.start} to {finding.end}"
    if code == "phi_in_subject":
        return Reason(code, finding, f"The subject has {what} (characters {at}): a subject discloses nothing")
    return Reason(code, finding, f"The text has {what} (characters {at}), more than a {recipient} is told this way")


def _ways_out(against: list[Reason], recipient: RecipientKind, channel: Channel) -> tuple[WayOut, ...]:
    """Removing always helps; the portal only where what is too much for an e-mail may be read there."""
    if not against:
        return ()
    in_body = [one.finding for one in against if one.code != "phi_in_subject"]
    if channel == "plain_email" and in_body and not _against(in_body, recipient, "portal_link"):
        return ("remove", "portal_link")
    return ("remove",)


def remove(text: str, reasons: Iterable[Reason], *, part: TextPart = "body") -> str:
    """`text` without what the reasons name in this part of the e-mail: each stretch is marked as removed."""
    spans = sorted((one.finding.start, one.finding.end) for one in reasons if one.finding.part == part)
    pieces, end = list[str](), 0
    for start, stop in spans:
        if start >= end:
            pieces += [text[end:start], REMOVED]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])
