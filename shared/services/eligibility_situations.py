"""What the eligibility mode makes of a file and of answers: situations, snapshots, what is kept and what is offered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.auth.permissions import ROLES_BY_QUICK_ACTION, allows_action
from shared.domain import eligibility as rules
from shared.errors import FieldError, ValidationFailedError
from shared.models.api.eligibility import reason_view
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.models.records import Coverage, EligibilityFile
from shared.models.snapshot import Snapshot
from shared.models.verdict import GivenAnswer, VerdictReceipt

_UNDETERMINED = {"unknown": "undetermined"}


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


def disclosed(answers: Sequence[GivenAnswer]) -> dict[str, object]:
    """Of how many coverages a payer was told: what the organisation must be able to account for."""
    asked = sum(one.source == "clearinghouse" for one in answers)
    return {"coverages_asked": str(asked)} if asked else {}


def brought(receipt: VerdictReceipt, answers: Sequence[GivenAnswer], *, attempts: int = 1) -> dict[str, Any]:
    """The members of a check that say what the payer of the deciding coverage brought, in full.

    Without an answer the check has failed, unless another coverage decided; it is never "not eligible". Where the file
    answers for a day that its payer can only be asked about later, the next attempt is then.
    """
    told = next((one for one in answers if one.coverage_id == receipt.coverage_id), None)
    if told is None:
        return {}
    if told.source == "on_file":
        again = None if told.failure is None else told.failure.retry_at
        return {} if again is None else {"next_attempt_at": again}
    members: dict[str, Any] = {"source": told.source, "payer_answer": told.answer, "attempts": attempts}
    if told.failure is not None:
        members |= {"state": "failed", "failure": told.failure, "next_attempt_at": told.failure.retry_at}
    return members


def offered(caller: Caller, actions: tuple[GuidanceAction, ...]) -> tuple[GuidanceAction, ...]:
    """Leave out what the caller's role may not do, and what no mode declares."""
    return tuple(
        one for one in actions if one.action in ROLES_BY_QUICK_ACTION and allows_action(caller.role, one.action)
    )


def coverage_of(file: EligibilityFile, identity: UUID, param: str) -> Coverage:
    """The patient's coverage. Raises ValidationFailedError for one that is removed, another's, or nobody's."""
    for coverage in file.coverages:
        if coverage.id == identity and coverage.status != "removed":
            return coverage
    raise refused(param, "unknown_coverage", "The patient has no such coverage")


def coverages_told(receipt: VerdictReceipt) -> list[dict[str, Any]]:
    """Every coverage in the order in which it is asked, and why it is what it is on the day."""
    return [
        {
            "coverageId": str(one.coverage.id),
            "payer": one.coverage.payer_name,
            "rank": one.coverage.rank,
            "version": one.coverage.version,
            "state": _UNDETERMINED.get(one.state, one.state),
            "reasons": [reason_view(reason).model_dump(mode="json", by_alias=True) for reason in one.evidence],
        }
        for one in rules.readings_of(receipt)
    ]


def refused(param: str, code: str, message: str) -> ValidationFailedError:
    """Build the error of one param of a quick action that does not fit what is on file."""
    return ValidationFailedError(f"params.{param}: {message}", errors=(FieldError(f"params.{param}", code, message),))
