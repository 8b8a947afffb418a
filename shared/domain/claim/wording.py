"""Summary and facts of the backend mode: of one claim, of a patient's claims, and of the whole desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.domain.claim.denials import known
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.standing import authorization_gap, balance, next_deadline
from shared.domain.claim.states import CLOSED
from shared.models.claim import ListedClaim
from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import ContextStatus, Fact
from shared.models.guidance import GuidanceAction

MAX_SUMMARY = 600
_DEADLINES = {
    "filing": "file", "corrected_claim": "send it corrected", "appeal": "appeal", "authorization": "authorize",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """The open claims of a patient or an organisation, as numbers.

    `nearest` is the deadline that comes first, and how much is at risk with it.
    """

    open: int
    amount: Decimal
    rejected: int = 0
    denied: int = 0
    pended: int = 0
    nearest: tuple[date, Decimal] | None = None
    currency: str = "USD"
    source: str = "claims"


def desk_of(claims: Sequence[ListedClaim]) -> Desk:
    """Count claims: those that are closed are nobody's work any more."""
    known_open = [one for one in claims if one.status not in CLOSED]
    dated = sorted((one.next_deadline_on, one.balance) for one in known_open if one.next_deadline_on is not None)
    first = dated[0][0] if dated else None
    at_risk = sum((amount for on, amount in dated if on == first), Decimal(0))
    return Desk(
        open=len(known_open),
        amount=sum((one.balance for one in known_open), Decimal(0)),
        rejected=sum(one.status == "rejected" for one in known_open),
        denied=sum(one.status == "denied" for one in known_open),
        pended=sum(one.status == "pended" for one in known_open),
        nearest=None if first is None else (first, at_risk),
    )


def desk_summary(desk: Desk, following: GuidanceAction | None) -> tuple[Text, ...]:
    """Put a desk's numbers into sentences, with what to do first."""
    counts = {"open": desk.open, "rejected": desk.rejected, "denied": desk.denied, "pended": desk.pended}
    params: dict[str, str | int | None] = {**counts, "amount": f"{desk.amount:.2f}"}
    noun = "open claim" if desk.open == 1 else "open claims"
    text = (
        f"{desk.open} {noun}, {desk.amount:.2f} {desk.currency}: {desk.rejected} rejected, {desk.denied} denied, "
        f"{desk.pended} pended"
    )
    if desk.nearest is not None:
        on, amount = desk.nearest
        params |= {"deadline": str(on), "atRisk": f"{amount:.2f}"}
        text += f"; nearest deadline {on}, {amount:.2f} {desk.currency} at risk"
    return (Text(code="open_claims", params=params, text=text), *_next(following))


def desk_facts(desk: Desk) -> tuple[Fact, ...]:
    """The numbers as facts, each from the claims they were counted in."""
    counted = {
        "Open claims": str(desk.open), "Open amount": f"{desk.amount:.2f} {desk.currency}",
        "Rejected": str(desk.rejected), "Denied": str(desk.denied), "Pended": str(desk.pended),
    }  # fmt: skip
    facts = [Fact(label=label, value=value, source=desk.source) for label, value in counted.items()]
    if desk.nearest is not None:
        on, amount = desk.nearest
        facts.append(Fact(label="Nearest deadline", value=str(on), source=desk.source))
        facts.append(Fact(label="At risk", value=f"{amount:.2f} {desk.currency}", source=desk.source))
    return tuple(facts)


def desk_status(desk: Desk) -> ContextStatus:
    """What stands in the way: something to correct, somebody else's turn, or nothing."""
    if desk.rejected or desk.denied:
        return "error"
    return "pending" if desk.open else "proceed"


def claim_summary(situation: ClaimSituation, following: GuidanceAction | None) -> tuple[Text, ...]:
    """Put one claim into sentences: its state and why, what is open of it, its deadline, what to do first."""
    return (*_claim_sentences(situation), *_next(following))


