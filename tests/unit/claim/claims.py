"""Claims for tests: a clean one that passes every scrub rule; a test changes only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim.scrubbing import ScrubInput
from shared.domain.eligibility.verdict import decide
from shared.models.claim import BilledClaim, ClaimFile, ClaimParty
from shared.models.records import Coverage, EligibilityFile, Patient, Payer, PayerRule, Visit

TODAY = date(2026, 11, 23)
DAY = TODAY - timedelta(days=10)
PAYER, OTHER, PROVIDER, PATIENT = UUID(int=20), UUID(int=21), UUID(int=30), UUID(int=1)
NPI = "1234567893"


def claim(**members: Any) -> BilledClaim:
    given: dict[str, Any] = {
        "id": UUID(int=100),
        "claim_number": "CLM-1",
        "patient_id": PATIENT,
        "status": "draft",
        "amount": Decimal("182.40"),
        "service_date": DAY,
        "payer_id": PAYER,
        "provider_id": PROVIDER,
        "visit_id": UUID(int=40),
    }
    return BilledClaim(**given | members)


def coverage(payer: UUID = PAYER, **members: Any) -> Coverage:
    given: dict[str, Any] = {
        "id": UUID(int=payer.int + 100),
        "payer_id": payer,
        "payer_name": "Blue",
        "payer_kind": "insurance",
        "plan_name": "PPO",
        "member_id": "M1",
        "rank": 1,
        "period_start": date(2026, 1, 1),
        "period_end": None,
        "status": "active",
        "copay": None,
        "version": 1,
    }
    return Coverage(**given | members)


def visit(**members: Any) -> Visit:
    given: dict[str, Any] = {
        "id": UUID(int=40), "visit_number": "V1", "visit_date": DAY, "visit_type": "office", "status": "completed",
        "provider_id": PROVIDER, "patient_id": PATIENT,
    }  # fmt: skip
    return Visit(**given | members)


def patient(**members: Any) -> Patient:
    given: dict[str, Any] = {
        "id": PATIENT, "mrn": "MRN1", "first_name": "Ada", "last_name": "Fox", "date_of_birth": date(1980, 5, 1),
        "sex": "female", "phone": None, "version": 1,
    }  # fmt: skip
    return Patient(**given | members)


def needs_authorization(needed: bool | None) -> PayerRule:
    return PayerRule(UUID(int=60), PAYER, "98", needed)


def on_file(**members: Any) -> EligibilityFile:
    given: dict[str, Any] = {
        "patient": patient(),
        "coverages": (coverage(),),
        "payer_rules": (needs_authorization(needed=False),),
        "authorizations": (),
        "context_visit": visit(),
        "newest_check": None,
        "payers": (Payer(PAYER, "Blue", filing_days=90), Payer(OTHER, "Green")),
    }
    return EligibilityFile(**given | members)


def ground(file: EligibilityFile | None = None, **members: Any) -> ScrubInput:
    """What the rules see; the verdicts are the eligibility rules' own, from the file."""
    known = file or on_file()
    billed = members.pop("claim", None) or claim()
    own = tuple(one for one in known.coverages if one.payer_id == billed.payer_id)
    asked: dict[str, Any] = {"asked_date": billed.service_date, "asked_service": "98", "today": TODAY}
    dated = billed.service_date is not None
    given: dict[str, Any] = {
        "claim": billed,
        "file": known,
        "today": TODAY,
        "payer": next((one for one in known.payers if one.id == billed.payer_id), None),
        "provider_npi": NPI,
        "visit": known.context_visit,
        "receipt": decide(replace(known, coverages=own), **asked) if dated else None,
        "overall": decide(known, **asked) if dated else None,
    }
    return ScrubInput(**given | members)


def claim_file(**members: Any) -> ClaimFile:
    given: dict[str, Any] = {
        "claim": members.pop("claim", None) or claim(),
        "patient": ClaimParty(PATIENT, "MRN1", "Ada Fox"),
        "payer": Payer(PAYER, "Blue", filing_days=90),
    }
    return ClaimFile(**given | members)
