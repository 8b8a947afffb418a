"""The 278 response: what was decided about an event and each of its services, and why nothing was."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from shared.models.authorization_answer import AuthorizationAnswer, ReviewDecision
from shared.models.payer_answer import AnswerPeriod, Reference, ServiceDelivery
from shared.x12.interchange import read_interchanges
from shared.x12.services_review import read_authorization_answers
from tests.unit.x12_samples import interchange

VERSION = "005010X217"
HEADER = (
    "BHT*0007*11*A-1*20260504*1230*18",
    "HL*1**20*1",
    "NM1*X3*2*ABC COMPANY*****PI*842610001",
    "PER*IC*REVIEW DESK*TE*8005551234",
    "HL*2*1*21*1",
    "NM1*1P*1*GARDENER*JAMES****XX*1234567893",
)
SUBSCRIBER = ("HL*3*2*22*1", "NM1*IL*1*SMITH*JOE****MI*12345678901", "DMG*D8*19580322*M")
DEPENDENT = ("HL*4*3*23*1", "NM1*QC*1*SMITH*MARY", "DMG*D8*19981014*F", "INS*N*19")
EVENT = ("HL*5*3*EV*1", "TRN*2*EVENT-1*9CLINIC", "TRN*1*P-9*9PAYER", "UM*HS*I*PT*11:B*****Y")


def review(*segments: str) -> tuple[AuthorizationAnswer, ...]:
    text = interchange(*segments, set_id="278", functional_id="HI", version=VERSION)
    (one,) = read_interchanges(text)
    return read_authorization_answers(one.transactions[0])


def reviewed(*after: str) -> AuthorizationAnswer:
    (only,) = review(*HEADER, *SUBSCRIBER, *EVENT, *after)
    return only


@pytest.mark.parametrize("action", ["A1", "A2", "A3", "A4", "A6", "C", "CT", "NA"])
def test_decision_is_delivered_as_it_stands(action: str) -> None:
    answer = reviewed(f"HCR*{action}*AUTH-1*0V^35*N")
    assert answer.event is not None
    assert answer.event.decision == ReviewDecision(action, "AUTH-1", ("0V", "35"))
    assert answer.unread == ()


def test_event_and_its_services_are_read() -> None:
    answer = reviewed(
        "HCR*A2*AUTH-1",
        "REF*BB*PRIOR-1",
        "DTP*AAH*RD8*20260501-20260731",
        "HI*ABK:M545*ABF:M5416",
        "HSD*VS*8*DA*1*34*3",
        "MSG*SEE SERVICES",
        "NM1*SJ*1*JONES*MARCUS****XX*1245319599",
        "N3*1 MAIN ST",
        "HL*6*5*SS*0",
        "TRN*2*SERVICE-1*9CLINIC",
        "HCR*A1*AUTH-2",
        "DTP*472*RD8*20260501-20260601",
        "SV1*HC:97110:GP*120.50*UN*4",
        "HL*7*5*SS*0",
        "HCR*A3**0V",
        "SV2*0420*HC:97140*80*UN*2",
        "HL*8*5*SS*0",
        "HCR*A4",
        "SV3*AD:D2150*60***1*2",
    )
    assert answer.unread == ()
    assert (answer.payer_name, answer.payer_id, answer.payer_contacts) == (
        "ABC COMPANY",
        "842610001",
        ("REVIEW DESK", "TE 8005551234"),
    )
    assert answer.person is not None
    assert (answer.person.last_name, answer.person.member_id, answer.subscriber) == ("SMITH", "12345678901", None)
    event = answer.event
    assert event is not None
    assert (event.source, event.category, event.certification_type, event.service_type) == (
        "278:HL[5]",
        "HS",
        "I",
        "PT",
    )
    assert (event.trace_numbers, event.payer_trace_numbers) == (("EVENT-1",), ("P-9",))
    assert event.references == (Reference("BB", "PRIOR-1"),)
    assert event.periods == (AnswerPeriod("AAH", date(2026, 5, 1), date(2026, 7, 31)),)
    assert event.diagnoses == ("ABK:M545", "ABF:M5416")
    assert event.deliveries == (ServiceDelivery("VS", Decimal(8), "34", Decimal(3), "DA, 1"),)
    assert event.messages == ("SEE SERVICES",)
    assert [(one.name, one.contacts) for one in event.entities] == [("MARCUS JONES", ("1 MAIN ST",))]
    granted, denied, pended = answer.services
    assert granted.decision == ReviewDecision("A1", "AUTH-2")
    assert (granted.procedure, granted.amount, granted.unit, granted.quantity) == (
        "HC:97110:GP",
        Decimal("120.50"),
        "UN",
        Decimal(4),
    )
    assert granted.trace_numbers == ("SERVICE-1",)
    assert granted.periods == (AnswerPeriod("472", date(2026, 5, 1), date(2026, 6, 1)),)
    assert denied.decision == ReviewDecision("A3", None, ("0V",))
    assert (denied.procedure, denied.quantity) == ("HC:97140", Decimal(2))
    assert (pended.procedure, pended.quantity) == ("AD:D2150", Decimal(2))


def test_rejection_is_read_at_every_level() -> None:
    aaa = "AAA*N**52*C"
    above = [*HEADER, *SUBSCRIBER]
    for position, level in ((2, "information_source"), (3, "information_source"), (6, "information_receiver")):
        for answer in review(*above[:position], aaa, *above[position:], *EVENT):
            assert [(one.code, one.level) for one in answer.rejections] == [("52", level)]
    (answer,) = review(*above, aaa)
    assert [(one.level, one.follow_up) for one in answer.rejections] == [("subscriber", "C")]
    assert (answer.event, answer.person and answer.person.last_name) == (None, "SMITH")
    (answer,) = review(*above, *DEPENDENT, aaa, *EVENT)
    assert [one.level for one in answer.rejections] == ["dependent"]
    assert [one.level for one in reviewed(aaa).rejections] == ["event"]
    assert [one.level for one in reviewed("HL*6*5*SS*0", aaa).rejections] == ["service"]


def test_each_event_is_an_answer_with_its_own_person_and_rejections() -> None:
    first, second, third = review(
        *HEADER, *SUBSCRIBER, *DEPENDENT, *EVENT, "HCR*A1*1", "AAA*Y**33*C", *EVENT, "HCR*A3", "HL*9*2*22*1",
        "NM1*IL*1*LOPEZ*ANA", *EVENT, "HCR*CT",
    )  # fmt: skip
    people = [
        (one.person and one.person.first_name, one.subscriber and one.subscriber.first_name)
        for one in (first, second, third)
    ]
    assert people == [("MARY", "JOE"), ("MARY", "JOE"), ("ANA", None)]
    assert [len(one.rejections) for one in (first, second, third)] == [1, 0, 0]
    assert [one.event and one.event.decision and one.event.decision.action for one in (first, second, third)] == [
        "A1",
        "A3",
        "CT",
    ]


@pytest.mark.parametrize(
    "segment", ["PWK*OZ*EL", "CR1*LB*150", "CL1*3", "ZZZ*1", "DTP*472*D8*20269999", "SV1*HC:1*X*UN*1"]
)
def test_what_is_not_understood_is_listed(segment: str) -> None:
    for answer in (reviewed("HCR*A1", segment), reviewed("HL*6*5*SS*0", segment)):
        (note,) = answer.unread
        assert note.endswith(segment)


def test_second_decision_on_one_level_is_listed_not_taken() -> None:
    answer = reviewed("HCR*A1*1", "HCR*A3*2")
    assert answer.event is not None
    assert answer.event.decision == ReviewDecision("A1", "1")
    assert "second decision" in answer.unread[0]


def test_service_without_an_event_is_read() -> None:
    (answer,) = review(*HEADER, *SUBSCRIBER, "HL*6*3*SS*0", "HCR*A1*7")
    assert answer.event is None
    assert [one.decision for one in answer.services] == [ReviewDecision("A1", "7")]


def test_answer_about_nothing_is_one_answer() -> None:
    (answer,) = review("ZZZ*1", "HL*1**XX*0", "HCR*A1")
    assert (answer.person, answer.event, answer.services) == (None, None, ())
    assert len(answer.unread) == 3