def _claim_sentences(situation: ClaimSituation) -> Iterator[Text]:
    claim = situation.claim
    words, why = claim.status.replace("_", " "), _why(situation)
    text = f"Claim {claim.claim_number}, {claim.amount:.2f} {claim.currency}: {words}"
    yield Text(
        code=f"claim_{claim.status}",
        params={"claim": claim.claim_number, "status": claim.status, "amount": f"{claim.amount:.2f}"},
        text=f"{text} ({why})" if why else text,
    )
    left = balance(claim)
    if left > 0 and left != claim.amount:
        yield Text(code="balance", params={"balance": f"{left:.2f}"}, text=f"{left:.2f} {claim.currency} are open")
    due = next_deadline(claim)
    if due is not None:
        on, kind = due
        days = (on - situation.today).days
        when = f"in {days} days" if days > 1 else {1: "tomorrow", 0: "today"}.get(days, f"{-days} days ago")
        text = f"Nearest deadline {on} ({when}) to {_DEADLINES[kind]}, {left:.2f} {claim.currency} at risk"
        yield Text(code="deadline", params={"on": str(on), "kind": kind, "atRisk": f"{left:.2f}"}, text=text)
    if authorization_gap(claim):
        yield Text(code="authorization_gap", text="An authorization is needed and none is linked")


def claim_facts(situation: ClaimSituation) -> tuple[Fact, ...]:
    """What is known of a claim, most important first."""
    claim = situation.claim
    source = situation.source
    rows: list[tuple[str, str | None, str]] = [
        ("Status", claim.status.replace("_", " "), source),
        ("Reason", _why(situation), source),
        ("Amount", f"{claim.amount:.2f} {claim.currency}", source),
        ("Paid", None if claim.paid_amount is None else f"{claim.paid_amount:.2f} {claim.currency}", source),
        ("Open", f"{balance(claim):.2f} {claim.currency}", source),
        ("Date of service", None if claim.service_date is None else str(claim.service_date), source),
        ("Payer", None if situation.file.payer is None else situation.file.payer.name, f"payers/{claim.payer_id}"),
    ]
    facts = [Fact(label=label, value=value, source=where) for label, value, where in rows if value]
    due = next_deadline(claim)
    if due is not None:
        facts.append(Fact(label="Deadline", value=str(due[0]), source=source, code=due[1]))
    for one in () if situation.scrubbed is None else situation.scrubbed.hits:
        evidence = one.evidence
        params = dict(evidence.params)
        where = evidence.source or source
        facts.append(Fact(label="Scrub", value=evidence.text, source=where, code=evidence.code, params=params))
    return tuple(facts)


def claim_status(situation: ClaimSituation) -> ContextStatus:
    """What stands in the way of a claim: something to correct, somebody else's turn, or nothing."""
    claim = situation.claim
    if claim.status in {"rejected", "denied", "missing_information", "underpaid"} or authorization_gap(claim):
        return "error"
    if situation.scrubbed is not None and not situation.scrubbed.passed:
        return "error"
    waiting = {"submitted", "accepted", "pended", "appealed", "forwarded_secondary", "on_hold"}
    return "pending" if claim.status in waiting or situation.asked is not None else "proceed"


def in_words(sentences: Sequence[Text]) -> str:
    """The sentences as one text of at most 600 characters; of what does not fit the first and the last one stay."""
    told = [f"{one.text}." for one in sentences]
    while len(told) > 2 and len(" ".join(told)) > MAX_SUMMARY:  # noqa: PLR2004 (first and last stay)
        told.pop(-2)
    return " ".join(told)[:MAX_SUMMARY]


def _why(situation: ClaimSituation) -> str | None:
    claim = situation.claim
    if claim.status in {"denied", "appealed", "denied_final"} and claim.denial_code:
        row = known(claim.denial_code)
        return claim.denial_code if row is None else f"{claim.denial_code}, {row.meaning[0].lower()}{row.meaning[1:]}"
    if claim.status == "on_hold":
        return claim.hold_reason
    return claim.status_reason if claim.status in {"rejected", "missing_information"} else None


def _next(following: GuidanceAction | None) -> tuple[Text, ...]:
    if following is None:
        return ()
    return (Text(code="next", params={"action": following.action}, text=f"Next: {following.label}"),)
