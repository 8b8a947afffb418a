"""A FHIR R4 ClaimResponse of a prior authorization (Da Vinci PAS), alone or in a Bundle, as a payer's decision.

The review's X12 306 code stands in `reviewAction` extensions of the response, of an item or of an item's adjudication,
as a bare code (first drafts of PAS) or in a nested `reviewActionCode` (since 1.0), or as the reason of an adjudication.
A response without any says by its outcome only whether something is still to come. Its `disposition` is text for
people: it is kept as a note, and nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from shared.domain.authorization.answers import LARGEST_QUANTITY, STATE_BY_REVIEW_CODE
from shared.importing.fhir_reading import codes, words
from shared.importing.json_node import Node, fault
from shared.models.authorization import DecisionLine, DecisionReason, PayerDecision, ReviewCode

_REVIEW_SYSTEM = "/306"
_BY_CODE: dict[str, ReviewCode] = {code: code for code in STATE_BY_REVIEW_CODE}
_STATUSES = frozenset({"active", "draft", "cancelled", "entered-in-error"})
_OUTCOMES = frozenset({"queued", "complete", "error", "partial"})
MOST_LINES = 200


def read_claim_response(value: object, path: str, zone: ZoneInfo) -> PayerDecision:
    """Read a ClaimResponse or a Bundle with exactly one; `path` is where it stands in the request.

    Raises ValidationFailedError naming the member: another resource, a claim's response, a code that is none.
    """
    response = _response(Node.of(value, path))
    if response.required("use") != "preauthorization":
        fault(response.at("use"), "not_an_authorization", "This is no answer to a request for an authorization")
    status = response.choice("status", _STATUSES)
    if status == "entered-in-error":
        fault(response.at("status"), "entered_in_error", "The payer has taken this answer back")
    outcome = response.choice("outcome", _OUTCOMES)
    unread: list[str] = []
    items = [*response.children("item"), *response.children("addItem")]
    if len(items) > MOST_LINES:
        fault(response.at("item"), "too_many", f"At most {MOST_LINES} items are read")
    lines = tuple(_line(item, number, zone, unread) for number, item in enumerate(items, start=1))
    start, end = _period(response, "preAuthPeriod", ("authorizedEventDate", "itemPreAuthPeriod"), zone)
    code, reasons = _review(response)
    whole = "C" if status == "cancelled" else code or _by_outcome(outcome, lines)
    return PayerDecision(
        source="fhir",
        review_code=whole,
        decided_on=response.day("created", zone),
        decided_at=response.moment("created"),
        certification_number=_number(response, outcome),
        period_start=start,
        period_end=end,
        reasons=reasons,
        rejections=_errors(response, outcome),
        lines=lines,
        notes=_notes(response),
        trace_numbers=tuple(_traces(response)),
        unread=tuple(unread),
    )


def _response(root: Node) -> Node:
    kind = root.required("resourceType")
    if kind == "ClaimResponse":
        return root
    if kind != "Bundle":
        fault(root.at("resourceType"), "unknown_code", "Expected a ClaimResponse or a Bundle")
    resources = [resource for entry in root.children("entry") if (resource := entry.child("resource")) is not None]
    found = [resource for resource in resources if resource.text("resourceType") == "ClaimResponse"]
    if len(found) != 1:
        fault(root.at("entry"), "one_claim_response", "Expected exactly one ClaimResponse in the Bundle")
    return found[0]


def _by_outcome(outcome: str, lines: tuple[DecisionLine, ...]) -> ReviewCode | None:
    """Without a review code only "still to come" can be told from the outcome."""
    open_lines = not lines or any(line.review_code is None for line in lines)
    return "A4" if outcome == "queued" or (outcome == "partial" and open_lines) else None


def _line(item: Node, number: int, zone: ZoneInfo, unread: list[str]) -> DecisionLine:
    code, reasons = _review(item)
    for adjudication in item.children("adjudication"):
        told, why = _review(adjudication)
        code, reasons = code or told or _reason_code(adjudication), reasons + why
    detail = _extension(item, "itemAuthorizedDetail")
    start, end = _period(item, "", ("itemPreAuthPeriod", "itemAuthorizedDate"), zone)
    sequence = item.integer("itemSequence") if item.has("itemSequence") else None
    if code is None:
        unread.append(f"{item.path}: no review action")
    return DecisionLine(
        number=sequence or number,
        review_code=code,
        procedure=_procedure(item, detail),
        units=_quantity(item, detail, unread),
        period_start=start,
        period_end=end,
        certification_number=_review_number(item) or _text_extension(item, "authorizationNumber"),
        reasons=reasons,
    )


def _review(holder: Node) -> tuple[ReviewCode | None, tuple[DecisionReason, ...]]:
    """The review of a response, an item or an adjudication: its code and its reasons."""
    code: ReviewCode | None = None
    reasons: list[DecisionReason] = []
    for action in _extensions(holder, "reviewAction"):
        said = _code(action) or next((_code(one) for one in _extensions(action, "reviewActionCode")), None)
        code = code or (None if said is None else _known(said, action))
        reasons += [reason for one in _extensions(action, "reasonCode") if (reason := _reason(one))]
    reasons += [reason for one in _extensions(holder, "reviewActionReason") if (reason := _reason(one))]
    return code, tuple(reasons)


def _review_number(item: Node) -> str | None:
    """The number of the line's own authorization, in the review of the item or of its adjudication."""
    for holder in (item, *item.children("adjudication")):
        for action in _extensions(holder, "reviewAction"):
            if number := _text_extension(action, "number"):
                return number
    return None


