"""The letters that a claim calls for: which template a denial's next step takes, and in which states it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain.claim.denial_codes import NextStep
from shared.domain.claim.denials import known, next_steps
from shared.domain.claim.guidance_rows import Row, When, against_appeal
from shared.domain.claim.situation import ClaimSituation
from shared.domain.eligibility.registry import found
from shared.models.verdict import Evidence

_APPEAL = frozenset({"denied", "appealed"})


@dataclass(frozen=True, slots=True)
class _Letter:
    """A template and what its offer is called; `states` are those of the claim that both step and template fit."""

    step: NextStep
    template: str
    label: str
    states: frozenset[str] = frozenset({"denied"})


_BY_STEP = (
    _Letter("appeal_authorization", "appeal_no_auth", "Draft Appeal: Authorization", _APPEAL),
    _Letter("appeal_clinically", "appeal_medical_necessity", "Draft Clinical Appeal", _APPEAL),
    _Letter("prove_filing", "appeal_timely_filing", "Draft Appeal: Filed in Time", _APPEAL),
    _Letter("attach_documents", "corrected_claim_cover", "Draft Cover Letter", frozenset({"denied", "corrected"})),
    _Letter("verify_cob", "cob_update_request", "Ask the Patient to Update Benefits"),
    _Letter("recheck_eligibility", "insurance_info_needed", "Ask the Patient for Insurance"),
)


def _called_for(letter: _Letter) -> When:
    def when(situation: ClaimSituation) -> Evidence | None:
        claim = situation.claim
        if claim.status not in letter.states or letter.step not in next_steps(claim.denial_code):
            return None
        code = known(claim.denial_code)
        text = "The payer has denied the claim" if code is None else code.meaning
        return found("B02", "denied", text, situation.source, "denial_code", denial=claim.denial_code or "")

    return when


def _against_appealing(situation: ClaimSituation) -> Evidence | None:
    """What keeps a denial from being appealed; an appeal that is open may still be written."""
    return against_appeal(situation) if situation.claim.status == "denied" else None


def _nothing(_: ClaimSituation) -> None:
    return None


def _row(letter: _Letter) -> Row:
    def params(situation: ClaimSituation) -> dict[str, Any]:
        return {"template": letter.template, "recordType": "Claim ID", "recordId": str(situation.claim.id)}

    return Row(
        f"letter.{letter.template}", letter.label, "draft_email", "B02", "a denial's reason calls for it",
        _called_for(letter), hindered=_against_appealing if letter.states == _APPEAL else _nothing, params_for=params,
    )  # fmt: skip


LETTERS: tuple[Row, ...] = tuple(_row(letter) for letter in _BY_STEP)
