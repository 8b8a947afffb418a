"""The table of what can be asked, and the row that what was said asks for.

A row fits when all concepts of one of its wordings are there and nothing else that matters is: what neither the wording
nor `also` names would change the question. Of the rows that fit, the one whose wording says most is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from shared.domain.questions.day_readers import Direction
from shared.domain.questions.states import (
    AUTHORIZATION_STATES,
    CLAIM_STATES,
    QUEUE_STATES,
    TASK_STATES,
    VISIT_STATES,
    Statuses,
    unchanged,
)

# Concepts that ask for a form of answer which every answer has.
SOFT = frozenset({"what", "how_many", "how_much", "status", "summary", "patient", "thanks", "greeting"})
_IN_FORCE = unchanged("active", "inactive", "expired", "open")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A question. `wordings` are divided by bars; `also` are concepts that may stand beside them without changing it.

    `topic` is what a following question takes over. `statuses` are the states that it can be asked of. `direction` is
    where a day without a year lies. `services` and `days` tell whether a service and days can be named. `declined`
    questions are understood, and not answered; the higher the `rank`, the less anything beside them counts.
    """

    name: str
    topic: str
    wordings: str
    also: str = ""
    statuses: Statuses | None = None
    direction: Direction = "future"
    services: bool = False
    days: bool = True
    declined: bool = False
    rank: int = 0


def _declined(name: str, concept: str, rank: int) -> Row:
    return Row(f"decline.{name}", "declined", concept, "*", declined=True, rank=rank)


