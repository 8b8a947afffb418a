"""The grounded assistant: it answers from what its tools read, cites it, and says plainly what it cannot answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal
from zoneinfo import ZoneInfo

from shared.assistant.grounded import declining
from shared.assistant.grounded.meant import plan_for, unfit
from shared.assistant.grounded.plans import Plan
from shared.assistant.grounded.saying import Statement, span
from shared.assistant.grounded.told import Told
from shared.assistant.grounded.whom import Subject, subject_of
from shared.assistant.offering import fitting
from shared.assistant.protocol import AnswerPart, Citation, Ending, Offers, Question, Step, Text
from shared.assistant.readings import GuidanceReading, Reading
from shared.assistant.tools import Called, Toolbox, ToolTable
from shared.domain.questions.days import Period, Unclear
from shared.domain.questions.understanding import Ask, last_asked, understand
from shared.errors import MobiusError
from shared.models.firestore.conversation import MessageDocument

REMEMBERED = 6  # earlier messages of the person that a following question may lean on


@dataclass(slots=True)
class _Answer:
    """An answer while it is made."""

    tools: Toolbox
    statements: list[Statement] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    other: str | None = None
    guidance: Reading | None = None
    answered: bool = False
    failed: bool = False


class GroundedAssistant:
    """See Assistant."""

    def __init__(self, tools: ToolTable) -> None:
        self._tools = tools

    def answer(self, question: Question, *, stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        """See Assistant.answer."""
        made = _Answer(self._tools.open(question))
        said_by = question.caller.today
        before = last_asked((one.content, said_by(one.created_at)) for one in _own_messages(question)[-REMEMBERED:])
        begun = perf_counter()
        asks = understand(question.content, said_by(question.now), before)
        yield Step("understand", _understood(asks), (), round((perf_counter() - begun) * 1000))
        for ask in asks:
            for step in self._one(ask, question, made):
                yield step
                if stopped():
                    yield Ending("stopped")
                    return
        if not asks:
            made.statements.append(Statement("I did not understand that."))
        if not made.answered and not made.failed and not _is_small_talk(asks):
            made.statements.append(Statement(declining.CAN))
        yield from _said(made.statements, stopped)
        if stopped():
            yield Ending("stopped")
            return
        yield from self._offers(question, made)
        yield Ending(_reason(made))

    def _one(self, ask: Ask, question: Question, made: _Answer) -> Iterator[Step]:
        """Answer one thing that is asked: the steps are yielded, the statements noted."""
        plan = plan_for(ask, question.context, question.caller.role)
        day = next(iter(ask.days), None)
        if plan is None:
            made.statements.append(Statement(_plain_answer(ask)))
            made.answered |= ask.name in {"help", "greeting", "thanks"}
            if ask.name == "decline.write":
                made.wanted += [
                    one for concept in sorted(ask.concepts) for one in declining.OFFERED_FOR.get(concept, ())
                ]
            elif ask.name == "decline.mail":
                made.wanted += declining.OFFERED_FOR_MAIL
            return
        if isinstance(day, Unclear):
            made.statements.append(Statement(declining.unclear(day)))
            made.answered = True
            return
        refused = unfit(ask, plan)
        if refused is not None:
            made.statements.append(Statement(refused))
            return
        subject = Subject()
        for found in subject_of(ask, made.tools):
            if isinstance(found, Step):
                yield found
            else:
                subject = found
        if subject.declined is not None:
            made.statements.append(Statement(subject.declined))
            return
        if subject.patient is not None and not any(call.of_patient for call in plan.calls):
            made.statements.append(Statement("That belongs to an open record: open that patient's first."))
            made.other = subject.patient
            return
        made.other = subject.patient or made.other
        yield from self._planned(plan, ask, subject, question, made)

    def _planned(self, plan: Plan, ask: Ask, subject: Subject, question: Question, made: _Answer) -> Iterator[Step]:
        """Call the tools of a plan and say what they read."""
        readings: dict[str, Reading] = {}
        errors: dict[str, MobiusError] = {}
        for called in self._calls(plan, ask, subject, made.tools):
            yield called.step
            if called.reading is not None:
                readings[called.step.tool] = called.reading
            elif called.error is not None and called.step.tool != "quick_action":
                errors[called.error.code] = called.error
        made.statements += [Statement(declining.went_wrong(error)) for error in errors.values()]
        made.failed |= bool(errors.keys() & {"store_unavailable", "internal_error"})
        if not readings or (errors and not plan.partial):
            return
        made.guidance = readings.get("guidance", made.guidance)
        told = Told(
            ask,
            made.tools.desk.today,
            question.caller.role,
            question.assistant_mode,
            readings,
            ZoneInfo(question.caller.time_zone),
            subject.number or _in_hand(ask, subject, question),
        )
        made.statements += plan.compose(told)
        made.answered = True
        made.wanted += plan.offers

    def _calls(self, plan: Plan, ask: Ask, subject: Subject, tools: Toolbox) -> Iterator[Called]:
        for call in plan.calls:
            if call.of_patient:
                yield tools.call(call.tool, {**call.params(ask), "patient": subject.patient})
            elif subject.patient is None:
                yield tools.call(call.tool, call.params(ask))
        action = plan.action(ask) if tools.desk.assistant_mode == "Agentic" and subject.patient is None else None
        if action is not None:
            yield tools.call("quick_action", {"action": action[0], "params": action[1]})

    def _offers(self, question: Question, made: _Answer) -> Iterator[AnswerPart]:
        """Offer what fits the answer, of what is really offered to this role here; in the Manual mode nothing."""
        if question.assistant_mode == "Manual" or not (made.wanted or made.other):
            return
        if made.guidance is None:
            called = made.tools.call("guidance")
            yield called.step
            made.guidance = called.reading
        if made.guidance is None or not isinstance(made.guidance.data, GuidanceReading):
            return
        chosen = fitting(made.guidance.data.actions, made.wanted, made.other)
        if chosen:
            yield Offers(chosen)


def _own_messages(question: Question) -> list[MessageDocument]:
    return [one for one in question.history if one.type == "user"]


def _said(statements: list[Statement], stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
    """The statements as text, and then each source that they cite, once."""
    cited: dict[str, Citation] = {}
    for number, one in enumerate(dict.fromkeys(statements)):
        if stopped():
            return
        yield Text(one.text if number == 0 else f" {one.text}")
        cited |= {source.source: source for source in one.sources if source.source not in cited}
    yield from cited.values()


def _plain_answer(ask: Ask) -> str:
    """What is said to something that needs no tool."""
    if ask.row is None:
        return declining.not_understood(ask)
    plain = {"help": declining.CAN, "greeting": f"Hello. {declining.CAN}", "thanks": "You are welcome."}
    return plain.get(ask.name) or declining.declined(ask)


def _understood(asks: tuple[Ask, ...]) -> str:
    names = "; ".join(dict.fromkeys(f"{one.name} {_days_said(one)}".rstrip() for one in asks)) or "nothing"
    slips = [f"{word} as {meant}" for one in asks for word, meant in one.corrected]
    return f"Understood the question as {names}" + (f"; read {', '.join(slips)}" if slips else "")


def _days_said(ask: Ask) -> str:
    return " ".join(span(one.first, one.last) for one in ask.days if isinstance(one, Period))


def _is_small_talk(asks: tuple[Ask, ...]) -> bool:
    return bool(asks) and all(one.name in {"help", "greeting", "thanks"} for one in asks)


def _in_hand(ask: Ask, subject: Subject, question: Question) -> str | None:
    """The claim, visit or authorization in hand, when "this claim" is asked about."""
    kind = question.context.record_type
    topic = ask.name.partition(".")[0]
    if subject.patient is not None or topic != f"{kind}s" or not ask.of_one:
        return None
    return question.context.record_uuid


def _reason(made: _Answer) -> Literal["complete", "declined", "error"]:
    if made.answered:
        return "complete"
    return "error" if made.failed else "declined"