def _reason_code(adjudication: Node) -> ReviewCode | None:
    """A review code given as the adjudication's reason, as some senders write it."""
    concept = adjudication.child("reason")
    for coding in concept.children("coding") if concept is not None else ():
        if (coding.text("system") or "").endswith(_REVIEW_SYSTEM) and (code := coding.text("code")):
            return _known(code, coding)
    return None


def _known(code: str, place: Node) -> ReviewCode:
    return _BY_CODE.get(code) or fault(place.path, "unknown_code", f"Expected one of {', '.join(_BY_CODE)}")


def _reason(extension: Node) -> DecisionReason | None:
    concept = extension.child("valueCodeableConcept")
    code = _code(extension)
    text = words(concept)
    return DecisionReason(code, None if text == code else text) if code or text else None


def _code(extension: Node) -> str | None:
    """The code of an extension, whichever way it is written."""
    concept = extension.child("valueCodeableConcept")
    if concept is not None:
        return next(iter(codes(concept)), None)
    coding = extension.child("valueCoding")
    if coding is not None:
        return coding.text("code")
    return extension.text("valueCode") or extension.text("valueString")


def _number(response: Node, outcome: str) -> str | None:
    """The certification number; a response that decides nothing yet gives only its own reference."""
    if response.has("preAuthRef"):
        return response.text("preAuthRef")
    found = [value for one in response.children("identifier") if (value := one.text("value"))]
    return found[0] if found and outcome == "complete" else None


def _traces(response: Node) -> Iterator[str]:
    """What the sender says of the request: its identifier, and the trace numbers of its items."""
    request = response.child("request")
    identifier = request.child("identifier") if request is not None else None
    holders = [identifier] if identifier is not None else []
    holders += [
        number
        for item in response.children("item")
        for trace in _extensions(item, "itemTraceNumber")
        if (number := trace.child("valueIdentifier")) is not None
    ]
    for holder in holders:
        if value := holder.text("value"):
            yield value


def _errors(response: Node, outcome: str) -> tuple[DecisionReason, ...]:
    """Why the request was not looked at; an error without a code is one all the same."""
    found = []
    for error in response.children("error"):
        concept = error.child("code")
        code = next(iter(codes(concept)), None) if concept is not None else None
        text = words(concept)
        found.append(DecisionReason(code, None if text == code else text))
    if outcome == "error" and not found:
        found.append(DecisionReason(None, "The payer could not process the request"))
    return tuple(found)


def _notes(response: Node) -> tuple[str, ...]:
    texts = [response.text("disposition"), *(note.text("text") for note in response.children("processNote"))]
    return tuple(dict.fromkeys(text for text in texts if text))


def _period(holder: Node, member: str, names: tuple[str, ...], zone: ZoneInfo) -> tuple[date | None, date | None]:
    """The period of a member, else of the first of the named extensions: a period, or one day."""
    found = holder.child(member) if member else None
    if found is not None:
        return found.day("start", zone), found.day("end", zone)
    for name in names:
        for extension in _extensions(holder, name):
            period = extension.child("valuePeriod")
            if period is not None:
                return period.day("start", zone), period.day("end", zone)
            day = next(
                (extension.day(kind, zone) for kind in ("valueDate", "valueDateTime") if extension.has(kind)), None
            )
            return day, day
    return None, None


def _procedure(item: Node, detail: Node | None) -> str | None:
    authorized = next(iter(_extensions(detail, "productOrServiceCode")), None) if detail is not None else None
    if authorized is not None and (code := _code(authorized)):
        return code
    concept = item.child("productOrService")
    return next(iter(codes(concept)), None) if concept is not None else None


def _quantity(item: Node, detail: Node | None, unread: list[str]) -> int | None:
    """How many units are authorized: as the detail of the authorization says, else as an added item does."""
    said = next(iter(_extensions(detail, "quantity")), None) if detail is not None else None
    holder = said.child("valueQuantity") if said is not None else item.child("quantity")
    if holder is None or not holder.has("value"):
        return None
    value = holder.number("value")
    if value != value.to_integral_value() or not 0 <= value <= LARGEST_QUANTITY:
        unread.append(f"{holder.at('value')}: not a whole number of units")
        return None
    return int(value)


def _extension(holder: Node, name: str) -> Node | None:
    return next(iter(_extensions(holder, name)), None)


def _extensions(holder: Node, name: str) -> list[Node]:
    """The extensions whose address ends with `name`; PAS and PDex publish the same ones at their own addresses."""
    return [one for one in holder.children("extension") if _last(one.text("url")) in (name, f"extension-{name}")]


def _text_extension(holder: Node, name: str) -> str | None:
    found = _extension(holder, name)
    return None if found is None else found.text("valueString")


def _last(url: str | None) -> str:
    return (url or "").rpartition("/")[2]
