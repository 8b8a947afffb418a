"""Eligibility rules, pure: `RULES` lists them by id, each with where it comes from and the functions that carry it out.

`decide` makes a verdict with its receipt from a patient's file and what payers answered; `replay` decides a receipt
again; `difference` compares it with the check before; `explain` and `why_not` say why. What only other modes need
(`filing`, `check_states`) is imported from its module.
"""

from shared.domain.eligibility.coverage import Reading, readings_of
from shared.domain.eligibility.dates import outside_window, service_date, service_type
from shared.domain.eligibility.difference import difference
from shared.domain.eligibility.explanation import Explanation, explain
from shared.domain.eligibility.failures import failure_of, real_time_support, retry_at
from shared.domain.eligibility.guidance import guidance, why_not
from shared.domain.eligibility.on_file import answer_on_file
from shared.domain.eligibility.phone_answer import Told, answer_told
from shared.domain.eligibility.readiness import readiness_of
from shared.domain.eligibility.registry import RULES, Rule
from shared.domain.eligibility.situation import Situation, situation_after, situation_of
from shared.domain.eligibility.switching import Switch, against_switch, switched
from shared.domain.eligibility.verdict import decide, replay
from shared.domain.eligibility.wording import facts, in_words, summary

__all__ = [
    "RULES",
    "Explanation",
    "Reading",
    "Rule",
    "Situation",
    "Switch",
    "Told",
    "against_switch",
    "answer_on_file",
    "answer_told",
    "decide",
    "difference",
    "explain",
    "facts",
    "failure_of",
    "guidance",
    "in_words",
    "outside_window",
    "readiness_of",
    "readings_of",
    "real_time_support",
    "replay",
    "retry_at",
    "service_date",
    "service_type",
    "situation_after",
    "situation_of",
    "summary",
    "switched",
    "why_not",
]
