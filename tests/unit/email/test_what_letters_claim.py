"""What a letter states rests on the record in hand, or it is not stated: of coverages, claims and plans alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.eligibility.coverage_standing import standing_on
from shared.domain.email import used_fields
from shared.domain.email.composing import Style, compose
from shared.domain.email.fields import FIELDS
from shared.domain.email.template import TONES
from shared.domain.email.templates import NAMES, template
from shared.models.firestore.documents import ContextDocument
from shared.models.patient_records import VisitOnFile
from shared.models.payer_answer import AnsweredPerson, BenefitLine, PayerAnswer
from shared.models.records import Coverage, EligibilityCheck, EligibilityFile, Patient
from shared.services.email_sources import OnFile, Sources, choose
from tests.unit.email.letters import DEMO, canaries
from tests.unit.email.test_sources import A, B, claim, coverage, payer, visit
from tests.unit.email.test_sources import chosen as chosen_on_file

TODAY = date(2026, 11, 20)
EDITED = datetime(2026, 11, 1, tzinfo=UTC)
ENDED = coverage(A, "A-ENDED", date(2025, 1, 1), date(2026, 10, 31))
ENDED_BEFORE = coverage(A, "A-BEFORE", date(2023, 1, 1), date(2024, 12, 31))
ENDS_SOON = coverage(A, "A-SOON", date(2025, 1, 1), date(2026, 11, 30))
ACTIVE = replace(coverage(B, "B-ACTIVE", date(2025, 1, 1)), rank=2)
TERMINATED = replace(coverage(A, "A-STOPPED", date(2025, 1, 1)), status="terminated")
UNDATED = replace(coverage(A, "A-UNDATED", date(2025, 1, 1)), period_start=None)
TO_COME = coverage(A, "A-NEXT", date(2027, 1, 1))
REMOVED = replace(ACTIVE, status="removed")
SELF_PAY = replace(ACTIVE, payer_kind="self_pay")


def file_of(*coverages: Coverage, check: EligibilityCheck | None = None) -> EligibilityFile:
    patient = Patient.__new__(Patient)
    return EligibilityFile(patient, coverages, (), (), None, check, payers=(payer(A), payer(B)))


def check_of(one: Coverage, code: str, **members: Any) -> EligibilityCheck:
    """A check of the coverage that its payer answered."""
    answer = PayerAnswer("Payer A", None, None, benefits=(BenefitLine(code, "271", ("30",)),))
    made: dict[str, Any] = {"coverage_id": one.id, "source": "clearinghouse", "answer": answer} | members
    at = made.pop("checked_at", EDITED + timedelta(days=2))
    day = made.pop("date_of_service", TODAY)
    return EligibilityCheck(uuid4(), day, "30", "undetermined", None, "completed", (), at, **made)


def chosen(
    name: str, *coverages: Coverage, visits: tuple[VisitOnFile, ...] = (), check: EligibilityCheck | None = None
) -> Sources:
    context = ContextDocument.model_construct(record_type="patient", record_uuid=str(uuid4()))
    held = OnFile(file_of(*coverages, check=check), (), visits)
    return choose(context, held, template(name), today=TODAY)


@pytest.mark.parametrize(
    ("coverages", "told"),
    [
        ((ENDED,), ENDED),
        ((ENDED_BEFORE, ENDED), ENDED),
        ((ENDED, TERMINATED), TERMINATED),
        ((ENDED, REMOVED, SELF_PAY), ENDED),
        ((ENDED, ACTIVE), None),
        ((ENDED, UNDATED), None),
        ((ENDED, TO_COME), None),
        ((ACTIVE,), None),
        ((), None),
    ],
)
def test_a_coverage_is_called_inactive_only_where_it_is_and_no_other_holds(
    coverages: tuple[Coverage, ...], told: Coverage | None
) -> None:
    found = chosen("coverage_inactive_notice", *coverages)
    assert (found.coverage, found.lacking) == (told, () if told else ("coverage.record",))
    assert found.rests_on == ({"coverage": str(told.id)} if told else {})
    if told is not None:
        assert (found.payer_id, found.payer_name) == (A, "Payer A")


def test_it_is_the_day_of_the_visit_to_come_that_counts() -> None:
    assert chosen("coverage_inactive_notice", ENDS_SOON).coverage is None
    assert chosen("coverage_inactive_notice", ENDS_SOON, visits=(visit("scheduled", 20),)).coverage == ENDS_SOON
    assert chosen("coverage_inactive_notice", ENDS_SOON, visits=(visit("cancelled", 20),)).coverage is None


@pytest.mark.parametrize(
    ("on_file", "code", "members", "standing"),
    [
        (ACTIVE, "6", {}, "inactive"),
        (ACTIVE, "6", {"source": "phone"}, "inactive"),
        (ENDED, "1", {}, "active"),
        (ACTIVE, "U", {}, "active"),
        (ACTIVE, "I", {}, "active"),
        (ACTIVE, "6", {"source": "on_file"}, "active"),
        (ACTIVE, "6", {"coverage_id": uuid4()}, "active"),
        (ACTIVE, "6", {"date_of_service": TODAY + timedelta(days=1)}, "active"),
        (ACTIVE, "6", {"checked_at": EDITED - timedelta(days=1)}, "active"),
    ],
)
def test_what_the_payer_itself_answered_last_goes_before_the_file(
    on_file: Coverage, code: str, members: dict[str, Any], standing: str
) -> None:
    one = replace(on_file, updated_at=EDITED)
    assert standing_on(one, file_of(one, check=check_of(one, code, **members)), TODAY) == standing


@pytest.mark.parametrize(
    ("on_file", "code", "asked", "on", "standing"),
    [
        (ENDED, "1", date(2026, 10, 20), TODAY, "inactive"),
        (TO_COME, "6", TODAY, date(2027, 1, 5), "active"),
        (ACTIVE, "6", TODAY, date(2027, 1, 5), "inactive"),
    ],
)
def test_what_the_payer_answered_of_a_day_outlives_neither_the_end_nor_the_beginning_of_the_coverage(
    on_file: Coverage, code: str, asked: date, on: date, standing: str
) -> None:
    check = check_of(on_file, code, date_of_service=asked)
    assert standing_on(on_file, file_of(on_file, check=check), on) == standing


@pytest.mark.parametrize(("first_name", "standing"), [("Elena", "inactive"), ("Marco", "active")])
def test_what_the_payer_answered_about_somebody_else_tells_nothing_of_the_coverage(
    first_name: str, standing: str
) -> None:
    born = date(1980, 5, 1)
    person = AnsweredPerson("Vasquez", first_name, born, None)
    answer = PayerAnswer("Payer A", None, person, benefits=(BenefitLine("6", "271", ("30",)),))
    patient = Patient(uuid4(), "MRN1", "Elena", "Vasquez", born, None, None, 1)
    held = replace(file_of(ACTIVE, check=check_of(ACTIVE, "6", answer=answer)), patient=patient)
    assert standing_on(ACTIVE, held, TODAY) == standing


def test_a_copay_of_a_coverage_that_is_over_is_not_told() -> None:
    assert chosen("copay_estimate", ENDED).coverage is None
    assert chosen("copay_estimate", ENDED, ACTIVE).coverage == ACTIVE


@pytest.mark.parametrize(
    ("status", "taken"), [("corrected", True), ("denied", True), ("rejected", False), ("submitted", False)]
)
def test_only_a_claim_that_was_decided_on_is_replaced_by_a_corrected_one(status: str, *, taken: bool) -> None:
    one = claim(status)
    found = chosen_on_file("corrected_claim_cover", claims=(one,))
    assert (found.claim, found.lacking) == ((one, ()) if taken else (None, ("claim.record",)))


@pytest.mark.parametrize("status", ["cancelled", "no_show", "rescheduled"])
def test_insurance_is_asked_for_no_visit_that_did_not_take_place(status: str) -> None:
    assert chosen("insurance_info_needed", visits=(visit(status, -3),)).visit is None
    kept = visit("completed", -5)
    assert chosen("insurance_info_needed", visits=(visit(status, -3), kept)).visit == kept


@pytest.mark.parametrize(
    ("name", "unproven"),
    [
        ("coverage_inactive_notice", ("reported", "reports", "told us", "According to them")),
        ("cob_update_request", ("asks which", "will not pay", "pays nothing", "It looks as if", "is sent to you")),
        ("referral_request", ("requires", "asks for it", "waiting to be seen", "cannot take place")),
        ("auth_additional_docs", ("asked", "supplied all", "what you")),
        ("corrected_claim_cover", ("have submitted", "sent it again")),
        ("appeal_medical_necessity", ("as not medically necessary", "because you think")),
        ("appeal_no_auth", ("for want of", "because you found")),
        ("appeal_timely_filing", ("too late", "late filing")),
        ("auth_approved_patient", ("the care that", "approved your care")),
        ("insurance_info_needed", ("do not have",)),
        ("payment_plan", ("talking to us",)),
    ],
)
def test_nothing_is_claimed_that_the_state_of_a_record_does_not_tell(name: str, unproven: tuple[str, ...]) -> None:
    for tone, simplified in product(TONES, (False, True)):
        body = compose(template(name), Style(tone, "long", simplified), DEMO).body
        assert not [words for words in unproven if words in body], tone


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_record_is_found_again_in_the_paragraph_that_it_was_put_into(name: str) -> None:
    """Or a letter would be held for changed that is not."""
    for tone, values in product(TONES, (DEMO, canaries())):
        for one in compose(template(name), Style(tone, "long"), values).paragraphs:
            told = tuple(
                name for name in one.fields if FIELDS[name].source in {"visit", "claim", "authorization", "coverage"}
            )
            assert set(told) <= set(used_fields.standing(one.text, one.fields, values))


@pytest.mark.parametrize("tone", TONES)
def test_the_day_of_which_a_coverage_is_told_stands_in_the_letter(tone: Any) -> None:
    of = template("coverage_inactive_notice")
    assert "as of Thursday, March 5, 2026." in compose(of, Style(tone, "short"), DEMO).body
    assert "as of today." in compose(of, Style(tone, "short"), DEMO | {"visit.date": None}).body
