"""The merge language: unknown fields, fallbacks, what is missing, and values that try to be more than values."""

# ruff: noqa: RUF001 (look-alikes are what this is about)
from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.email.fields import FIELDS, last_four, shown
from shared.domain.email.html_part import html_part
from shared.domain.email.merging import Merged, is_resolved, merge
from shared.domain.email.missing_form import form_for, read_form
from shared.domain.email.plain_text import letter_text, one_line
from shared.errors import ValidationFailedError
from tests.unit.email.letters import canaries

ANYTHING = st.text(st.characters(codec="utf-8"), max_size=60)


def fault(text: str) -> tuple[str, str, str]:
    with pytest.raises(ValidationFailedError) as caught:
        merge(text, {}, where="subject")
    (error,) = caught.value.errors
    return error.field, error.code, error.message


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("Dear {{patient.first_name}},", "Dear Ana,"),
        ("{{ patient.first_name }}{{patient.first_name|x}}", "AnaAna"),
        ("Dear {{patient.last_name|friend}},", "Dear friend,"),
        ("{{patient.last_name| a friend of ours }}!", "a friend of ours!"),
        ("{{patient.last_name|}}!", "!"),
        ("{ } {x} no field", "{ } {x} no field"),
        ("{{{patient.first_name}}}", "{Ana}"),
        ("", ""),
    ],
)
def test_fields_take_their_value_or_their_fallback(text: str, merged: str) -> None:
    assert merge(text, {"patient.first_name": "Ana", "patient.last_name": " \n "}).text == merged


def test_what_has_no_value_and_no_fallback_is_missing_and_can_be_merged_later() -> None:
    text = "{{visit.date}} {{visit.time}} {{visit.date}} {{patient.first_name|you}}"
    first = merge(text, {"visit.time": time(9, 5)})
    assert first == Merged("{{visit.date}} 9:05 AM {{visit.date}} you", ("visit.time",), ("visit.date",))
    assert not is_resolved(first.text)
    second = merge(first.text, {"visit.date": date(2026, 3, 5)})
    assert second.text == "Thursday, March 5, 2026 9:05 AM Thursday, March 5, 2026 you"
    assert second.missing == ()


@pytest.mark.parametrize(
    "name", ["patient.shoe_size", "Patient.first_name", "patient", "__class__", "patient.first_name.x"]
)
def test_unknown_field_is_an_error_that_names_it(name: str) -> None:
    assert fault(f"Hi {{{{{name}}}}}") == ("subject", "unknown_merge_field", f"There is no merge field {name}")


@pytest.mark.parametrize(
    "text",
    ["{{patient.first_name", "patient.first_name}}", "{{}}", "{{patient.first_name|a|b}}", "{{patient.first_name|{x}}}",
     "{{patient.first_name|a\nb}}", "{{ John Smith }}", "{{patient.first_name()}}", "{{7*7}}"],
)  # fmt: skip
def test_braces_that_are_no_field_are_an_error_that_says_where(text: str) -> None:
    where, code, message = fault(text)
    assert (where, code) == ("subject", "merge_syntax")
    assert "John" not in message


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("visit.date", date(2026, 3, 5), "Thursday, March 5, 2026"),
        ("claim.service_date", date(2026, 12, 31), "December 31, 2026"),
        ("claim.service_date", datetime(2026, 12, 31, 9, tzinfo=UTC), "December 31, 2026"),
        ("visit.time", time(0, 0), "12:00 AM"),
        ("visit.time", time(12, 0), "12:00 PM"),
        ("visit.time", time(23, 59), "11:59 PM"),
        ("claim.balance", Decimal("1234567.5"), "$1,234,567.50"),
        ("claim.balance", Decimal(-5), "-$5.00"),
        ("claim.balance", 1999, "$19.99"),
        ("claim.balance", 5, "$0.05"),
        ("claim.balance", Decimal(0), "$0.00"),
        ("patient.mrn", "MRN-00 5538", "5538"),
        ("patient.mrn", "A12", "2"),
        ("patient.mrn", "7", ""),
        ("coverage.member_id", "BST-553-018842", "8842"),
        ("claim.diagnosis_codes", ("E11.9", "", "I10"), "E11.9, I10"),
        ("authorization.units_left", 0, "0"),
        ("author.note", " a \r\n\r\n b\x00c ", "a\nbc"),
        ("visit.date", None, ""),
        ("visit.date", "in spring", "in spring"),
    ],
)
def test_values_are_told_as_people_read_them(name: str, value: Any, told: str) -> None:
    assert shown(FIELDS[name], value) == told


