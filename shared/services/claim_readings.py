"""The backend mode's actions that only look: queues, deadlines, aging, root causes, and how a claim stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared.db.selector import DatabaseSelector
from shared.domain.claim.denials import OWNERS, STEPS, cause_of, known
from shared.models.api.base import AnswerModel
from shared.models.api.claim_actions import AgingParams, ClaimParams, DeadlineParams, RootCauseParams, WorkQueueParams
from shared.models.api.claims import AgingQuery, DeadlineQuery, QueueQuery
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.claim import CauseStep, ListedClaim, Total
from shared.models.firestore.documents import ContextDocument
from shared.repositories.claim_protocols import QueueAsked
from shared.services.access_log import AccessLog
from shared.services.claim_changes import MODE
from shared.services.claim_desk import ClaimDesk
from shared.services.claim_views import event_view, in_cents
from shared.services.claim_work import ClaimWork

# Of so many denied claims, those with the most money, a report looks at the payers.
MOST_DENIED = 500
NOTHING = Total(0, Decimal(0))


class ClaimReadings:
    """See CLAIM_ACTIONS. Each read is audited in the transaction that reads."""

    def __init__(self, desk: ClaimDesk, work: ClaimWork, db: DatabaseSelector, access_log: AccessLog) -> None:
        self._desk = desk
        self._work = work
        self._db = db
        self._access_log = access_log

    def claim_status(self, caller: Caller, context: ContextDocument, params: ClaimParams) -> QuickActionResult:
        """Tell how a claim stands from what is on file: its state, its history, its appeals, and what is next."""
        found = self._desk.find(caller, context, params).claim
        event = caller.seen("claim", resource_id=found.id, patient_ref=str(found.patient_id), mode=MODE)
        with self._access_log.in_transaction(event) as seen:
            file = self._desk.situations.file(caller.client_id, str(found.id), seen=seen)
        history = self._desk.situations.history(caller.client_id, file.claim)
        told = {"source": "on_file", "history": [_dumped(event_view(one)) for one in history]}
        return self._desk.shown(caller, file, told)

    def work_queue(self, caller: Caller, context: ContextDocument, params: WorkQueueParams) -> QuickActionResult:
        """Tell what lies in each queue, and list one of them: the most money, or the soonest day, first."""
        del context
        return _answer(_dumped(self._work.queues(caller, QueueQuery(**dict(params)))))

    def deadlines(self, caller: Caller, context: ContextDocument, params: DeadlineParams) -> QuickActionResult:
        """List the deadlines up to a day, by the amount at risk or by day; those that have passed included."""
        del context
        until = self._desk.today(caller) + timedelta(days=params.days)
        query = DeadlineQuery(until=until, kind=params.kind, order=params.order, limit=params.limit)
        return _answer(_dumped(self._work.deadlines(caller, query)))

    def aging(self, caller: Caller, context: ContextDocument, params: AgingParams) -> QuickActionResult:
        """Tell what is open by payer, by whose turn it is, and by age."""
        del context
        return _answer(_dumped(self._work.aging(caller, AgingQuery(as_of=params.as_of))))

    def root_cause(self, caller: Caller, context: ContextDocument, params: RootCauseParams) -> QuickActionResult:
        """Tell which steps let denials happen, by reason and payer, who owns each, and what would have helped.

        Steps and reasons count every denied claim; payers those claims with the most money, at most 500.
        """
        del context
        event = caller.seen("claim_list", mode=MODE, same=f"root_cause:{params.step}")
        today, claims = self._desk.today(caller), self._db.postgres.claims
        with self._access_log.in_transaction(event) as seen:
            queues = claims.queues(caller.client_id, today, seen=seen)
        denied = next((one for one in queues if one.queue == "denied"), None)
        page = claims.queue(caller.client_id, QueueAsked("denied", today), after=None, limit=MOST_DENIED, seen=None)
        by_code = dict(denied.reasons) if denied is not None else {}
        steps = [step for step in STEPS if params.step in {None, step}]
        told = {
            "denied": _total(denied.total if denied is not None else NOTHING),
            "steps": [row for step in steps if (row := _cause(step, by_code, page.claims))["claims"]],
            "payersComplete": page.ends is None,
        }
        return _answer(told)


def _cause(step: CauseStep, by_code: dict[str, Total], listed: Iterable[ListedClaim]) -> dict[str, Any]:
    """One step: how many denials go back to it, for which reasons, from which payers; its owner, and the advice."""
    codes = {code: total for code, total in by_code.items() if cause_of(code) == step}
    payers: dict[tuple[str | None, str | None], list[Total]] = defaultdict(list)
    for one in listed:
        if cause_of(one.denial_code) == step:
            payer_id = None if one.payer_id is None else str(one.payer_id)
            payers[payer_id, one.payer_name].append(Total(1, one.balance))
    mode, role, advice = OWNERS[step]
    return {
        "step": step,
        **_total(_sum(codes.values())),
        "mode": mode,
        "role": role.value,
        "advice": advice,
        "reasons": [
            {"code": code, "meaning": row.meaning if (row := known(code)) else None, **_total(total)}
            for code, total in sorted(codes.items(), key=lambda one: -one[1].amount)
        ],
        "payers": [
            {"payerId": payer_id, "payer": name, **_total(_sum(totals))}
            for (payer_id, name), totals in sorted(payers.items(), key=lambda one: -_sum(one[1]).amount)
        ],
    }


def _sum(totals: Iterable[Total]) -> Total:
    every = list(totals)
    return Total(sum(one.claims for one in every), sum((one.amount for one in every), Decimal(0)))


def _total(total: Total) -> dict[str, Any]:
    return {"claims": total.claims, "amountCents": in_cents(total.amount)}


def _dumped(view: AnswerModel) -> dict[str, Any]:
    return view.model_dump(mode="json", by_alias=True)


def _answer(told: dict[str, Any]) -> QuickActionResult:
    return QuickActionResult(success=True, data=told, guidance_actions=())
