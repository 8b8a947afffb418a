"""The email drafter mode: `/api/v1/modes/email-drafter`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap_chat, bootstrap_modes
from shared.auth.permissions import Permission
from shared.models.api.drafts import (
    ApproveDraft,
    DiscardDraft,
    DraftList,
    DraftQuery,
    DraftStep,
    DraftView,
    EditDraft,
    ImportReport,
    NewDraft,
    ReasonedStep,
    ReportResult,
    RetractDraft,
    Retracted,
    ReviseDraft,
    SendDraft,
    TemplateList,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app
from shared.web.mode_routes import add_mode_routes

MODE = "email-drafter"
operations = Operations(tag="email-drafter", prefix="/api/v1/modes/email-drafter", mode=MODE)

_CONTEXT = {
    "mode": "email-drafter",
    "contextId": "ctx_7c1e",
    "recordType": "Patient ID",
    "recordId": "MRN553",
    "status": "proceed",
    "summary": "No e-mail about patient MRN553 yet.",
}

_DRAFT = {
    "id": "draft_6a1f",
    "contextId": "ctx_7c1e",
    "template": "appt_reminder",
    "tone": "friendly",
    "recipient": {"kind": "patient", "reference": "patients/0197…", "address": "ana@example.org", "name": "Ana Ortiz"},
    "channel": "plain_email",
    "subject": "Your appointment at Riverside Family Practice",
    "body": "Dear Ana,\n\nWe are looking forward to seeing you on Tuesday, December 1, 2026 at 9:00 AM!",
    "missing": [],
    "phi": {"level": "low", "limit": "low", "disclosed": ["patient.first_name"], "reasons": [], "waysOut": []},
    "state": "draft",
    "allowed": ["edit", "submit", "discard"],
    "contentHash": "9f2c…",
    "revisions": [],
    "version": 1,
}
_IN_REVIEW = _DRAFT | {"state": "in_review", "allowed": ["edit", "request_changes", "approve", "discard"], "version": 2}
_APPROVED = _DRAFT | {"state": "approved", "allowed": ["edit", "send", "discard"], "version": 3}
_SENT = _DRAFT | {"state": "sent", "allowed": ["retract"], "messageId": "<5f0c…@riverside.example>", "version": 5}
_HASH = "9f2c0d6b7a1e4c3895d2f0b6a7c8e9d1f2a3b4c5d6e7f8091a2b3c4d5e6f7081"


add_mode_routes(
    operations,
    MODE,
    context=_CONTEXT,
    summary={"mode": "email-drafter", "contextId": "ctx_7c1e", "summary": _CONTEXT["summary"], "status": "proceed"},
    action={"action": "view_record", "params": {}},
    result={"success": True, "data": {"status": "proceed", "record": _CONTEXT}, "guidanceActions": []},
)


@operations.get(
    "/templates",
    summary="Every template: whom it is for, the tones it has, the fields it names, how much it may disclose",
    permission=Permission.MODE_READ,
    audit=AuditAction.NONE,
    example={"templates": [{"name": "appt_reminder", "label": "Appointment reminder", "recipient": "patient"}]},
)
def list_templates(caller: Caller) -> TemplateList:
    del caller
    return bootstrap_modes.email_drafter_mode().drafts.templates()


@operations.get(
    "/drafts",
    summary="Drafts of a context or one's own (`author=me`), by state; leads and auditors may list all",
    permission=Permission.MODE_READ,
    audit=AuditAction.DRAFT_LIST,
    example={"drafts": [{"id": "draft_6a1f", "template": "appt_reminder", "state": "draft"}], "nextCursor": None},
)
def list_drafts(caller: Caller, query: DraftQuery) -> DraftList:
    return bootstrap_modes.email_drafter_mode().drafts.list_drafts(caller, query)


@operations.post(
    "/drafts",
    summary="Draft an e-mail from a template, or in own words; it is merged and measured at once",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_CREATE,
    status=201,
    request_example={"template": "appt_reminder", "tone": "friendly", "recipient": {"address": "ana@example.org"}},
    example=_DRAFT,
)
def create_draft(caller: Caller, body: NewDraft) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.create(caller, body))
    return Reply(view, status=201, version=view.version)


@operations.get(
    "/drafts/<draft_id>",
    summary="A draft: what it says, discloses and lacks, its revisions, and the steps that can be taken",
    permission=Permission.MODE_READ,
    audit=AuditAction.DRAFT_READ,
    example=_DRAFT,
)
def get_draft(caller: Caller, draft_id: str) -> Reply[DraftView]:
    view = bootstrap_modes.email_drafter_mode().drafts.get(caller, draft_id)
    return Reply(view, version=view.version)


@operations.put(
    "/drafts/<draft_id>",
    summary="Change a draft; it is a draft again, and no longer approved",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_EDIT,
    request_example={"fields": {"organisation.phone": "555-010-2000"}, "version": 1},
    example=_DRAFT | {"version": 2},
)
def edit_draft(caller: Caller, draft_id: str, body: EditDraft) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.edit(caller, draft_id, body))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/revise",
    summary="Word the template anew: in a tone, shorter, longer, plainer; or have a model rewrite the text",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_REVISE,
    request_example={"instruction": "set_tone", "tone": "friendly"},
    example=_DRAFT | {"version": 2},
)
def revise_draft(caller: Caller, draft_id: str, body: ReviseDraft) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.revise(caller, draft_id, body, rewriter=bootstrap_chat.rewriter))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/submit",
    summary="Ask for approval; refused while something is missing or too much is disclosed",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_MOVE,
    request_example={"version": 1},
    example=_IN_REVIEW,
)
def submit_draft(caller: Caller, draft_id: str, body: DraftStep) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.submit(caller, draft_id, version=body.version))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/request-changes",
    summary="Give a draft back to its author, with what is to be changed",
    permission=Permission.DRAFT_APPROVE,
    audit=AuditAction.DRAFT_MOVE,
    request_example={"reason": "Say which visit is meant"},
    example=_DRAFT | {"state": "changes_requested", "allowed": ["edit", "discard"], "version": 3},
)
def request_changes(caller: Caller, draft_id: str, body: ReasonedStep) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.request_changes(caller, draft_id, body))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/approve",
    summary="Approve exactly the content with this hash; above the limit, not one's own",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_APPROVE,
    request_example={"contentHash": _HASH},
    example=_APPROVED,
)
def approve_draft(caller: Caller, draft_id: str, body: ApproveDraft) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.approve(caller, draft_id, body))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/send",
    summary="Send what is approved; of what nobody knows whether it went out, decide: `resend` or `was_sent`",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_SEND,
    request_example={},
    example=_SENT,
)
def send_draft(caller: Caller, draft_id: str, body: SendDraft) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.sending.send(caller, draft_id, body, mode.drafts))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/discard",
    summary="Put a draft away for good",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_MOVE,
    request_example={"reason": "The patient has called"},
    example=_DRAFT | {"state": "discarded", "allowed": [], "version": 2},
)
def discard_draft(caller: Caller, draft_id: str, body: DiscardDraft) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.discard(caller, draft_id, body))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/answered",
    summary="Note that an answer has come: the task that asks for it is closed",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_MOVE,
    request_example={},
    example=_SENT | {"answeredAt": "2026-12-02T09:00:00Z", "version": 6},
)
def note_answer(caller: Caller, draft_id: str, body: DraftStep) -> Reply[DraftView]:
    mode = bootstrap_modes.email_drafter_mode()
    view = mode.show(mode.drafts.answered(caller, draft_id, version=body.version))
    return Reply(view, version=view.version)


@operations.post(
    "/drafts/<draft_id>/retract",
    summary="Say that what was sent does not hold, and begin the e-mail that corrects it",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_MOVE,
    request_example={"reason": "The time was wrong"},
    example={"draft": _SENT | {"state": "retracted"}, "correction": _DRAFT | {"corrects": "draft_6a1f"}},
)
def retract_draft(caller: Caller, draft_id: str, body: RetractDraft) -> Retracted:
    mode = bootstrap_modes.email_drafter_mode()
    return mode.show_retracted(*mode.drafts.retract(caller, draft_id, body))


@operations.post(
    "/bounces",
    summary="Take in a delivery report (RFC 3464): bounced, delayed or delivered, or about no message of ours",
    permission=Permission.DRAFT_WRITE,
    audit=AuditAction.DRAFT_REPORT,
    request_example={"message": "Content-Type: multipart/report; report-type=delivery-status; …"},
    example={"outcome": "bounced", "draft": _SENT | {"state": "bounced", "version": 6}},
)
def import_report(caller: Caller, body: ImportReport) -> ReportResult:
    return bootstrap_modes.email_drafter_mode().reports.take(caller, body.message)


_app = function_app(operations)


@functions_framework.http
def email_drafter(request: Request) -> Response:
    return _app(request)
