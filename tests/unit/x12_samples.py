"""Small interchanges for the tests, and where the published ones are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.catalog import ROOT
from shared.models.eligibility_inquiry import EligibilityInquiry, InquiredPerson, InquiryProvider
from shared.models.payer_answer import PayerAnswer
from shared.x12.eligibility_answer import read_eligibility_answers
from shared.x12.inquiry import FUNCTIONAL_ID, VERSION
from shared.x12.interchange import read_interchanges
from shared.x12.writing import Envelope

PUBLISHED = ROOT.parent / "shared" / "data" / "x12-linuxforhealth"
NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)

HEADER_271 = ("BHT*0022*11*T-1*20260504*1230", "HL*1**20*1", "NM1*PR*2*ABC COMPANY*****PI*842610001")
RECEIVER = ("HL*2*1*21*1", "NM1*1P*2*BONE AND JOINT CLINIC*****XX*1234567893")
SUBSCRIBER = (
    "HL*3*2*22*0",
    "TRN*2*T-1*9877281234",
    "NM1*IL*1*SMITH*ROBERT****MI*11122333301",
    "DMG*D8*19430519*M",
)
ACTIVE = "EB*1**30**GOLD 123 PLAN"


def published(*folders: str) -> list[Path]:
    """The published sample files in `folders`; none where the data is not there."""
    return sorted(path for folder in folders for path in (PUBLISHED / folder).glob("*") if path.is_file())


def published_or_skip(*folders: str) -> list[Any]:
    """The same as parameters of a test, which is skipped with a reason where the data is not there."""
    found = published(*folders)
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{PUBLISHED} is not there"))]
    return [pytest.param(path, id=path.name) for path in found]


def interchange(
    *segments: str, set_id: str = "271", end: str = "~", functional_id: str = "HB", version: str = VERSION
) -> str:
    """One interchange of one transaction set whose counts are right."""
    isa = "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260504*1230*^*00501*000000905*0*P*:"
    lines = (
        isa,
        f"GS*{functional_id}*PAYER*CLINIC*20260504*1230*1*X*{version}",
        f"ST*{set_id}*0001*{version}",
        *segments,
        f"SE*{len(segments) + 2}*0001",
        "GE*1*1",
        "IEA*1*000000905",
    )
    return "".join(f"{line}{end}" for line in lines)


def remittance_file(*segments: str) -> str:
    """One interchange of one 835."""
    return interchange(*segments, set_id="835", functional_id="HP", version="005010X221A1")


def answer_to(*after: str) -> str:
    """A 271 about Robert Smith, with what comes `after` his name and date of birth."""
    return interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER, *after)


def answers(text: str | bytes) -> tuple[PayerAnswer, ...]:
    """All answers in an interchange."""
    return tuple(
        answer
        for one in read_interchanges(text)
        for transaction in one.transactions
        for answer in read_eligibility_answers(transaction)
    )


def answered(*after: str) -> PayerAnswer:
    """The one answer about Robert Smith."""
    (only,) = answers(answer_to(*after))
    return only


def inquiry(**changes: Any) -> EligibilityInquiry:
    """An inquiry about Robert Smith."""
    base = EligibilityInquiry(
        payer_name="ABC COMPANY",
        payer_id="842610001",
        provider=InquiryProvider("BONE AND JOINT CLINIC", "1234567893"),
        subscriber=robert(),
        date_of_service=date(2026, 5, 4),
        asked_on=date(2026, 5, 4),
        trace_number="T-1",
        control_number=905,
    )
    return replace(base, **changes)


def robert(**changes: Any) -> InquiredPerson:
    """The subscriber."""
    return replace(InquiredPerson("SMITH", "ROBERT", date(1943, 5, 19), "11122333301", "M"), **changes)


def mary(**changes: Any) -> InquiredPerson:
    """The dependent."""
    return replace(InquiredPerson("SMITH", "MARY", date(1998, 10, 14), None, "F", "19"), **changes)


def envelope(**changes: Any) -> Envelope:
    """Around a 270."""
    base = Envelope("CLINIC", "PAYER", 905, NOW, functional_id=FUNCTIONAL_ID, version=VERSION)
    return replace(base, **changes)


def segments_in(text: str) -> Iterable[str]:
    """The segments of an interchange that we wrote."""
    return text.rstrip("~").split("~")
