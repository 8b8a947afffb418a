"""TA1, 999 and 997: refused is refused, accepted (with errors, too) is not."""

from __future__ import annotations

import pytest

from shared.x12.acknowledgement import Refusal, read_refusal
from shared.x12.interchange import read_interchanges
from tests.unit.x12_samples import ACTIVE, answer_to, interchange


def refusal_of(text: str) -> Refusal | None:
    return read_refusal(read_interchanges(text))


def ta1(*elements: str) -> str:
    text = answer_to(ACTIVE)
    return f"{text[: text.index('GS*')]}TA1*{'*'.join(elements)}~IEA*0*000000905~"


@pytest.mark.parametrize(
    ("elements", "refusal"),
    [
        (("000000905", "260504", "1230", "A", "000"), None),
        (("000000905", "260504", "1230", "E", "011"), None),
        (("000000905", "260504", "1230", "R", "006"), Refusal("ta1_006")),
        (("000000905", "260504", "1230", "R", "SMITH JOHN 1943"), Refusal("ta1_none")),
    ],
)
def test_interchange_acknowledgement(elements: tuple[str, ...], refusal: Refusal | None) -> None:
    assert refusal_of(ta1(*elements)) == refusal


@pytest.mark.parametrize(("set_id", "prefix"), [("999", "IK"), ("997", "AK")])
@pytest.mark.parametrize(("verdict", "refused"), [("A", False), ("E", False), ("R", True), ("M", True), ("X", True)])
def test_implementation_acknowledgement(set_id: str, prefix: str, verdict: str, refused: bool) -> None:
    text = interchange(
        "AK1*HS*905*005010X279A1",
        "AK2*270*0001",
        f"{prefix}3*NM1*8*2010*8",
        f"{prefix}4*9:1*67*7*SMITH",
        f"{prefix}5*{verdict}*5",
        f"AK9*{verdict}*1*1*0",
        set_id=set_id,
        functional_id="FA",
        version="005010X231A1",
    )
    expected = Refusal(f"{set_id}_{verdict}", ("segment NM1 number 8: error 8", "element 9:1: error 7"))
    assert refusal_of(text) == (expected if refused else None)


def test_group_refused_alone_is_refused() -> None:
    text = interchange("AK1*HS*905", "AK9*R*1*1*0", set_id="999", functional_id="FA")
    assert refusal_of(text) == Refusal("999_R")


def test_eligibility_answer_is_no_acknowledgement() -> None:
    assert refusal_of(answer_to(ACTIVE)) is None
