"""Matching lines of payers' files by hand, on both implementations: once, to one claim that can take it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from shared.errors import ConflictError, NotFoundError
from shared.failpoints import listening
from shared.models.api.remittances import LineMatch, RemittanceQuery
from tests.contract.conftest import Records
from tests.contract.posting import NAME, KilledError, PostingOffice, clp, file_of


@pytest.fixture
def office(records: Records) -> PostingOffice:
    return PostingOffice(records, records.client)


@pytest.fixture
def patient(office: PostingOffice) -> UUID:
    return office.patient()


def test_line_is_matched_by_hand_once(office: PostingOffice, patient: UUID) -> None:
    claim = office.claim(patient)
    content = file_of((clp("0", control="X"), "NM1*QC*1*MISSPELT*JURGEN"))
    shown = office.post(content).files[0]
    unmatched = office.posting.find(office.caller, RemittanceQuery(unmatched=True)).remittances
    assert [(one.id, one.totals.not_posted) for one in unmatched] == [(shown.id, 1)]
    after = office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
    assert (after.lines[0].outcome, after.lines[0].claim_id) == ("posted", str(claim))
    assert office.history()[0].details["matchedByHand"] is True
    assert office.posting.find(office.caller, RemittanceQuery(unmatched=True)).remittances == ()
    for _ in range(2):
        with pytest.raises(ConflictError) as refused:
            office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
        assert refused.value.code == "already_posted"
    assert office.outcomes(content) == [("already_posted", None)]
    assert len(office.history()) == 1


def test_one_line_is_not_matched_to_two_claims(office: PostingOffice, patient: UUID) -> None:
    """By two people at once, or by one whose process ended before the line knew."""
    numbers = ["CLM-88", "CLM-89", "CLM-90", "CLM-91"]
    for number in numbers:
        office.claim(patient, number)
    content = file_of((clp("0", control="X"), NAME))
    shown = office.post(content).files[0]

    def match(number: str) -> str:
        try:
            return office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id=number)).lines[0].outcome
        except ConflictError as refused:
            return refused.code

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(match, numbers))
    assert ends.count("posted") == 1
    assert set(ends) <= {"posted", "already_posted", "not_posted"}
    assert sum(len(office.history(number)) for number in numbers) == 1


def test_match_that_was_killed_is_finished_by_sending_the_file_again(office: PostingOffice, patient: UUID) -> None:
    claim = office.claim(patient)
    content = file_of((clp("0", control="X"), NAME))
    shown = office.post(content).files[0]

    def kill(name: str) -> None:
        if name == "remittance.claim_posted":
            raise KilledError

    with listening(kill), pytest.raises(KilledError):
        office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
    (line,) = office.lines(content)
    assert (line.outcome, line.claim_id) == ("already_posted", str(claim))
    assert office.posting.get(office.caller, shown.id).lines[0].outcome == "posted"
    assert len(office.history()) == 1


def test_match_that_was_killed_is_finished_by_matching_again(office: PostingOffice, patient: UUID) -> None:
    claim = office.claim(patient)
    office.claim(patient, "CLM-89")
    shown = office.post(file_of((clp("0", control="X"), NAME))).files[0]

    def kill(name: str) -> None:
        if name == "remittance.claim_posted":
            raise KilledError

    with listening(kill), pytest.raises(KilledError):
        office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
    before = office.now()
    with pytest.raises(ConflictError) as refused:
        office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-89"))
    assert (refused.value.code, refused.value.extra["reason"]) == ("not_posted", "already_posted")
    (line,) = office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88")).lines
    assert (line.outcome, line.claim_id) == ("posted", str(claim))
    assert office.now() == before
    assert len(office.history()) == 1


def test_line_is_not_matched_to_a_claim_that_cannot_take_it(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient, status="draft")
    shown = office.post(file_of((clp("0", control="X"), NAME))).files[0]
    with pytest.raises(ConflictError) as refused:
        office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
    assert (refused.value.code, refused.value.extra["reason"]) == ("not_posted", "illegal_state")
    for reference, line in ((shown.id, "2"), (shown.id, "x"), ("nowhere", "1")):
        with pytest.raises(NotFoundError):
            office.posting.match(office.caller, reference, line, LineMatch(claim_id="CLM-88"))
    with pytest.raises(NotFoundError):
        office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="NOWHERE"))
