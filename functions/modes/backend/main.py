"""The backend mode, for billers: `/api/v1/modes/backend`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap_modes
from shared.auth.permissions import Permission
from shared.models.api.claims import (
    Aging,
    AgingQuery,
    ClaimDetail,
    ClaimEventRequest,
    ClaimEvents,
    ClaimItems,
    ClaimsQuery,
    DeadlineQuery,
    Deadlines,
    EventsQuery,
    QueueQuery,
    WorkQueues,
)
from shared.models.api.remittances import (
    LineMatch,
    PayerFileUpload,
    PostedFiles,
    RemittanceList,
    RemittanceQuery,
    RemittanceView,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app
from shared.web.mode_routes import add_mode_routes

MODE = "backend"
operations = Operations(tag="backend", prefix="/api/v1/modes/backend", mode=MODE)

_CONTEXT = {
    "mode": "backend",
    "contextId": "ctx_7c1e",
    "recordType": "Patient ID",
    "recordId": "MRN553",
    "status": "proceed",
    "summary": "Working on patient MRN553…",
}

_CLAIM = {
    "id": "01975f3c-0000-7000-8000-000000000088",
    "claimNumber": "CLM-88",
    "status": "denied",
    "statusReason": "No authorization on file",
    "arStage": "insurance",
    "paidStatus": "unpaid",
    "queue": "denied",
    "queues": ["denied", "authorization_gaps"],
    "amount": 182.4,
    "amountCents": 18_240,
    "balanceCents": 18_240,
    "currency": "USD",
    "patient": {"id": "01975f3c-0000-7000-8000-000000000553", "number": "MRN553", "name": "Ana Ortiz"},
    "denialCode": "CO-197",
    "adjustments": [
        {"code": "CO-197", "groupCode": "CO", "carc": "197", "remarks": [], "amountCents": 18_240, "line": None}
    ],
    "deadlines": [{"kind": "appeal", "on": "2027-05-30", "daysLeft": 180}],
    "allowed": ["appeal", "correct", "forward_secondary", "write_off", "void", "reverse"],
    "version": 5,
}
_ITEM = {
    "id": _CLAIM["id"],
    "claimNumber": "CLM-88",
    "status": "denied",
    "patientId": "01975f3c-0000-7000-8000-000000000553",
    "mrn": "MRN553",
    "payer": "Bluestem Health Plan",
    "amountCents": 18_240,
    "balanceCents": 18_240,
    "denialCode": "CO-197",
    "nextDeadlineOn": "2027-05-30",
    "deadlineKind": "appeal",
    "daysLeft": 180,
    "version": 5,
}
_EVENT = {
    "id": "01975f3c-0000-7000-8000-000000000901",
    "number": 5,
    "kind": "deny",
    "fromStatus": "accepted",
    "toStatus": "denied",
    "reason": "No authorization on file",
    "occurredAt": "2026-12-01T15:04:05Z",
    "claimVersion": 5,
}

_REMITTANCE_HEAD = {
    "id": "01975f3c-0000-7000-8000-000000000835",
    "kind": "remittance",
    "traceNumber": "T-900",
    "payer": "Bluestem Health Plan",
    "payerId": "842610001",
    "amountCents": 8000,
    "method": "ACH",
    "datedOn": "2026-11-20",
    "receivedAt": "2026-11-23T09:00:00Z",
    "totals": {"lines": 1, "posted": 1, "noted": 0, "alreadyPosted": 0, "notPosted": 0, "pending": 0},
}
_REMITTANCE = _REMITTANCE_HEAD | {
    "lines": [
        {
            "line": 1,
            "outcome": "posted",
            "reason": None,
            "claimId": "01975f3c-0000-7000-8000-000000000088",
            "claimNumber": "CLM-88",
            "claimStatus": "paid",
            "chargeCents": 10000,
            "paidCents": 8000,
            "adjustments": [{"group": "CO", "reason": "45", "amountCents": 2000, "line": None}],
        }
    ],
    "providerAdjustments": [],
    "unbalanced": [],
    "unread": [],
}

add_mode_routes(
    operations,
    MODE,
    context=_CONTEXT,
    summary={"mode": "backend", "contextId": "ctx_7c1e", "summary": _CONTEXT["summary"], "status": "proceed"},
    action={"action": "view_record", "params": {}},
    result={"success": True, "data": {"status": "proceed", "record": _CONTEXT}, "guidanceActions": []},
)


@operations.get(
    "/work-queue",
    summary="What there is to do: each queue with its claims and money; with `queue`, its claims",
    permission=Permission.MODE_READ,
    audit=AuditAction.WORK_QUEUE_READ,
    example={
        "asOf": "2026-12-01",
        "queues": [
            {
                "queue": "denied",
                "claims": 12,
                "amountCents": 184_200,
                "reasons": [{"reason": "CO-197", "claims": 7, "amountCents": 121_000}],
            }
        ],
        "queue": "denied",
        "items": [_ITEM],
        "nextCursor": None,
    },
)
def work_queue(caller: Caller, query: QueueQuery) -> WorkQueues:
    return bootstrap_modes.backend_mode().work.queues(caller, query)


@operations.get(
    "/claims",
    summary="Claims that fit every filter, newest day of service first",
    permission=Permission.MODE_READ,
    audit=AuditAction.CLAIM_LIST,
    example={"claims": [_ITEM], "nextCursor": None},
)
def list_claims(caller: Caller, query: ClaimsQuery) -> ClaimItems:
    return bootstrap_modes.backend_mode().work.claims(caller, query)


@operations.get(
    "/claims/<reference>",
    summary="A claim by uuid or number, with everything: amounts, adjustments, appeals, deadlines, possible steps",
    permission=Permission.MODE_READ,
    audit=AuditAction.CLAIM_READ,
    example=_CLAIM,
)
def get_claim(caller: Caller, reference: str) -> Reply[ClaimDetail]:
    view = bootstrap_modes.backend_mode().claims.get(caller, reference)
    return Reply(view, version=view.version)


@operations.get(
    "/claims/<reference>/events",
    summary="A claim's history, newest first",
    permission=Permission.MODE_READ,
    audit=AuditAction.CLAIM_HISTORY,
    example={"claimId": _CLAIM["id"], "events": [_EVENT], "nextCursor": None},
)
def list_claim_events(caller: Caller, reference: str, query: EventsQuery) -> ClaimEvents:
    return bootstrap_modes.backend_mode().claims.events(caller, reference, query)


@operations.post(
    "/claims/<reference>/events",
    summary="Make a step of a claim, or add a note; 409 `invalid_transition` names the steps there are",
    permission=Permission.CLAIM_WRITE,
    audit=AuditAction.CLAIM_MOVE,
    request_example={
        "kind": "deny",
        "reason": "No authorization on file",
        "adjustments": [{"groupCode": "CO", "carc": "197", "amountCents": 18_240}],
        "appealDueOn": "2027-05-30",
        "version": 4,
    },
    example=_CLAIM,
)
def record_claim_event(caller: Caller, reference: str, body: ClaimEventRequest) -> Reply[ClaimDetail]:
    view = bootstrap_modes.backend_mode().claims.record(caller, reference, body).view
    return Reply(view, version=view.version)


@operations.get(
    "/deadlines",
    summary="The ledger of deadlines (filing, corrected claim, appeal, authorization), the most money at risk first",
    permission=Permission.MODE_READ,
    audit=AuditAction.DEADLINE_LIST,
    example={
        "asOf": "2026-12-01",
        "until": "2026-12-31",
        "claims": 9,
        "amountCents": 92_000,
        "items": [_ITEM],
        "nextCursor": None,
    },
)
def list_deadlines(caller: Caller, query: DeadlineQuery) -> Deadlines:
    return bootstrap_modes.backend_mode().work.deadlines(caller, query)


@operations.get(
    "/aging",
    summary="What is open by payer, stage and age, as of a day",
    permission=Permission.MODE_READ,
    audit=AuditAction.AGING_READ,
    example={
        "asOf": "2026-12-01",
        "rows": [
            {
                "payerId": "01975f3c-0000-7000-8000-000000000001",
                "payer": "Bluestem Health Plan",
                "arStage": "insurance",
                "buckets": [{"bucket": "0-30", "claims": 4, "amountCents": 51_000}],
                "claims": 4,
                "amountCents": 51_000,
            }
        ],
        "total": [{"bucket": "0-30", "claims": 4, "amountCents": 51_000}],
        "claims": 4,
        "amountCents": 51_000,
    },
)
def aging(caller: Caller, query: AgingQuery) -> Aging:
    return bootstrap_modes.backend_mode().work.aging(caller, query)


@operations.post(
    "/remittances",
    summary="Post a remittance file (X12 835): 201 when it is new, 200 when it is known; a payment is posted once",
    permission=Permission.CLAIM_WRITE,
    audit=AuditAction.REMITTANCE_POST,
    status=201,
    request_example={"content": "ISA*00*          *00*          *ZZ*PAYER…~IEA*1*000000905~"},
    example={"files": [_REMITTANCE], "complete": True},
)
def post_remittances(caller: Caller, body: PayerFileUpload) -> Reply[PostedFiles]:
    posted, new = bootstrap_modes.backend_mode().remittances.post(caller, body)
    return Reply(posted, status=201 if new else 200)


@operations.get(
    "/remittances",
    summary="Payers' files, newest first; `unmatched` ones have lines that belong to no claim yet",
    permission=Permission.MODE_READ,
    audit=AuditAction.REMITTANCE_LIST,
    example={"remittances": [_REMITTANCE_HEAD], "nextCursor": None},
)
def list_remittances(caller: Caller, query: RemittanceQuery) -> RemittanceList:
    return bootstrap_modes.backend_mode().remittances.find(caller, query)


@operations.get(
    "/remittances/<reference>",
    summary="A payer's file: what became of each line, what does not add up, adjustments of no claim",
    permission=Permission.MODE_READ,
    audit=AuditAction.REMITTANCE_READ,
    example=_REMITTANCE,
)
def get_remittance(caller: Caller, reference: str) -> RemittanceView:
    return bootstrap_modes.backend_mode().remittances.get(caller, reference)


@operations.post(
    "/remittances/<reference>/lines/<line>/match",
    summary="Post a line to the claim that a person names; 409 when the claim cannot take it",
    permission=Permission.CLAIM_WRITE,
    audit=AuditAction.REMITTANCE_MATCH,
    request_example={"claimId": "CLM-88"},
    example=_REMITTANCE,
)
def match_remittance_line(caller: Caller, reference: str, line: str, body: LineMatch) -> RemittanceView:
    return bootstrap_modes.backend_mode().remittances.match(caller, reference, line, body)


@operations.post(
    "/claim-status-files",
    summary="Post a file about claims' progress (X12 277 or 277CA): accepted, pended, rejected; never denied",
    permission=Permission.CLAIM_WRITE,
    audit=AuditAction.CLAIM_STATUS_POST,
    status=201,
    request_example={"content": "ISA*00*          *00*          *ZZ*PAYER…~IEA*1*000000906~"},
    example={"files": [_REMITTANCE | {"kind": "acknowledgement", "amountCents": None}], "complete": True},
)
def post_claim_status(caller: Caller, body: PayerFileUpload) -> Reply[PostedFiles]:
    posted, new = bootstrap_modes.backend_mode().remittances.report(caller, body)
    return Reply(posted, status=201 if new else 200)


_app = function_app(operations)


@functions_framework.http
def backend(request: Request) -> Response:
    return _app(request)
