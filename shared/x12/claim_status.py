"""The 277 (005010X212) and the 277CA (005010X214) read into one ClaimStatusReport per transaction.

An answer stands at the level it is about: all that was sent (information receiver), a provider, or one claim.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shared.models.payer_answer import AnswerPeriod, Reference
from shared.models.remittance import (
    ClaimStatusAnswer,
    ClaimStatusReport,
    ServiceStatus,
    StatedStatus,
    StatusCode,
    StatusLevel,
)
from shared.x12.amounts import amount_at, identifier_at
from shared.x12.errors import UnreadableTransactionError
from shared.x12.interchange import Transaction
from shared.x12.parties import Party
from shared.x12.segments import Segment
from shared.x12.values import Notes, day, period, reference

_ACKNOWLEDGEMENT = "005010X214"
_SOURCE, _RECEIVER, _PROVIDER = "20", "21", "19"
_PEOPLE = frozenset({"22", "23", "PT"})  # subscriber, dependent; the patient of an acknowledgement
_LEVELS: dict[str, StatusLevel] = {_RECEIVER: "information_receiver", _PROVIDER: "provider"}
_OURS, _PAYERS, _SERVICE_DATE = "EJ", "1K", "472"
_STATUSES = (1, 10, 11)  # the composites of an STC
_TOTALS = frozenset({"QTY", "AMT", "PER", "DTP", "REF"})  # of an acknowledgement's upper levels


def read_claim_status(transaction: Transaction) -> ClaimStatusReport:
    """Read one 277 or 277CA. Raises UnreadableTransactionError naming the segment."""
    reading = _Reading(acknowledgement=transaction.version.startswith(_ACKNOWLEDGEMENT))
    for segment in transaction.segments:
        reading.take(segment)
    return reading.done(tuple(fault.code for fault in transaction.faults))


@dataclass(slots=True)
class _Answer:
    """One TRN with what follows it while it is read."""

    level: StatusLevel
    position: int
    trace: str | None = None
    party: Party | None = None
    statuses: list[StatedStatus] = field(default_factory=list)
    services: list[ServiceStatus] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    service_period: AnswerPeriod | None = None

    def take(self, segment: Segment, notes: Notes) -> bool:
        """Read one more segment of this answer; False when it says something else."""
        if segment.id == "STC":
            self._status(_status(segment))
        elif segment.id == "SVC":
            self.services.append(ServiceStatus(segment.position, ":".join(segment.components(1))))
        elif segment.id == "REF" and not self.services:
            identifier_at(segment, 2)
            self.references.append(reference(segment))
        elif segment.id == "DTP":
            self._period(segment, notes)
        else:
            return segment.id == "REF" or (self.level != "claim" and segment.id in _TOTALS)
        return True

    def done(self, *, acknowledgement: bool) -> ClaimStatusAnswer:
        """The answer; in an acknowledgement the trace of a claim is the number that we gave it."""
        ours = _first(self.references, _OURS)
        if ours is None and acknowledgement and self.level == "claim":
            ours = self.trace
        return ClaimStatusAnswer(
            level=self.level,
            position=self.position,
            statuses=tuple(self.statuses),
            trace_number=self.trace,
            claim_number=ours,
            payer_control_number=_first(self.references, _PAYERS),
            patient=self.party.person() if self.party and self.level == "claim" else None,
            service_period=self.service_period,
            references=tuple(self.references),
            services=tuple(self.services),
        )

    def _status(self, status: StatedStatus) -> None:
        if self.services:
            last = self.services[-1]
            self.services[-1] = replace(last, statuses=(*last.statuses, status))
        else:
            self.statuses.append(status)

    def _period(self, segment: Segment, notes: Notes) -> None:
        read = period(segment, notes)
        if read is not None and read.qualifier == _SERVICE_DATE and self.service_period is None:
            self.service_period = read


@dataclass(slots=True)
class _Reading:
    """Where we are in the hierarchy."""

    acknowledgement: bool
    begin: Segment | None = None
    level: str = ""
    payer: Party | None = None
    party: Party | None = None
    answers: list[_Answer] = field(default_factory=list)
    open: _Answer | None = None
    notes: Notes = field(default_factory=Notes)

    def take(self, segment: Segment) -> None:
        """Read one segment."""
        if segment.id == "BHT" and self.begin is None:
            self.begin = segment
        elif segment.id == "HL":
            self.level, self.open = segment[3], None
            self.party = None
        elif segment.id == "NM1" and self.open is None:
            self.party = Party(segment)
            if self.level == _SOURCE:
                self.payer = self.party
        elif segment.id == "TRN" and self.level != _SOURCE:
            self._begin(segment, identifier_at(segment, 2))
        elif segment.id == "STC" and self.open is None:
            self._begin(segment, None).take(segment, self.notes)
        elif not self._belongs(segment):
            self.notes.add(segment, "not read")

    def done(self, faults: tuple[str, ...]) -> ClaimStatusReport:
        """The report. Raises UnreadableTransactionError when it does not say which one it is."""
        if self.begin is None or not self.begin[3]:
            raise UnreadableTransactionError("reference_missing", "There is no BHT with a reference", segment=1)
        return ClaimStatusReport(
            acknowledgement=self.acknowledgement,
            reference=identifier_at(self.begin, 3) or "",
            made_on=day(self.begin[4]),
            payer_name=(self.payer.entity().name or None) if self.payer else None,
            payer_id=self.payer.id if self.payer else None,
            answers=tuple(one.done(acknowledgement=self.acknowledgement) for one in self.answers if one.statuses),
            unread=self.notes.lines(),
            faults=faults,
        )

    def _begin(self, segment: Segment, trace: str | None) -> _Answer:
        if self.level not in _LEVELS and self.level not in _PEOPLE:
            self.notes.add(segment, "an unknown level")
        self.open = _Answer(_LEVELS.get(self.level, "claim"), segment.position, trace, self.party)
        self.answers.append(self.open)
        return self.open

    def _belongs(self, segment: Segment) -> bool:
        if self.open is not None:
            return self.open.take(segment, self.notes)
        if self.level == _SOURCE and segment.id in {"TRN", "DTP", "PER"}:
            return True
        return self.party is not None and self.party.take(segment, self.notes)


def _status(segment: Segment) -> StatedStatus:
    codes = []
    for position in _STATUSES:
        category, status, entity, *_ = (*segment.components(position), "", "", "")
        if category:
            codes.append(StatusCode(category.upper(), status, entity or None))
    if not codes:
        raise UnreadableTransactionError("status_missing", "STC01 says no status", segment=segment.position)
    return StatedStatus(
        codes=tuple(codes),
        on=day(segment[2]),
        action=segment[3] or None,
        charge=amount_at(segment, 4),
        paid=amount_at(segment, 5),
        text=segment[12] or None,
    )


def _first(references: list[Reference], qualifier: str) -> str | None:
    return next((one.value for one in references if one.qualifier == qualifier and one.value), None)
