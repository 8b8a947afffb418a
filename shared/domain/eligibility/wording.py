"""Facts and summary of the eligibility mode: every sentence is backed by a fact, every fact by a source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from shared.domain.eligibility.guidance import guidance
from shared.domain.eligibility.situation import Situation
from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import Fact
from shared.models.verdict import Evidence, VerdictReceipt

MAX_SUMMARY = 600
_LONGEST_NAME = 100
_WORDS = {"eligible": "active", "not_eligible": "inactive", "undetermined": "undetermined"}
_NOT_COVERED = frozenset({"service_not_covered", "no_insurance"})
# Rules whose findings have a line of their own among the facts.
_TOLD_APART = frozenset({"E09", "E10", "E14", "E15", "E16"})


def facts(situation: Situation) -> tuple[Fact, ...]:
    """State what is known, most important first."""
    return tuple(_facts(situation))


def _facts(situation: Situation) -> Iterator[Fact]:
    receipt = situation.receipt
    coverage = _coverage(receipt)
    yield _fact("Coverage", coverage, _source(receipt.evidence[0]))
    for one in (*receipt.evidence, *receipt.suggestions):
        if one.rule not in _TOLD_APART and one.code != "coverage_active":
            yield Fact(label="Reason", value=one.text, source=_source(one), code=one.code, params=dict(one.params))
    rule = receipt.fired("authorization_on_file") or next(
        (e for e in receipt.evidence if e.rule in {"E09", "E10"}), None
    )
    authorization = _authorization(receipt)
    if authorization is not None and rule is not None:
        yield _fact("Authorization", authorization, _source(rule), without="Authorization ")
    for label, rule_id in (("Copay", "E14"), ("Deductible", "E15"), ("Estimate", "E16")):
        told = next((one for one in receipt.evidence if one.rule == rule_id), None)
        if told is not None:
            text = told.text.removeprefix(f"{label} ")
            yield Fact(label=label, value=text, source=_source(told), code=told.code, params=dict(told.params))
    limit = receipt.figures.visit_limit
    if limit is not None:
        source = receipt.fired("visits_run_out", "visit_limit_reached")
        yield Fact(label="Visits left", value=str(limit.left), source=_source(source) if source else "rule:E12")
    if situation.checked_at is not None:
        moment = situation.checked_at.isoformat(timespec="seconds")
        yield Fact(label="Checked", value=moment, source="eligibility_checks")


def summary(situation: Situation, *, stored: bool = False) -> tuple[Text, ...]:
    """Put the facts into sentences, together at most 600 characters.

    A `stored` summary is read later, so it says when the check was and not how long ago.
    """
    return tuple(_sentences(situation, stored=stored))


def in_words(sentences: tuple[Text, ...]) -> str:
    """The sentences as one text; what does not fit is left out from the end, but for the next step."""
    *told, following = [f"{one.text}." for one in sentences]
    while told and len(" ".join((*told, following))) > MAX_SUMMARY:
        told.pop()
    return " ".join((*told, following))[:MAX_SUMMARY]


def _sentences(situation: Situation, *, stored: bool) -> Iterator[Text]:
    receipt = situation.receipt
    coverage = _coverage(receipt)
    checked = _checked(situation, stored=stored)
    yield Text(code=coverage.code, params=coverage.params | checked.params, text=coverage.text + checked.text)
    if receipt.verdict != "eligible":
        first = receipt.evidence[0]
        yield Text(code=first.code, params=dict(first.params), text=first.text)
    authorization = _authorization(receipt)
    if authorization is not None:
        yield authorization
    amounts = list(_amounts(receipt))
    if amounts:
        text = "; ".join(one.text if not n else one.text[0].lower() + one.text[1:] for n, one in enumerate(amounts))
        params = {name: value for one in amounts for name, value in one.params.items()}
        yield Text(code="amounts", params=params, text=text)
    following = guidance(situation)[0]
    yield Text(code="next", params={"action": following.action}, text=f"Next: {following.label}")


def _coverage(receipt: VerdictReceipt) -> Text:
    coverage = receipt.coverage
    name = "Coverage"
    if coverage is not None:
        name = " ".join(_short(part) for part in (coverage.payer_name, coverage.plan_name) if part)
    word = _WORDS[receipt.verdict]
    if receipt.evidence[0].code in _NOT_COVERED:
        word = "not covered"
    on = receipt.date_of_service.isoformat()
    return Text(code=f"coverage_{receipt.verdict}", params={"plan": name, "date": on}, text=f"{name}: {word} for {on}")


def _checked(situation: Situation, *, stored: bool) -> Text:
    at = situation.checked_at
    if at is None:
        return Text(code="not_checked", text="")
    if stored:
        moment = at.astimezone(situation.now.tzinfo).strftime("%Y-%m-%d %H:%M")
        return Text(code="checked_at", params={"checkedAt": at.isoformat()}, text=f" (checked {moment})")
    age = _age(situation.now - at)
    return Text(code="checked_ago", params={"checkedAt": at.isoformat(), "age": age}, text=f" (checked {age} ago)")


def _age(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds() // 60))
    for size, word in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        count = minutes // size
        if count:
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "less than a minute"


def _authorization(receipt: VerdictReceipt) -> Text | None:
    """Whether an authorization is needed and there; None when nothing is known of it."""
    fits = receipt.fired("authorization_on_file")
    if fits is not None:
        until = f" to {fits.params['until']}" if "until" in fits.params else ""
        left = f", {fits.params['left']} left" if "left" in fits.params else ""
        return Text(
            code="authorization_approved", params=dict(fits.params), text=f"Authorization approved{until}{left}"
        )
    for code, words in (
        ("authorization_awaited", "needed and requested"),
        ("authorization_denied", "needed and denied"),
        ("authorization_depends", "to be asked for: the payer says it depends"),
    ):
        if receipt.fired(code):
            return Text(code=code, text=f"Authorization {words}")
    if receipt.requires_auth is None:
        return None
    word = "needed" if receipt.requires_auth else "not needed"
    return Text(code=f"authorization_{word.replace(' ', '_')}", text=f"Authorization {word}")


def _amounts(receipt: VerdictReceipt) -> Iterator[Text]:
    figures = receipt.figures
    if figures.copay is not None:
        low, high = f"{figures.copay.low:.2f}", f"{figures.copay.high:.2f}"
        amount = low if low == high else f"{low} to {high}"
        yield Text(code="copay", params={"copay": amount}, text=f"Copay {amount} USD")
    if figures.deductible is not None and figures.deductible.remaining is not None:
        left = f"{figures.deductible.remaining:.2f}"
        yield Text(code="deductible_left", params={"deductible": left}, text=f"Deductible left {left} USD")
    if figures.visit_limit is not None:
        visits = str(figures.visit_limit.left)
        yield Text(code="visits_left", params={"visits": visits}, text=f"Visits left {visits}")


def _fact(label: str, text: Text, source: str, *, without: str = "") -> Fact:
    params = {name: str(value) for name, value in text.params.items()}
    return Fact(label=label, value=text.text.removeprefix(without), source=source, code=text.code, params=params)


def _source(evidence: Evidence) -> str:
    return evidence.source or f"rule:{evidence.rule}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
