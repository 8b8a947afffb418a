"""What to do next with the e-mails of a context, and what is said of them. Source: the design's guidance and summaries.

Of several drafts the one speaks that needs somebody most: what came back before what waits, the newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.email.fields import FIELDS, label_of
from shared.domain.email.missing_form import form_for
from shared.models.api.drafts import MOST_OF_BODY
from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import ContextStatus, Fact
from shared.models.firestore.drafts import DraftDocument
from shared.models.guidance import ActionKind, GuidanceAction, GuidanceReason
from shared.models.roles import Role

RULE = "email"
_STAFF = frozenset(Role) - {Role.AUDITOR}
_LEADS = frozenset({Role.ADMIN, Role.MANAGER})  # who approve what others have worded
_URGENT = ("bounced", "send_unknown", "failed", "changes_requested", "in_review", "approved", "draft", "queued")
_TO_CORRECT = frozenset({"bounced", "send_unknown", "failed", "changes_requested"})
_OVER = frozenset({"discarded", "retracted", "sent", "delivered"})
_ADDRESS = {"type": "string", "format": "email", "maxLength": 254, "title": "E-mail address"}


@dataclass(frozen=True, slots=True)
class Row:
    """An action, of which drafts it is offered, and in a sentence `only_when`."""

    key: str
    label: str
    action: str
    only_when: str
    when: Callable[[DraftDocument], bool]
    kind: ActionKind = "button"
    params: Callable[[DraftDocument], dict[str, Any]] = lambda _: {}
    form: Callable[[DraftDocument], dict[str, Any] | None] = lambda _: None
    roles: frozenset[Role] = _STAFF
    confirm: str | None = None
    to_authors: bool = False  # who worded it
    disabled: str | None = None


def _is(*states: str) -> Callable[[DraftDocument], bool]:
    return lambda draft: draft.state in states


def _lacking(draft: DraftDocument) -> bool:
    return draft.state in {"draft", "changes_requested"} and bool(draft.missing_fields)


def _disclosing(way: str) -> Callable[[DraftDocument], bool]:
    return lambda draft: draft.state in {"draft", "changes_requested"} and way in draft.ways_out


def _complete(draft: DraftDocument) -> bool:
    return draft.state == "draft" and not draft.missing_fields and not draft.phi_reasons


def _missing_form(draft: DraftDocument) -> dict[str, Any]:
    fields = [name for name in draft.missing_fields if name in FIELDS]
    properties: dict[str, Any] = {"fields": form_for(fields)} if fields else {}
    if "recipient.address" in draft.missing_fields:
        properties["recipient"] = _object(address=_ADDRESS)
    return _object(**properties)


def _address_form(_: DraftDocument) -> dict[str, Any]:
    return _object(recipient=_object(address=_ADDRESS))


def _decision_form(draft: DraftDocument) -> dict[str, Any]:
    placed = _placed_form(draft) or _object()
    return _object(decision={"enum": ["resend", "was_sent"], "title": "Did it go out?"}, **placed["properties"])


def _reason_form(_: DraftDocument) -> dict[str, Any]:
    return _object(reason={"type": "string", "minLength": 1, "maxLength": 500, "title": "What is to be changed"})


def _revise_form(_: DraftDocument) -> dict[str, Any]:
    body = {"type": "string", "minLength": 1, "maxLength": MOST_OF_BODY, "title": "The new wording"}
    return _object(body=body)


def _placed_form(draft: DraftDocument) -> dict[str, Any] | None:
    """Only a notice is mailed of a letter for the portal: who sends it says that the letter is there."""
    if draft.channel != "portal_link":
        return None
    return _object(placedInPortal={"type": "boolean", "const": True, "title": "The letter is in the portal"})


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


ROWS: tuple[Row, ...] = (
    Row("fix_address", "Fix Address", "fill_missing_fields", "an e-mail came back", _is("bounced"),
        kind="form", form=_address_form),
    Row("decide", "Decide Whether It Was Sent", "send", "nobody knows whether an e-mail went out", _is("send_unknown"),
        kind="form", form=_decision_form),
    Row("revise", "Revise", "fill_missing_fields", "changes were asked for", _is("changes_requested"),
        kind="form", form=_revise_form, to_authors=True),
    Row("resubmit", "Submit Again", "submit_for_review", "changes were asked for", _is("changes_requested"),
        to_authors=True, disabled="Change the e-mail first"),
    Row("fill", "Fill In What Is Missing", "fill_missing_fields", "an e-mail lacks something", _lacking,
        kind="form", form=_missing_form),
    Row("remove_phi", "Remove What Is Too Much", "check_phi", "an e-mail discloses too much", _disclosing("remove"),
        params=lambda _: {"resolve": "remove"}),
    Row("portal_link", "Send a Portal Link Instead", "check_phi",
        "an e-mail discloses what may be read in the portal", _disclosing("portal_link"),
        params=lambda _: {"resolve": "portal_link"}),
    Row("submit", "Submit for Review", "submit_for_review", "an e-mail is complete", _complete),
    Row("approve", "Approve", "approve", "an e-mail is in review", _is("in_review"),
        params=lambda draft: {"contentHash": draft.content_hash}),
    Row("changes", "Request Changes", "request_changes", "an e-mail is in review", _is("in_review"),
        kind="form", form=_reason_form, roles=_LEADS),
    Row("send", "Send", "send", "an e-mail is approved", _is("approved"),
        form=_placed_form, confirm="Send this e-mail now?"),
    Row("send_again", "Send Again", "send", "a message could not be handed over", _is("failed"),
        form=_placed_form),
)  # fmt: skip


def foremost(drafts: Sequence[DraftDocument]) -> DraftDocument | None:
    """The draft that needs somebody most; None when all are over."""
    waiting = [one for one in drafts if one.state in _URGENT]
    return min(waiting, key=lambda one: _URGENT.index(one.state), default=None)


def guidance(drafts: Sequence[DraftDocument], *, by: str) -> tuple[GuidanceAction, ...]:
    """The actions that fit; `by` is the user whom they are offered to."""
    draft = foremost(drafts)
    offered = [] if draft is None else [_offer(row, draft, by) for row in ROWS if _fits(row, draft, by)]
    return (*offered, _BEGIN)


def why_not(drafts: Sequence[DraftDocument], action: str, *, by: str) -> GuidanceReason | None:
    """Say why `action` is not offered to the user `by`; None when it is, or is none of guidance's."""
    rows = [row for row in ROWS if row.action == action]
    draft = foremost(drafts)
    if not rows or (draft is not None and any(_fits(row, draft, by) for row in rows)):
        return None
    text = f"{rows[0].label} is offered when {' or when '.join(dict.fromkeys(row.only_when for row in rows))}"
    return GuidanceReason(rule_id=RULE, code="not_offered", text=text)


