"""The 271 (005010X279A1) read into one PayerAnswer per person. What is not understood is noted, never dropped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shared.models.payer_answer import AnswerLevel, AnswerPeriod, PayerAnswer, Reference, Rejection
from shared.x12.benefit_lines import BenefitReading, benefit_line
from shared.x12.interchange import Transaction
from shared.x12.parties import Party, contacts
from shared.x12.segments import Segment
from shared.x12.values import Notes, period, reference

_LEVELS: dict[str, AnswerLevel] = {
    "20": "information_source",
    "21": "information_receiver",
    "22": "subscriber",
    "23": "dependent",
}
_PERSONS = frozenset({"IL", "03"})
_ECHO = frozenset({"NM1", "REF", "N3", "N4", "PRV", "PER"})  # of the information receiver: what we sent ourselves
_SHARED_NOTES = 50  # those of the payer are repeated in the answer of each of its people


def read_eligibility_answers(transaction: Transaction) -> tuple[PayerAnswer, ...]:
    """Read the answers of one 271: one a person, or one without a person when the payer rejected the whole."""
    reading = _Reading()
    for segment in transaction.segments:
        reading.take(segment)
    return reading.answers(tuple(str(fault) for fault in transaction.faults))


@dataclass(slots=True)
class _Patient:
    """One HL 22 or 23 while it is read; `above` is the subscriber of a dependent."""

    above: _Patient | None
    party: Party | None = None
    has_dependents: bool = False
    periods: list[AnswerPeriod] = field(default_factory=list)
    benefits: list[BenefitReading] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    payer_traces: list[str] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    @property
    def answered(self) -> bool:
        """Whether there is an answer about this person: a subscriber may only be there to carry the dependents."""
        return not self.has_dependents or bool(self.benefits or self.rejections or self.traces)

    def take(self, segment: Segment, *, after: str) -> None:
        """Read one more segment about this person; `after` is the id of the one before."""
        if segment.id == "EB":
            self.benefits.append(BenefitReading(benefit_line(segment, len(self.benefits) + 1, self.notes)))
        elif self.benefits:
            if segment.id == "MSG" and after == "AAA":
                self.rejections[-1] = replace(self.rejections[-1], text=segment[1])
            self.benefits[-1].take(segment, self.notes)
        elif not self._describes(segment):
            self.notes.add(segment, "not read")

    def _describes(self, segment: Segment) -> bool:
        if segment.id == "TRN":
            (self.traces if segment[1] == "2" else self.payer_traces).append(segment[2])
        elif segment.id == "DTP":
            read = period(segment, self.notes)
            self.periods += [read] if read else []
        elif segment.id == "NM1" and (segment[1] in _PERSONS or self.party is None):
            self.party = Party(segment)
        elif segment.id == "REF":
            self.references.append(reference(segment))
        elif segment.id == "MSG":
            self.messages.append(segment[1])
        else:
            return self.party is not None and self.party.take(segment, self.notes)
        return True


@dataclass(slots=True)
class _Reading:
    """Where we are in the hierarchy, and what was read so far. Rejections and notes here hold for all people below."""

    level: AnswerLevel = "transaction"
    after: str = ""
    payer: Party | None = None
    payer_contacts: list[str] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: Notes = field(default_factory=lambda: Notes(_SHARED_NOTES))
    patients: list[_Patient] = field(default_factory=list)
    subscribers: dict[str, _Patient] = field(default_factory=dict)
    done: list[PayerAnswer] = field(default_factory=list)

    def take(self, segment: Segment) -> None:
        """Read one segment."""
        if segment.id == "HL":
            self._open(segment)
        elif segment.id == "AAA":
            self._reject(segment)
        elif self.level in {"subscriber", "dependent"}:
            self.patients[-1].take(segment, after=self.after)
        elif not self._of_header(segment):
            self.notes.add(segment, "not read")
        self.after = segment.id

    def answers(self, faults: tuple[str, ...]) -> tuple[PayerAnswer, ...]:
        """All answers, each with the faults of the transaction among what was not read."""
        self._close_payer()
        if not self.done:
            self.done.append(self._answer(None, self.notes.lines()))
        return tuple(replace(one, unread=(*one.unread, *faults)) for one in self.done) if faults else tuple(self.done)

    def _open(self, segment: Segment) -> None:
        level = _LEVELS.get(segment[3], "transaction")
        if level == "transaction":
            self.notes.add(segment, "an unknown level")
        elif level == "information_source" and self.payer is not None:
            self._close_payer()
        elif level == "subscriber":
            self.patients.append(_Patient(above=None))
            self.subscribers[segment[1]] = self.patients[-1]
        elif level == "dependent":
            above = self.subscribers.get(segment[2]) or next(reversed(self.subscribers.values()), _Patient(above=None))
            above.has_dependents = True
            self.patients.append(_Patient(above=above))
        self.level = level

    def _of_header(self, segment: Segment) -> bool:
        if self.level == "information_source" and segment.id == "NM1":
            self.payer = Party(segment)
        elif self.level == "information_source" and segment.id == "PER":
            self.payer_contacts += contacts(segment)
        else:
            return segment.id == "BHT" or (self.level == "information_receiver" and segment.id in _ECHO)
        return True

    def _reject(self, segment: Segment) -> None:
        rejection = Rejection(segment[3], self.level, segment[4] or None)
        if self.level in {"subscriber", "dependent"}:
            patient = self.patients[-1]
            benefit = patient.benefits[-1].line.source if patient.benefits else None
            patient.rejections.append(replace(rejection, benefit=benefit))
        else:
            self.rejections.append(rejection)

    def _close_payer(self) -> None:
        """Turn the people read so far into answers of the payer read so far; a further payer may follow."""
        shared = self.notes.lines()
        answered = [self._answer(patient, shared) for patient in self.patients if patient.answered]
        if not self.patients and self.rejections:
            answered.append(self._answer(None, shared))
        self.done += answered
        if answered:
            self.notes = Notes(_SHARED_NOTES)
            self.payer, self.payer_contacts, self.rejections = None, [], []
        self.patients, self.subscribers = [], {}

    def _answer(self, patient: _Patient | None, shared: tuple[str, ...]) -> PayerAnswer:
        answer = PayerAnswer(
            payer_name=(self.payer.entity().name or None) if self.payer else None,
            payer_id=self.payer.id if self.payer else None,
            person=None,
            rejections=tuple(self.rejections),
            unread=shared,
            payer_contacts=tuple(self.payer_contacts),
        )
        if patient is None:
            return answer
        above = patient.above.party if patient.above else None
        return replace(
            answer,
            person=patient.party.person() if patient.party else None,
            subscriber=above.person() if above else None,
            periods=tuple(patient.periods),
            benefits=tuple(benefit.done() for benefit in patient.benefits),
            rejections=(*answer.rejections, *patient.rejections),
            trace_numbers=tuple(patient.traces),
            unread=(*patient.notes.lines(), *shared),
            payer_trace_numbers=tuple(patient.payer_traces),
            references=tuple(patient.references),
            messages=tuple(patient.messages),
        )
