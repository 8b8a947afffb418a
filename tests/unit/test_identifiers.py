"""Identifiers: version 7 UUIDs, derived and random document ids."""

from __future__ import annotations

import re
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.identifiers import DOCUMENT_ID, derived_document_id, document_id, uuid7, uuid7_for

MOMENTS = st.integers(0, 2**48 - 1)
RANDOMNESS = st.binary(min_size=10, max_size=40)


@given(MOMENTS, RANDOMNESS)
def test_version_and_variant_stand_where_rfc_9562_wants_them(milliseconds: int, randomness: bytes) -> None:
    made = uuid7(milliseconds, randomness)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == milliseconds


@given(MOMENTS, RANDOMNESS, MOMENTS, RANDOMNESS)
def test_the_order_of_ids_is_the_order_of_time(first: int, one: bytes, second: int, other: bytes) -> None:
    if first != second:
        assert (uuid7(first, one) < uuid7(second, other)) == (first < second)
        assert (str(uuid7(first, one)) < str(uuid7(second, other))) == (first < second)


def test_the_example_of_the_rfc() -> None:
    random = bytes.fromhex("0cc3") + bytes.fromhex("18c4dc0c0c07398f")
    assert uuid7(0x017F22E279B0, random) == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


def test_a_thousand_made_at_once_are_different_and_of_now() -> None:
    made = [uuid7() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(before.int >> 80 <= after.int >> 80 for before, after in pairwise(made))


def test_the_same_event_has_the_same_id() -> None:
    assert uuid7_for(5, "a", 1, None) == uuid7_for(5, "a", 1, None)
    assert uuid7_for(5, "a", 1).version == 7


@pytest.mark.parametrize(
    "other", [(6, "a", "b"), (5, "a", "c"), (5, "b", "a"), (5, "ab"), (5, "a", "b", ""), (5, "ab", "")]
)
def test_another_event_has_another_id(other: tuple[int, str]) -> None:
    assert uuid7_for(*other) != uuid7_for(5, "a", "b")


def test_random_document_ids_are_ids_with_their_prefix() -> None:
    made = {document_id("task") for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"task_[A-Za-z0-9_-]{22}", one) for one in made)


@given(st.lists(st.text(max_size=50), max_size=4))
def test_derived_document_ids_are_ids_and_stay_the_same(parts: list[str]) -> None:
    made = derived_document_id("ctx", *parts)
    assert DOCUMENT_ID.match(made)
    assert made == derived_document_id("ctx", *parts)


def test_derived_ids_keep_their_parts_apart() -> None:
    assert len({derived_document_id("x", "ab", "c"), derived_document_id("x", "a", "bc")}) == 2


@pytest.mark.parametrize("text", ["", "a/b", ".", "..", "a.b", "a\n", "é", "x" * 129, "a b", "\x00", "__name__"])
def test_what_could_be_a_path_or_a_reserved_name_is_no_document_id(text: str) -> None:
    assert not DOCUMENT_ID.match(text)


@pytest.mark.parametrize("text", ["a", "ctx_7c1e", "_", "-", "x" * 128, "__a", "a__"])
def test_other_plain_texts_are(text: str) -> None:
    assert DOCUMENT_ID.match(text)
