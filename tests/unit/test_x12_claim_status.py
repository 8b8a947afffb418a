"""The 277 and the 277CA: what is said of each claim, and of all of them at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared.models.payer_answer import AnswerPeriod
from shared.models.remittance import ClaimStatusReport, StatedStatus, StatusCode
from shared.x12.claim_status import read_claim_status
from shared.x12.errors import UnreadableTransactionError
from shared.x12.interchange import read_interchanges
from tests.unit.x12_samples import interchange, published_or_skip

BEGIN = "BHT*0085*08*CA-1*20260505*1230*TH"
PAYER = ("HL*1**20*1", "NM1*PR*2*ABC COMPANY*****PI*842610001", "TRN*1*RECEIPT-1", "DTP*050*D8*20260505")
RECEIVER = ("HL*2*1*21*1", "NM1*41*2*CLINIC*****46*C1", "TRN*2*BATCH-7", "STC*A1:19:PR*20260505*WQ*250", "QTY*90*1")
PROVIDER = ("HL*3*2*19*1", "NM1*85*2*CLINIC*****XX*1234567893", "TRN*1*0", "STC*A1:19:PR**WQ*250", "AMT*YU*100")
PATIENT = ("HL*4*3*PT", "NM1*QC*1*SMITH*ROBERT****MI*11122333301")


def report(*segments: str, version: str = "005010X214") -> ClaimStatusReport:
    text = interchange(*segments, set_id="277", functional_id="HN", version=version)
    (one,) = read_interchanges(text)
    return read_claim_status(one.transactions[0])


@pytest.mark.parametrize("path", published_or_skip("277_005010X212"))
def test_published_report_is_read_whole(path: Path) -> None:
    (whole,) = read_interchanges(path.read_bytes())
    read = read_claim_status(whole.transactions[0])
    assert (read.acknowledgement, read.reference, read.made_on) == (False, "277X212", date(2005, 9, 16))
    assert (read.payer_name, read.payer_id, read.unread, read.faults) == ("ABC INSURANCE", "12345", (), ())
    expected = {
        "claim-level-status-ncpdp": [("claim", "ABCXYZ1", None, "05347006051", "F2", "80")],
        "claim-level-status": [
            ("claim", "ABCXYZ1", "SM123456", "05347006051", "P3", "317"),
            ("claim", "ABCXYZ2", "J0234567", "0529675341", "F0", "3"),
            ("claim", "ABCXYC3", "MA345678", "051681010827", "F2", "88"),
        ],
        "information-receiver-level-status": [("information_receiver", "ABC276XXX", None, None, "E0", "0")],
        "provider-level-status": [
            ("claim", "ABCXYZ1", "SM123456", "05347006051", "P3", "317"),
            ("provider", "0", None, None, "E0", "24"),
        ],
    }[path.stem]
    told = [
        (
            one.level,
            one.trace_number,
            one.claim_number,
            one.payer_control_number,
            one.statuses[0].codes[0].category,
            one.statuses[0].codes[0].status,
        )
        for one in read.answers
    ]
    assert told == expected


def test_acknowledged_claim_goes_by_the_number_that_we_gave_it() -> None:
    read = report(
        BEGIN,
        *PAYER,
        *RECEIVER,
        *PROVIDER,
        *PATIENT,
        "TRN*2*C-1",
        "STC*A7:562:85*20260505*U*100******A7:21*A3:1*BAD NPI",
        "REF*1K*P-77",
        "DTP*472*RD8*20260501-20260504",
        "SVC*HC:99213*100",
        "STC*A7:122**U",
    )
    assert read.unread == ()
    assert read.acknowledgement
    receiver, provider, claim = read.answers
    assert (receiver.level, receiver.trace_number, receiver.claim_number) == ("information_receiver", "BATCH-7", None)
    assert (provider.level, provider.statuses[0].charge) == ("provider", Decimal("250.00"))
    assert (claim.level, claim.claim_number, claim.payer_control_number) == ("claim", "C-1", "P-77")
    assert claim.statuses == (
        StatedStatus(
            codes=(StatusCode("A7", "562", "85"), StatusCode("A7", "21"), StatusCode("A3", "1")),
            on=date(2026, 5, 5),
            action="U",
            charge=Decimal("100.00"),
            text="BAD NPI",
        ),
    )
    assert claim.service_period == AnswerPeriod("472", date(2026, 5, 1), date(2026, 5, 4))
    assert claim.patient is not None
    assert claim.patient.last_name == "SMITH"
    assert [(one.procedure, one.statuses[0].codes[0].status) for one in claim.services] == [("HC:99213", "122")]


def test_trace_of_an_answer_to_a_question_is_not_our_claim_number() -> None:
    read = report(BEGIN, *PAYER, *PATIENT, "TRN*2*QUESTION-1", "STC*P1:20", version="005010X212")
    assert [(one.trace_number, one.claim_number) for one in read.answers] == [("QUESTION-1", None)]


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        (PAYER, "reference_missing"),
        (("BHT*0085*08**20260505",), "reference_missing"),
        ((BEGIN, *PAYER, *PATIENT, "TRN*2*C-1", "STC**20260505"), "status_missing"),
        ((BEGIN, *PAYER, *PATIENT, "TRN*2*C-1", "STC*A2:20**WQ*1.001"), "fraction_of_a_cent"),
    ],
)
def test_unreadable_report_is_refused(segments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UnreadableTransactionError) as refused:
        report(*segments)
    assert refused.value.reason == reason