@pytest.mark.parametrize(
    ("name", "value"),
    [("visit.date", 5), ("visit.time", date(2026, 1, 1)), ("claim.balance", True), ("claim.balance", 1.5),
     ("patient.first_name", 5), ("patient.first_name", date(2026, 1, 1))],
)  # fmt: skip
def test_a_value_of_another_type_is_a_mistake_of_ours(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        shown(FIELDS[name], value)


@given(ANYTHING)
def test_an_identifier_is_never_told_by_more_than_its_last_four_or_half(identifier: str) -> None:
    told, signs = last_four(identifier), [sign for sign in identifier if sign.isalnum()]
    assert len(told) <= min(4, len(signs) // 2)
    assert "".join(signs).endswith(told)


# --- values are data


@given(
    ANYTHING, st.sampled_from([name for name, one in FIELDS.items() if one.form in {"text", "last_four", "long_text"}])
)
def test_no_value_is_ever_expanded_or_breaks_a_header(value: str, name: str) -> None:
    values = canaries() | {name: value}
    secret = shown(FIELDS["patient.first_name"], canaries()["patient.first_name"])
    if name == "patient.first_name" or secret in value:
        return
    once = merge(f"a {{{{{name}|-}}}} b", values).text
    assert is_resolved(once)
    assert merge(once, values).text == once
    assert not any(sign in once for sign in "\r\v\f\x00\x1b\x85\u2028\u2029\u202e{}")
    assert FIELDS[name].form == "long_text" or "\n" not in once


@pytest.mark.parametrize(
    "value",
    ["{{patient.mrn}}", "{{patient.mrn|x}}", "{{{{patient.mrn}}}}", "{\u200b{patient.mrn}\u200b}", "{{patient.\nmrn}}",
     "\uff5b\uff5bpatient.mrn\uff5d\uff5d", "${patient.mrn}", "{patient.mrn}", "%(patient.mrn)s", "<% patient.mrn %>"],
)  # fmt: skip
def test_a_value_that_looks_like_a_field_stays_a_text(value: str) -> None:
    values: dict[str, Any] = {"patient.first_name": value, "patient.mrn": "SECRET9988"}
    text = "Dear {{patient.first_name}}, {{patient.first_name}}{{patient.first_name}}"
    for _ in range(3):
        text = merge(text, values).text
    assert "9988" not in text


def test_values_beside_braces_of_the_text_make_no_field() -> None:
    values = {"patient.first_name": "{patient.mrn}", "patient.mrn": "SECRET9988"}
    for text in ("{{{patient.first_name}}}", "{{patient.first_name}}}", "{{{patient.first_name}}"):
        once = merge(text, values).text
        assert "9988" not in once
        assert is_resolved(once)


def test_names_keep_what_belongs_to_their_spelling() -> None:
    for name in ("Nguyễn Thị Minh", "O'Brien-Łukasz", "李伟", "نیم\u200cفاصله", "Zoë 🙂"):
        assert one_line(name) == name
    assert one_line("Ana\u202eluR\u202c \x07z\x1b[31m\u200b\ufeff\r\nBcc: x") == "AnaluR z[31m Bcc: x"


@given(ANYTHING)
def test_html_of_any_text_has_the_tags_of_the_frame_only(text: str) -> None:
    html = html_part(text)
    inside = html.partition("<body>")[2].partition("</body>")[0]
    for tag in ("<p>", "</p>", "<br>"):
        inside = inside.replace(tag, "")
    assert "<" not in inside
    assert ">" not in inside


def test_html_is_escaped_and_keeps_paragraphs_and_lines() -> None:
    body = "Dear <script>alert(\"x\")</script>,\nsecond & last\n \n<img src=x onerror='y'>"
    assert html_part(body).partition("<body>\n")[2].partition("\n</body>")[0] == (
        "<p>Dear &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;,<br>\nsecond &amp; last</p>\n"
        "<p>&lt;img src=x onerror=&#x27;y&#x27;&gt;</p>"
    )


def test_a_persons_text_keeps_its_paragraphs_and_fields_only() -> None:
    written = "\n Dear {{patient.first_name}},\r\n\x00\u202e\r\r\n\n\n\tthank\u200b you \x85now\n\n"
    assert letter_text(written) == " Dear {{patient.first_name}},\n\n thank you\nnow"


# --- the form for what is missing


def test_form_asks_for_each_missing_field_by_its_own_form() -> None:
    form = form_for(["visit.date", "visit.time", "claim.balance", "author.note", "author.installments"])
    assert form["required"] == ["visit.date", "visit.time", "claim.balance", "author.note", "author.installments"]
    assert form["additionalProperties"] is False
    assert form["properties"]["visit.date"] == {"title": "Date of the visit", "type": "string", "format": "date"}
    assert form["properties"]["author.note"]["maxLength"] == 2000
    assert form["properties"]["author.installments"]["type"] == "integer"


def test_answers_are_read_by_the_form_of_their_field() -> None:
    answers = {"visit.date": "2026-03-05", "visit.time": "14:30", "claim.balance": "120.50", "author.installments": 3}
    answers |= {"author.note": "a\nb", "organisation.portal_link": "https://portal.example/x"}
    assert read_form(answers) == {
        "visit.date": date(2026, 3, 5),
        "visit.time": time(14, 30),
        "claim.balance": Decimal("120.50"),
        "author.installments": 3,
        "author.note": "a\nb",
        "organisation.portal_link": "https://portal.example/x",
    }


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("visit.date", "03/05/2026"),
        ("visit.date", "2026-02-30"),
        ("visit.date", "2026-W10-1"),
        ("visit.date", ""),
        ("visit.date", None),
        ("visit.time", "2:30 PM"),
        ("visit.time", "25:00"),
        ("visit.time", "14:30:00"),
        ("visit.time", "14300"),
        ("claim.balance", "12.505"),
        ("claim.balance", "-1"),
        ("claim.balance", "NaN"),
        ("claim.balance", "1e400"),
        ("claim.balance", "9999999999"),
        ("claim.balance", 12.5),
        ("author.installments", True),
        ("author.installments", "3"),
        ("author.installments", -1),
        ("author.installments", 10**9),
        ("author.note", "x" * 2001),
        ("author.note", " \n\t "),
        ("author.phone", "x" * 201),
        ("author.phone", ["1"]),
        ("organisation.portal_link", "http://portal.example/"),
        ("organisation.portal_link", "https://a\nb"),
        ("organisation.portal_link", "javascript:alert(1)"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_field(name: str, answer: Any) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        read_form({name: answer})
    (error,) = caught.value.errors
    assert error.field == f"fields.{name}"
    assert FIELDS[name].label in error.message


def test_unknown_answers_are_refused_and_every_fault_is_told() -> None:
    with pytest.raises(ValidationFailedError) as caught:
        read_form({"Elena Vasquez": "x", "visit.date": "soon", "visit.time": "14:30"})
    assert [one.code for one in caught.value.errors] == ["unknown_merge_field", "invalid"]
    assert "Elena" not in str(caught.value.errors)
