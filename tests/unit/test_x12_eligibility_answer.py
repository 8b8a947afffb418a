"""The 271: benefits, dates, people and rejections at every level; what is not understood is listed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared.models.payer_answer import AnswerPeriod, PayerAnswer, Reference, RelatedEntity, ServiceDelivery
from shared.x12.codes import REJECT_REASONS
from tests.unit.x12_samples import (
    ACTIVE,
    HEADER_271,
    RECEIVER,
    SUBSCRIBER,
    answered,
    answers,
    interchange,
    published_or_skip,
)

DEPENDENT = ("HL*4*3*23*0", "TRN*2*T-2*9877281234", "NM1*03*1*SMITH*MARY*A***", "DMG*D8*19981014*F", "INS*N*19")


@pytest.mark.parametrize("path", published_or_skip("271_005010X279A1"))
def test_published_answer_is_read_whole(path: Path) -> None:
    (answer,) = answers(path.read_bytes())
    assert answer.payer_name == "ABC COMPANY"
    if "error" in path.name:
        (rejection,) = answer.rejections
        assert (rejection.code, rejection.level, rejection.follow_up) == ("50", "information_receiver", "N")
        assert (answer.person, answer.benefits) == (None, ())
        assert answer.unread == ("segment 10: SE02 repeats another control number than the header has",)
        return
    assert answer.unread == ()
    assert answer.trace_numbers == ("93175-012547",)
    assert answer.periods == (AnswerPeriod("346", date(2006, 1, 1), None),)
    assert [line.code for line in answer.benefits] == ["1", "L", "1", "B", "B"]
    assert answer.benefits[1].entities == (RelatedEntity("P3", "MARCUS JONES", "SV", "0202034"),)
    everything = ("1", "33", "35", "47", "86", "88", "98", "AL", "MH", "UC")
    assert [line.service_types for line in answer.benefits] == [("30",), (), *[everything] * 3]
    copays = [(line.amount, line.network, line.insurance_type, line.period) for line in answer.benefits[3:]]
    assert copays == [(Decimal("10.00"), "Y", "HM", "27"), (Decimal("30.00"), "N", "HM", "27")]
    of_dependent = "dependent" in path.name
    assert answer.person is not None
    assert answer.person.first_name == ("MARY" if of_dependent else "JOHN")
    assert answer.person.relationship == ("19" if of_dependent else None)
    assert answer.person.date_of_birth == (date(1998, 10, 14) if of_dependent else date(1963, 5, 19))
    subscriber = answer.subscriber if of_dependent else answer.person
    assert subscriber is not None
    assert (subscriber.member_id, subscriber.gender) == ("123456789", "M")
    assert (answer.subscriber is None) == (not of_dependent)


def test_every_element_of_a_benefit_is_read() -> None:
    line = answered("EB*B*IND*98^UC*HM*GOLD 123*29*10.50*.2*VS*12.5*Y*N*HC:99213:25:GT").benefits[0]
    assert (line.code, line.source, line.level, line.service_types) == ("B", "271:EB[1]", "IND", ("98", "UC"))
    assert (line.insurance_type, line.plan, line.period) == ("HM", "GOLD 123", "29")
    assert (line.amount, line.percent) == (Decimal("10.50"), Decimal(20))
    assert (line.quantity_qualifier, line.quantity) == ("VS", Decimal("12.5"))
    assert (line.requires_auth, line.network, line.procedure) == ("Y", "N", "HC:99213:25:GT")


@pytest.mark.parametrize(
    ("written", "percent", "noted"),
    [("0", 0, False), ("1", 100, False), (".35", 35, False), ("20", 20, True), ("x", None, True)],
)
def test_percent_is_a_fraction(written: str, percent: int | None, noted: bool) -> None:
    answer = answered(f"EB*A**98*****{written}")
    assert answer.benefits[0].percent == (None if percent is None else Decimal(percent))
    assert bool(answer.unread) == noted


@pytest.mark.parametrize(
    "line",
    [
        "EB*1**30:98",
        "EB*B**98****1O.00",
        "EB*B**98****NAN",
        "EB*B**98****1E9",
        "EB*B**98******VS*12 VISITS",
        "EB*1**98********X",
        "EB*1**98*********Q",
    ],
)
def test_value_that_is_none_is_listed_and_the_line_is_kept(line: str) -> None:
    answer = answered(line)
    (note,) = answer.unread
    assert note.startswith("segment 13: EB")
    assert line in note
    benefit = answer.benefits[0]
    assert (benefit.amount, benefit.quantity, benefit.requires_auth, benefit.network) == (None, None, None, None)


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("DTP*291*RD8*20260101-20261231", AnswerPeriod("291", date(2026, 1, 1), date(2026, 12, 31))),
        ("DTP*346*D8*20260101", AnswerPeriod("346", date(2026, 1, 1), None)),
        ("DTP*347*D8*20261231", AnswerPeriod("347", None, date(2026, 12, 31))),
        ("DTP*357*D8*20261231", AnswerPeriod("357", None, date(2026, 12, 31))),
        ("DTP*442*D8*20260102", AnswerPeriod("442", date(2026, 1, 2), date(2026, 1, 2))),
    ],
)
def test_dates_are_read_at_both_levels(written: str, period: AnswerPeriod) -> None:
    assert answered(written, ACTIVE).periods == (period,)
    of_benefit = answered(ACTIVE, written)
    assert (of_benefit.periods, of_benefit.benefits[0].periods) == ((), (period,))


@pytest.mark.parametrize(
    "written",
    [
        "DTP*291*D8*20260230",
        "DTP*291*D8*2026-01-01",
        "DTP*291*D8*",
        "DTP*291*RD8*20260101",
        "DTP*291*RD8*20260101-2026",
        "DTP*291*TM*1200",
        "DTP",
    ],
)
def test_date_that_is_none_is_listed(written: str) -> None:
    for answer in (answered(written, ACTIVE), answered(ACTIVE, written)):
        assert (answer.periods, answer.benefits[0].periods) == ((), ())
        assert len(answer.unread) == 1


def test_what_follows_a_benefit_belongs_to_it() -> None:
    answer = answered(
        "EB*F**PT***23",
        "HSD*VS*20***22*1",
        "REF*9F*R-1*REFERRAL",
        "DTP*292*RD8*20260101-20261231",
        "MSG*CALL FOR DETAILS",
        "III*ZZ*11",
        "III*ZZ*22",
        "LS*2120",
        "NM1*PRP*2*OTHER PAYER*****PI*99",
        "N3*1 MAIN ST",
        "N4*TOWN*MO*64108",
        "PER*IC*MEMBER SERVICES*TE*8005551234*UR*EXAMPLE.ORG",
        "NM1*P3*1*JONES*MARCUS****XX*1234567893",
        "LE*2120",
        ACTIVE,
    )
    assert answer.unread == ()
    first, second = answer.benefits
    assert (first.quantity_qualifier, first.quantity, first.period) == ("VS", Decimal(20), "23")
    assert first.deliveries == (ServiceDelivery("VS", Decimal(20), "22", Decimal(1)),)
    assert first.references == (Reference("9F", "R-1", "REFERRAL"),)
    assert first.messages == ("CALL FOR DETAILS",)
    assert first.places == ("11", "22")
    other, primary = first.entities
    assert (other.role, other.name, other.id) == ("PRP", "OTHER PAYER", "99")
    assert other.contacts == (
        "MEMBER SERVICES",
        "TE 8005551234",
        "UR EXAMPLE.ORG",
        "1 MAIN ST",
        "TOWN",
        "MO",
        "64108",
    )
    assert (primary.role, primary.name) == ("P3", "MARCUS JONES")
    assert (second.entities, second.messages, second.source) == ((), (), "271:EB[2]")


def test_quantity_of_the_benefit_beats_that_of_its_delivery() -> None:
    line = answered("EB*F**PT***29***VS*12", "HSD*VS*20***23").benefits[0]
    assert (line.quantity, line.period) == (Decimal(12), "29")


def test_two_deliveries_give_no_quantity() -> None:
    line = answered("EB*F**PT", "HSD*VS*20***23", "HSD*VS*2***34").benefits[0]
    assert (line.quantity, len(line.deliveries)) == (None, 2)


def test_person_references_and_messages_before_any_benefit() -> None:
    answer = answered(
        "REF*6P*G-7*GROUP NAME", "N3*1 MAIN ST", "N4*TOWN*MO*64108", "INS*Y*18*001*25", "MSG*HELLO", ACTIVE
    )
    assert answer.references == (Reference("6P", "G-7", "GROUP NAME"),)
    assert answer.messages == ("HELLO",)
    assert answer.person is not None
    assert answer.person.address == ("1 MAIN ST", "TOWN", "MO", "64108")
    (note,) = answer.unread
    assert "data on file differs" in note


@pytest.mark.parametrize("segment", ["HI*BK:8901", "MPI*C*F*A", "PRV*PC*PXC*207Q00000X", "ZZZ*1*2", "$%*1", "X"])
def test_segment_that_we_do_not_know_is_listed_where_it_stood(segment: str) -> None:
    for answer, position in ((answered(segment, ACTIVE), 13), (answered(ACTIVE, segment), 14)):
        (note,) = answer.unread
        assert note.startswith(f"segment {position}: not read")
        assert note.endswith(segment)


def test_many_unknown_segments_are_counted() -> None:
    notes = answered(ACTIVE, *["ZZZ*1"] * 700).unread
    assert (len(notes), notes[-1]) == (501, "and 200 more segments")


def test_payer_contacts_and_traces_of_both_sides_are_kept() -> None:
    text = interchange(
        *HEADER_271,
        "PER*IC**TE*8005550000",
        *RECEIVER,
        "HL*3*2*22*0",
        "TRN*2*T-1*9CLINIC",
        "TRN*1*P-77*9PAYER",
        "NM1*IL*1*SMITH*ROBERT",
        ACTIVE,
    )
    (answer,) = answers(text)
    assert answer.payer_contacts == ("TE 8005550000",)
    assert (answer.trace_numbers, answer.payer_trace_numbers) == (("T-1",), ("P-77",))


def rejections_of(answer: PayerAnswer) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.level, one.benefit) for one in answer.rejections]


@pytest.mark.parametrize("code", sorted(REJECT_REASONS))
def test_rejection_is_read_at_every_level(code: str) -> None:
    aaa = f"AAA*N**{code}*C"
    source = interchange(HEADER_271[0], HEADER_271[1], aaa)
    payer = interchange(*HEADER_271, aaa)
    receiver = interchange(*HEADER_271, *RECEIVER, aaa)
    subscriber = interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER, aaa)
    benefit = interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER, "EB*V**98", aaa, "MSG*NOT FOR THIS PLAN", ACTIVE)
    dependent = interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER[:1], SUBSCRIBER[2], *DEPENDENT, aaa)
    dependents_benefit = interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER[:1], SUBSCRIBER[2], *DEPENDENT, ACTIVE, aaa)
    for text, level, of_benefit in (
        (source, "information_source", None),
        (payer, "information_source", None),
        (receiver, "information_receiver", None),
        (subscriber, "subscriber", None),
        (benefit, "subscriber", "271:EB[1]"),
        (dependent, "dependent", None),
        (dependents_benefit, "dependent", "271:EB[1]"),
    ):
        (answer,) = answers(text)
        assert rejections_of(answer) == [(code, level, of_benefit)]
        assert answer.rejections[0].follow_up == "C"
        assert answer.unread == ()
    (answer,) = answers(benefit)
    assert answer.rejections[0].text == "NOT FOR THIS PLAN"


def test_rejection_above_is_that_of_everybody_below() -> None:
    text = interchange(*HEADER_271, "AAA*Y**42*R", *RECEIVER, *SUBSCRIBER, "AAA*N**75*C", *SUBSCRIBER)
    first, second = answers(text)
    assert rejections_of(first) == [("42", "information_source", None), ("75", "subscriber", None)]
    assert rejections_of(second) == [("42", "information_source", None)]


def test_rejection_without_a_code_is_no_loss() -> None:
    assert rejections_of(answered("AAA*N")) == [("", "subscriber", None)]


def test_several_people_are_several_answers() -> None:
    text = interchange(
        *HEADER_271,
        *RECEIVER,
        *SUBSCRIBER,
        ACTIVE,
        *DEPENDENT,
        "EB*6**30",
        "HL*5*2*22*1",
        "NM1*IL*1*LOPEZ*ANA****MI*2",
        "HL*6*5*23*0",
        "NM1*03*1*LOPEZ*LUIS",
        "EB*I**98",
    )
    found = answers(text)
    people = [(one.person and one.person.first_name, one.subscriber and one.subscriber.first_name) for one in found]
    assert people == [("ROBERT", None), ("MARY", "ROBERT"), ("LUIS", "ANA")]
    assert [[line.code for line in one.benefits] for one in found] == [["1"], ["6"], ["I"]]
    assert [one.benefits[0].source for one in found] == ["271:EB[1]"] * 3
    assert found[1].person is not None
    assert found[1].person.middle_name == "A"


def test_dependent_belongs_to_the_subscriber_that_it_names() -> None:
    text = interchange(
        *HEADER_271, *RECEIVER, "HL*3*2*22*1", "NM1*IL*1*FIRST*A", "HL*4*2*22*1", "NM1*IL*1*SECOND*B",
        "HL*5*3*23*0", "NM1*03*1*FIRST*C", ACTIVE, "HL*6*99*23*0", "NM1*03*1*SECOND*D", ACTIVE,
    )  # fmt: skip
    assert [one.subscriber and one.subscriber.last_name for one in answers(text)] == ["FIRST", "SECOND"]


def test_two_payers_keep_their_own_people() -> None:
    other = ("HL*9**20*1", "NM1*PR*2*OTHER PLAN*****PI*77", "AAA*Y**42*R")
    text = interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER, ACTIVE, *other, "HL*10*9*22*0", "NM1*IL*1*LOPEZ*ANA")
    first, second = answers(text)
    assert (first.payer_name, first.rejections) == ("ABC COMPANY", ())
    assert (second.payer_name, rejections_of(second)) == ("OTHER PLAN", [("42", "information_source", None)])


def test_answer_about_nobody_is_one_answer_with_what_was_not_read() -> None:
    (answer,) = answers(interchange("EB*1**30", "HL*1**99*0"))
    assert (answer.person, answer.benefits) == (None, ())
    assert [note.split(":")[0] for note in answer.unread] == ["segment 4", "segment 5"]


def test_dependent_without_a_subscriber_is_read() -> None:
    (answer,) = answers(interchange(*HEADER_271, *DEPENDENT, ACTIVE))
    assert answer.person is not None
    assert (answer.person.first_name, answer.subscriber) == ("MARY", None)


def test_fault_of_the_envelope_is_listed() -> None:
    text = interchange(*HEADER_271, *RECEIVER, *SUBSCRIBER, ACTIVE).replace("SE*12*", "SE*99*")
    assert "SE01 counts other segments" in answers(text)[0].unread[0]
