"""E06, E07, E08, E17: what a payer's answer says, read as the file is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from shared.domain import eligibility
from shared.domain.eligibility.person import match_person
from shared.models.payer_answer import AnsweredPerson, AnswerPeriod, BenefitLine, PayerAnswer, Rejection, RelatedEntity
from shared.models.records import EligibilityCheck
from tests.unit.eligibility.deciding import DAY, answered, codes, decided, the
from tests.unit.factories import NOW, OTHER_PAYER, PAYER, TODAY, answer, benefit, coverage, file, given_to, line, payer

SERVICE = "MH"


def says(*lines: BenefitLine, **members: Any) -> tuple[str, str]:
    receipt = answered(answer(*lines), asked_service=SERVICE, **members)
    return receipt.verdict, receipt.evidence[0].code


@pytest.mark.parametrize("code", "12345")
def test_e06_one_to_five_are_active(code: str) -> None:
    assert says(line(code, "30")) == ("eligible", "plan_active")


@pytest.mark.parametrize("code", "678")
def test_e06_six_to_eight_are_inactive(code: str) -> None:
    assert says(line(code, "30")) == ("not_eligible", "plan_inactive")


@pytest.mark.parametrize("code", "UV")
def test_e06_u_and_v_cannot_say(code: str) -> None:
    assert says(line(code, "30")) == ("undetermined", "ask_another")


@pytest.mark.parametrize(
    ("own", "general", "said"),
    [
        ("1", "6", ("eligible", "plan_active")),
        ("6", "1", ("not_eligible", "plan_inactive")),
        ("I", "1", ("not_eligible", "service_not_covered")),
        ("U", "1", ("undetermined", "ask_another")),
    ],
)
def test_e06_the_services_line_beats_the_general_one(own: str, general: str, said: tuple[str, str]) -> None:
    for lines in ((line(own, SERVICE), line(general, "30")), (line(general), line(own, "98", SERVICE))):
        assert says(*lines) == said
        assert says(*reversed(lines)) == said


def test_e06_a_line_of_another_service_says_nothing_about_this_one() -> None:
    assert says(line("I", "35"), line("1", "30")) == ("eligible", "plan_active")
    assert says(line("1", "35")) == ("undetermined", "answer_says_nothing")
    assert says(line("B", SERVICE)) == ("undetermined", "answer_says_nothing")


def test_e06_lines_that_contradict_each_other_leave_it_open() -> None:
    assert says(line("1", SERVICE), line("6", SERVICE)) == ("undetermined", "answer_mixed")
    assert says(line("1", "30"), line("5", "30")) == ("eligible", "plan_active")


def test_e06_a_line_counts_on_the_days_it_names() -> None:
    ended = line("1", "30", periods=(AnswerPeriod("292", date(2026, 1, 1), TODAY - DAY),))
    begins = line("6", "30", periods=(AnswerPeriod("348", TODAY, None),))
    assert says(ended, begins) == ("not_eligible", "plan_inactive")
    last_day = replace(ended, periods=(AnswerPeriod("292", date(2026, 1, 1), TODAY),))
    assert says(last_day) == ("eligible", "plan_active")


def test_e06_the_evidence_names_the_element_and_the_line() -> None:
    told = answer(line("1", "30", source="271:EB[4]"))
    evidence = answered(told).evidence[0]
    assert (evidence.element, evidence.source, evidence.params["says"]) == ("EB01", "271:EB[4]", "1")
    assert evidence.as_of is not None


@pytest.mark.parametrize(
    ("period", "verdict"),
    [
        (AnswerPeriod("291", date(2026, 1, 1), TODAY), "eligible"),
        (AnswerPeriod("291", date(2026, 1, 1), TODAY - DAY), "not_eligible"),
        (AnswerPeriod("346", TODAY, None), "eligible"),
        (AnswerPeriod("346", TODAY + DAY, None), "not_eligible"),
        (AnswerPeriod("347", None, TODAY), "eligible"),
        (AnswerPeriod("347", None, TODAY - DAY), "not_eligible"),
        (AnswerPeriod("442", TODAY - DAY, TODAY - DAY), "eligible"),
    ],
)
def test_e02_an_active_plan_is_active_on_its_days_only(period: AnswerPeriod, verdict: str) -> None:
    assert answered(answer(line("1", "30"), periods=(period,))).verdict == verdict


def test_e02_one_of_several_periods_is_enough() -> None:
    spans = (AnswerPeriod("291", date(2025, 1, 1), date(2025, 6, 30)), AnswerPeriod("291", date(2026, 1, 1), TODAY))
    assert answered(answer(line("1", "30"), periods=spans)).verdict == "eligible"
    assert answered(answer(line("1", "30"), periods=spans), on=date(2025, 7, 1)).verdict == "not_eligible"


def test_e02_what_the_payer_answered_outweighs_the_file() -> None:
    unknown, cancelled = coverage(period_start=None), coverage(status="cancelled")
    for held in (unknown, cancelled):
        assert answered(answer(line("1", "30")), of=held).verdict == "eligible"


def test_e07_a_failed_check_says_nothing_about_the_coverage() -> None:
    receipt = answered(answer(rejections=(Rejection("42", "information_source"),)))
    assert (receipt.verdict, receipt.status, receipt.requires_auth) == ("undetermined", "pending", None)
    assert receipt.failure is not None
    assert receipt.failure.kind == "retryable"


def test_e07_another_coverage_that_is_active_decides_whatever_failed() -> None:
    first, second = coverage(), coverage(rank=2)
    told = answer(rejections=(Rejection("75", "subscriber"),))
    receipt = decided(first, second, answers=(given_to(first, told),))
    assert (receipt.verdict, receipt.coverage_id, receipt.failure) == ("eligible", second.id, None)


def test_e07_a_refused_benefit_does_not_undo_what_was_answered() -> None:
    told = answer(line("1", "30"), rejections=(Rejection("52", "subscriber"),))
    assert answered(told).verdict == "eligible"


PERSON = AnsweredPerson("VASQUEZ", "ELENA", date(1981, 4, 3), "BST553018842")


@pytest.mark.parametrize(
    ("last", "first", "match"),
    [
        ("VASQUEZ", "ELENA", "same"),
        ("Vásquez", "Elena María", "same"),
        ("VASQUEZ JR", "E", "same"),
        ("Vasquez, III", "ELENA", "same"),
        ("Vasquez553", "Elena42", "same"),
        ("VAS-QUEZ", "ELENA", "same"),
        ("Vas'quez", "Ele na", "same"),
        ("VASQUEZ LOPEZ", "ELENA", "last_name"),
        ("VELAZQUEZ", "ELENA", "last_name"),
        (None, "ELENA", "last_name"),
        ("VASQUEZ", "MARIA", "first_name"),
        ("VASQUEZ", "ELINA", "first_name"),
        ("VASQUEZ", None, "first_name"),
        ("VASQUEZ", "123", "first_name"),
    ],
)
def test_e08_names_are_compared_without_what_does_not_count(last: str | None, first: str | None, match: str) -> None:
    assert match_person(file().patient, replace(PERSON, last_name=last, first_name=first)) == match


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Müller", "MUELLER", True),
        ("Müller", "MULLER", True),
        ("Mueller", "MULLER", False),
        ("Strauß", "STRAUSS", True),
        ("O'Brien", "OBRIEN", True),
        ("García-López", "GARCIA LOPEZ", True),
        ("Nguyễn", "NGUYEN", True),
        ("Smith67", "SMITH", True),
        ("Ødegård", "ODEGARD", True),
        ("Iii", "III", True),
    ],
)
def test_e08_last_names_as_payers_write_them(ours: str, theirs: str, same: bool) -> None:
    patient = replace(file().patient, last_name=ours)
    assert (match_person(patient, replace(PERSON, last_name=theirs)) == "same") == same


@pytest.mark.parametrize("born", [date(1981, 4, 4), None])
def test_e08_another_date_of_birth_is_another_person(born: date | None) -> None:
    told = answer(line("1", "30"), person=replace(PERSON, date_of_birth=born))
    receipt = answered(told)
    assert (receipt.verdict, receipt.status) == ("undetermined", "error")
    evidence = the(receipt, "member_mismatch")
    assert (evidence.rule, evidence.params) == ("E08", {"member": "date_of_birth"})
    assert "1981" not in evidence.text


def test_e08_a_date_of_birth_that_nobody_knows_is_not_the_same() -> None:
    unborn = replace(file().patient, date_of_birth=None)
    assert match_person(unborn, replace(PERSON, date_of_birth=None)) == "date_of_birth"


def test_e08_the_right_person_is_read_and_no_receipt_names_anybody() -> None:
    receipt = answered(answer(line("1", "30", messages=("ELENA VASQUEZ HAS A PCP",)), person=PERSON))
    assert receipt.verdict == "eligible"
    assert receipt.inputs.answers[0].person == "same"
    told = repr(receipt.inputs).lower()
    assert not [word for word in ("vasquez", "elena", "1981", "bst553018842", "mrn553") if word in told]


def plan(insurance_type: str, *services: str, code: str = "R", role: str = "PRP", **members: Any) -> BenefitLine:
    entity = RelatedEntity(role, "SUNRISE ADVANTAGE")
    return line(code, *(services or ("30",)), insurance_type=insurance_type, entities=(entity,), **members)


MEDICARE = line("1", "30", insurance_type="MA")
MEDICAID = line("1", "30", insurance_type="MC")


@pytest.mark.parametrize("kind", ["HM", "HN", "IN", "PR", "PS"])
def test_e17_medicare_naming_an_advantage_plan_is_not_ready(kind: str) -> None:
    receipt = answered(answer(MEDICARE, plan(kind)))
    assert (receipt.verdict, receipt.status) == ("undetermined", "error")
    assert the(receipt, "managed_plan").params == {"program": "medicare", "plan": "SUNRISE ADVANTAGE"}
    situation = eligibility.situation_after(receipt, now=receipt.inputs.answers[0].at)
    assert eligibility.guidance(situation)[0].action == "switch_payer"


def test_e17_medicaid_naming_a_managed_care_plan_is_not_ready() -> None:
    assert answered(answer(MEDICAID, plan("HM"))).fired("managed_plan")
    assert answered(answer(MEDICAID, plan("", code="MC", role="PR"))).fired("managed_plan")


@pytest.mark.parametrize(
    "told",
    [
        answer(MEDICARE, plan("OT", "88")),
        answer(MEDICARE, plan("HN", "88")),
        answer(MEDICARE, plan("12")),
        answer(MEDICARE, replace(plan("HN"), entities=())),
        answer(MEDICARE, plan("HN", role="P3")),
        answer(MEDICARE, plan("HN", periods=(AnswerPeriod("292", date(2020, 1, 1), date(2020, 12, 31)),))),
        answer(line("1", "30", insurance_type="PR"), plan("HN")),
    ],
)
def test_e17_drug_plans_other_payers_doctors_and_past_plans_replace_nothing(told: PayerAnswer) -> None:
    assert answered(told).verdict == "eligible"


def test_e17_a_drug_plan_replaces_medicare_for_the_pharmacy() -> None:
    assert answered(answer(MEDICARE, plan("HN", "88")), asked_service="88").fired("managed_plan")


def test_e17_the_plan_on_file_is_what_pays() -> None:
    medicare, advantage = coverage(rank=1), coverage(rank=2, payer_id=OTHER_PAYER, payer_name="Sunrise Advantage")
    payers = (payer(program="medicare"), payer(id=OTHER_PAYER, program="medicare_advantage"))
    receipt = decided(medicare, advantage, payers=payers)
    assert (receipt.verdict, receipt.coverage_id) == ("eligible", advantage.id)
    assert the(receipt, "managed_plan").source == f"coverages/{advantage.id}"
    assert receipt.fired("verify_cob") is None
    ended = replace(advantage, period_end=TODAY - DAY)
    assert decided(medicare, ended, payers=payers).coverage_id == medicare.id


@pytest.mark.parametrize(("network", "verdict"), [("in", "eligible"), ("out", "not_eligible"), (None, "undetermined")])
def test_e13_a_service_that_is_covered_in_network_only(network: str | None, verdict: str) -> None:
    lines = (line("1", SERVICE, network="Y"), line("I", SERVICE, network="N"))
    receipt = answered(answer(*lines), asked_service=SERVICE, payers=(payer(network=network),))
    assert receipt.verdict == verdict


def test_the_file_and_the_payer_are_read_by_the_same_rules() -> None:
    held = coverage()
    rows = (
        benefit(held, "not_covered", service_type="MH"),
        benefit(held, "inactive", service_type="UC"),
        benefit(held, "active", service_type="PT"),
    )
    for service, verdict in (("MH", "not_eligible"), ("UC", "not_eligible"), ("PT", "eligible"), ("98", "eligible")):
        on_file = decided(held, benefits=rows, asked_service=service)
        made = eligibility.answer_on_file(file(held, benefits=rows), held, TODAY, service)
        told = decided(held, answers=(given_to(held, made),), asked_service=service)
        assert on_file.verdict == told.verdict == verdict


def test_an_answer_on_file_says_what_the_coverage_does() -> None:
    held, day = coverage(), date(2026, 12, 31)
    for on, code in ((day, "1"), (day + DAY, "6")):
        made = eligibility.answer_on_file(file(held), held, on, "98")
        assert [(one.code, one.source) for one in made.benefits] == [(code, f"coverages/{held.id}")]
        assert made.periods == (AnswerPeriod("291", held.period_start, held.period_end),)
    undated = coverage(period_start=None)
    assert eligibility.answer_on_file(file(undated), undated, day, "98").benefits[0].code == "V"
    gone = coverage(status="cancelled")
    assert eligibility.answer_on_file(file(gone), gone, day, "98").benefits[0].code == "6"


def test_the_newest_checks_answer_is_used_for_its_day_and_service_only() -> None:
    held = coverage(payer_id=PAYER)
    asked = decided(held).inputs.question
    check = _check(held.id, answer(line("6", "30")), asked.service_type)
    kept = file(held, newest_check=check)
    assert eligibility.decide(kept, today=TODAY).verdict == "not_eligible"
    assert eligibility.decide(kept, asked_date=TODAY + DAY, today=TODAY).verdict == "eligible"
    assert eligibility.decide(kept, asked_service="MH", today=TODAY).verdict == "eligible"


def _check(coverage_id: Any, told: PayerAnswer, service: str) -> EligibilityCheck:
    return EligibilityCheck(
        id=coverage_id,
        date_of_service=TODAY,
        service_type=service,
        verdict="not_eligible",
        requires_auth=None,
        status="error",
        reasons=(),
        checked_at=NOW,
        coverage_id=coverage_id,
        source="clearinghouse",
        answer=told,
    )


def test_codes_of_a_receipt_are_its_reasons() -> None:
    assert codes(answered(answer(line("6", "30")))) == [("E06", "plan_inactive")]