ROWS: tuple[Row, ...] = (
    Row(
        "coverage.verdict",
        "coverage",
        "coverage|coverage status|s:active|s:inactive|s:expired|plan s:active|plan s:inactive|coverage not|status visit"
        "|plan coverage|coverage primary",
        "visit next plan checkin s:scheduled need last ready primary",
        _IN_FORCE,
        services=True,
    ),
    Row(
        "coverage.why",
        "coverage",
        "why coverage|why s:inactive|why s:expired|undetermined|why undetermined|why",
        "coverage visit next plan not",
        _IN_FORCE,
        services=True,
    ),
    Row(
        "coverage.plans",
        "plan",
        "plan|plan what|coverage what|who plan|secondary|primary|secondary coverage|primary coverage what|plan name"
        "|coverage how_many|plan coverage what|who coverage",
        "s:active primary secondary coverage name plan who",
        _IN_FORCE,
    ),
    Row("coverage.member", "plan", "member_id", "coverage plan primary secondary", days=False),
    Row(
        "coverage.period",
        "coverage",
        "coverage expire|coverage start|plan expire|plan start|coverage when|coverage left|s:active when"
        "|s:expired when",
        "when start expire left primary plan coverage",
        _IN_FORCE,
    ),
    Row(
        "coverage.checked",
        "coverage",
        "checked|coverage checked|coverage last when",
        "coverage visit next plan when last who",
        unchanged("completed"),
        "past",
        days=False,
    ),
    Row("coverage.changed", "coverage", "change|coverage change", "coverage plan last checked", days=False),
    Row("benefits.copay", "coverage", "copay", "visit next plan coverage cost need provider benefit", services=True),
    Row(
        "benefits.deductible",
        "coverage",
        "deductible",
        "left coverage plan benefit",
        unchanged("completed"),
        services=True,
    ),
    Row("benefits.coinsurance", "coverage", "coinsurance", "coverage plan benefit visit cost", services=True),
    Row("benefits.out_of_pocket", "coverage", "out_of_pocket", "left coverage plan benefit cost", services=True),
    Row("benefits.network", "coverage", "network", "coverage plan provider visit next", services=True),
    Row(
        "benefits.visits_left", "coverage", "visit left|unit left benefit", "coverage plan benefit next", services=True
    ),
    Row(
        "benefits.all",
        "coverage",
        "benefit|copay deductible",
        "coverage plan visit next copay deductible coinsurance out_of_pocket left",
        services=True,
    ),
    Row("benefits.cost", "coverage", "cost|estimate", "cost visit next coverage need estimate checkin", services=True),
    Row(
        "authorizations.need",
        "coverage",
        "need authorization",
        "visit next plan coverage act",
        unchanged("approved"),
        services=True,
    ),
    Row(
        "authorizations.list",
        "authorization",
        "authorization|authorization visit left|unit left|unit|authorization plan decision",
        "when expire start left unit last why plan decision visit next asked",
        AUTHORIZATION_STATES,
        services=True,
    ),
    Row(
        "claims.list",
        "claim",
        "claim|denial|billed|s:rejected|s:paid how_much|s:denied how_much|s:unpaid how_much|s:outstanding how_much",
        "claim last left plan billed",
        CLAIM_STATES,
        "past",
    ),
    Row(
        "claims.why",
        "claim",
        "why claim|why denial|why s:denied|why s:rejected",
        "claim last plan",
        CLAIM_STATES,
        "past",
    ),
    Row("claims.when", "claim", "when claim", "last plan file", CLAIM_STATES, "past"),
    Row(
        "visits.next",
        "visit",
        "visit next|visit when|next when",
        "visit next when provider who",
        unchanged("scheduled", "confirmed"),
        days=False,
    ),
    Row("visits.last", "visit", "visit last", "when provider who", unchanged("completed"), "past", days=False),
    Row(
        "visits.list",
        "visit",
        "visit|s:no_show|s:confirmed|s:scheduled|s:arrived|visit provider",
        "provider who last",
        VISIT_STATES,
    ),
    Row("tasks.list", "task", "task|mine|s:overdue|s:due", "left mine next when deadline last", TASK_STATES),
    Row("alerts.list", "alert", "alert", "mine last next", unchanged("active", "open"), days=False),
    Row(
        "deadlines.list",
        "deadline",
        "deadline|deadline s:due|deadline s:overdue|expire|decision expire|decision need|deadline file"
        "|file when|need file"
        "|claim file when|claim need file|claim expire file|claim s:due"
        "|claim s:overdue|claim when s:due|claim left file when|decision when plan|decision s:due|decision s:overdue"
        "|decision deadline|plan s:overdue|authorization s:due|authorization s:overdue|authorization deadline"
        "|authorization decision s:due|authorization decision s:overdue|authorization decision deadline",
        "next claim authorization when need file last left plan decision expire",
        unchanged("due", "overdue", "draft", "open"),
    ),
    Row(
        "readiness",
        "readiness",
        "block|checkin|ready|block visit|block visit next|block checkin|ready visit|ready visit next"
        "|ready checkin visit",
        "visit next need left checkin why not",
    ),
    Row("guidance", "guidance", "next_step", "visit coverage authorization claim block checkin left", days=False),
    Row("summary", "summary", "summary|status", "last", days=False),
    Row("patient.who", "patient", "who|name|patient what", "name", days=False),
    Row("patient.dob", "patient", "dob|age", "when age dob", days=False),
    Row("patient.sex", "patient", "sex", days=False),
    Row("patient.phone", "patient", "phone", days=False),
    Row("patient.mrn", "patient", "mrn", "name", days=False),
    Row(
        "desk.day",
        "headcount",
        "headcount|headcount visit|board",
        "checkin",
        unchanged("scheduled", "confirmed", "arrived"),
    ),
    Row("desk.waiting", "wait", "wait|headcount wait", "who visit", days=False),
    Row("desk.not_ready", "unready", "unready|headcount not ready|unready why", "visit who next checkin"),
    Row(
        "queues.list",
        "queue",
        "queue|queue claim|our_claims|overlong|overlong queue|gap|gap queue",
        "claim mine denial deadline why plan left overlong",
        QUEUE_STATES,
        days=False,
    ),
    Row(
        "aging.list",
        "aging",
        "aging|aging claim|aging our_claims",
        "plan claim",
        unchanged("open", "outstanding", "unpaid"),
        days=False,
    ),
    Row("help", "help", "help", "act next_step"),
    Row("greeting", "greeting", "greeting", rank=-2),
    Row("thanks", "thanks", "thanks", rank=-2),
    _declined("instructions", "inject", 9),
    _declined("tenant", "tenant", 8),
    _declined("others", "others|headcount claim|headcount coverage|headcount authorization|headcount task", 7),
    _declined("legal", "legal", 6),
    _declined("clinical", "clinical", 6),
    _declined("mail", "mail", 6),
    _declined("prediction", "predict", 5),
    _declined("opinion", "opinion", 4),
    _declined("hypothetical", "hypothetical", 3),
    _declined("staff", "staff", 3),
    _declined("lists", "lists", 3),
    _declined("service", "unmapped_service", 1),
    _declined("write", "act", 1),
)


def row_named(name: str) -> Row:
    """The row with this name."""
    return next(row for row in ROWS if row.name == name)


@cache
def _wordings() -> tuple[tuple[Row, frozenset[str], frozenset[str]], ...]:
    return tuple(
        (row, frozenset(wording.split()), frozenset(row.also.split()))
        for row in ROWS
        for wording in row.wordings.split("|")
    )


def row_for(concepts: frozenset[str]) -> Row | None:
    """The row that these concepts ask for; None when there is none, or what is left over would change it."""
    best: tuple[tuple[int, int], Row] | None = None
    for row, wording, also in _wordings():
        if not wording <= concepts:
            continue
        extra = {one for one in concepts - wording - also - SOFT if not _is_state_of(row, one)}
        if extra and "*" not in also:
            continue
        rank = (row.rank, len(wording))
        if best is None or rank > best[0]:
            best = rank, row
    return None if best is None else best[1]


def states_meant(row: Row, concepts: frozenset[str]) -> frozenset[str]:
    """The stored states that the status words among `concepts` mean for a row; empty when none was named."""
    statuses = row.statuses or {}
    return frozenset().union(*(statuses[one[2:]] for one in concepts if _is_state_of(row, one)))


def _is_state_of(row: Row, concept: str) -> bool:
    return concept.startswith("s:") and row.statuses is not None and concept[2:] in row.statuses
