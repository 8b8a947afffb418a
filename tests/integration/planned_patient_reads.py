"""The reads of one patient's claims and visits as a whole, as the proofs of query plans call them."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.repositories.postgres.patient_records import PostgresPatientRecordRepository
from shared.services.patient_records import MOST_READ
from tests.integration.planned_calls import Call

_READER = "PostgresPatientRecordRepository"
_SPAN = (date(2021, 1, 1), date(2021, 2, 1))
# What is read together is at most so many rows of a patient, which may each lie on a page of their own, and whatever
# they point at: the hundred providers, two pages each.
TOGETHER = MOST_READ + 2 * 100


def _whole(kind: str, reference: str, first: date | None = None, last: date | None = None) -> Call:
    """Read as many as are ever read."""
    asked: dict[str, Any] = {"first": first, "last": last, "limit": MOST_READ, "seen": None}
    return lambda at: getattr(PostgresPatientRecordRepository(at.serving), kind)(at.client, reference, **asked)


PATIENT_READS: dict[str, dict[str, Call]] = {
    f"{_READER}.{kind}": {
        "ordinary": _whole(kind, "MRN711"),
        "a tenth of all": _whole(kind, "MRN1"),
        "a tenth of all, in a range": _whole(kind, "MRN1", *_SPAN),
    }
    for kind in ("claims", "visits")
}
