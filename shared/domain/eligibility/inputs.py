"""What a verdict is decided from: records and answers, in an order of its own and without anybody's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.eligibility.coordination import PAYER_ROLES
from shared.domain.eligibility.person import match_person
from shared.models.payer_answer import BenefitLine, PayerAnswer, Rejection, RelatedEntity
from shared.models.records import Authorization, Benefit, EligibilityFile, Payer, PayerRule
from shared.models.verdict import GivenAnswer, Question, VerdictInputs


def inputs_of(file: EligibilityFile, question: Question, answers: Sequence[GivenAnswer]) -> VerdictInputs:
    """Everything that counts, in an order of its own, and nothing that names a person."""
    return VerdictInputs(
        question=question,
        coverages=tuple(
            sorted((replace(one, member_id=None) for one in file.coverages), key=lambda one: (one.rank, str(one.id)))
        ),
        payers=tuple(sorted(file.payers, key=_id)),
        payer_rules=tuple(sorted(file.payer_rules, key=_id)),
        benefits=tuple(sorted(file.benefits, key=_id)),
        authorizations=tuple(sorted((_bare(held) for held in file.authorizations), key=_id)),
        booked_visits=tuple(sorted(file.booked_visits, key=lambda visit: (visit.visit_date, str(visit.id)))),
        answers=tuple(sorted((given_answer(file, one) for one in answers), key=lambda one: str(one.coverage_id))),
    )


def kept_answers(file: EligibilityFile, question: Question) -> tuple[GivenAnswer, ...]:
    """What the newest check brought, when it asked a payer about this day and service."""
    check = file.newest_check
    if check is None or check.coverage_id is None or (check.answer is None and check.failure is None):
        return ()
    if (check.date_of_service, check.service_type) != (question.on, question.service_type):
        return ()
    return (GivenAnswer(check.coverage_id, check.source, check.checked_at, check.answer, check.failure),)


def given_answer(file: EligibilityFile, given: GivenAnswer) -> GivenAnswer:
    """A payer's answer as an input of a verdict: the person compared with the patient, then every person left out."""
    failure = None if given.failure is None else replace(given.failure, texts=())
    if given.answer is None:
        return replace(given, failure=failure)
    person = given.answer.person
    match = given.person if person is None else match_person(file.patient, person)
    return replace(given, answer=_impersonal(given.answer), failure=failure, person=match)


def _bare(held: Authorization) -> Authorization:
    """An authorization with what rules read: no numbers of it, no diagnosis, no free text, no answer."""
    return replace(
        held,
        auth_number="",
        patient_id=None,
        diagnosis_codes=(),
        notes=None,
        status_reason=None,
        certification_number=None,
        decision=None,
        answer_digests=(),
        extension=None,
    )


def _impersonal(answer: PayerAnswer) -> PayerAnswer:
    """An answer with what rules read, and nothing else: no person, no number of theirs, no free text."""
    return PayerAnswer(
        payer_name=answer.payer_name,
        payer_id=answer.payer_id,
        person=None,
        periods=answer.periods,
        benefits=tuple(_line(line) for line in answer.benefits),
        rejections=tuple(Rejection(one.code, one.level, one.follow_up) for one in answer.rejections),
    )


def _line(line: BenefitLine) -> BenefitLine:
    return BenefitLine(
        code=line.code,
        source=line.source,
        service_types=line.service_types,
        level=line.level,
        insurance_type=line.insurance_type,
        period=line.period,
        amount=line.amount,
        percent=line.percent,
        quantity_qualifier=line.quantity_qualifier,
        quantity=line.quantity,
        requires_auth=line.requires_auth,
        network=line.network,
        procedure=line.procedure,
        periods=line.periods,
        entities=tuple(RelatedEntity(one.role, one.name) for one in line.entities if one.role in PAYER_ROLES),
    )


def _id(record: Authorization | Benefit | Payer | PayerRule) -> str:
    return str(record.id)
