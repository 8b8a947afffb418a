"""Addresses and headers that could send a message elsewhere; the difference of revisions; the hash of an approval."""

# ruff: noqa: RUF001 (look-alikes are what this is about)
from __future__ import annotations

from email.headerregistry import Address
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.email.addresses import address, display_name, organisation_name, subject_line
from shared.domain.email.revisions import content_hash, difference
from shared.errors import ValidationFailedError


@pytest.mark.parametrize(
    ("given_as", "taken_as"),
    [
        ("ana@example.com", "ana@example.com"),
        ("Ana.Ruiz+visit@Example.COM", "Ana.Ruiz+visit@example.com"),
        ("o'brien_1@mail.example.co.uk", "o'brien_1@mail.example.co.uk"),
        ("ana@münchen.example", "ana@xn--mnchen-3ya.example"),
        ("ana@XN--MNCHEN-3YA.example", "ana@xn--mnchen-3ya.example"),
        ("ana@例え.jp", "ana@xn--r8jz45g.jp"),
        ("ana@faß.de", "ana@xn--fa-hia.de"),
        ("ana@example．com", "ana@example.com"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_addresses_are_taken_bare_with_their_domain_in_ascii(given_as: str, taken_as: str) -> None:
    assert address(given_as) == taken_as
    assert Address(addr_spec=taken_as).addr_spec == taken_as


@pytest.mark.parametrize(
    "text",
    [
        "", "ana", "@example.com", "ana@", "ana@@example.com", "ana@localhost", "ana@example", "ana@example.1",
        "Ana <ana@example.com>", "<ana@example.com>", '"ana"@example.com', '"a@b"@example.com',
        "ana@[127.0.0.1]", "ana@127.0.0.1", "ana (x)@example.com", "ana@example.com(x)",
        "ana@example.com,bob@example.com", "ana@example.com;bob@example.com",
        "ana@example.com\nBcc: bob@example.com", "ana@example.com\r\n", "ana@example.com\x00",
        " ana@example.com", "ana@example.com ", "ana\u200b@example.com", "ana@example\u200b..com",
        ".ana@example.com", "ana.@example.com", "a..b@example.com", "ana@-example.com", "ana@example-.com",
        "ana@.example.com", "ana@example..com", "ana@exa_mple.com", "ana@xn--a.example", "ana@xn--.com",
        "änä@example.com", "ana@😀.com", f"{'a' * 65}@example.com", f"ana@{'a' * 64}.com",
        f"ana@{'a.' * 130}com", "ana@example.com@evil.example", "bob%example.com@", "ana@example.com?subject=x",
        "mailto:ana@example.com", "ana@exam ple.com", "=?utf-8?q?a?=@@b.com",
    ],
)  # fmt: skip
def test_whatever_could_go_elsewhere_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        address(text, where="to")
    (error,) = caught.value.errors
    assert (error.field, error.code) == ("to", "invalid_address")
    assert "ana@" not in error.message


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_accepted_address_is_ascii_one_line_and_read_back_the_same(local: str, domain: str) -> None:
    try:
        taken = address(f"{local}@{domain}")
    except ValidationFailedError:
        return
    assert taken.isascii()
    assert taken.isprintable()
    assert Address(addr_spec=taken).addr_spec == taken


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "missing"), ("  ", "missing"), ("x" * 251, "too_long"), ("a\nBcc: b@example.com", "header_injection"),
     ("a\r\nb", "header_injection"), ("a\x00b", "header_injection"), ("a\u2028b", "header_injection"),
     ("a\x85b", "header_injection"), ("a\u202eb", "header_injection"), ("a\tb", "header_injection"),
     ("=?utf-8?Q?Hi=0D=0ABcc:_evil?=", "header_injection"), ("=?utf-8?b?U1NO?=", "header_injection")],
)  # fmt: skip
def test_subjects_that_are_no_line_are_refused(text: str, code: str) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        subject_line(text)
    assert [one.code for one in caught.value.errors] == [code]


def test_subjects_keep_any_script() -> None:
    assert subject_line(" Ihr Termin bei Dr. Müller – 予約 ") == "Ihr Termin bei Dr. Müller – 予約"