def _fits(row: Row, draft: DraftDocument, by: str) -> bool:
    return row.when(draft) and (_is_own(draft, by) or not row.to_authors)


def _is_own(draft: DraftDocument, by: str) -> bool:
    return by in {draft.author_id, *draft.contributors}


def _reason(row: Row, draft: DraftDocument, *, own: bool) -> GuidanceReason:
    """Why it is offered: to who worded it in the reviewer's words, where changes were asked for."""
    evidence = (f"drafts/{draft.id}",)
    if own and draft.reason is not None and row.key in {"revise", "resubmit", "submit"}:
        text, said = f"Changes were asked for: {draft.reason}", {"said": draft.reason}
        return GuidanceReason(rule_id=RULE, code="changes_requested", text=text, params=said, evidence=evidence)
    text = f"{row.only_when[0].upper()}{row.only_when[1:]}"
    return GuidanceReason(rule_id=RULE, code=row.key, text=text, evidence=evidence)


def _offer(row: Row, draft: DraftDocument, by: str) -> GuidanceAction:
    form = row.form(draft)
    own = _is_own(draft, by)
    four_eyes = row.key == "approve" and draft.phi_level == "high" and own
    roles = _LEADS if row.key == "approve" and not own else row.roles
    return GuidanceAction(
        label=row.label,
        action=row.action,
        id=f"email-drafter.{row.key}",
        kind=row.kind if form is None else "form",
        params={"draftId": draft.id} | row.params(draft),
        form=form,
        roles=tuple(sorted(roles)),
        reason=_reason(row, draft, own=own),
        confirm=row.confirm,
        disabled_reason="Somebody else must approve what discloses this much" if four_eyes else row.disabled,
    )


_BEGIN = GuidanceAction(
    label="Draft E-Mail",
    action="draft_email",
    id="email-drafter.draft",
    kind="form",
    form=_object(template={"type": "string", "pattern": "^[a-z][a-z0-9_]{0,60}$", "title": "Template"}),
    roles=tuple(sorted(_STAFF)),
)


def status_of(drafts: Sequence[DraftDocument]) -> ContextStatus:
    """`error` when the author must correct something, `pending` when somebody else must act, else `proceed`."""
    draft = foremost(drafts)
    if draft is None:
        return "proceed"
    if draft.state in _TO_CORRECT or _lacking(draft) or (draft.state == "draft" and draft.phi_reasons):
        return "error"
    return "pending" if draft.state in {"in_review", "queued"} else "proceed"


def sentences(drafts: Sequence[DraftDocument], *, more: bool) -> tuple[Text, ...]:
    """How many drafts there are and what the foremost one lacks; `more` when these are not all."""
    counts = {state: sum(one.state == state for one in drafts) for state in ("in_review", "bounced")}
    number = f"{len(drafts)}{'+' if more else ''}"
    text = (f"{number} draft{'' if number == '1' else 's'}, {counts['in_review']} in review, "
            f"{counts['bounced']} bounced.")  # fmt: skip
    told = [Text(code="email_counts", params={"drafts": number, **counts}, text=text)]
    draft = foremost(drafts)
    if draft is not None:
        told.append(_told(draft))
    return tuple(told)


def _told(draft: DraftDocument) -> Text:
    labels = [label_of(name) for name in draft.missing_fields]
    what = (draft.template or "own words").replace("_", " ")
    lacks = f"missing {', '.join(labels)}" if labels else "nothing missing"
    text = f"{what} to {draft.recipient.kind} ({draft.state.replace('_', ' ')}): {lacks}; PHI {draft.phi_level}."
    params: dict[str, str | int | None] = {
        "template": draft.template,
        "recipient": draft.recipient.kind,
        "state": draft.state,
    }
    return Text(code="email_draft", params=params | {"missing": ", ".join(labels), "phi": draft.phi_level}, text=text)


def facts(drafts: Sequence[DraftDocument]) -> tuple[Fact, ...]:
    """One line a draft that is not over, with where it comes from."""
    return tuple(
        Fact(
            label=(one.template or "own words").replace("_", " "),
            value=one.state.replace("_", " "),
            source=f"drafts/{one.id}",
            code="email_state",
            params={"state": one.state, "phi": one.phi_level},
        )
        for one in drafts
        if one.state not in _OVER
    )
