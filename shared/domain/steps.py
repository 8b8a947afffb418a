"""What state machines share: a table of moves, the moves that are possible, and where one leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import FieldError, InvalidTransitionError, ValidationFailedError

State = TypeVar("State", bound=str)
Move = TypeVar("Move", bound=str)


@dataclass(frozen=True, slots=True)
class Transition(Generic[State]):
    """Where a move leads, from where it is possible, and whether it needs a reason (or, for some, evidence)."""

    sources: frozenset[State]
    target: State
    needs_reason: bool = False


def possible(table: Mapping[Move, Transition[State]], state: object) -> list[Move]:
    """List the moves that are possible in `state`."""
    return [move for move, transition in table.items() if state in transition.sources]


def target_in(
    table: Mapping[Move, Transition[State]], state: State, move: Move, *, reason: str | None, record: str
) -> State:
    """Where `move` leads from `state`; `record` is what takes it, such as "A claim".

    Raises InvalidTransitionError with the moves there are, ValidationFailedError when a reason is missing.
    """
    transition = table[move]
    if state not in transition.sources:
        words = f"{record} that is {state} does not take the step {move}"
        raise InvalidTransitionError(words, allowed=possible(table, state), current=state)
    if transition.needs_reason and not reason:
        raise reason_missing()
    return transition.target


def reason_missing() -> ValidationFailedError:
    """The error of a step whose reason is not told."""
    message = "This step needs a reason"
    return ValidationFailedError(message, errors=(FieldError("reason", "missing", message),))
