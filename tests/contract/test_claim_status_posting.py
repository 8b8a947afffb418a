"""Posting reports of progress and acknowledgements on both implementations: once, and never a denial."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from shared.errors import ConflictError
from shared.models.api.remittances import LineMatch, RemittanceQuery
from tests.contract.conftest import Records
from tests.contract.posting import PostingOffice, acknowledgement
from tests.unit.x12_samples import published_or_skip


@pytest.fixture
def office(records: Records) -> PostingOffice:
    return PostingOffice(records, records.client)


@pytest.fixture
def patient(office: PostingOffice) -> UUID:
    return office.patient()


def test_acknowledgement_accepts_and_rejects_and_is_read_once(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient, status="submitted")
    office.claim(patient, "CLM-89", status="submitted")
    content = acknowledgement(("CLM-88", "A7:562:85"), ("CLM-89", "A2:20"))
    lines = office.report(content).files[0].lines
    assert [(one.outcome, one.claim_status, one.status_code) for one in lines] == [
        ("posted", "rejected", "A7:562:85"),
        ("posted", "accepted", "A2:20"),
    ]
    assert (office.now().status, office.now().status_reason, office.now().denial_code) == (
        "rejected",
        "A7:562:85",
        None,
    )
    before = office.picture()
    assert [one.outcome for one in office.report(content).files[0].lines] == ["already_posted"] * 2
    assert office.picture() == before


def test_rejection_after_an_acknowledgement_is_a_rejection(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient, status="submitted")
    (line,) = office.report(acknowledgement(("CLM-88", "A1:19:PR", "STC*A7:562:85"))).files[0].lines
    assert (line.outcome, line.claim_status, line.status_code) == ("posted", "rejected", "A7:562:85")


def test_report_about_all_claims_is_for_people_to_see(office: PostingOffice) -> None:
    provider = ("HL*2*1*19*0", "NM1*85*2*CLINIC*****XX*1", "TRN*1*0", "STC*E0:24:85")
    content = acknowledgement().replace("SE*", "~".join(provider) + "~SE*").replace("SE*5", "SE*9")
    (line,) = office.report(content).files[0].lines
    assert (line.outcome, line.reason) == ("not_posted", "about_all_claims")
    shown = office.posting.find(office.caller, RemittanceQuery(kind="acknowledgement", unmatched=True))
    office.claim(office.patient())
    with pytest.raises(ConflictError):
        office.posting.match(office.caller, shown.remittances[0].id, "1", LineMatch(claim_id="CLM-88"))


@pytest.mark.parametrize("path", published_or_skip("277_005010X212"))
def test_published_report_is_kept_and_says_why_it_is_not_posted(office: PostingOffice, path: Path) -> None:
    lines = office.report(path.read_text()).files[0].lines
    assert lines
    assert {(one.outcome, one.reason) for one in lines} <= {
        ("not_posted", "unknown_claim"),
        ("not_posted", "about_all_claims"),
    }
