"""Payers' files, called as the proofs of query plans call them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from shared.models.identifiers import uuid7
from shared.models.payer_files import NewLine, NewPayerFile, PayerFileKind, Settlement
from shared.repositories.payer_file_protocols import FileFilter, WantedPerson
from tests.integration import volume
from tests.integration.planned_calls import Call, Place
from tests.unit.factories import event
from tests.unit.payments import payment

_KINDS: tuple[PayerFileKind, ...] = ("remittance",)


def find(*, unmatched: bool = False, behind: int | None = None) -> Call:
    """A page of files; `behind` one deep in the list."""

    def found(at: Place) -> None:
        after = None if behind is None else (datetime(2026, 1, 1, tzinfo=UTC), at.id(volume.FILES, behind))
        wanted = FileFilter(_KINDS, unmatched)
        at.store.payer_files.find(at.client, wanted, after=after, limit=26, seen=event(at.client))

    return found


def keep(at: Place) -> None:
    """A new file, then the same again."""
    lines = tuple(NewLine(number, uuid7().hex, payment()) for number in range(1, 4))
    file = NewPayerFile(uuid7(), "remittance", uuid7().hex, 1, "T-1", None, None, lines)
    assert at.store.payer_files.keep(at.client, file, event(at.client)) == (file.id, True)
    assert at.store.payer_files.keep(at.client, file, event(at.client)) == (file.id, False)


def settle(at: Place) -> None:
    at.store.payer_files.settle(at.client, at.id(volume.FILES, 50), 10, Settlement("not_posted", "ambiguous"), None)


PAYER_FILES: dict[str, dict[str, Call]] = {
    "PostgresPayerFileRepository.keep": {"new and known": keep},
    "PostgresPayerFileRepository.get": {
        "by uuid": lambda at: at.store.payer_files.get(at.client, str(at.id(volume.FILES, 71)), seen=event(at.client))
    },
    "PostgresPayerFileRepository.find": {
        "newest": find(),
        "deep in the list": find(behind=71),
        "with lines of no claim": find(unmatched=True),
    },
    "PostgresPayerFileRepository.settle": {"a line": settle},
    "PostgresPayerFileRepository.posted_before": {
        "posted": lambda at: at.store.payer_files.posted_before(at.client, ["mark-711", "mark-712"]),
        "not": lambda at: at.store.payer_files.posted_before(at.client, ["none"]),
    },
    "PostgresPayerFileRepository.taken": {"not": lambda at: at.store.payer_files.taken(at.client, "x12:none")},
    "PostgresPayerFileRepository.by_numbers": {
        "two of three": lambda at: at.store.payer_files.by_numbers(at.client, ["CLM711", "CLM712", "NONE"])
    },
    "PostgresPayerFileRepository.by_control_number": {
        "a claim": lambda at: at.store.payer_files.by_control_number(at.client, "PCN711")
    },
    "PostgresPayerFileRepository.by_person": {
        "of a day and charge": lambda at: at.store.payer_files.by_person(
            at.client, WantedPerson("Firsth", "Lastxa", date(2020, 1, 8), Decimal(17))
        )
    },
}
