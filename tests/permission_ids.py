"""The ids that permission tests ask with: of things made for it in an organisation, in another one, or nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from shared.models.identifiers import uuid7
from tests.payer_file_samples import remittance_of

API = "/api/v1"
CHAT = f"{API}/components/chat"
CONTEXT, GUIDANCE = f"{API}/components/context", f"{API}/components/guidance"
AUTH, USERS, RECORDS = f"{API}/auth", f"{API}/users", f"{API}/records"
TASKS, ELIGIBILITY, MODES = f"{API}/components/tasks", f"{API}/modes/eligibility", f"{API}/modes"
BACKEND = f"{MODES}/backend"
DESK = f"{MODES}/front-desk"
ALERTS, FEEDBACK = f"{API}/components/alerts", f"{API}/components/feedback"
EMAIL_DRAFTER = f"{MODES}/email-drafter"
DRAFTS = f"{EMAIL_DRAFTER}/drafts"
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Make:
    """Makes things in an organisation, as an admin of it, for `caller` (a user id) to call an operation about.

    `call(method, path, body)` returns the parsed answer of a call that must succeed; `by_caller` makes it as the
    caller, or as the admin for one who may change nothing.
    """

    call: Callable[[str, str, Any], Any]
    caller: str
    by_caller: Callable[[str, str, Any], Any]

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """One call."""
        return self.call(method, path, body)


@dataclass
class Ids:
    """What a cell asks for: `ids("task")` is the id of a task of the caller's own organisation, of another, or of none.

    `replaced` names the place that has another id than an own one; `asked` collects the places there are.
    """

    own: Make
    other: Make
    replaced: str | None = None
    foreign: bool = False
    asked: dict[str, str] = field(default_factory=dict)

    def __call__(self, kind: str, place: str | None = None) -> str:
        """The id of a `kind` of thing, in a `place` of the request (the kind's name by default)."""
        place = place or kind
        if place != self.replaced:
            self.asked[place] = MAKERS[kind](self.own)
        elif self.foreign:
            self.asked[place] = MAKERS[kind](self.other)
        else:
            self.asked[place] = UNKNOWN[kind]()
        return self.asked[place]


def unique(prefix: str) -> str:
    """A number that nothing else has."""
    return f"{prefix}-{uuid4().hex[:12]}"


def record_body(record_type: str, **references: str) -> dict[str, Any]:
    """The body that makes a record with these references."""
    own: dict[str, dict[str, Any]] = {
        "patient": {
            "mrn": unique("MRN"),
            "firstName": "Test",
            "lastName": unique("Patient"),
            "dateOfBirth": "1980-05-17",
        },
        "payer": {"payerNumber": unique("PAY"), "name": "A Payer"},
        "provider": {"providerNumber": unique("PRV"), "kind": "person", "name": "A Provider"},
        "payer_rule": {"serviceType": "98", "requiresAuth": True},
        "coverage": {"memberId": unique("M")},
        "visit": {"visitNumber": unique("VIS"), "visitDate": "2026-12-01"},
        "claim": {"claimNumber": unique("CLM"), "amount": 12.5},
        "authorization": {"authNumber": unique("AUTH")},
    }
    return {"type": record_type, "data": own[record_type] | references}


# What a record of each type points at: the member, and the type it points at.
POINTS_AT: dict[str, dict[str, str]] = {
    "patient": {},
    "payer": {},
    "provider": {},
    "payer_rule": {"payerId": "payer"},
    "coverage": {"patientId": "patient", "payerId": "payer"},
    "visit": {"patientId": "patient", "providerId": "provider"},
    "claim": {"patientId": "patient", "payerId": "payer", "providerId": "provider"},
    "authorization": {"patientId": "patient", "payerId": "payer"},
}
NUMBERED = {"patient": "mrn", "claim": "claimNumber", "visit": "visitNumber", "authorization": "authNumber",
            "payer": "payerNumber", "provider": "providerNumber"}  # fmt: skip


def new_record_body(make: Make, record_type: str) -> dict[str, Any]:
    """The body that makes a record, which points at records made for it."""
    targets = {member: str(_new_record(make, at)["id"]) for member, at in POINTS_AT[record_type].items()}
    return record_body(record_type, **targets)


def _new_record(make: Make, record_type: str) -> dict[str, Any]:
    made: dict[str, Any] = make("POST", f"{RECORDS}/", new_record_body(make, record_type))
    return made


def _number_of(record_type: str) -> Callable[[Make], str]:
    return lambda make: str(_new_record(make, record_type)["data"][NUMBERED[record_type]])


def _id_of(record_type: str) -> Callable[[Make], str]:
    return lambda make: str(_new_record(make, record_type)["id"])


def _new_context(make: Make, mode: str = ELIGIBILITY, record_type: str = "patient", by: Any = None) -> str:
    body = {"recordType": record_type, "recordId": _new_record(make, record_type)["id"]}
    return str((by or make)("POST", f"{mode}/context", body)["contextId"])


def _backend_context(make: Make) -> str:
    return _new_context(make, BACKEND, "claim")


_DENIED_BY = {"groupCode": "CO", "carc": "27", "amountCents": 1250}
# What has happened to a claim, as its history tells it.
_CLAIM_STEPS: dict[str, tuple[dict[str, Any], ...]] = {
    "held claim": ({"kind": "hold", "reason": "Waiting for the chart"},),
    "taken claim": ({"kind": "pend"},),
    "denied claim": ({"kind": "deny", "reason": "Not covered", "adjustments": [_DENIED_BY]},),
}


def _context_of_claim(state: str) -> Callable[[Make], str]:
    """A billers' context of a claim in a state."""

    def make_one(make: Make) -> str:
        claim = _new_record(make, "claim")["id"] if state == "held claim" else _accepted_claim(make)
        for step in _CLAIM_STEPS[state]:
            make("POST", f"{BACKEND}/claims/{claim}/events", step)
        body = {"recordType": "Claim ID", "recordId": claim}
        return str(make("POST", f"{BACKEND}/context", body)["contextId"])

    return make_one


def _covered_context(make: Make) -> str:
    """A context of a patient with a coverage in force and a visit to come: whom to ask for an authorization of what."""
    body = new_record_body(make, "coverage")
    body["data"]["periodStart"] = "2026-01-01"
    patient = make("POST", f"{RECORDS}/", body)["data"]["patientId"]
    visit = record_body("visit", patientId=patient, providerId=str(_new_record(make, "provider")["id"]))
    visit["data"] |= {"visitDate": (datetime.now(UTC).date() + timedelta(days=2)).isoformat(), "visitType": "office"}
    make("POST", f"{RECORDS}/", visit)
    opened = {"recordType": "Patient ID", "recordId": patient}
    return str(make("POST", f"{ELIGIBILITY}/context", opened)["contextId"])


DESK_STATES = ("scheduled", "arrived", "checking_in", "checked_in", "roomed", "with_provider", "checked_out")


def _visit_today(status: str) -> Callable[[Make], str]:
    """A visit of today in a state, which should have begun an hour ago."""

    def make_one(make: Make) -> str:
        now = datetime.now(UTC)
        body = new_record_body(make, "visit")
        body["data"] |= {"visitDate": now.astimezone(ZoneInfo("America/New_York")).date().isoformat()}
        body["data"] |= {"startsAt": (now - timedelta(hours=1)).isoformat(), "status": status}
        return str(make("POST", f"{RECORDS}/", body)["id"])

    return make_one


def _desk_of(status: str, *moves: str) -> Callable[[Make], str]:
    """A context at the front desk of a visit in a state, on which an admin has made these moves."""

    def make_one(make: Make) -> str:
        body = {"recordType": "Visit ID", "recordId": _visit_today(status)(make)}
        context = str(make("POST", f"{DESK}/context", body)["contextId"])
        for move in moves:
            make("POST", f"{DESK}/quick-action", {"action": move, "contextId": context})
        return context

    return make_one


def _new_task(*moves: str) -> Callable[[Make], str]:
    """A shared task on which the caller has made these moves: whoever has taken a task goes on with it."""

    def make_one(make: Make) -> str:
        body = {"contextId": _new_context(make), "label": "Call the payer", "type": "shared"}
        task = str(make("POST", f"{TASKS}/", body)["id"])
        for move in moves:
            make.by_caller("POST", f"{TASKS}/{task}/{move}", {})
        return task

    return make_one


def _new_alert(make: Make) -> str:
    """An alert to the caller."""
    body = {"message": "The portal is down", "audience": {"userIds": [make.caller]}}
    return str(make("POST", f"{ALERTS}/", body)["id"])


def new_device() -> dict[str, str]:
    return {"token": f"token-of-a-device:{unique('device')}"}


# What a payer says who could not read the request.
FAILED_ANSWER = {
    "fhir": {
        "resourceType": "ClaimResponse",
        "status": "active",
        "use": "preauthorization",
        "created": "2026-11-01",
        "outcome": "error",
    }
}
_ANSWERS: dict[str, dict[str, Any] | None] = {
    "draft": None,
    "sent": None,
    "granted": {"manual": {"outcome": "approved", "units": 6}},
    "pended": {"manual": {"outcome": "pended"}},
    "denied": {"manual": {"outcome": "denied", "reason": "Not medically necessary"}},
    "failed": FAILED_ANSWER,
}


def _new_authorization(state: str) -> Callable[[Make], str]:
    """An authorization in a state, of a patient, a payer and a provider made for it."""

    def make_one(make: Make) -> str:
        request = {f"{one}Id": _new_record(make, one)["id"] for one in ("patient", "payer", "provider")}
        request |= {"serviceType": "98", "periodStart": "2026-11-01", "periodEnd": "2027-06-30", "units": 6}
        request |= {"draft": state == "draft", "urgency": "standard"}
        made = str(make("POST", f"{ELIGIBILITY}/authorization", request)["id"])
        answer = _ANSWERS[state]
        if answer is not None:
            make("POST", f"{ELIGIBILITY}/authorization/{made}/decision", answer)
        return made

    return make_one


def _context_of_authorization(state: str) -> Callable[[Make], str]:
    """A context of a patient who has an authorization in a state."""

    def make_one(make: Make) -> str:
        path = f"{ELIGIBILITY}/authorization/{_new_authorization(state)(make)}"
        body = {"recordType": "Patient ID", "recordId": make("GET", path)["patientId"]}
        return str(make("POST", f"{ELIGIBILITY}/context", body)["contextId"])

    return make_one


def _new_shared_reply(make: Make) -> str:
    """The assistant's reply to a question that somebody else asked in a thread that all share."""
    body = {"contextId": _new_context(make), "content": "Is she covered?", "threadId": "front"}
    return str(make("POST", f"{CHAT}/messages", body)["reply"]["id"])


def _email_context(make: Make) -> str:
    return _new_context(make, EMAIL_DRAFTER, by=make.by_caller)


_OWN_WORDS: dict[str, Any] = {"subject": "A question", "body": "Please call us.",
                              "recipient": {"kind": "patient", "address": "person@patients.example"}}  # fmt: skip
_FROM_TEMPLATE: dict[str, Any] = {"template": "appt_reminder"}


def _new_draft(state: str, content: dict[str, Any], *, own: bool = False) -> Callable[[Make], tuple[str, str]]:
    """An e-mail in a state, of an admin or of the caller's `own`; its id and the context, which the caller opened."""

    def make_one(make: Make) -> tuple[str, str]:
        context, by = _email_context(make), make.by_caller if own else make.call
        draft = by("POST", DRAFTS, {"contextId": context} | content)
        steps = {"draft": (), "reviewed": ("submit",), "approved": ("submit", "approve")}
        for step in steps.get(state, ("submit", "approve", "send")):
            body = {"contentHash": draft["contentHash"]} if step == "approve" else {}
            draft = by("POST", f"{DRAFTS}/{draft['id']}/{step}", body)
        return str(draft["id"]), context

    return make_one


def _part_of(pair: Callable[[Make], tuple[str, str]], place: int) -> Callable[[Make], str]:
    return lambda make: pair(make)[place]


_DRAFTS = {
    "draft": ("drafting", _new_draft("draft", _OWN_WORDS)),
    "template draft": ("wording", _new_draft("draft", _FROM_TEMPLATE)),
    "reviewed draft": ("reviewing", _new_draft("reviewed", _OWN_WORDS)),
    "own reviewed draft": ("own reviewing", _new_draft("reviewed", _OWN_WORDS, own=True)),
    "approved draft": ("sending", _new_draft("approved", _OWN_WORDS)),
    "sent draft": ("sent e-mail", _new_draft("sent", _OWN_WORDS)),
}


def newcomer() -> dict[str, str]:
    return {"email": f"{unique('person')}@riverside.example", "name": "New Person", "role": "biller"}


def _new_user(*, deactivated: bool = False) -> Callable[[Make], str]:
    def make_one(make: Make) -> str:
        user = str(make("POST", USERS, newcomer())["id"])
        if deactivated:
            make("DELETE", f"{USERS}/{user}")
        return user

    return make_one


def _new_remittance(make: Make) -> str:
    """A payer's file whose only line belongs to no claim yet."""
    line = f"CLP*{unique('NONE')}*1*12.5*12.5**12*{unique('P')}"
    body = {"content": remittance_of(unique("T"), line, amount="12.5")}
    return str(make("POST", f"{MODES}/backend/remittances", body)["files"][0]["id"])


def _accepted_claim(make: Make) -> str:
    """A claim that its payer may pay."""
    body = new_record_body(make, "claim")
    body["data"]["status"] = "accepted"
    return str(make("POST", f"{RECORDS}/", body)["id"])


# Each kind of id: how one is made in an organisation by an admin of it, and one that nobody has.
MAKERS: dict[str, Callable[[Make], str]] = {
    **{record_type: _id_of(record_type) for record_type in POINTS_AT},
    **{f"{record_type} number": _number_of(record_type) for record_type in NUMBERED},
    **{f"{state} authorization": _new_authorization(state) for state in _ANSWERS},
    **{f"{state} context": _context_of_authorization(state) for state in ("sent", "granted")},
    "remittance": _new_remittance,
    "accepted claim": _accepted_claim,
    **{f"{state} desk": _desk_of(state) for state in DESK_STATES},
    "moved desk": _desk_of("scheduled", "confirm_appointment"),
    "arrived visit": _visit_today("arrived"),
    "context": _new_context,
    "e-mail context": _email_context,
    **{kind: _part_of(pair, 0) for kind, (_, pair) in _DRAFTS.items()},
    **{f"{of} context": _part_of(pair, 1) for of, pair in _DRAFTS.values()},
    "alert": _new_alert,
    "backend context": _backend_context,
    **{f"{state} context": _context_of_claim(state) for state in _CLAIM_STEPS},
    "covered context": _covered_context,
    "shared reply": _new_shared_reply,
    "task": _new_task(),
    "accepted task": _new_task("accept"),
    "started task": _new_task("accept", "start"),
    "completed task": _new_task("complete"),
    "user": _new_user(),
    "deactivated user": _new_user(deactivated=True),
    "invitation": lambda make: str(make("POST", USERS, newcomer())["invitationCode"]),
}
UNKNOWN: dict[str, Callable[[], str]] = {
    **{record_type: lambda: str(uuid7()) for record_type in POINTS_AT},
    **{f"{record_type} number": lambda: unique("NONE") for record_type in NUMBERED},
    **{kind: lambda: str(uuid7()) for kind in ("remittance", "accepted claim")},
    "alert": lambda: f"alert_{uuid4().hex}",
    **{f"{state} desk": lambda: f"ctx_{uuid4().hex}" for state in (*DESK_STATES, "moved")},
    "arrived visit": lambda: str(uuid7()),
    **{f"{state} authorization": lambda: str(uuid7()) for state in _ANSWERS},
    **{
        kind: lambda: f"ctx_{uuid4().hex}"
        for kind in (
            *("context", "backend context", "covered context", "sent context", "granted context"),
            *(f"{state} context" for state in _CLAIM_STEPS),
        )
    },
    **{kind: lambda: f"task_{uuid4().hex}" for kind in ("task", "accepted task", "started task", "completed task")},
    **{kind: lambda: f"draft_{uuid4().hex}" for kind in _DRAFTS},
    **{
        kind: lambda: f"ctx_{uuid4().hex}"
        for kind in ("e-mail context", *(f"{of} context" for of, _ in _DRAFTS.values()))
    },
    "shared reply": lambda: f"msg_{uuid4().hex}",
    **{kind: lambda: str(uuid7()) for kind in ("user", "deactivated user")},
    "invitation": lambda: "inv_AZdfPA",
}
