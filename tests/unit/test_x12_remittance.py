"""The 835: payments, adjustments, people and dates; an amount that is none refuses the whole."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.remittance_balance import imbalances
from shared.models.payer_answer import AnswerPeriod
from shared.models.remittance import Adjustment, Imbalance, ProviderAdjustment, Remittance
from shared.x12.errors import UnreadableInterchangeError, UnreadableTransactionError
from shared.x12.interchange import read_interchanges
from shared.x12.remittance import read_remittance
from tests.unit.x12_samples import published_or_skip, remittance_file

HEAD = ("BPR*I*80.00*C*ACH************20260511", "TRN*1*T-900*1512345678", "N1*PR*ABC COMPANY*XV*842610001")
CLAIM = ("LX*1", "CLP*C-1*1*100.00*80.00*15.00*12*P-77*11*1")


def remittances(content: str | bytes) -> list[Remittance]:
    return [read_remittance(one) for whole in read_interchanges(content) for one in whole.transactions]


def read(*segments: str) -> Remittance:
    (only,) = remittances(remittance_file(*segments))
    return only


@pytest.mark.parametrize("path", published_or_skip("835_005010X221A1"))
def test_published_remittance_adds_up(path: Path) -> None:
    """But one, whose only service charges 24,599 dollars of a claim of 1,766.50."""
    (remittance,) = remittances(path.read_bytes())
    told = [(one.level, one.position) for one in imbalances(remittance)]
    assert told == ([("service", 20), ("services", 16)] if path.stem == "tertiary-payment" else [])
    assert remittance.faults == ()
    assert remittance.paid_on is not None
    for claim in remittance.claims:
        assert claim.claim_number
        assert claim.payer_control_number
        assert claim.patient is not None
        assert claim.patient.last_name
        assert claim.first_service_day is not None


@pytest.mark.parametrize(
    ("name", "amount", "claims"),
    [
        ("cob-contractural-adjustment", "34.00", [("0001000055", "2", "541.00", "34.00")]),
        (
            "managed-care",
            "945.00",
            [("5554555444", "1", "800.00", "450.00"), ("8765432112", "1", "1200.00", "495.00")],
        ),
        (
            "medicare-part-a",
            "150000.00",
            [("666123", "1", "211366.97", "138018.40"), ("777777", "1", "15000.00", "11980.33")],
        ),
        (
            "secondary-payment",
            "1222.00",
            [("L0004828311", "2", "10323.64", "912.00"), ("0001000053", "2", "751.50", "310.00")],
        ),
        ("tertiary-payment", "187.50", [("0001000054", "3", "1766.50", "187.50")]),
    ],
)
def test_published_amounts(name: str, amount: str, claims: list[tuple[str, ...]]) -> None:
    found = {getattr(one, "values", [one])[0] for one in published_or_skip("835_005010X221A1")}
    paths = {path.stem: path for path in found if path is not None}
    if not paths:
        pytest.skip("the published samples are not there")
    (remittance,) = remittances(paths[name].read_bytes())
    assert remittance.amount == Decimal(amount)
    told = [(one.claim_number, one.status_code, str(one.charge), str(one.paid)) for one in remittance.claims]
    assert told == claims


def test_everything_about_a_claim_is_read() -> None:
    claim = read(
        *HEAD,
        *CLAIM,
        "CAS*CO*45*2.00*1*253*1.00",
        "NM1*QC*1*SMITH*ROBERT****MI*11122333301",
        "NM1*74*1*SMYTH*ROBERT****C*11122333302",
        "NM1*TT*2*SECOND PAYER*****PI*77",
        "MOA***MA01*N130",
        "DTM*232*20260504",
        "DTM*233*20260505",
        "DTM*050*20260506",
        "AMT*AU*97.00",
        "SVC*HC:99213:25*100.00*83.00*0510*1",
        "DTM*472*20260504",
        "CAS*PR*1*10.00**2*5.00",
        "CAS*CO*97*2.00",
        "REF*6R*L1",
        "AMT*B6*98.00",
        "LQ*HE*M15",
        "LQ*HE*MA01",
    ).claims[0]
    assert claim.adjustments == (
        Adjustment("CO", "45", Decimal("2.00"), Decimal(1)),
        Adjustment("CO", "253", Decimal("1.00")),
    )
    assert [(one.group, one.reason, str(one.amount)) for one in claim.all_adjustments[2:]] == [
        ("PR", "1", "10.00"),
        ("PR", "2", "5.00"),
        ("CO", "97", "2.00"),
    ]
    assert claim.all_remarks == ("MA01", "N130", "M15")
    assert claim.periods == (
        AnswerPeriod("472", date(2026, 5, 4), date(2026, 5, 5)),
        AnswerPeriod("050", date(2026, 5, 6), date(2026, 5, 6)),
    )
    assert (claim.patient_responsibility, claim.payer_control_number) == (Decimal("15.00"), "P-77")
    assert (claim.frequency, claim.filing_indicator, claim.forwarded_to) == ("1", "12", "SECOND PAYER")
    assert claim.patient is not None
    assert claim.corrected_patient is not None
    assert (claim.patient.member_id, claim.corrected_patient.last_name) == ("11122333301", "SMYTH")
    (service,) = claim.services
    assert (service.procedure, service.revenue_code, service.units) == ("HC:99213:25", "0510", Decimal(1))
    assert [(one.qualifier, str(one.amount)) for one in (*claim.amounts, *service.amounts)] == [
        ("AU", "97.00"),
        ("B6", "98.00"),
    ]


def test_six_triplets_of_one_segment_are_read() -> None:
    claim = read(*HEAD, *CLAIM, "CAS*CO*1*1**2*2**3*3**4*4**5*5**6*5").claims[0]
    assert [one.reason for one in claim.adjustments] == ["1", "2", "3", "4", "5", "6"]
    assert sum(one.amount for one in claim.adjustments) == Decimal(20)


def test_all_pairs_of_a_provider_adjustment_are_read() -> None:
    remittance = read(*HEAD, *CLAIM, "CAS*PR*1*20", "PLB*1234567893*20261231*WO:C-0*5.00*L6*-5*CS*")
    end = date(2026, 12, 31)
    assert remittance.provider_adjustments == (
        ProviderAdjustment("1234567893", end, "WO", "C-0", Decimal("5.00")),
        ProviderAdjustment("1234567893", end, "L6", None, Decimal("-5.00")),
    )
    assert imbalances(remittance) == ()


def test_debit_is_a_negative_payment() -> None:
    assert read("BPR*I*80*D*NON", HEAD[1]).amount == Decimal("-80.00")


def test_reversal_keeps_its_negative_amounts() -> None:
    remittance = read(
        "BPR*I*0*C*NON",
        HEAD[1],
        "CLP*C-1*22*-100*-80**12*P-77",
        "CAS*CO*45*-20",
        "CLP*C-1*1*100*80**12*P-78",
        "CAS*CO*45*20",
    )
    assert [str(one.paid) for one in remittance.claims] == ["-80.00", "80.00"]
    assert imbalances(remittance) == ()


def test_unknown_segments_are_noted() -> None:
    assert read(*HEAD, *CLAIM, "ZZZ*1").unread == ("segment 9: not read: ZZZ*1",)


@pytest.mark.parametrize(
    ("segments", "reason", "segment"),
    [
        ((*HEAD, "CLP*C-1*1*100.005*80"), "fraction_of_a_cent", 7),
        ((*HEAD, "CLP*C-1*1*100.00000000001*80"), "no_amount", 7),
        ((*HEAD, "CLP*C-1*1*1e2*80"), "no_amount", 7),
        ((*HEAD, "CLP*C-1*1*NaN*80"), "no_amount", 7),
        ((*HEAD, "CLP*C-1*1*99999999999*80"), "amount_too_large", 7),
        ((*HEAD, "CLP*C-1*1**80"), "amount_missing", 7),
        ((*HEAD, "CLP**1*100*80"), "claim_incomplete", 7),
        ((*HEAD, "CLP*C-1**100*80"), "claim_incomplete", 7),
        ((*HEAD, *CLAIM, "CAS*CO*45*"), "adjustment_incomplete", 9),
        ((*HEAD, *CLAIM, "CAS*CO**5"), "adjustment_incomplete", 9),
        ((*HEAD, *CLAIM, "CAS*CO*45*twelve"), "no_amount", 9),
        ((*HEAD, *CLAIM, "PLB*1*20261231*WO*1.001"), "fraction_of_a_cent", 9),
        ((*HEAD, *CLAIM, "SVC*HC:99213*"), "amount_missing", 9),
        ((*HEAD, *CLAIM, "AMT*AU*"), "amount_missing", 9),
        (("BPR*I**C*ACH", HEAD[1]), "amount_missing", 4),
        ((HEAD[1], *CLAIM), "payment_missing", 1),
        ((HEAD[0], *CLAIM), "trace_missing", 4),
        ((HEAD[0], "TRN*1*", *CLAIM), "trace_missing", 4),
    ],
)
def test_unreadable_money_refuses_the_transaction(segments: tuple[str, ...], reason: str, segment: int) -> None:
    with pytest.raises(UnreadableTransactionError) as refused:
        read(*segments)
    assert (refused.value.reason, refused.value.segment) == (reason, segment)
    assert "twelve" not in str(refused.value)


def test_trailing_zeros_are_no_fractions() -> None:
    assert str(read(*HEAD, "CLP*C-1*1*100.5000*-0").claims[0].charge) == "100.50"


@pytest.mark.parametrize("cut", [10, 150, 260, 300, -16, -20])
def test_broken_off_file_is_refused(cut: int) -> None:
    with pytest.raises(UnreadableInterchangeError):
        remittances(remittance_file(*HEAD, *CLAIM)[:cut])


def test_names_in_latin_1_are_read() -> None:
    content = remittance_file(*HEAD, *CLAIM, "NM1*QC*1*MUÑOZ*ANA").encode("latin-1")
    (remittance,) = remittances(content)
    assert remittance.claims[0].patient is not None
    assert remittance.claims[0].patient.last_name == "MUÑOZ"


CENTS = st.integers(min_value=-99_999_99, max_value=99_999_99)


@given(st.lists(st.tuples(CENTS, st.lists(CENTS, max_size=8)), max_size=6), st.lists(CENTS, max_size=3), CENTS)
def test_balance_is_exact_arithmetic_of_cents(
    claims: list[tuple[int, list[int]]], provider: list[int], error: int
) -> None:
    """A file made to add up does; when it says `error` cents more, exactly that is told, and of nothing else."""
    paid = [charge - sum(adjustments) for charge, adjustments in claims]
    total = sum(paid) - sum(provider) + error
    lines = [f"BPR*I*{dollars(total)}*C*ACH", HEAD[1]]
    for number, (charge, adjustments) in enumerate(claims):
        lines.append(f"CLP*C-{number}*1*{dollars(charge)}*{dollars(paid[number])}")
        lines += [f"CAS*CO*45*{dollars(one)}" for one in adjustments]
    lines += [f"PLB*1*20261231*WO*{dollars(one)}" for one in provider]
    found = imbalances(read(*lines))
    expected = Decimal(total - error) / 100
    assert found == ((Imbalance("file", 1, expected, expected + Decimal(error) / 100),) if error else ())


@given(CENTS, CENTS, CENTS.filter(bool))
def test_a_claim_that_pays_more_than_its_parts_is_told(charge: int, adjustment: int, error: int) -> None:
    paid = charge - adjustment + error
    found = imbalances(
        read(
            f"BPR*I*{dollars(paid)}*C*ACH",
            HEAD[1],
            f"CLP*C-1*1*{dollars(charge)}*{dollars(paid)}",
            f"SVC*HC:99213*{dollars(charge)}*{dollars(paid)}",
            f"CAS*CO*45*{dollars(adjustment)}",
        )
    )
    assert [one.level for one in found] == ["service", "claim"]
    assert {one.stated - one.expected for one in found} == {Decimal(error) / 100}


def test_services_that_charge_less_than_the_claim_are_told() -> None:
    found = imbalances(read(HEAD[0], HEAD[1], "CLP*C-1*1*100*80", "CAS*CO*45*20", "SVC*HC:99213*90*90"))
    assert [(one.level, str(one.expected), str(one.stated)) for one in found] == [("services", "90.00", "100.00")]


def dollars(cents: int) -> str:
    """As X12 says it: no plus, no zeros at the end."""
    return f"{Decimal(cents) / 100:f}"
