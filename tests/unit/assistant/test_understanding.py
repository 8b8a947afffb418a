"""Questions are understood by rule: the row, the days, and what a following question takes from the one before."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.questions.days import Period
from shared.domain.questions.understanding import Ask, last_asked, understand
from tests.unit.assistant.mode_wordings import MODE_WORDINGS, ModeWording
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


@pytest.mark.parametrize("wording", [*WORDINGS, *MODE_WORDINGS], ids=lambda one: one.text)
def test_a_wording_is_understood(wording: Wording | ModeWording) -> None:
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


@pytest.mark.parametrize(
    ("text", "after", "row", "patient"),
    [
        ("and his claims?", "Is MRN554 covered on Friday?", "claims.list", "MRN554"),
        ("what are her benefits?", "Is MRN554 covered on Friday?", "benefits.all", "MRN554"),
        ("any claims?", "Is MRN554 covered on Friday?", "claims.list", None),
        ("and for MRN555?", "Is MRN554 covered on Friday?", "coverage.verdict", "MRN555"),
    ],
)
def test_a_following_question_keeps_the_person_only_when_it_points_back(
    text: str, after: str, row: str, patient: str | None
) -> None:
    (ask,) = asked(text, after)
    assert (ask.name, [one.text for one in ask.references]) == (row, [] if patient is None else [patient])


def test_a_following_question_about_another_day_keeps_the_question() -> None:
    assert names("what about 12/24?", "Does she need an authorization?") == ("authorizations.need",)


def test_nothing_is_taken_over_from_thanks_and_greetings() -> None:
    assert names("and on 12/24?", "Is she covered on Friday?", "thanks!") == ("coverage.verdict",)


def test_a_day_is_carried_within_the_questions_of_a_day_of_service_only() -> None:
    assert days(asked("and the copay?", "Is she covered on 12/24?")[0]) == (date(2026, 12, 24), date(2026, 12, 24))
    assert days(asked("and the claims?", "Is she covered on 12/24?")[0]) is None


@pytest.mark.parametrize("text", ["Is she covered for skydiving?", "claims that mention asthma", "any claims xyzzy"])
def test_a_word_in_no_list_is_never_passed_over(text: str) -> None:
    assert all(one.unknown or one.row is None for one in asked(text))


@pytest.mark.parametrize(
    ("text", "word"), [("elegible", "eligible"), ("authorizaton", "authorization"), ("deductable", "deductible")]
)
def test_one_slip_of_the_pen_in_a_long_word_is_understood(text: str, word: str) -> None:
    (ask,) = asked(f"{text}?")
    assert ask.corrected == ((text, word),)


@pytest.mark.parametrize("text", ["Clain", "clams", "visor"])
def test_short_words_are_not_guessed(text: str) -> None:
    assert all(one.row is None for one in asked(f"any {text.lower()}?"))


def test_curly_quotes_accents_and_invisible_characters_change_nothing() -> None:
    assert names("What\u2019s the co\u2010pay?".replace("\u2010", "-")) == ("benefits.copay",)
    assert names("Is she cov\u200bered today?") == ("coverage.verdict",)


@pytest.mark.parametrize("text", ["", "   ", "???", "\u200b", ".", "a" * 10_000, "( ) [ ]"])
def test_nothing_asked_is_no_question(text: str) -> None:
    assert all(one.row is None for one in asked(text))


def test_a_state_that_does_not_fit_the_topic_is_not_understood() -> None:
    assert names("denied visits?") == ("not_understood",)
    assert names("exhausted claims?") == ("not_understood",)


def test_a_service_is_understood_where_it_can_be_asked_for() -> None:
    assert asked("is physical therapy covered?")[0].service == "PT"
    assert names("dental claims?") == ("not_understood",)


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("claim CLM-88?", "claim", "CLM-88"),
        ("status of CLM-88", "claim", "CLM-88"),
        ("when does AUTH-7 expire", "authorization", "AUTH-7"),
        ("is MRN553 covered today", "patient", "MRN553"),
        ("claims of patient 9e886a7a-8005-c51c-1c8a-80fd103ec297", "patient", "9e886a7a-8005-c51c-1c8a-80fd103ec297"),
    ],
)
def test_numbers_are_told_apart(text: str, kind: str, number: str) -> None:
    (ask,) = asked(text)
    assert [(one.kind, one.text) for one in ask.references] == [(kind, number)]


@given(st.text(max_size=300))
def test_any_text_is_understood_or_not_without_an_error(text: str) -> None:
    for one in understand(text, TODAY):
        assert one.row is None or one.name


@pytest.mark.parametrize("text", ["Summarize 2015", "alerts of last week?", "what is her phone number on December 1?"])
def test_days_are_never_left_out_of_a_question_that_names_some(text: str) -> None:
    assert all(one.row is None or one.unknown for one in asked(text))


@pytest.mark.parametrize(
    ("text", "asked_back", "day"),
    [
        ("the first one", "Is she covered next Friday?", date(2026, 11, 27)),
        ("I mean the later date", "Is she covered next Friday?", date(2026, 12, 4)),
        ("Second.", "any visits next Friday?", date(2026, 12, 4)),
        ("yes", "Is she covered on 13/3?", date(2027, 3, 13)),
    ],
)
def test_an_answer_to_which_day_is_taken_for_the_question_before(text: str, asked_back: str, day: date) -> None:
    (before,), (ask,) = asked(asked_back), asked(text, asked_back)
    assert (ask.name, days(ask)) == (before.name, (day, day))


@pytest.mark.parametrize("text", ["yes", "the third one", "both"])
def test_an_answer_that_chooses_nothing_chooses_nothing(text: str) -> None:
    assert all(days(one) is None for one in asked(text, "Is she covered next Friday?"))
    assert all(one.row is None or one.unknown for one in asked("the first one", "Is she covered on 12/1?"))
