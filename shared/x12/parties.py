"""Who is named in a transaction: NM1 and the segments that describe it (N3, N4, PER, DMG, INS)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from shared.models.payer_answer import AnsweredPerson, RelatedEntity
from shared.x12.segments import Segment
from shared.x12.values import Notes, day

_MEMBER_IDS = frozenset({"MI", "II"})
_CONTACTS = (3, 5, 7)  # PER03, 05, 07 qualify what follows


@dataclass(slots=True)
class Party:
    """One NM1 while its segments are read."""

    name: Segment
    born: date | None = None
    gender: str | None = None
    relationship: str | None = None
    address: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)

    def take(self, segment: Segment, notes: Notes) -> bool:
        """Read one more segment of this party; False when it is none that describes one."""
        if segment.id in {"N3", "N4"}:
            self.address += [text for number in range(1, len(segment.elements) + 1) if (text := segment[number])]
        elif segment.id == "PER":
            self.contacts += contacts(segment)
        elif segment.id == "DMG":
            self.gender = segment[3] or self.gender
            self.born = day(segment[2]) if segment[1] == "D8" else None
            if segment[2] and self.born is None:
                notes.add(segment, "the date of birth was not read")
        elif segment.id == "INS":
            self.relationship = segment[2] or None
            if segment[3] or segment[4]:
                notes.add(segment, "the payer says that data on file differs")
        else:
            return False
        return True

    @property
    def id(self) -> str | None:
        """NM109."""
        return self.name[9] or None

    def person(self) -> AnsweredPerson:
        """As a subscriber or dependent."""
        return AnsweredPerson(
            last_name=self.name[3] or None,
            first_name=self.name[4] or None,
            date_of_birth=self.born,
            member_id=self.id if self.name[8] in _MEMBER_IDS else None,
            gender=self.gender,
            middle_name=self.name[5] or None,
            suffix=self.name[7] or None,
            relationship=self.relationship,
            address=tuple(self.address),
        )

    def entity(self) -> RelatedEntity:
        """As somebody whom a benefit or a service names."""
        names = [self.name[4], self.name[5], self.name[3], self.name[7]] if self.name[4] else [self.name[3]]
        return RelatedEntity(
            role=self.name[1],
            name=" ".join(name for name in names if name),
            id_qualifier=self.name[8] or None,
            id=self.id,
            contacts=(*self.contacts, *self.address),
        )


def contacts(segment: Segment) -> list[str]:
    """What a PER names, as `TE 5551234`, after the contact's name."""
    found = [f"{segment[number]} {segment[number + 1]}" for number in _CONTACTS if segment[number + 1]]
    return [*([segment[2]] if segment[2] else []), *found]
