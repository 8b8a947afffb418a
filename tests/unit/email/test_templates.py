"""The files of templates: one that is wrong in any way is refused by name, before anybody could use it."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from shared.domain.email.template import PHRASES, TemplateError, read_phrases, read_template
from shared.domain.email.templates import _FOLDER, NAMES, template
from shared.errors import NotFoundError

PHRASE = {"hello": {"courtesy": True, "sentences": [{"all": "Hello {{patient.first_name|there}},"}]}}
GOOD: dict[str, Any] = {
    "name": "test",
    "label": "A test",
    "recipient": "patient",
    "channel": "plain_email",
    "ceiling": "low",
    "subject": "From {{organisation.name|us}}",
    "blocks": [{"like": "hello"}, {"id": "text", "sentences": [{"all": "You come on {{visit.date}}."}]}],
}


def read(**changes: Any) -> Any:
    raw = copy.deepcopy(GOOD) | changes
    return read_template("test", raw, read_phrases(PHRASE))


def said(text: str, **members: Any) -> dict[str, Any]:
    return {"blocks": [{"id": "text", "sentences": [{"all": text, **members}]}]}


def test_a_good_file_is_read() -> None:
    of = read()
    assert [block.id for block in of.blocks] == ["hello", "text"]
    assert [block.courtesy for block in of.blocks] == [True, False]
    assert [one.name for one in of.fields] == ["organisation.name", "patient.first_name", "visit.date"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": "red"}, "no member colour"),
        ({"name": "other"}, "name is one of test"),
        ({"label": " "}, "label is a line of text"),
        ({"subject": "a\nb"}, "subject is a line of text"),
        ({"recipient": "neighbour"}, "recipient is one of"),
        ({"channel": "fax"}, "channel is one of"),
        ({"ceiling": "huge"}, "ceiling is one of"),
        ({"ceiling": "medium"}, "at most low by plain_email"),
        ({"blocks": []}, "blocks have ids"),
        ({"blocks": [{"like": "hello"}, {"like": "hello"}]}, "blocks have ids"),
        ({"blocks": [{"like": "goodbye"}]}, "like names a phrase"),
        ({"blocks": [{"id": "text", "sentences": []}]}, "a block has sentences"),
        ({"blocks": [{"id": "text", "size": 2, "sentences": [{"all": "a"}]}]}, "no member size"),
        ({"blocks": [{"id": "text", "sentences": [{"friendly": "a"}]}]}, "tone professional is missing"),
        (said("a", loud="A"), "no member loud"),
        (said("a", part="nice"), "part is one of"),
        (said("a\nb"), "no single line"),
        (said("a "), "no single line"),
        (said("a", if_known=["patient.shoe_size"]), "no merge field patient.shoe_size"),
        (said("{{patient.shoe_size}}"), "no merge field patient.shoe_size"),
        (said("{{patient.first_name"), "no merge field"),
        (said("{{patient.first_name|}}"), "fallback of patient.first_name is empty"),
        (said("{{claim.diagnosis_codes}}"), "claim.diagnosis_codes is above the ceiling"),
        (said("{{coverage.member_id}}"), "coverage.member_id is above the ceiling"),
        ({"subject": "For {{patient.first_name|you}}"}, "patient.first_name discloses too much"),
        ({"subject": "From {{organisation.name}}"}, "no fallback in the subject"),
        ({"needs": {"claim": ["lost"]}}, "claim is no record with such states"),
        ({"needs": {"patient": ["denied"]}}, "patient is no record with such states"),
        ({"takes": {"visit": []}}, "visit is no record with such states"),
        ({"shares": {"loud": "firm"}}, "shares names a tone"),
        ({"shares": {"firm": "friendly", "friendly": "professional"}}, "shares names a tone"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(TemplateError, match=f"^test.*{told}"):
        read(**changes)


def test_kind_that_the_recipient_is_not_told_is_refused_whatever_its_level() -> None:
    """An amount is of a low level, and nobody outside is written to about it."""
    with pytest.raises(TemplateError, match=r"claim.balance is above the ceiling or not for a other"):
        read(recipient="other", channel="plain_email", ceiling="none", **said("{{claim.balance}}"))


def test_unknown_template_is_not_found() -> None:
    for name in ("nothing", PHRASES, "../phrases", ""):
        with pytest.raises(NotFoundError):
            template(name)


def test_every_phrase_is_used() -> None:
    raw = {name: tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in (*NAMES, PHRASES)}
    used = {block.get("like") for name in NAMES for block in raw[name]["blocks"]}
    assert set(raw[PHRASES]) == used - {None}
