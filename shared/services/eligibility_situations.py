"""What a patient's file says now: the situation of the newest check, and a context's snapshot of it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from shared.domain import eligibility as rules
from shared.models.firestore.documents import ContextDocument
from shared.models.records import EligibilityFile
from shared.models.snapshot import Snapshot


def newest_situation(
    file: EligibilityFile, *, now: datetime, asked_date: date | None = None, asked_service: str | None = None
) -> rules.Situation:
    """What the records say, for the day of the newest check when there is one, unless something else is asked."""
    check = file.newest_check
    receipt = rules.decide(
        file,
        asked_date=asked_date or (check.date_of_service if check else None),
        asked_service=asked_service or (check.service_type if check else None),
        today=now.date(),
    )
    return rules.situation_of(file, receipt, now=now)


def snapshot_of(file: EligibilityFile, situation: rules.Situation) -> Snapshot:
    """What a context keeps of a situation: its words, and the payers whose records they rest on."""
    return Snapshot(
        status=situation.receipt.status,
        summary=rules.in_words(rules.summary(situation, stored=True)),
        facts=rules.facts(situation),
        payer_uuids=tuple(sorted({str(coverage.payer_id) for coverage in file.coverages})),
    )


def visit_of(context: ContextDocument) -> UUID | None:
    """The visit that a context is about, if it is about one."""
    return UUID(context.record_uuid) if context.record_type == "visit" else None
