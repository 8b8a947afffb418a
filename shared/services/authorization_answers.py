"""Reading a payer's answer, whichever way it came, into a decision."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from shared.domain.authorization.answers import REVIEW_CODE_BY_STATE
from shared.errors import FieldError, ValidationFailedError
from shared.models.api.authorizations import DecisionRequest, ManualDecision, ManualLine
from shared.models.authorization import DecisionLine, DecisionReason, PayerDecision


class AnswerReader:
    """Reads answers, whoever carried them."""

    def read(self, given: DecisionRequest, zone: ZoneInfo) -> PayerDecision:
        """Return the decision. Raises ValidationFailedError naming what cannot be read."""
        if given.manual is not None:
            return _manual(given.manual)
        if given.fhir is not None:
            from shared.importing.fhir_authorization import read_claim_response

            return read_claim_response(given.fhir, "fhir", zone)
        return _review(given.x12 or "")


def _review(interchange: str) -> PayerDecision:
    """The one answer of an X12 interchange. Raises ValidationFailedError for what is none."""
    from shared.domain.authorization.review import decision_of
    from shared.x12.errors import UnreadableInterchangeError
    from shared.x12.interchange import read_interchanges
    from shared.x12.services_review import read_authorization_answers

    try:
        interchanges = read_interchanges(interchange)
    except UnreadableInterchangeError as exc:
        raise _refused("x12", exc.reason, f"cannot be read at segment {exc.segment}") from exc
    transactions = [one for whole in interchanges for one in whole.transactions]
    answers = [answer for one in transactions if one.set_id == "278" for answer in read_authorization_answers(one)]
    if len(answers) != 1:
        raise _refused("x12", "one_answer", "must hold the answer about exactly one request")
    return decision_of(answers[0])


def _manual(given: ManualDecision) -> PayerDecision:
    if given.outcome is None and not given.lines:
        raise _refused("manual.outcome", "missing", "is needed where no lines are given")
    if given.outcome == "denied" and not (given.reason or given.reason_code):
        raise _refused("manual.reason", "missing", "is needed for a denial")
    return PayerDecision(
        source="manual",
        review_code=None if given.outcome is None else REVIEW_CODE_BY_STATE[given.outcome],
        decided_on=given.decided_on,
        decided_at=given.decided_at,
        certification_number=given.certification_number,
        period_start=given.period_start,
        period_end=given.period_end,
        units=given.units,
        reasons=_reasons(given.reason_code, given.reason),
        lines=tuple(_line(line, number) for number, line in enumerate(given.lines, start=1)),
    )


def _line(line: ManualLine, number: int) -> DecisionLine:
    return DecisionLine(
        number=number,
        review_code=REVIEW_CODE_BY_STATE[line.outcome],
        procedure=line.procedure,
        units=line.units,
        period_start=line.period_start,
        period_end=line.period_end,
        certification_number=line.certification_number,
        reasons=_reasons(None, line.reason),
    )


def _reasons(code: str | None, text: str | None) -> tuple[DecisionReason, ...]:
    return (DecisionReason(code, text),) if code or text else ()


def _refused(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
