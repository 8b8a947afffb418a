"""The 270: valid, complete, and nothing in it that X12 cannot carry."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.eligibility_inquiry import EligibilityInquiry, InquiredPerson, InquiryProvider
from shared.x12.errors import UnwritableValueError
from shared.x12.inquiry import is_npi, write_inquiry
from shared.x12.inquiry_reading import read_inquiries
from shared.x12.interchange import read_interchanges
from shared.x12.writing import Composite, basic, write_interchange
from tests.unit.x12_samples import envelope, inquiry, mary, published_or_skip, robert, segments_in


def read_back(text: str) -> tuple[EligibilityInquiry, ...]:
    (one,) = read_interchanges(text)
    assert one.faults == ()
    assert one.transactions[0].faults == ()
    return read_inquiries(one)


def refused(**changes: Any) -> tuple[str, str]:
    with pytest.raises(UnwritableValueError) as caught:
        write_inquiry(inquiry(**changes), envelope())
    return caught.value.field, caught.value.reason


def test_inquiry_about_a_subscriber_word_for_word() -> None:
    assert list(segments_in(write_inquiry(inquiry(service_types=("98", "30")), envelope()))) == [
        "ISA*00*          *00*          *ZZ*CLINIC         *ZZ*PAYER          *260504*1230*^*00501*000000905*0*P*:",
        "GS*HS*CLINIC*PAYER*20260504*1230*905*X*005010X279A1",
        "ST*270*0001*005010X279A1",
        "BHT*0022*13*T-1*20260504*1230",
        "HL*1**20*1",
        "NM1*PR*2*ABC COMPANY*****PI*842610001",
        "HL*2*1*21*1",
        "NM1*1P*2*BONE AND JOINT CLINIC*****XX*1234567893",
        "HL*3*2*22*0",
        "TRN*1*T-1*9000CLINIC",
        "NM1*IL*1*SMITH*ROBERT****MI*11122333301",
        "DMG*D8*19430519*M",
        "DTP*291*D8*20260504",
        "EQ*98^30",
        "SE*13*0001",
        "GE*1*905",
        "IEA*1*000000905",
    ]


def test_inquiry_about_a_dependent_word_for_word() -> None:
    asked = inquiry(
        dependent=mary(),
        subscriber=robert(date_of_birth=None, gender=None),
        date_of_service_end=date(2026, 5, 31),
        procedure="HC:99213:25",
        service_types=(),
        provider=InquiryProvider("JONES", "1234567893", first_name="MARCUS"),
    )
    assert list(segments_in(write_inquiry(asked, envelope(production=False))))[7:-3] == [
        "NM1*1P*1*JONES*MARCUS****XX*1234567893",
        "HL*3*2*22*1",
        "NM1*IL*1*SMITH*ROBERT****MI*11122333301",
        "HL*4*3*23*0",
        "TRN*1*T-1*9000CLINIC",
        "NM1*03*1*SMITH*MARY",
        "DMG*D8*19981014*F",
        "INS*N*19",
        "DTP*291*RD8*20260504-20260531",
        "EQ**HC:99213:25",
    ]
    assert "*0*T*:~" in write_inquiry(asked, envelope(production=False))


@pytest.mark.parametrize("path", published_or_skip("270_005010X279A1"))
def test_published_inquiry_is_read_back(path: Path) -> None:
    (asked,) = read_inquiries(read_interchanges(path.read_bytes())[0])
    of_dependent = path.name.startswith("dependent")
    assert (asked.payer_name, asked.payer_id) == ("ABC COMPANY", "842610001")
    assert asked.date_of_service == asked.asked_on == date(2006, 5, 1)
    assert (asked.trace_number, asked.control_number, asked.service_types) == ("93175-012547", 907, ("30",))
    assert asked.subscriber.member_id == "11122333301"
    assert asked.patient.first_name == ("MARY" if of_dependent else "ROBERT")
    assert (asked.dependent is not None) == of_dependent
    assert (asked.provider.name, asked.provider.id_qualifier) == (
        ("JONES" if of_dependent else "BONE AND JOINT CLINIC"),
        "SV",
    )


@pytest.mark.parametrize("path", published_or_skip("270_005010X279A1"))
def test_published_inquiry_is_written_as_it_was(path: Path) -> None:
    """Read and written again, the body is the published one, but for what we choose ourselves (BHT and TRN03)."""
    content = path.read_bytes()
    (asked,) = read_inquiries(read_interchanges(content)[0])
    if asked.dependent is not None:
        # the published one says nothing of the subscriber but the member id
        assert (asked.subscriber.last_name, asked.subscriber.first_name) == (None, None)
    ours = [one for one in list(segments_in(write_inquiry(asked, envelope())))[4:-2] if not one.startswith("TRN")]
    theirs = [one.strip() for one in content.decode().split("~") if one.strip()][4:-2]
    assert [one.split("*")[0] for one in ours] == [one.split("*")[0] for one in theirs if not one.startswith("TRN")]
    assert ours[:-1] == [one for one in theirs[:-1] if not one.startswith("TRN")]


NAMES = st.from_regex(r"[A-Z][A-Z '\-]{0,20}[A-Z]", fullmatch=True).filter(lambda name: "  " not in name)
PEOPLE = st.builds(
    InquiredPerson,
    last_name=NAMES,
    first_name=NAMES,
    date_of_birth=st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    member_id=st.from_regex(r"[A-Z0-9]{2,20}", fullmatch=True),
    gender=st.sampled_from(["M", "F", None]),
)


@settings(deadline=None, max_examples=60)
@given(
    subscriber=PEOPLE,
    dependent=st.none() | PEOPLE,
    payer=NAMES,
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    types=st.lists(st.sampled_from(["30", "98", "MH", "AL"]), min_size=1, max_size=4),
    number=st.integers(1, 999_999_999),
)
def test_what_is_asked_is_read_back(
    subscriber: InquiredPerson, dependent: InquiredPerson | None, payer: str, first: date, types: list[str], number: int
) -> None:
    asked = inquiry(
        subscriber=subscriber,
        dependent=dependent,
        payer_name=payer,
        date_of_service=first,
        service_types=tuple(types),
        control_number=number,
    )
    assert read_back(write_inquiry(asked, envelope(control_number=number))) == (asked,)


def test_an_independent_validator_accepts_it() -> None:
    io = pytest.importorskip("x12sdk.io", reason="x12sdk is not installed")
    for asked in (
        inquiry(),
        inquiry(dependent=mary(), service_types=("98", "MH"), date_of_service_end=date(2026, 6, 1)),
    ):
        with io.X12ModelReader(write_inquiry(asked, envelope())) as reader:
            (model,) = list(reader.models())
        assert type(model).__name__ == "EligibilityInquiry"


def test_names_are_written_without_accents_in_upper_case() -> None:
    asked = inquiry(subscriber=robert(last_name="Núñez\u2011O\u2019Neil", first_name="  Søren   Łukasz "))
    assert "NM1*IL*1*NUNEZ-O'NEIL*SOREN LUKASZ*" in write_inquiry(asked, envelope())


@pytest.mark.parametrize("sign", ["*", "~", "^", ":", "漢", "\x00", "\x07", "_", "@"])
def test_what_x12_cannot_carry_is_refused_by_name(sign: str) -> None:
    assert refused(subscriber=robert(last_name=f"SM{sign}TH")) == ("subscriber.last_name", "character_invalid")


@pytest.mark.parametrize("blank", ["\n", "\t", "\x1c", "\u00a0"])
def test_any_blank_is_a_space(blank: str) -> None:
    assert "*SM TH*" in write_inquiry(inquiry(subscriber=robert(last_name=f"SM{blank}TH")), envelope())


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"payer_id": None}, "payer_id", "required"),
        ({"payer_id": "A*B"}, "payer_id", "character_invalid"),
        ({"trace_number": ""}, "trace_number", "required"),
        ({"trace_number": "T" * 51}, "trace_number", "too_long"),
        ({"subscriber": robert(last_name=None)}, "subscriber.last_name", "required"),
        ({"subscriber": robert(first_name="")}, "subscriber.first_name", "required"),
        ({"subscriber": robert(last_name="S" * 61)}, "subscriber.last_name", "too_long"),
        ({"subscriber": robert(date_of_birth=None, member_id=None)}, "subscriber.date_of_birth", "required"),
        ({"dependent": mary(first_name=None)}, "dependent.first_name", "required"),
        ({"dependent": mary(date_of_birth=None)}, "dependent.date_of_birth", "required"),
        ({"dependent": mary(), "subscriber": robert(member_id=None)}, "subscriber.member_id", "required"),
        ({"provider": InquiryProvider("CLINIC", "1234567890")}, "provider.id", "npi_invalid"),
        ({"provider": InquiryProvider("", "1234567893")}, "provider.name", "required"),
        ({"date_of_service_end": date(2026, 5, 3)}, "date_of_service_end", "range_invalid"),
        ({"service_types": ()}, "service_types", "pattern"),
        ({"service_types": ("30", "9*8")}, "service_types", "pattern"),
        ({"procedure": "99213"}, "procedure", "pattern"),
        ({"procedure": "HC:992~13"}, "procedure", "pattern"),
    ],
)
def test_missing_or_wrong_member_is_refused_by_name(changes: dict[str, Any], field: str, reason: str) -> None:
    assert refused(**changes) == (field, reason)


@pytest.mark.parametrize("number", [0, -1, 1_000_000_000])
def test_control_number_has_one_to_nine_digits(number: int) -> None:
    with pytest.raises(UnwritableValueError) as caught:
        write_inquiry(inquiry(), envelope(control_number=number))
    assert caught.value.field == "control_number"


@pytest.mark.parametrize("sender", ["", "X", "SENDER WITH LONG ID", "A*B"])
def test_sender_must_fit_the_header(sender: str) -> None:
    with pytest.raises(UnwritableValueError) as caught:
        write_inquiry(inquiry(), envelope(sender=sender))
    assert caught.value.field == "sender"


def test_writer_lets_no_delimiter_through_whoever_calls_it() -> None:
    for element in ("A*B", "A~B", "A:B", "A^B", "A\nB", Composite(("HC", "9:9"))):
        with pytest.raises(UnwritableValueError) as caught:
            write_interchange(envelope(), "270", [("REF", "EJ", element)])
        assert caught.value.field == "REF02"


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_basic_text_is_basic_or_refused(text: str) -> None:
    try:
        plain = basic(text, "field", longest=200)
    except UnwritableValueError:
        return
    assert plain.isascii()
    assert plain == plain.upper()
    assert not set(plain) & set("*~^:")


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("1234567893", True),
        ("1245319599", True),
        ("1234567890", False),
        ("3234567893", False),
        ("123456789", False),
        ("", False),
    ],
)
def test_npi_has_a_check_digit(text: str, valid: bool) -> None:
    assert is_npi(text) == valid
