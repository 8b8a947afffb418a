"""Tones, lengths, plainer words: from the template's own variants, and never over what a person wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.email.composing import PARAGRAPH, Composed, Style, compose
from shared.domain.email.fields import Value
from shared.domain.email.rewording import Reworded, by_hand, reword
from shared.domain.email.template import TONES
from shared.domain.email.templates import NAMES, template
from tests.unit.email.letters import DEMO

REMINDER = template("appt_reminder")
STYLES: dict[str, dict[str, Any]] = {
    "shorten": {"length": "short"},
    "expand": {"length": "long"},
    "standard_length": {"length": "standard"},
    "simplify": {"simplified": True},
}
OPERATIONS: list[Any] = [*STYLES, *TONES]


class Letter:
    """A letter as it goes from operation to operation, kept as a draft keeps it."""

    def __init__(self, name: str = "appt_reminder", values: dict[str, Value] | None = None) -> None:
        self.template = template(name)
        self.values: dict[str, Value] = DEMO if values is None else values
        self.style = Style()
        made: Composed = compose(self.template, self.style, self.values)
        self.made, self.body, self.subject = made.paragraphs, made.body, made.subject

    def change(self, operation: Any) -> Reworded:
        style = replace(self.style, **STYLES.get(operation, {"tone": operation}))
        done = reword(self.template, style, self.values, body=self.body, made=self.made, before=self.style)
        self.style, self.made, self.body = done.style, done.paragraphs, done.body
        return done

    @property
    def paragraphs(self) -> list[str]:
        return self.body.split(PARAGRAPH)

    def write(self, at: int, text: str) -> None:
        paragraphs = self.paragraphs
        paragraphs.insert(at, text)
        self.body = PARAGRAPH.join(paragraphs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_untouched_letter_becomes_what_the_template_says_and_stays_so(name: str, operation: Any) -> None:
    letter = Letter(name)
    done = letter.change(operation)
    assert letter.body == compose(letter.template, done.style, DEMO).body
    assert done.by_hand == ()
    assert by_hand(letter.body, letter.made) == ()
    before = letter.body
    letter.change(operation)
    assert letter.body == before


def test_each_operation_changes_what_it_is_for() -> None:
    letter = Letter()
    assert "a reminder of your appointment" in letter.body
    letter.change("friendly")
    assert "looking forward to seeing you" in letter.body
    standard = letter.body
    letter.change("expand")
    assert "interpreter" in letter.body
    letter.change("shorten")
    assert len(letter.body) < len(standard)
    letter.change("standard_length")
    assert letter.body == standard
    letter.change("simplify")
    assert letter.body.startswith("Hi Elena,")
    assert "You have an appointment on" in letter.body
    assert letter.body.endswith("Warm regards,\nDana Whitfield\nRiverside Family Practice")
    letter.change("plain_language")
    assert letter.body.startswith("Hello Elena,")


def test_what_a_person_added_stays_where_it_is_in_every_style() -> None:
    letter = Letter()
    letter.write(2, "Please bring the X-ray from last year.\nWe will copy it.")
    for operation in (*OPERATIONS, *reversed(OPERATIONS)):
        done = letter.change(operation)
        assert done.by_hand == ("Please bring the X-ray from last year.\nWe will copy it.",)
        assert letter.paragraphs.count("Please bring the X-ray from last year.\nWe will copy it.") == 1
        at = letter.paragraphs.index("Please bring the X-ray from last year.\nWe will copy it.")
        assert "March 5, 2026" in letter.paragraphs[at - 1]
        assert by_hand(letter.body, letter.made) == done.by_hand


def test_a_paragraph_in_own_words_stays_and_the_templates_does_not_come_back() -> None:
    letter = Letter()
    letter.body = letter.body.replace("This is a reminder of your appointment", "Do not forget your appointment")
    for operation in OPERATIONS:
        done = letter.change(operation)
        assert len(done.by_hand) == 1
        assert letter.body.count("Do not forget your appointment on Thursday, March 5, 2026") == 1
        assert letter.body.count("March 5") == 1
        assert done.style.left_out == {"when"}


def test_a_paragraph_that_was_taken_out_stays_out_even_when_lengths_change() -> None:
    letter = Letter()
    letter.change("expand")
    gone = letter.paragraphs[2]
    letter.body = PARAGRAPH.join(one for one in letter.paragraphs if one != gone)
    for operation in ("shorten", "expand", "friendly", "standard_length", "simplify", "firm", "expand"):
        done = letter.change(operation)
        assert "insurance card" not in letter.body
        assert done.by_hand == ()
        assert "bring" in done.style.left_out


def test_what_the_new_style_has_more_stands_at_its_place_around_a_persons_text() -> None:
    letter = Letter()
    letter.write(1, "First mine.")
    letter.write(4, "Then mine.")
    letter.write(len(letter.paragraphs), "PS: mine.")
    letter.change("expand")
    texts = letter.paragraphs
    assert texts[1] == "First mine."
    assert texts[-1] == "PS: mine."
    emergency = next(number for number, text in enumerate(texts) if "emergency" in text)
    assert texts.index("Then mine.") < emergency < len(texts) - 2


def test_a_letter_that_is_all_by_hand_is_left_alone_and_said_so() -> None:
    letter = Letter()
    letter.body = "My own words.\n\nAll of them."
    for operation in OPERATIONS:
        done = letter.change(operation)
        assert letter.body == "My own words.\n\nAll of them."
        assert done.by_hand == ("My own words.", "All of them.")
        assert done.composed.paragraphs == ()


def test_spaces_at_the_ends_of_lines_and_windows_line_ends_are_no_edit() -> None:
    letter = Letter()
    assert by_hand(letter.body.replace("\n", "\r\n"), letter.made) == ()
    letter.body = letter.body.replace(PARAGRAPH, " \r\n\t\r\n\r\n")
    assert letter.change("firm").by_hand == ()


def test_values_filled_in_later_stay_through_every_style() -> None:
    letter = Letter(values={"visit.time": DEMO["visit.time"]})
    assert compose(REMINDER, Style(), letter.values).missing == ("visit.date",)
    letter.values = {**letter.values, "visit.date": date(2026, 3, 5)}
    for operation in OPERATIONS:
        assert letter.change(operation).composed.missing == ()
        assert "March 5, 2026" in letter.body


@given(
    st.sampled_from(NAMES),
    st.lists(
        st.one_of(
            st.tuples(st.just("do"), st.sampled_from(OPERATIONS)),
            st.tuples(st.just("write"), st.integers(0, 8)),
            st.tuples(st.just("cut"), st.integers(0, 8)),
        ),
        max_size=12,
    ),
)
def test_no_operation_ever_loses_or_repeats_what_a_person_wrote(name: str, steps: list[tuple[str, Any]]) -> None:
    letter, mine = Letter(name), list[str]()
    for number, (step, what) in enumerate(steps):
        if step == "do":
            done = letter.change(what)
            assert sorted(done.by_hand) == sorted(mine)
        elif step == "write":
            text = f"My sentence number {number}."
            letter.write(min(what, len(letter.paragraphs)), text)
            mine.append(text)
        elif what < len(letter.paragraphs) and letter.paragraphs[what] not in mine:
            gone = letter.paragraphs[what]
            letter.body = PARAGRAPH.join(one for one in letter.paragraphs if one != gone)
        for text in mine:
            assert letter.paragraphs.count(text) == 1
    kept = [one for one in letter.paragraphs if one and one not in mine]
    assert len(set(kept)) == len(kept)
