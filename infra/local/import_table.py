"""The report of an import as lines for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from shared.models.api.record_import import RECORD_TYPES, ImportReport, RecordTypeReport, RefusedRecords

_WORDS = ("created", "updated", "unchanged")


def total_of(named: Mapping[str, ImportReport]) -> ImportReport:
    """All reports, by the names of their sources, as one; the paths of refusals name the source."""
    reports = [_named(name, report) for name, report in named.items()]
    ignored: Counter[str] = Counter()
    for report in reports:
        ignored.update(report.ignored)
    given = {kind: [report.records[kind] for report in reports if kind in report.records] for kind in RECORD_TYPES}
    return ImportReport(
        records={kind: _sum(several) for kind, several in given.items() if several},
        ignored=dict(sorted(ignored.items())),
    )


def report_lines(report: ImportReport, *, sources: int) -> Iterator[str]:
    """A table by record type, then what was refused, noted and ignored."""
    yield f"{sources} {'source' if sources == 1 else 'sources'} imported"
    yield f"{'':<10}" + "".join(f"{word:>11}" for word in (*_WORDS, "refused"))
    for kind, one in report.records.items():
        refused = sum(refusal.count for refusal in one.refused)
        yield f"{kind:<10}{one.created:>11}{one.updated:>11}{one.unchanged:>11}{refused:>11}"
    for kind, one in report.records.items():
        for refusal in one.refused:
            yield f"refused: {refusal.count} {kind}, {refusal.reason}, the first at {refusal.path}"
        for note, count in one.notes.items():
            yield f"noted: {count} {kind}, {note}"
    if report.ignored:
        yield "not held: " + ", ".join(f"{count} {name}" for name, count in report.ignored.items())


def _named(source: str, report: ImportReport) -> ImportReport:
    records = {
        kind: one.model_copy(
            update={
                "refused": tuple(r.model_copy(update={"path": f"{source} {r.path}"}) for r in one.refused),
            }
        )
        for kind, one in report.records.items()
    }
    return report.model_copy(update={"records": records})


def _sum(reports: Sequence[RecordTypeReport]) -> RecordTypeReport:
    refusals: dict[str, RefusedRecords] = {}
    notes: Counter[str] = Counter()
    for report in reports:
        notes.update(report.notes)
        for one in report.refused:
            known = refusals.get(one.reason)
            refusals[one.reason] = (
                one.model_copy(update={"count": one.count + known.count, "path": known.path}) if known else one
            )
    return RecordTypeReport(
        created=sum(report.created for report in reports),
        updated=sum(report.updated for report in reports),
        unchanged=sum(report.unchanged for report in reports),
        refused=tuple(refusals.values()),
        notes=dict(sorted(notes.items())),
    )
