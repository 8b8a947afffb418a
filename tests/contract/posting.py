"""A practice that posts payers' files, on both implementations of the stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.models.api.remittances import PayerFileUpload, PostedFiles, RemittanceLine
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.claim import BilledClaim, ClaimEvent
from shared.models.roles import Role
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.services.access_log import AccessLog
from shared.services.remittance_posting import RemittancePosting
from tests.contract.conftest import Records
from tests.payer_file_samples import acknowledgement_of, remittance_of
from tests.unit.factories import caller

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
DAY = date(2026, 9, 22)
NAME = "NM1*QC*1*MUELLER*JURGEN****MI*M-1"


class KilledError(BaseException):
    """The process ends here."""


def clp(number: str = "CLM-88", paid: str = "80", code: str = "1", charge: str = "100", control: str = "P-77") -> str:
    """The claim's own segment."""
    return f"CLP*{number}*{code}*{charge}*{paid}**12*{control}"


def file_of(*claims: tuple[str, ...], amount: str = "80", trace: str = "T-900", after: tuple[str, ...] = ()) -> str:
    """A remittance of these claims."""
    body = [one for claim in claims for one in claim]
    return remittance_of(trace, *body, *after, amount=amount)


def acknowledgement(*answers: tuple[str, ...], reference: str = "CA-1") -> str:
    """A 277CA of these claims: (number, status, …more segments) each."""
    body = []
    for number, status, *more in answers:
        body += ["HL*2*1*PT", "NM1*QC*1*MUELLER*JURGEN****MI*M-1", f"TRN*2*{number}", f"STC*{status}", *more]
    return acknowledgement_of(reference, *body)


PAID = (clp(), "CAS*CO*45*20", NAME)
DENIED = (clp(paid="0"), "CAS*CO*45*30**197*70", NAME, "MOA***N54")


@dataclass
class PostingOffice:
    """One organisation's biller, with what the stores say afterwards."""

    records: Records
    client: UUID
    ticks: Callable[[], float] = lambda: 0.0
    posting: RemittancePosting = field(init=False)
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(InMemoryDocuments()))
        self.posting = RemittancePosting(lambda: self.records.store, log, now=lambda: NOW, ticks=self._tick)
        self.caller = caller(client_id=self.client, role=Role.BILLER, action=AuditAction.REMITTANCE_POST)

    def _tick(self) -> float:
        return self.ticks()

    def patient(self, first: str = "Jürgen", last: str = "Müller", mrn: str = "MRN553") -> UUID:
        row = {"mrn": mrn, "first_name": first, "last_name": last, "date_of_birth": date(1981, 4, 3)}
        return self.records.add("patients", {"client_id": self.client} | row)

    def claim(self, patient: UUID, number: str = "CLM-88", amount: str = "100.00", **changes: Any) -> UUID:
        row = {"claim_number": number, "amount": Decimal(amount), "service_date": DAY, "status": "accepted"}
        return self.records.add("claims", {"client_id": self.client, "patient_id": patient} | row | changes)

    def post(self, content: str) -> PostedFiles:
        return self.posting.post(self.caller, PayerFileUpload(content=content))[0]

    def report(self, content: str) -> PostedFiles:
        return self.posting.report(self.caller, PayerFileUpload(content=content))[0]

    def lines(self, content: str) -> list[RemittanceLine]:
        return list(self.post(content).files[0].lines)

    def outcomes(self, content: str) -> list[tuple[str, str | None]]:
        return [(one.outcome, one.reason) for one in self.lines(content)]

    def now(self, reference: object = "CLM-88") -> BilledClaim:
        file = self.records.store.claims.get(self.client, str(reference))
        assert file is not None
        return file.claim

    def history(self, reference: object = "CLM-88") -> list[ClaimEvent]:
        """What was posted, the oldest first; not how the claim came in."""
        found = self.records.store.claims.events(self.client, str(reference), before=None, limit=100, seen=None)
        assert found is not None
        return [one for one in reversed(found[1]) if one.kind != "recorded"]

    def picture(self) -> object:
        """Everything that posting may change."""
        claims = [self.now(number) for number in ("CLM-88",)]
        return claims, self.history(), len(self.records.events())
