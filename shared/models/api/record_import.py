"""What an import answers: per record type, what was created, updated, unchanged and refused."""

from __future__ import annotations

from collections import Counter
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.models.imported import ImportOutcome

RECORD_TYPES: Final = ("payer", "provider", "patient", "coverage", "visit", "claim")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class RefusedRecords(_Answer):
    """Records refused for one reason; `path` is where the first of them stands."""

    reason: str = Field(examples=["unknown_patient"])
    path: str = Field(examples=["entry[7].resource"])
    count: int = Field(examples=[1])


class RecordTypeReport(_Answer):
    """What became of the records of one type. `notes` counts what was taken, but not word for word."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[RefusedRecords, ...] = ()
    notes: dict[str, int] = Field(default={}, examples=[{"paid_amount_rounded": 3}])


class ImportReport(_Answer):
    """The report of one import. `ignored` counts resource types that the product does not hold."""

    records: dict[str, RecordTypeReport]
    ignored: dict[str, int] = Field(examples=[{"Observation": 83}])

    @property
    def refused_count(self) -> int:
        """How many records were refused."""
        return sum(refusal.count for report in self.records.values() for refusal in report.refused)


def report_of(outcome: ImportOutcome) -> ImportReport:
    """`outcome` for the caller; types of which nothing came are left out."""
    records = {kind: _type_report(kind, outcome) for kind in RECORD_TYPES}
    return ImportReport(
        records={kind: report for kind, report in records.items() if report != RecordTypeReport()},
        ignored=dict(sorted(outcome.ignored.items())),
    )


def _type_report(record_type: str, outcome: ImportOutcome) -> RecordTypeReport:
    refused = [refusal for refusal in outcome.refused if refusal.record_type == record_type]
    paths: dict[str, str] = {}
    for refusal in refused:
        paths.setdefault(refusal.reason, refusal.path or "$")
    counted = Counter(refusal.reason for refusal in refused)
    return RecordTypeReport(
        created=outcome.counts[record_type, "created"],
        updated=outcome.counts[record_type, "updated"],
        unchanged=outcome.counts[record_type, "unchanged"],
        refused=tuple(RefusedRecords(reason=reason, path=paths[reason], count=counted[reason]) for reason in paths),
        notes={note: count for (kind, note), count in sorted(outcome.notes.items()) if kind == record_type},
    )
