"""Coverage, on its own or contained in an ExplanationOfBenefit."""

from __future__ import annotations

from datetime import date

from shared.importing.fhir_reading import Reading, codes, identifier_value, words
from shared.importing.fhir_references import Entry
from shared.importing.json_node import Node, fault
from shared.models.imported import CoverageRecord, RefusedRecordError

_STATUSES = frozenset({"active", "cancelled", "draft", "entered-in-error"})
_PLAN_CLASSES = ("plan", "subplan", "group")


class Coverages:
    """The coverages of one input: those of their own first, then the contained ones that say something new."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._known: set[tuple[str, str, date | None]] = set()
        self._dateless: set[tuple[str, str]] = set()

    def read(self, entry: Entry) -> None:
        """A Coverage of its own."""
        self._add(self._record(entry.resource, entry.source_ref))

    def read_contained(self, coverage: Node, container: Node) -> str | None:
        """A Coverage inside `container`; returns its payer's number.

        Every explanation of benefit repeats the patient's coverage: the same payer and period are one coverage.
        """
        record = self._record(coverage, None, container=container)
        key = (record.patient, record.payer, record.period_start)
        repeats = key in self._known or (record.period_start is None and key[:2] in self._dateless)
        if repeats:
            self._reading.batch.notes["coverage", "contained_coverage_merged"] += 1
        else:
            self._add(record)
        return record.payer

    def _add(self, record: CoverageRecord) -> None:
        self._known.add((record.patient, record.payer, record.period_start))
        # A contained coverage without a period adds nothing beside one of its own.
        self._dateless.add((record.patient, record.payer))
        self._reading.batch.coverages.append(record)

    def _record(self, resource: Node, source_ref: str | None, *, container: Node | None = None) -> CoverageRecord:
        reading = self._reading
        status = resource.choice("status", _STATUSES)
        if status == "entered-in-error":
            raise RefusedRecordError("entered_in_error", resource.path)
        patient = reading.patient(resource.child("beneficiary"), resource.at("beneficiary"))
        payors = resource.children("payor")
        payer = next((number for payor in payors if (number := reading.payer(payor, container=container))), None)
        if payer is None:
            raise RefusedRecordError("payer_missing", resource.at("payor"))
        start, end = _period(reading, resource)
        relationship = resource.child("relationship")
        return CoverageRecord(
            path=resource.path,
            source_ref=source_ref or "/".join([patient, "coverage", payer, *([start.isoformat()] if start else [])]),
            patient=patient,
            payer=payer,
            plan_name=_plan(resource) or words(resource.child("type")),
            member_id=resource.text("subscriberId") or identifier_value(resource),
            subscriber_name=_subscriber(resource),
            relationship=next(iter(codes(relationship)), None) if relationship is not None else None,
            rank=resource.integer("order") or 1,
            period_start=start,
            period_end=end,
            status=status,
        )


def _period(reading: Reading, resource: Node) -> tuple[date | None, date | None]:
    """Start and end as written; a year or month alone is no day, so it counts as unknown and is noted."""
    period = resource.child("period")
    if period is None:
        return None, None
    start, end = period.day("start", reading.zone), period.day("end", reading.zone)
    if start is not None and end is not None and end < start:
        fault(period.at("end"), "period_invalid", "The period ends before it starts")
    if end is None and period.text("end"):
        # Without the day of its end the coverage must not look open: its period is unknown as a whole.
        start = None
    if start is None and period.text("start"):
        reading.batch.notes["coverage", "partial_period"] += 1
    return start, end


def _plan(resource: Node) -> str | None:
    for wanted in _PLAN_CLASSES:
        for item in resource.children("class"):
            kind = item.child("type")
            if kind is not None and wanted in codes(kind):
                return item.text("name") or item.text("value")
    return None


def _subscriber(resource: Node) -> str | None:
    subscriber = resource.child("subscriber")
    return subscriber.text("display") if subscriber is not None else None
