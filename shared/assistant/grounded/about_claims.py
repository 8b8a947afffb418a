"""Sentences about claims: how many of which state for how much, the newest of them, why one was denied, and when."""

from __future__ import annotations

from collections.abc import Sequence

from shared.assistant.grounded.saying import (
    Statement,
    by_state,
    count,
    listed,
    money,
    plain,
    quoted,
    state,
    verb,
    who,
)  # fmt: skip
from shared.assistant.grounded.told import Told
from shared.assistant.readings import ClaimSeen, ClaimsReading
from shared.domain.questions.states import DENIED_CLAIMS, OUTSTANDING_CLAIMS

MOST_LISTED = 5


def claims(told: Told) -> list[Statement]:
    """The claims asked for, counted by status with their amounts, and the newest of them."""
    data = told.data("claims", ClaimsReading)
    if data is None:
        return []
    reading, wanted = told.readings["claims"], _claims_meant(told, data)
    whose, when = who(data.patient), told.when("with a service date ")
    patient = reading.cited(f"patients/{data.patient.id}")
    if told.number is not None and not wanted:
        return [Statement(f"{whose} has no claim {quoted(told.number)}{when}.", patient)]
    if told.number is not None:
        return [_claim(one, told) for one in wanted]
    latest = told.ask.limit or (1 if "last" in told.ask.concepts else None)
    said = [_claims_head(told, data, wanted, whose, when)]
    if latest is not None and wanted:
        said = [Statement(f"The newest of {count(len(wanted), f'{told.scope}claim')} of {whose}{when}:", patient)]
    said += [_claim(one, told) for one in wanted[: latest or MOST_LISTED]]
    if latest is None and len(wanted) > MOST_LISTED:
        said.append(Statement(f"These are the {MOST_LISTED} newest of them.", patient))
    return said


def why_claims(told: Told) -> list[Statement]:
    """Why claims were denied, as far as the role sees it."""
    data = told.data("claims", ClaimsReading)
    if data is None:
        return []
    reading = told.readings["claims"]
    wanted = [
        one for one in _claims_meant(told, data) if told.number or one.status in (told.ask.states or DENIED_CLAIMS)
    ]
    whose, patient = who(data.patient), reading.cited(f"patients/{data.patient.id}")
    if not wanted:
        if told.number is not None:
            return [Statement(f"{whose} has no claim {quoted(told.number)}.", patient)]
        return claims(told)
    if "denialReason" in data.hidden:
        text = f"Your role does not see why a claim was denied. {whose} has {count(len(wanted), 'claim')}: "
        return [Statement(f"{text}{by_state(one.status for one in wanted)}.", patient)]
    said = []
    for one in wanted[:MOST_LISTED]:
        reason = (
            "no reason is on file"
            if one.denial_reason is None
            else f"the reason on file is {quoted(one.denial_reason)}"
        )
        text = f"Claim {plain(one.claim_number)} is {state(one.status)}: {reason}."
        said.append(Statement(text, reading.cited(f"claims/{one.id}")))
    return said


def when_claims(told: Told) -> list[Statement]:
    """When claims were submitted; when one was paid is not on file."""
    said = claims(told)
    if "s:paid" in told.ask.concepts:
        said.append(Statement("On which day a claim was paid is not among what I can read."))
    return said


def _claims_meant(told: Told, data: ClaimsReading) -> list[ClaimSeen]:
    if told.number is not None:
        wanted = told.number.casefold()
        return [one for one in data.claims if wanted in {one.claim_number.casefold(), one.id}]
    states = told.ask.states or (DENIED_CLAIMS if "denial" in told.ask.concepts else frozenset())
    return [one for one in data.claims if not states or one.status in states]


def _claims_head(told: Told, data: ClaimsReading, wanted: Sequence[ClaimSeen], whose: str, when: str) -> Statement:
    reading = told.readings["claims"]
    cited = reading.cited(f"patients/{data.patient.id}", *(f"claims/{one.id}" for one in wanted[:MOST_LISTED]))
    scope = told.scope or ("denied " if "denial" in told.ask.concepts else "")
    more = "" if data.complete else f" Only the newest {len(data.claims)} claims were read."
    if not wanted:
        others = f" On file{when}: {by_state(one.status for one in data.claims)}." if data.claims and scope else ""
        return Statement(f"{whose} has no {scope}claims{when}.{others}{more}", cited)
    sums = _sums(wanted)
    states = by_state(one.status for one in wanted)
    whole = f" (of {len(data.claims)})" if scope else ""
    text = f"{whose} has {count(len(wanted), f'{scope}claim')}{whole}{when}: {states}; {sums}."
    denied = sum(one.status in DENIED_CLAIMS for one in data.claims)
    if told.ask.states and told.ask.states == OUTSTANDING_CLAIMS and denied:
        text += f" Besides, {denied} {verb(denied)} denied."
    return Statement(text + more, cited)


def _sums(wanted: Sequence[ClaimSeen]) -> str:
    billed: dict[str, int] = {}
    paid: dict[str, int] = {}
    for one in wanted:
        billed[one.currency] = billed.get(one.currency, 0) + one.amount_cents
        paid[one.currency] = paid.get(one.currency, 0) + (one.paid_cents or 0)
    together = listed([money(cents, currency) for currency, cents in billed.items()])
    return f"{together} billed, {listed([money(cents, currency) for currency, cents in paid.items()])} paid"


def _claim(one: ClaimSeen, told: Told) -> Statement:
    parts = [
        f"Claim {plain(one.claim_number)} is {state(one.status)}",
        f"{money(one.amount_cents, one.currency)} billed",
    ]
    if one.paid_cents is not None:
        parts.append(f"{money(one.paid_cents, one.currency)} paid")
    for name, on in (("service", one.service_date), ("submitted", one.submitted_date)):
        parts.append(f"{name} {on.isoformat()}" if on is not None else f"no {name} date on file")
    if one.payer is not None:
        parts.append(plain(one.payer))
    if one.denial_reason is not None:
        parts.append(f"reason {quoted(one.denial_reason)}")
    return Statement("; ".join(parts) + ".", told.readings["claims"].cited(f"claims/{one.id}"))
