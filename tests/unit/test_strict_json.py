"""Strict JSON: what is refused, what is not, and that nothing else ever comes out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ValidationFailedError
from shared.web.strict_json import MAX_DEPTH, parse

REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "json"),
    "blank": (b"  ", "json"),
    "half": (b'{"a":', "json"),
    "two values": (b"{}{}", "json"),
    "comment": (b"{} // no", "json"),
    "trailing comma": (b'{"a":1,}', "json"),
    "single quotes": (b"{'a':1}", "json"),
    "control character": (b'{"a":"\n"}', "json"),
    "byte order mark": (b"\xef\xbb\xbf{}", "json"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "encoding"),
    "half a character": (b'{"a":"\xc3"}', "encoding"),
    "overlong": (b'{"a":"\xc0\xaf"}', "encoding"),
    "encoded surrogate": (b'{"a":"\xed\xa0\x80"}', "encoding"),
    "list": (b"[]", "type"),
    "text": (b'"a"', "type"),
    "number": (b"1", "type"),
    "null": (b"null", "type"),
    "true": (b"true", "type"),
    "NaN": (b'{"a":NaN}', "number"),
    "Infinity": (b'{"a":Infinity}', "number"),
    "-Infinity": (b'{"a":-Infinity}', "number"),
    "NaN in a list": (b'{"a":[[NaN]]}', "number"),
    "5000 digits": (b'{"a":' + b"9" * 5000 + b"}", "number"),
    "duplicate": (b'{"a":1,"a":1}', "duplicate_key"),
    "duplicate below": (b'{"x":[{"a":1,"b":2,"a":3}]}', "duplicate_key"),
    "duplicate by escape": (b'{"a":1,"\\u0061":2}', "duplicate_key"),
    "NUL": (b'{"a":"x\\u0000y"}', "nul"),
    "NUL in a name": (b'{"a\\u0000":1}', "nul"),
    "NUL in a list": (b'{"a":["\\u0000"]}', "nul"),
    "lone high surrogate": (b'{"a":"\\ud800"}', "surrogate"),
    "lone low surrogate": (b'{"a":"\\udc00"}', "surrogate"),
    "surrogates reversed": (b'{"a":"\\udc00\\ud800"}', "surrogate"),
    "surrogate in a name": (b'{"\\ud800":1}', "surrogate"),
    "100000 deep": (b'{"a":' * 100_000, "depth"),
    "100000 lists": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "depth"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_with_its_code(kind: str) -> None:
    raw, code = REFUSED[kind]
    with pytest.raises(ValidationFailedError) as refused:
        parse(raw)
    assert [fault.code for fault in refused.value.errors] == [code]


def objects(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def lists(depth: int) -> bytes:
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize("nested", [objects, lists])
def test_twenty_deep_is_taken_and_twenty_one_is_not(nested: Any) -> None:
    assert MAX_DEPTH == 20
    assert parse(nested(20)) == json.loads(nested(20))
    with pytest.raises(ValidationFailedError) as refused:
        parse(nested(21))
    assert refused.value.errors[0].code == "depth"


def test_a_value_at_the_deepest_level_counts_no_further() -> None:
    raw = b'{"a":' * 20 + b'"text"' + b"}" * 20
    assert parse(raw) == json.loads(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b' {"a" : [1, 2.5, -0, true, null, ""]} ', {"a": [1, 2.5, 0, True, None, ""]}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
        ('{"é":"\N{GRINNING FACE}"}'.encode(), {"é": "\N{GRINNING FACE}"}),
        (b'{"a":{"a":{"a":1}}}', {"a": {"a": {"a": 1}}}),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a":"\\u0001"}', {"a": "\x01"}),
    ],
)
def test_sound_json_is_taken_as_it_is(raw: bytes, value: Any) -> None:
    assert parse(raw) == value


def test_fractions_stay_exact_when_asked_to() -> None:
    assert parse(b'{"a":0.10}', decimals=True) == {"a": Decimal("0.10")}
    assert str(parse(b'{"a":0.10}', decimals=True)["a"]) == "0.10"
    assert parse(b'{"a":0.10}') == {"a": 0.1}


@pytest.mark.parametrize("raw", [b'{"a":1e400}', b'{"a":-1e400}', b'{"a":[1e999]}'])
def test_a_number_too_large_to_hold_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        parse(raw)
    assert refused.value.errors[0].code == "number"


def test_a_refusal_does_not_repeat_the_body() -> None:
    for raw in (b'{"Jane Doe":1,"Jane Doe":2}', b'{"a":"Jane Doe"', b'{"a":"Jane Doe\\u0000"}'):
        with pytest.raises(ValidationFailedError) as refused:
            parse(raw)
        assert "Jane" not in refused.value.detail + str(refused.value.errors)


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_body_makes_it_fail_otherwise(raw: bytes) -> None:
    try:
        assert isinstance(parse(raw), dict)
    except ValidationFailedError:
        return


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.booleans())
def test_every_sound_object_comes_back_equal(value: dict[str, Any], ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    if depth(value) <= MAX_DEPTH:
        assert parse(raw) == value
