"""The PHI meter: who may be told what, why an e-mail may not go out, and that the ways out work."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.email.phi import (
    ALLOWED,
    CHANNELS,
    LEVELS,
    LIMITS,
    RECIPIENTS,
    Channel,
    RecipientKind,
    highest,
    is_above,
)
from shared.domain.email.phi_meter import REMOVED, measure, remove
from shared.models.firestore.drafts import PhiLevel
from tests.unit.email.letters import KNOWN
from tests.unit.email.test_findings import FOUND, KNOWS, LEFT

# What each kind of recipient may be told: (recipient, channel): highest level.
TOLD: dict[tuple[RecipientKind, Channel], PhiLevel] = {
    ("patient", "plain_email"): "low",
    ("payer", "plain_email"): "medium",
    ("provider", "plain_email"): "medium",
    ("colleague", "plain_email"): "medium",
    ("other", "plain_email"): "none",
    ("patient", "portal_link"): "high",
    ("payer", "portal_link"): "high",
    ("provider", "portal_link"): "high",
    ("colleague", "portal_link"): "high",
    ("other", "portal_link"): "low",
}


# --- who may be told what


def test_limits_are_those_of_the_table_and_fit_the_kinds() -> None:
    assert LIMITS == TOLD
    assert set(ALLOWED) == set(LIMITS) == set(product(RECIPIENTS, CHANNELS))


def test_nobody_is_told_a_social_security_number_and_no_patient_a_diagnosis_by_email() -> None:
    assert not [whom for whom, allowed in ALLOWED.items() if "ssn" in allowed]
    for kind in ("diagnosis", "clinical", "birth_date"):
        assert not [whom for whom, allowed in ALLOWED.items() if kind in allowed and whom[1] == "plain_email"]
    assert "diagnosis" in ALLOWED["patient", "portal_link"]


def test_levels_are_in_order() -> None:
    assert highest([]) == "none"
    assert highest(["low", "high", "medium"]) == "high"
    assert [is_above(one, "low") for one in LEVELS] == [False, False, True, True]


TEXTS: dict[str, str] = {
    "none": "The office is closed on Monday.",
    "low": "Elena, you come on March 5, 2026.",
    "medium": "Elena, this is about claim CLM-88.",
    "high": "Elena, this is about M54.50.",
    "ssn": "Elena, 219-09-9999.",
}


@pytest.mark.parametrize(("recipient", "channel"), list(TOLD))
def test_level_of_a_letter_is_the_highest_in_it_and_the_limit_holds(recipient: RecipientKind, channel: Channel) -> None:
    limit = LEVELS.index(TOLD[recipient, channel])
    for number, level in enumerate(LEVELS):
        reading = measure(subject="News", body=TEXTS[level], recipient=recipient, channel=channel, known=KNOWN)
        assert reading.level == level
        assert reading.limit == LEVELS[limit]
        assert bool(reading.reasons) == (number > limit)
    worst = measure(subject="News", body=TEXTS["ssn"], recipient=recipient, channel=channel, known=KNOWN)
    assert "phi_not_for_recipient" in {one.code for one in worst.reasons}
    assert worst.ways_out == ("remove",)


@pytest.mark.parametrize(
    "subject", ["Elena", "Visit on 3/5/2026", "CLM-88", "E11.9", "$182.40", "MRN553", "212-555-0188"]
)
def test_a_subject_discloses_nothing_to_anybody(subject: str) -> None:
    for recipient, channel in TOLD:
        reading = measure(subject=subject, body="Hello", recipient=recipient, channel=channel, known=KNOWN)
        assert {one.code for one in reading.reasons} == {"phi_in_subject"}
        assert reading.ways_out == ("remove",)
    clean = measure(subject="From Riverside", body="Hello", recipient="other", channel="plain_email", known=KNOWN)
    assert clean.reasons == ()


def test_reasons_say_what_and_where_and_never_the_thing() -> None:
    body = "Elena, MRN553, born on 04/03/1981, has M54.50 (BST553018842, 219-09-9999)."
    reading = measure(subject="MRN553", body=body, recipient="patient", channel="plain_email", known=KNOWN)
    assert {one.finding.kind for one in reading.reasons} == {"mrn", "birth_date", "diagnosis", "member_id", "ssn"}
    for secret in ("553", "1981", "M54", "8842", "219", "Elena"):
        assert secret not in " ".join(one.text for one in reading.reasons)
        assert secret not in " ".join(reading.disclosed)
    (place,) = [one.finding for one in reading.reasons if one.finding.kind == "ssn"]
    assert body[place.start : place.end] == "219-09-9999"
    assert {"patient.mrn", "patient.birth_date", "ssn", "diagnosis"} <= set(reading.disclosed)


def test_portal_is_a_way_out_only_where_it_may_be_read_there() -> None:
    told: dict[str, Any] = {"subject": "News", "known": KNOWN, "channel": "plain_email"}
    assert measure(body="About M54.50", recipient="patient", **told).ways_out == ("remove", "portal_link")
    assert measure(body="About 219-09-9999", recipient="patient", **told).ways_out == ("remove",)
    assert measure(body="About M54.50", recipient="other", **told).ways_out == ("remove",)
    assert measure(body="Elena", recipient="other", **told).ways_out == ("remove", "portal_link")
    assert measure(body="Hello", recipient="other", **told).ways_out == ()


@given(
    st.lists(st.sampled_from([text for text, *_ in (*FOUND, *KNOWS)] + LEFT), max_size=6), st.sampled_from(list(TOLD))
)
def test_removing_makes_every_letter_fit_and_takes_nothing_else(texts: list[str], whom: Any) -> None:
    recipient, channel = whom
    subject, body = (
        (texts[0] if texts else "").replace("\n", " "),
        "Dear you,\n" + " and\n".join(texts) + "\nThank you.",
    )
    for _ in range(len(texts) + 2):
        reading = measure(subject=subject, body=body, recipient=recipient, channel=channel, known=KNOWN)
        if not reading.reasons:
            break
        subject, body = remove(subject, reading.reasons, part="subject"), remove(body, reading.reasons)
    assert not reading.reasons
    assert body.startswith("Dear you,\n")
    assert body.endswith("\nThank you.")


def test_removing_marks_each_place_once() -> None:
    body = "a 219-09-9999 b M54.50 c"
    reading = measure(subject="x", body=body, recipient="patient", channel="plain_email", known=KNOWN)
    assert remove(body, reading.reasons) == f"a {REMOVED} b {REMOVED} c"
    assert remove(body, reading.reasons, part="subject") == body
    assert remove(body, ()) == body
