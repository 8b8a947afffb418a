"""Conditions in words: found in what a patient is told by plain e-mail, though no record says them."""

from __future__ import annotations

import pytest

from shared.domain.email.findings import Known
from shared.domain.email.phi_meter import Measure, measure
from shared.domain.email.sensitive_words import sensitive_words

KNOWN = Known({"organisation.name": "Hudson Cancer Center"}, sensitive=sensitive_words())


def told(body: str) -> Measure:
    return measure(subject="", body=body, recipient="patient", channel="plain_email", known=KNOWN)


@pytest.mark.parametrize(
    "body",
    ["Your HIV result is here.", "about your Cancer", "your diabetes", "Dialysis is on Monday.", "your depression",
     "the abortion", "alcohol use", "hepatitis C", "STI test", "schizophrenia", "living with AIDS"],
)  # fmt: skip
def test_a_condition_is_too_much_for_a_plain_email_to_the_patient(body: str) -> None:
    reading = told(body)
    assert reading.level == "high"
    assert [one.finding.kind for one in reading.reasons] == ["diagnosis"]


@pytest.mark.parametrize("body", ["Bring your hearing aids.", "The visit was cancelled.", "Hudson Cancer Center"])
def test_what_only_looks_like_one_is_none(body: str) -> None:
    assert told(body).reasons == ()
