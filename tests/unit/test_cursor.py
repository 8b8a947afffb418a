"""Cursors are opaque, fit one list with one set of filters, and refuse everything else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ValidationFailedError
from shared.models.cursor import decode_cursor, encode_cursor

FILTERS = ("client", ("ctx:1",), None, True)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_a_position_comes_back_as_it_went(position: list[str]) -> None:
    cursor = encode_cursor(FILTERS, *position)
    assert decode_cursor(cursor, FILTERS, parts=len(position)) == tuple(position)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#%")


@pytest.mark.parametrize("filters", [("client",), ("other", ("ctx:1",), None, True), (*FILTERS, None), None])
def test_a_cursor_fits_only_the_filters_it_was_made_for(filters: Any) -> None:
    with pytest.raises(ValidationFailedError):
        decode_cursor(encode_cursor(FILTERS, "2026", "id"), filters)


def written(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


MARK = json.loads(base64.urlsafe_b64decode(encode_cursor(FILTERS, "a", "b") + "==="))[0]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "not a cursor",
        "é",
        "\x00",
        "AAAA",
        written(None),
        written({}),
        written([]),
        written([MARK]),
        written([MARK, "a"]),
        written([MARK, "a", "b", "c"]),
        written([MARK, "a", 1]),
        written([MARK, "a", None]),
        written([MARK, ["a"], "b"]),
        written(["", "a", "b"]),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b'["' + b"9" * 6000 + b'"]').decode(),
        base64.urlsafe_b64encode(b"[" + b"9" * 6000 + b"]").decode(),
    ],
)
def test_anything_else_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        decode_cursor(cursor, FILTERS)
    assert [(fault.field, fault.code) for fault in refused.value.errors] == [("cursor", "invalid_cursor")]


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_makes_it_fail_otherwise(cursor: str) -> None:
    with pytest.raises(ValidationFailedError):
        decode_cursor(cursor, FILTERS)
