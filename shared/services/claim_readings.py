"""The backend mode's actions that only look: queues, deadlines, aging, root causes, and how a claim stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared.db.selector import DatabaseSelector
from shared.domain.claim.denial_codes import Step
from shared.domain.claim.denials import OWNERS, STEPS, cause_of, known
from shared.models.api.claim_actions import AgingParams, ClaimParams, DeadlineParams, RootCauseParams, WorkQueueParams
from shared.models.api.modes import QuickActionResult
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.claim import ClaimEvent, ListedClaim, Total
from shared.models.firestore.documents import ContextDocument
from shared.repositories.claim_protocols import DeadlinesAsked, QueueAsked
from shared.services.access_log import AccessLog
from shared.services.claim_changes import MODE, ClaimChanges

# Of so many denied claims, those with the most money, a report looks at the payers.
MOST_DENIED = 500
NOTHING = Total(0, Decimal(0))


class ClaimReadings:
    """See CLAIM_ACTIONS. Each read is audited in the transaction that reads."""

    def __init__(self, changes: ClaimChanges, db: DatabaseSelector, access_log: AccessLog) -> None:
        self._changes = changes
        self._db = db
        self._access_log = access_log

    def claim_status(self, caller: Caller, context: ContextDocument, params: ClaimParams) -> QuickActionResult:
        """Tell how a claim stands from what is on file: its state, its history, its appeals, and what is next."""
        file = self._changes.find(caller, context, params)
        event = caller.seen(
            "claim", resource_id=file.claim.id, patient_ref=str(file.claim.patient_id), mode=MODE
        )  # fmt: skip
        with self._access_log.in_transaction(event) as seen:
            file = self._changes.situations.file(caller.client_id, str(file.claim.id), seen=seen)
        situation = self._changes.situations.situation(caller.client_id, file, self._changes.today(caller))
        history = self._changes.situations.history(caller.client_id, file.claim)
        told = {
            "source": "on_file",
            "history": [_entry(one) for one in history],
            "appeals": [
                {
                    "level": one.level,
                    "status": one.status,
                    "filedOn": str(one.filed_on),
                    "dueOn": None if one.due_on is None else str(one.due_on),
                    "decidedOn": None if one.decided_on is None else str(one.decided_on),
                    "ground": one.reason,
                }
                for one in file.appeals
            ],
        }
        return self._changes.result(caller, situation, told)

    def work_queue(self, caller: Caller, context: ContextDocument, params: WorkQueueParams) -> QuickActionResult:
        """Tell what lies in each queue, and list one of them: the most money, or the soonest day, first."""
        del context
        today, claims = self._changes.today(caller), self._db.postgres.claims
        with self._access_log.in_transaction(self._seen(caller, f"{params}")) as seen:
            totals = claims.queues(caller.client_id, today, seen=seen)
        told: dict[str, Any] = {
            "queues": [
                {"queue": one.queue, **_total(one.total), "reasons": {k: _total(v) for k, v in one.reasons.items()}}
                for one in totals
            ]
        }
        if params.queue is not None:
            asked = QueueAsked(params.queue, today, params.reason, params.order)
            page = claims.queue(caller.client_id, asked, after=None, limit=params.limit, seen=None)
            told |= {
                "queue": params.queue,
                "claims": [_listed(one) for one in page.claims],
                "more": page.ends is not None,
            }
        return _answer(told)

    def deadlines(self, caller: Caller, context: ContextDocument, params: DeadlineParams) -> QuickActionResult:
        """List the deadlines up to a day, by the amount at risk or by day; those that have passed included."""
        del context
        until = self._changes.today(caller) + timedelta(days=params.days)
        asked = DeadlinesAsked(until=until, kind=params.kind, order=params.order)
        with self._access_log.in_transaction(self._seen(caller, f"{params}")) as seen:
            total, page = self._db.postgres.claims.deadlines(
                caller.client_id, asked, after=None, limit=params.limit, seen=seen
            )
        told = {"until": str(until), "atRisk": _total(total), "claims": [_listed(one) for one in page.claims]}
        return _answer(told | {"more": page.ends is not None})

    def aging(self, caller: Caller, context: ContextDocument, params: AgingParams) -> QuickActionResult:
        """Tell what is open by payer, by whose turn it is, and by age."""
        del context
        as_of = params.as_of or self._changes.today(caller)
        with self._access_log.in_transaction(self._seen(caller, f"{params}")) as seen:
            cells = self._db.postgres.claims.aging(caller.client_id, as_of, seen=seen)
        rows = [
            {
                "payerId": None if one.payer_id is None else str(one.payer_id),
                "payer": one.payer_name,
                "stage": one.stage,
                "bucket": one.bucket,
                **_total(one.total),
            }
            for one in cells
        ]
        return _answer({"asOf": str(as_of), "cells": rows, "total": _total(_sum(one.total for one in cells))})

    def root_cause(self, caller: Caller, context: ContextDocument, params: RootCauseParams) -> QuickActionResult:
        """Tell which steps let denials happen, by reason and payer, who owns each, and what would have helped.

        Steps and reasons count every denied claim; payers those claims with the most money, at most 500.
        """
        del context
        today, claims = self._changes.today(caller), self._db.postgres.claims
        with self._access_log.in_transaction(self._seen(caller, f"{params}")) as seen:
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

    def _seen(self, caller: Caller, same: str) -> AuditEvent:
        return caller.seen("claim_list", mode=MODE, same=same)


def _cause(step: Step, by_code: dict[str, Total], listed: Iterable[ListedClaim]) -> dict[str, Any]:
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
    return {"claims": total.claims, "amountCents": int(total.amount * 100)}


def _listed(one: ListedClaim) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "claimNumber": one.claim_number,
        "status": one.status,
        "mrn": one.mrn,
        "payer": one.payer_name,
        "denialCode": one.denial_code,
        "balanceCents": int(one.balance * 100),
        "currency": one.currency,
        "serviceDate": None if one.service_date is None else str(one.service_date),
        "deadline": None
        if one.next_deadline_on is None
        else {"on": str(one.next_deadline_on), "kind": one.deadline_kind},
        "version": one.version,
    }


def _entry(one: ClaimEvent) -> dict[str, Any]:
    return {
        "number": one.number,
        "kind": one.kind,
        "from": one.from_status,
        "to": one.to_status,
        "reason": one.reason,
        "amountCents": None if one.amount is None else int(one.amount * 100),
        "at": one.occurred_at.isoformat(),
    }


def _answer(told: dict[str, Any]) -> QuickActionResult:
    return QuickActionResult(success=True, data=told, guidance_actions=())
