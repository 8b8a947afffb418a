"""Claims and lines of payers' files for the tests of posting."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim.posting import LineSource
from shared.models.claim import BilledClaim, ClaimFile, ClaimParty, GroupCode
from shared.models.payer_answer import AnsweredPerson
from shared.models.remittance import (
    Adjustment,
    ClaimPayment,
    ClaimStatusAnswer,
    ServicePayment,
    StatedStatus,
    StatusCode,
)

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
TODAY = date(2026, 11, 24)
SOURCE = LineSource("file-1", "T-900", 3, "f" * 64, dated_on=date(2026, 11, 20))
PATIENT = AnsweredPerson("Müller", "Jürgen", None, "M-1")


def billed(**changes: Any) -> BilledClaim:
    """A claim of 100 dollars that its payer has accepted."""
    members: dict[str, Any] = {
        "id": UUID(int=88),
        "claim_number": "CLM-88",
        "patient_id": UUID(int=553),
        "status": "accepted",
        "amount": Decimal("100.00"),
        "version": 4,
    }
    return BilledClaim(**members | changes)


def file_of(claim: BilledClaim) -> ClaimFile:
    """The claim with its patient, whose payer is not known."""
    return ClaimFile(claim, ClaimParty(claim.patient_id, "MRN553", "Jürgen Müller"))


def adjusted(group: GroupCode, reason: str, amount: str) -> Adjustment:
    """One CAS triplet."""
    return Adjustment(group, reason, Decimal(amount))


def payment(paid: str = "80.00", *adjustments: Adjustment, **changes: Any) -> ClaimPayment:
    """What a payer says that it paid of the claim."""
    members: dict[str, Any] = {
        "position": 8,
        "claim_number": "CLM-88",
        "status_code": "1",
        "charge": Decimal("100.00"),
        "paid": Decimal(paid),
        "payer_control_number": "P-77",
        "patient": PATIENT,
        "adjustments": adjustments,
    }
    return ClaimPayment(**members | changes)


def service(paid: str, *adjustments: Adjustment, charge: str = "100.00", **changes: Any) -> ServicePayment:
    """One of its services."""
    return ServicePayment(9, "HC:99213", Decimal(charge), Decimal(paid), adjustments=adjustments, **changes)


def status_of(category: str, status: str = "20", **changes: Any) -> ClaimStatusAnswer:
    """What a payer says of the claim's progress."""
    stated = StatedStatus((StatusCode(category, status),), on=date(2026, 11, 19))
    members: dict[str, Any] = {
        "level": "claim",
        "position": 12,
        "statuses": (stated,),
        "claim_number": "CLM-88",
        "payer_control_number": "P-77",
        "patient": PATIENT,
    }
    return ClaimStatusAnswer(**members | changes)
