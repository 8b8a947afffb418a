"""How things are said: days, amounts, counts, lists, and text of records, which is shown and never obeyed."""

from __future__ import annotations

import calendar
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shared.assistant.protocol import Citation
from shared.domain.questions.days import Period
from shared.models.api.modes import PatientView

LONGEST_TEXT = 120
_PLURALS = {"is": "are", "has": "have", "was": "were"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or two. What states a fact cites what it was read from; without sources it states none."""

    text: str
    sources: tuple[Citation, ...] = ()


def day(on: date) -> str:
    """A day that cannot be misread."""
    return f"{on.isoformat()} ({calendar.day_name[on.weekday()]})"


def span(first: date | None, last: date | None) -> str:
    """Days as they stand in a sentence, with a preposition."""
    if first is not None and first == last:
        return f"on {day(first)}"
    if first is not None and last is not None:
        return f"from {first.isoformat()} to {last.isoformat()}"
    if first is not None:
        return f"since {first.isoformat()}"
    return "" if last is None else f"until {last.isoformat()}"


def choice(period: Period) -> str:
    """One of several readings of a day."""
    return span(period.first, period.last).removeprefix("on ")


def money(cents: int, currency: str = "USD") -> str:
    """An exact amount."""
    return f"{cents // 100:,}.{cents % 100:02d} {currency}"


def count(number: int, noun: str) -> str:
    """A number of things; none is "no"."""
    plural = noun if number == 1 else f"{noun}s"
    return f"{number or 'no'} {plural}"


def verb(number: int, singular: str = "is") -> str:
    """The verb for a number of things."""
    return singular if number == 1 else _PLURALS[singular]


def listed(parts: Sequence[str], joint: str = "and") -> str:
    """A, b and c."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def state(name: str) -> str:
    """A state in words."""
    return name.replace("_", " ")


def by_state(states: Iterable[str]) -> str:
    """How many there are of each state, most first."""
    counted = Counter(states)
    return listed(
        [f"{number} {state(name)}" for name, number in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]
    )


def plain(text: str) -> str:
    """Text of a record on one line, without what nobody sees; a long one is cut."""
    seen = "".join(
        character for character in text if not unicodedata.category(character).startswith("C") or character in "\t\n"
    )
    line = " ".join(seen.split())
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"


def quoted(text: str) -> str:
    """Text that somebody wrote, told apart from what is said here."""
    return "“" + plain(text).replace("“", "'").replace("”", "'") + "”"


def who(patient: PatientView) -> str:
    """A patient by name and MRN."""
    return f"{plain(f'{patient.first_name} {patient.last_name}')} ({plain(patient.mrn)})"


def plan_of(payer: str, plan_name: str | None) -> str:
    """A coverage by its payer and plan."""
    return plain(payer) if plan_name is None else f"{plain(payer)}, {plain(plan_name)}"
