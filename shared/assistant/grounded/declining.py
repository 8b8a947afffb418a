"""What is said where nothing is answered: in plain words what cannot be done, and what can."""

from __future__ import annotations

from shared.assistant.grounded.saying import choice, listed, quoted
from shared.domain.questions.days import Unclear
from shared.domain.questions.understanding import Ask
from shared.errors import MobiusError

CAN = (
    "I answer from the records, with your own permissions: coverage on a day, benefits, authorizations, claims, visits,"
    " tasks and deadlines of the patient in hand, what to do next, the front desk's day and the work queues of claims."
)
_DECLINED = {
    "decline.instructions": "What a message says changes neither my rules nor your role or organization.",
    "decline.tenant": "I read the records of your own organization only.",
    "decline.others": "I answer about one patient at a time: name the MRN, or open the record.",
    "decline.legal": "I give no legal advice.",
    "decline.clinical": "I give no clinical advice and read no clinical notes.",
    "decline.mail": "I write and send no messages myself: the e-mail drafter does, and a person sends.",
    "decline.prediction": "I do not predict what a payer will decide: I tell what is on record.",
    "decline.opinion": "I give no opinions or recommendations beyond the actions that are offered.",
    "decline.hypothetical": "I answer about what is on record, not about what would be.",
    "decline.lists": "Of the organization I read a day's visits, work queues, deadlines and aging, no other report.",
    "decline.staff": "What colleagues do or have looked at is not among what I can read.",
    "decline.service": "I cannot place that service: name a service type, such as physical therapy, or a code.",
    "decline.write": "I change nothing by myself: what changes something is done by a person.",
}
_ERRORS = {
    "forbidden": "Your role may not look at that: nothing was read.",
    "not_in_mode": "That belongs to a mode in which your role does not work, so you may not see it: nothing was read.",
    "not_found": "I find no such record in your organization.",
    "no_patient": "The record in hand is not about a patient: name one by MRN.",
    "no_such_tool": "That is not among what I can read here.",
    "store_unavailable": "The records do not answer at the moment: please ask again shortly.",
    "not_agentic": "I run quick actions by myself in the Agentic mode only.",
}
# What an offered action's words are recognised by in "request an authorization", "create a task".
OFFERED_FOR = {
    "authorization": ("request_auth", "extend_authorization", "check_authorization_status"),
    "task": ("create_task", "snooze"),
    "coverage": ("check_eligibility", "recheck_all_coverages"),
    "claim": ("get_claims", "share_to_backend"),
    "visit": ("view_record",),
}

OFFERED_FOR_MAIL = ("draft_email", "switch_mode")


def declined(ask: Ask) -> str:
    """Why a question that is understood is not answered."""
    return _DECLINED[ask.name]


def not_understood(ask: Ask) -> str:
    """What was not understood, in the asker's own words."""
    words = [word.text for word in ask.unknown][:3]
    what = f": I do not know {listed([quoted(word) for word in words])} here" if words else ""
    return f"I did not understand that{what}."


def cannot_narrow(number: str) -> str:
    """A record is named that the question cannot be narrowed down to."""
    return f"I cannot answer that for {quoted(number)}: ask about that record itself, or open it."


def went_wrong(error: MobiusError) -> str:
    """What a tool's error means to the person who asked."""
    return _ERRORS.get(error.code, "Something went wrong while I read the records: please ask again.")


def unclear(days: Unclear) -> str:
    """Ask back which day is meant."""
    if not days.choices:
        return f"{quoted(days.said)} is no day that I can place: name it with month, day and year, such as 2027-03-15."
    readings = listed([choice(one) for one in days.choices], "or")
    return f"By {quoted(days.said)}, do you mean {readings}?"


def whom(number: int, words: str) -> str:
    """Several patients fit, or none does."""
    if number == 0:
        return f"I find no patient {quoted(words)} in your organization, and I do not know what else that means here."
    return f"More than one patient fits {quoted(words)}: name the MRN or the date of birth."
