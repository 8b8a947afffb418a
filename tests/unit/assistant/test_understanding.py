"""Questions are understood by rule: the row, the days, and what a following question takes from the one before."""

from __future__ import annotations

from datetime import date

import pytest

from shared.domain.questions.days import Period
from shared.domain.questions.understanding import Ask, last_asked, understand
from tests.unit.assistant.wordings import DECLINED, INJECTED, TODAY, TOGETHER, WORDINGS, Wording


def asked(text: str, *after: str) -> tuple[Ask, ...]:
    return understand(text, TODAY, last_asked((one, TODAY) for one in after))


def names(text: str, *after: str) -> tuple[str, ...]:
    return tuple(one.name for one in asked(text, *after))


def days(ask: Ask) -> tuple[date | None, date | None] | None:
    found = next(iter(ask.days), None)
    return (found.first, found.last) if isinstance(found, Period) else None


def test_the_table_is_as_long_as_it_must_be() -> None:
    assert len(WORDINGS) >= 120
    assert len({(one.text, one.after) for one in WORDINGS}) == len(WORDINGS)
    assert len(DECLINED) >= 20
    assert len(INJECTED) >= 20
    assert {one.mode for one in WORDINGS} == {"eligibility", "front-desk", "backend", "email-drafter"}


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda one: one.text)
def test_a_wording_is_understood(wording: Wording) -> None:
    (ask,) = asked(wording.text, *wording.after)
    assert ask.name == wording.row
    assert days(ask) == wording.days
    assert not ask.unknown


@pytest.mark.parametrize(("text", "rows"), TOGETHER)
def test_several_things_in_one_message_are_told_apart(text: str, rows: tuple[str, ...]) -> None:
    assert names(text) == rows


@pytest.mark.parametrize(("text", "row"), [(text, row) for _, text, row in DECLINED])
def test_what_is_not_answered_is_told_apart(text: str, row: str) -> None:
    assert names(text)[:1] == (row,)


@pytest.mark.parametrize(("text", "rows"), INJECTED)
def test_injected_text_adds_no_question(text: str, rows: tuple[str, ...]) -> None:
    answered = tuple(one.name for one in asked(text) if one.row and not (one.row.declined or one.unknown))
    assert tuple(dict.fromkeys(answered)) == rows
