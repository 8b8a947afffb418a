"""Denial and rejection codes: what the published lists say, written out here apart from the code's own tables."""

from __future__ import annotations

import pytest

from shared.auth.permissions import ROLES_BY_GUIDANCE_ACTION
from shared.domain.claim.denial_codes import DENIAL_CODES, PUBLISHED
from shared.domain.claim.denials import (
    OWNERS,
    REMEDIES,
    STEPS,
    cause_of,
    causes,
    known,
    next_steps,
    parts_of,
    published,
)
from shared.domain.claim.rejections import CLAIM_FORM, STATUSES, complaints, form_for, members_of
from shared.errors import ValidationFailedError
from shared.services.claim_action_table import CLAIM_ACTIONS

# The design's table: a code, the step it goes back to, and what is offered first.
DESIGN = {
    "CO-197": ("authorization", "link_authorization", {"retro_authorization", "appeal_authorization"}),
    "CO-50": ("coding", "peer_to_peer", {"appeal_clinically"}),
    "CO-22": ("registration", "verify_cob", {"bill_other_payer"}),
    "CO-27": ("eligibility_check", "recheck_eligibility", {"bill_patient"}),
    "CO-29": ("filing", "prove_filing", {"write_off"}),
    "CO-16": ("filing", "attach_documents", {"correct_claim"}),
    "CO-4": ("coding", "correct_coding", {"appeal"}),
    "CO-11": ("coding", "correct_coding", {"appeal"}),
    "OA-18": ("filing", "find_original", {"appeal"}),
    "OA-23": ("payer", "bill_secondary", {"appeal"}),
    "CO-24": ("eligibility_check", "recheck_eligibility", {"bill_other_payer"}),
    "CO-45": ("payer", "appeal", {"write_off"}),
    "CO-96": ("eligibility_check", "attach_documents", {"bill_patient"}),
    "CO-97": ("coding", "correct_coding", {"appeal"}),
    "CO-109": ("registration", "bill_other_payer", {"recheck_eligibility"}),
    "CO-119": ("scheduling", "bill_secondary", {"bill_patient"}),
    "CO-151": ("coding", "peer_to_peer", {"appeal_clinically"}),
    "CO-167": ("coding", "correct_coding", {"appeal_clinically"}),
    "CO-204": ("eligibility_check", "bill_secondary", {"bill_patient"}),
    "PR-1": ("eligibility_check", "bill_secondary", {"bill_patient"}),
    "PR-2": ("eligibility_check", "bill_secondary", {"bill_patient"}),
    "PR-3": ("eligibility_check", "bill_secondary", {"bill_patient"}),
}


@pytest.mark.parametrize("code", DESIGN)
def test_a_denial_has_its_cause_and_its_next_steps(code: str) -> None:
    step, first, others = DESIGN[code]
    assert cause_of(code) == step
    assert next_steps(code)[0] == first
    assert others <= set(next_steps(code))


def test_every_row_leads_to_actions_that_there_are() -> None:
    there = {one.name for one in CLAIM_ACTIONS} | set(ROLES_BY_GUIDANCE_ACTION)
    assert {one.action for one in REMEDIES.values()} <= there
    assert {step for row in DENIAL_CODES.values() for step in row.next_steps} <= set(REMEDIES)
    assert {row.step for row in DENIAL_CODES.values()} | {"scheduling"} == set(STEPS) == set(OWNERS)
    assert len({row.meaning for row in DENIAL_CODES.values()}) == len(DENIAL_CODES)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("CO-197", ("CO", "197")), ("co 197", ("CO", "197")), ("CO197", ("CO", "197")), (" PR-1 ", ("PR", "1")),
        ("OA-B13", ("OA", "B13")), ("CO-016", ("CO", "16")), ("XX-1", None), ("197", None), ("CO-", None),
        ("CO-1972", None), ("CO-١٩", None), ("", None),
    ],
)  # fmt: skip
def test_codes_are_read_as_people_write_them(written: str, parts: tuple[str, str] | None) -> None:
    assert parts_of(written) == parts


@pytest.mark.parametrize(
    ("written", "code"),
    [("CO-999", "unknown_code"), ("CO-17", "unknown_code"), ("CO-B99", "unknown_code"), ("none", "invalid_code")],
)
def test_what_the_published_list_lacks_is_refused_by_name(written: str, code: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        published(written)
    assert [(one.field, one.code) for one in refused.value.errors] == [("params.code", code)]


def test_a_published_code_without_a_row_is_known_and_can_be_worked() -> None:
    assert published("CO-188") == ("CO", "188")
    assert known("CO-188") is None
    assert next_steps("CO-188") == next_steps(None) == ("correct_claim", "appeal", "write_off")
    assert cause_of("CO-188") == "payer"
    assert set(DENIAL_CODES) <= PUBLISHED


def test_what_the_patient_owes_is_billed_and_not_written_off() -> None:
    assert "write_off" in next_steps("CO-197")
    assert "write_off" not in next_steps("PR-197")
    assert next_steps("PR-197")[-1] == "bill_patient"


def test_causes_are_counted_by_step() -> None:
    assert causes(["CO-197", "CO-15", "CO-27", None]) == {"authorization": 2, "eligibility_check": 1, "payer": 1}


@pytest.mark.parametrize(
    ("said", "members"),
    [
        ("A7:562:85", ("provider.npi",)),
        ("A7 33", ("coverage.memberId",)),
        ("A7:158:QC", ("patient.dateOfBirth",)),
        ("A6:125:IL", ("coverage.subscriberName",)),
        ("A6:125:QC", ("patient.lastName", "patient.firstName")),
        ("A7:153:85", ("provider.npi",)),
        ("A7:153:IL", ("coverage.memberId",)),
        ("A3:116", ("claim.payerId",)),
        ("A7:187; A7:187; A7:254", ("claim.serviceDate", "claim.diagnosisCodes")),
        ("A7:21", ()),
        ("A7:799", ()),
        ("A2:20", ()),
        ("the payer does not like it", ()),
        (None, ()),
    ],
)
def test_a_rejection_names_what_to_correct(said: str | None, members: tuple[str, ...]) -> None:
    assert members_of(said) == members


def test_a_rejection_is_told_in_words_and_taken_claims_complain_of_nothing() -> None:
    (one,) = complaints("A7:562:85 was returned")
    assert (one.code, one.text) == ("A7:562:85", "Information is not valid: The NPI")
    assert complaints("A1:19; A2:20; A0:1") == ()
    assert complaints("A6:799")[0].text == "Information is missing"


def test_a_form_has_the_claims_own_members_only() -> None:
    form = form_for(("claim.serviceDate", "patient.dateOfBirth"))
    assert form is not None
    assert list(form["properties"]) == ["serviceDate"]
    assert form_for(("patient.dateOfBirth",)) is None
    named = {member for one in STATUSES.values() for member in one.members if member.startswith("claim.")}
    assert named - set(CLAIM_FORM) == {"claim.frequency"}
