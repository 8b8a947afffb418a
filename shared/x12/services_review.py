"""The 278 response (005010X217) read into one AuthorizationAnswer per patient event."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shared.models.authorization_answer import AuthorizationAnswer, ReviewDecision, ReviewedItem
from shared.models.payer_answer import AnswerLevel, AnswerPeriod, Reference, Rejection, ServiceDelivery
from shared.x12.interchange import Transaction
from shared.x12.parties import Party, contacts
from shared.x12.segments import Segment
from shared.x12.values import Notes, delivery, number_at, period, reference

_LEVELS: dict[str, AnswerLevel] = {
    "20": "information_source",
    "21": "information_receiver",
    "22": "subscriber",
    "23": "dependent",
    "EV": "event",
    "SS": "service",
}
_ECHO = frozenset({"NM1", "REF", "N3", "N4", "PRV", "PER"})  # of the requester: what we sent ourselves
_SERVICE_LINES = {"SV1": (1, 2, 3, 4), "SV2": (2, 3, 4, 5), "SV3": (1, 2, 0, 6)}  # procedure, amount, unit, quantity


def read_authorization_answers(transaction: Transaction) -> tuple[AuthorizationAnswer, ...]:
    """Read the answers of one 278 response: one a patient event; one without an event when the payer rejected."""
    reading = _Reading()
    for segment in transaction.segments:
        reading.take(segment)
    return reading.answers(tuple(str(fault) for fault in transaction.faults))


@dataclass(slots=True)
class _Item:
    """An event or a service while it is read."""

    item: ReviewedItem
    periods: list[AnswerPeriod] = field(default_factory=list)
    deliveries: list[ServiceDelivery] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    payer_traces: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    diagnoses: list[str] = field(default_factory=list)

    def take(self, segment: Segment, notes: Notes) -> None:
        """Read one more segment, or note it."""
        if segment.id == "DTP":
            read = period(segment, notes)
            self.periods += [read] if read else []
        elif segment.id == "HSD":
            self.deliveries.append(delivery(segment, notes))
        elif segment.id == "REF" and not self.parties:
            self.references.append(reference(segment))
        elif segment.id == "NM1":
            self.parties.append(Party(segment))
        elif segment.id == "TRN":
            (self.traces if segment[1] == "2" else self.payer_traces).append(segment[2])
        elif segment.id == "MSG":
            self.messages.append(segment[1])
        elif segment.id == "HI":
            self.diagnoses += [
                ":".join(segment.components(n)) for n in range(1, len(segment.elements) + 1) if segment[n]
            ]
        elif segment.id in {"HCR", "UM"} or segment.id in _SERVICE_LINES:
            self.item = _decided(self.item, segment, notes)
        elif not (self.parties and self.parties[-1].take(segment, notes)):
            notes.add(segment, f"not read, in {self.item.source}")

    def done(self) -> ReviewedItem:
        """The item with all that belongs to it."""
        return replace(
            self.item,
            periods=tuple(self.periods),
            deliveries=tuple(self.deliveries),
            references=tuple(self.references),
            entities=tuple(party.entity() for party in self.parties),
            trace_numbers=tuple(self.traces),
            payer_trace_numbers=tuple(self.payer_traces),
            messages=tuple(self.messages),
            diagnoses=tuple(self.diagnoses),
        )


def _decided(item: ReviewedItem, segment: Segment, notes: Notes) -> ReviewedItem:
    """Add a decision (HCR), a request category (UM) or a service line (SV1, SV2, SV3) to `item`."""
    if segment.id == "HCR":
        if item.decision is not None:
            notes.add(segment, f"a second decision, in {item.source}")
            return item
        return replace(item, decision=ReviewDecision(segment[1], segment[2] or None, segment.repetitions(3)))
    if segment.id == "UM":
        return replace(
            item,
            category=segment[1] or None,
            certification_type=segment[2] or None,
            service_type=segment[3] or None,
        )
    procedure, amount, unit, quantity = _SERVICE_LINES[segment.id]
    return replace(
        item,
        procedure=":".join(segment.components(procedure)) or None,
        amount=number_at(segment, amount, notes),
        unit=segment[unit] or None,
        quantity=number_at(segment, quantity, notes),
    )


@dataclass(slots=True)
class _Event:
    """The answer about one patient event while it is read."""

    person: Party | None
    subscriber: Party | None
    rejections: list[Rejection]
    event: _Item | None = None
    services: list[_Item] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """Where we are in the hierarchy. Rejections and notes hold for every event of the transaction."""

    level: AnswerLevel = "transaction"
    parties: dict[AnswerLevel, Party] = field(default_factory=dict)
    payer_contacts: list[str] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    events: list[_Event] = field(default_factory=list)

    def take(self, segment: Segment) -> None:
        """Read one segment."""
        if segment.id == "HL":
            self._open(segment)
        elif segment.id == "AAA":
            to = self.events[-1].rejections if self.level in {"event", "service"} else self.rejections
            to.append(Rejection(segment[3], self.level, segment[4] or None))
        elif self.level == "event" and self.events[-1].event is not None:
            self.events[-1].event.take(segment, self.notes)
        elif self.level == "service":
            self.events[-1].services[-1].take(segment, self.notes)
        elif not self._of_party(segment):
            self.notes.add(segment, "not read")

    def answers(self, faults: tuple[str, ...]) -> tuple[AuthorizationAnswer, ...]:
        """All answers, each with what was not read."""
        payer = self.parties.get("information_source")
        people = (self.parties.get("dependent") or self.parties.get("subscriber"), self.parties.get("subscriber"))
        events = self.events or [_Event(*people, rejections=[])]
        unread = (*self.notes.lines(), *faults)
        return tuple(
            AuthorizationAnswer(
                payer_name=(payer.entity().name or None) if payer else None,
                payer_id=payer.id if payer else None,
                person=one.person.person() if one.person else None,
                subscriber=one.subscriber.person() if one.subscriber and one.subscriber is not one.person else None,
                event=one.event.done() if one.event else None,
                services=tuple(service.done() for service in one.services),
                rejections=(*self.rejections, *one.rejections),
                payer_contacts=tuple(self.payer_contacts),
                unread=unread,
            )
            for one in events
        )

    def _open(self, segment: Segment) -> None:
        self.level = _LEVELS.get(segment[3], "transaction")
        if self.level == "subscriber":
            self.parties.pop("dependent", None)
        if self.level in {"event", "service"}:
            item = _Item(ReviewedItem(f"278:HL[{segment[1]}]"))
            if self.level == "event" or not self.events:
                subscriber = self.parties.get("subscriber")
                person = self.parties.get("dependent") or subscriber
                self.events.append(_Event(person, subscriber, rejections=[]))
            if self.level == "event":
                self.events[-1].event = item
            else:
                self.events[-1].services.append(item)
        elif self.level == "transaction":
            self.notes.add(segment, "an unknown level")

    def _of_party(self, segment: Segment) -> bool:
        """Read who is named at the upper levels; False when the segment says something else."""
        party = self.parties.get(self.level)
        if segment.id == "BHT" or (self.level == "information_receiver" and segment.id in _ECHO):
            return True
        if self.level == "information_source" and segment.id == "PER":
            self.payer_contacts += contacts(segment)
            return True
        if self.level != "transaction" and segment.id == "NM1":
            self.parties[self.level] = Party(segment)
            return True
        return party is not None and party.take(segment, self.notes)
