"""Interchanges, groups and transactions: their counts and control numbers are checked and reported, not trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.x12.errors import UnreadableInterchangeError
from shared.x12.segments import Segment, segments_of


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not add up: a code (`segment_count`, `control_number` …), the segment, a sentence."""

    code: str
    segment: int
    text: str

    def __str__(self) -> str:
        return f"segment {self.segment}: {self.text}"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction set: what stands between ST and SE. `version` is ST03, else GS08."""

    set_id: str
    control_number: str
    version: str
    segments: tuple[Segment, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def incomplete(self) -> bool:
        """Whether there are fewer or more segments than its trailer counted."""
        return any(fault.code == "segment_count" for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Group:
    """One functional group: GS01 to GS08."""

    functional_id: str
    sender: str
    receiver: str
    control_number: str
    version: str
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Interchange:
    """One interchange. `acknowledgements` are its TA1 segments, `faults` those of the interchange and its groups."""

    sender: str
    receiver: str
    control_number: str
    version: str
    header: Segment
    groups: tuple[Group, ...]
    acknowledgements: tuple[Segment, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """All transactions, in order."""
        return tuple(transaction for group in self.groups for transaction in group.transactions)


def read_interchanges(content: bytes | str) -> tuple[Interchange, ...]:
    """Read every interchange in `content`.

    Raises UnreadableInterchangeError naming the segment: not X12, broken off, wrongly nested, over a limit.
    """
    reading = _Reading()
    for segment in segments_of(content):
        reading.take(segment)
    return tuple(reading.done)


@dataclass(slots=True)
class _Level:
    """An open envelope: its first segment and what it holds."""

    first: Segment
    held: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """Where we are in the envelopes."""

    done: list[Interchange] = field(default_factory=list)
    _isa: _Level | None = None
    _gs: _Level | None = None
    _st: _Level | None = None
    _groups: list[Group] = field(default_factory=list)
    _transactions: list[Transaction] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)

    def take(self, segment: Segment) -> None:
        """Put one segment into its place."""
        if self._st is not None and segment.id not in {"ISA", "GS", "ST", "SE", "GE", "IEA"}:
            self._st.held.append(segment)
            return
        if segment.id == "ISA" and not self._isa:
            self._isa = _Level(segment)
        elif segment.id == "TA1" and self._isa and not self._gs:
            self._isa.held.append(segment)
        elif segment.id == "GS" and self._isa and not self._gs:
            self._gs = _Level(segment)
        elif segment.id == "ST" and self._gs and not self._st:
            self._st = _Level(segment)
        elif segment.id == "SE" and self._gs and self._st:
            self._transactions.append(_transaction(self._st, segment, self._gs.first))
            self._st = None
        elif segment.id == "GE" and self._gs and not self._st:
            self._close_group(self._gs, segment)
        elif segment.id == "IEA" and self._isa and not self._gs:
            self._close_interchange(self._isa, segment)
        else:
            raise UnreadableInterchangeError("unexpected", "This segment cannot stand here", segment=segment.position)

    def _close_group(self, level: _Level, trailer: Segment) -> None:
        first = level.first
        self._faults += _compared(trailer, count=len(self._transactions), of="transactions", number=first[6])
        version = first[8]
        self._groups.append(Group(first[1], first[2], first[3], first[6], version, tuple(self._transactions)))
        self._gs, self._transactions = None, []

    def _close_interchange(self, level: _Level, trailer: Segment) -> None:
        first = level.first
        self._faults += _compared(trailer, count=len(self._groups), of="groups", number=first[13])
        self.done.append(
            Interchange(
                sender=first[6],
                receiver=first[8],
                control_number=first[13],
                version=first[12],
                header=first,
                groups=tuple(self._groups),
                acknowledgements=tuple(level.held),
                faults=tuple(self._faults),
            )
        )
        self._isa, self._groups, self._faults = None, [], []


def _transaction(level: _Level, trailer: Segment, group: Segment) -> Transaction:
    first = level.first
    return Transaction(
        set_id=first[1],
        control_number=first[2],
        version=first[3] or group[8],
        segments=tuple(level.held),
        faults=tuple(_compared(trailer, count=len(level.held) + 2, of="segments", number=first[2])),
    )


def _compared(trailer: Segment, *, count: int, of: str, number: str) -> list[Fault]:
    """What a trailer says against what is there. Leading zeros of numbers do not count."""
    faults = []
    if _plain(trailer[1]) != str(count):
        text = f"{trailer.id}01 counts other {of} than the {count} that are there"
        faults.append(Fault(f"{of[:-1]}_count", trailer.position, text))
    if _plain(trailer[2]) != _plain(number):
        text = f"{trailer.id}02 repeats another control number than the header has"
        faults.append(Fault("control_number", trailer.position, text))
    return faults


def _plain(number: str) -> str:
    return number.lstrip("0") or "0"
