"""Facts, summary and guidance of the eligibility mode: every sentence is backed by a fact, every fact by a source."""

from __future__ import annotations

from datetime import datetime

from shared.models.firestore.documents import Fact
from shared.models.guidance import GuidanceAction
from shared.models.records import Coverage, EligibilityFile
from shared.models.verdict import VerdictReceipt

MAX_SUMMARY = 600
_WORDS = {"eligible": "active", "not_eligible": "not covered", "undetermined": "undetermined"}


def facts(file: EligibilityFile, receipt: VerdictReceipt, *, checked_at: datetime | None) -> tuple[Fact, ...]:
    """State what is known, most important first."""
    coverage = _coverage(file, receipt)
    lines = [Fact(label="Coverage", value=_coverage_words(coverage, receipt), source=_source(receipt))]
    lines += [
        Fact(label="Reason", value=evidence.text, source=evidence.source or f"rule:{evidence.rule}")
        for evidence in receipt.evidence
        if evidence.code not in {"coverage_active", "auth_requirement_unknown"}
        and not evidence.code.startswith("authorization")
    ]
    if receipt.requires_auth is not None:
        words = _authorization_words(receipt)
        rule = next((e for e in receipt.evidence if e.rule in {"E09", "E10"}), None)
        lines.append(Fact(label="Authorization", value=words, source=(rule and rule.source) or "rule:E09"))
    if coverage is not None and coverage.copay is not None:
        lines.append(Fact(label="Copay", value=f"{coverage.copay:.2f} USD", source=f"coverages/{coverage.id}"))
    if checked_at is not None:
        lines.append(Fact(label="Checked", value=checked_at.isoformat(timespec="seconds"), source="eligibility_checks"))
    return tuple(lines)


def summary(file: EligibilityFile, receipt: VerdictReceipt) -> str:
    """Put the facts into sentences, at most 600 characters."""
    sentences = [f"{_coverage_words(_coverage(file, receipt), receipt)}."]
    if receipt.verdict != "eligible":
        sentences += [f"{evidence.text}." for evidence in receipt.evidence[:1]]
    if receipt.requires_auth is not None:
        sentences.append(f"Authorization {_authorization_words(receipt)}.")
    coverage = _coverage(file, receipt)
    if coverage is not None and coverage.copay is not None:
        sentences.append(f"Copay {coverage.copay:.2f} USD.")
    sentences.append(f"Next: {guidance(receipt)[0].label}.")
    return " ".join(sentences)[:MAX_SUMMARY]


def guidance(receipt: VerdictReceipt | None) -> tuple[GuidanceAction, ...]:
    """Offer what to do next: before a check, after it, and always the full record."""
    actions: list[GuidanceAction] = []
    if receipt is None or receipt.verdict == "undetermined":
        actions.append(GuidanceAction(label="Check Eligibility", action="check_eligibility"))
    elif _is_awaited(receipt):
        actions.append(GuidanceAction(label="Check Authorization Status", action="check_authorization_status"))
    elif receipt.requires_auth is True and not receipt.authorization_met:
        actions.append(GuidanceAction(label="Request Authorization", action="request_auth"))
    actions.append(GuidanceAction(label="View Full Record", action="view_record"))
    return tuple(actions)


def _authorization_words(receipt: VerdictReceipt) -> str:
    if receipt.authorization_met:
        return "on file"
    if _is_awaited(receipt):
        return "needed and requested"
    return "needed" if receipt.requires_auth else "not needed"


def _is_awaited(receipt: VerdictReceipt) -> bool:
    return any(evidence.code == "authorization_awaited" for evidence in receipt.evidence)


def _coverage(file: EligibilityFile, receipt: VerdictReceipt) -> Coverage | None:
    return next((coverage for coverage in file.coverages if coverage.id == receipt.coverage_id), None)


def _coverage_words(coverage: Coverage | None, receipt: VerdictReceipt) -> str:
    name = "Coverage" if coverage is None else " ".join(filter(None, (coverage.payer_name, coverage.plan_name)))
    return f"{name}: {_WORDS[receipt.verdict]} for {receipt.date_of_service.isoformat()}"


def _source(receipt: VerdictReceipt) -> str:
    first = receipt.evidence[0]
    return first.source or f"rule:{first.rule}"