@pytest.mark.parametrize(
    ("text", "code"),
    [("ceo@payer.example", "looks_like_an_address"), ("Ana <ana@x.example>", "looks_like_an_address"),
     ("Ana\r\nBcc: x", "header_injection"), ("Ana\u202e", "header_injection"),
     ("=?utf-8?Q?Hi=0D=0ABcc:_evil?=", "header_injection"), ("=?utf-8?b?U1NO?=", "header_injection")],
)  # fmt: skip
def test_names_that_pretend_are_refused(text: str, code: str) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        display_name(text)
    assert [one.code for one in caught.value.errors] == [code]


@pytest.mark.parametrize(
    ("text", "name"),
    [('Care@Home, "Eins" <b@c.example>', 'Care@Home, "Eins" <b@c.example>'),
     (" Two\r\nBcc: x@y.example ", "Two Bcc: x@y.example"), ("A\u202eB\x00", "AB"),
     ("=?utf-8?Q?Hi=0D=0ABcc:_evil?=", "= ?utf-8?Q?Hi=0D=0ABcc:_evil?="), ("=\u200b?x", "= ?x")],
)  # fmt: skip
def test_the_name_of_an_organisation_is_taken_whatever_it_holds(text: str, name: str) -> None:
    assert organisation_name(text) == name


def test_names_in_any_script_are_taken() -> None:
    assert display_name("  Jürgen   Müller, MD ") == "Jürgen Müller, MD"


# --- revisions


def test_difference_is_told_word_by_word() -> None:
    changes = difference("You owe $20.00 by Friday.", "You owe $25.00 by Friday, please.")
    assert [(one.op, one.text) for one in changes] == [
        ("equal", "You owe $"),
        ("delete", "20"),
        ("insert", "25"),
        ("equal", ".00 by Friday"),
        ("insert", ", please"),
        ("equal", "."),
    ]


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_texts_can_be_read_out_of_their_difference(before: str, after: str) -> None:
    changes = difference(before, after)
    assert "".join(one.text for one in changes if one.op != "insert") == before
    assert "".join(one.text for one in changes if one.op != "delete") == after
    assert difference(before, before) == difference(before, before[:])
    assert all(one.op == "equal" for one in difference(before, before))


@pytest.mark.parametrize("between", [" ", "\n"])
def test_texts_too_long_to_compare_by_words_are_compared_by_lines_or_replaced(between: str) -> None:
    before = between.join(f"word{number}" for number in range(4000))
    after = between.join(f"word{number}" for number in reversed(range(4000)))
    changes = difference(f"Dear you,\n{before}\nThanks", f"Dear you,\n{after}\nThanks")
    assert [(one.op, one.text) for one in changes] == [
        ("equal", "Dear you,\n"),
        ("delete", f"{before}\n"),
        ("insert", f"{after}\n"),
        ("equal", "Thanks"),
    ]
    (edited,) = [one for one in difference(before, f"{before}!") if one.op != "equal"]
    assert edited.text == "!"


CONTENT: dict[str, Any] = {"address": "a@b.example", "subject": "s", "body": "b", "html": "<p>b</p>"}


def test_hash_changes_with_every_part_and_says_the_same_of_the_same() -> None:
    hashes = {content_hash(**CONTENT)}
    for member in CONTENT:
        hashes.add(content_hash(**(CONTENT | {member: "x"})))
    hashes.add(content_hash(**(CONTENT | {"address": None})))
    hashes.add(content_hash(**(CONTENT | {"address": "None"})))
    assert len(hashes) == 7
    assert content_hash(**CONTENT) == content_hash(**dict(CONTENT))
    assert content_hash(**CONTENT) == "cb0b324ef34a683f67daeb8421d10b72fb9ef75c0a057803971b2afd16452d96"


@given(st.lists(st.text(max_size=6), min_size=4, max_size=4), st.lists(st.text(max_size=6), min_size=4, max_size=4))
def test_two_contents_have_one_hash_only_when_they_are_the_same(one: list[str], other: list[str]) -> None:
    hashes = [content_hash(address=a, subject=s, body=b, html=h) for a, s, b, h in (one, other)]
    assert (hashes[0] == hashes[1]) == (one == other)


def test_text_moved_between_the_parts_is_another_content() -> None:
    hashes = [
        content_hash(address="a", subject="b c", body="", html=""),
        content_hash(address="a b", subject="c", body="", html=""),
        content_hash(address="a", subject="b", body="c", html=""),
        content_hash(address="a", subject="b", body="", html="c"),
        content_hash(address="", subject="", body="", html="a b c"),
    ]
    assert not [pair for pair in combinations(hashes, 2) if pair[0] == pair[1]]
