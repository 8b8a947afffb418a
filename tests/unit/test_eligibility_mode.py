"""The modes and the eligibility mode's handler on the in-memory stores, with the demo's rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.local.demo_accounts import RIVERSIDE
from shared.errors import ForbiddenError, NotFoundError, StoreUnavailableError, ValidationFailedError
from shared.models.api.modes import ClaimQuery, ContextView, QuickAction, QuickActionResult, SetContext
from shared.models.audit import AuditAction
from shared.models.cursor import encode_cursor
from shared.models.firestore.documents import ContextDocument
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.models.roles import Role
from shared.modes.eligibility import EligibilityModeHandler
from shared.repositories.protocols import Change
from shared.services.authorization_action_table import AUTHORIZATION_ACTIONS
from shared.services.coverage_action_table import COVERAGE_ACTIONS
from shared.services.eligibility_reading_table import READING_ACTIONS
from tests.unit.clinic import MODE, Clinic
from tests.unit.factories import NOW, key


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


def test_a_fresh_context_reads_as_the_owner_shows_it(clinic: Clinic) -> None:
    opened = clinic.open()
    shown = opened.model_dump(by_alias=True)
    expected = {
        "mode": "eligibility",
        "recordType": "Patient ID",
        "recordId": "MRN553",
        "status": "proceed",
        "summary": "Reviewing eligibility for patient MRN553…",
    }
    assert shown | expected == shown
    assert opened.context_id.startswith("ctx_")
    assert clinic.modes.get_context(clinic.caller, MODE) == opened


def test_a_check_answers_as_the_owner_shows_it(clinic: Clinic) -> None:
    clinic.open()
    answer = clinic.check().model_dump(mode="json", by_alias=True)
    assert answer["success"] is True
    assert answer["data"] | {"eligible": True, "requiresAuth": True, "status": "pending"} == answer["data"]
    offered = answer["guidanceActions"]
    assert [list(one.items())[:2] for one in offered] == [
        [("label", "Request Authorization"), ("action", "request_auth")],
        [("label", "View Full Record"), ("action", "view_record")],
    ]
    assert offered[0]["reason"]["ruleId"] == "E09"
    assert "reason" not in offered[1]


def test_a_check_brings_the_context_up_to_date_and_is_recorded_once(clinic: Clinic) -> None:
    opened = clinic.open()
    clinic.check()
    context = clinic.modes.get_context(clinic.caller, MODE)
    assert (context.status, context.version) == ("pending", 2)
    assert context.summary.startswith("Bluestem Health Plan Bluestem Choice PPO: active for 2026-")
    (recorded,) = clinic.records.tables.events
    assert (recorded.action, recorded.resource_ref) == (AuditAction.QUICK_ACTION, opened.context_id)
    assert recorded in clinic.topic.events
    assert all(word not in recorded.model_dump_json() for word in ("MRN553", "Elena", "Bluestem"))


def test_a_check_of_another_day_is_of_that_day(clinic: Clinic) -> None:
    clinic.open()
    before = clinic.check(dateOfService="2024-12-31")
    assert before.data | {"eligible": False, "status": "error", "dateOfServiceSource": "params"} == before.data
    assert clinic.check(dateOfService="2025-01-01").data["eligible"] is True


def test_a_repeated_check_is_replayed(clinic: Clinic) -> None:
    clinic.open()
    who = replace(clinic.caller, idempotency=key("asked"))
    first = clinic.check(who)
    with pytest.raises(Replayed) as replayed:
        clinic.check(who)
    assert QuickActionResult.model_validate_json(replayed.value.body) == first
    with pytest.raises(IdempotencyMismatchError):
        clinic.check(replace(who, idempotency=replace(who.idempotency or key(), request="another")))
    assert len(clinic.records.tables.rows["eligibility_checks"]) == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"dateOfService": "soon"}, "params.dateOfService"),
        ({"serviceType": "toolong"}, "params.serviceType"),
        ({"date_of_service": "2026-01-01"}, "params.date_of_service"),
        ({"patient": "MRN1"}, "params.patient"),
    ],
)
def test_parameters_are_refused_by_name(clinic: Clinic, params: dict[str, Any], field: str) -> None:
    clinic.open()
    with pytest.raises(ValidationFailedError) as refused:
        clinic.check(**params)
    assert refused.value.errors[0].field == field
    assert clinic.records.tables.events == []


def test_an_unknown_action_names_the_known_ones(clinic: Clinic) -> None:
    clinic.open()
    with pytest.raises(ValidationFailedError) as refused:
        clinic.modes.execute_quick_action(clinic.caller, MODE, QuickAction(action="do_magic"))
    assert refused.value.extra["allowed"] == sorted(EligibilityModeHandler.actions())


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.BILLER])
def test_who_may_not_check_is_refused(clinic: Clinic, role: Role) -> None:
    clinic.open()
    with pytest.raises(ForbiddenError):
        clinic.check(replace(clinic.caller, role=role))


def test_a_colleague_shares_the_context(clinic: Clinic) -> None:
    colleague = replace(clinic.caller, user_id=uuid4(), session_id="uid-c_1790000000")
    first = clinic.open()
    wanted = SetContext(record_type="patient", record_id=first.record_uuid)
    again, new = clinic.modes.set_context(colleague, MODE, wanted)
    assert (again.context_id, new) == (first.context_id, False)


def test_the_same_number_elsewhere_is_another_context(clinic: Clinic) -> None:
    mine, theirs = clinic.open(), clinic.open(who=clinic.neighbour)
    assert mine.context_id != theirs.context_id
    with pytest.raises(NotFoundError):
        clinic.modes.get_context(clinic.neighbour, MODE, mine.context_id)
    assert clinic.check(clinic.neighbour, dateOfService="2026-01-01").data["eligible"] is False


def test_a_repeated_opening_is_answered_as_the_first(clinic: Clinic) -> None:
    clinic.open()
    clinic.check()
    who = replace(clinic.caller, idempotency=key())
    known = clinic.open(who=who)
    with pytest.raises(Replayed) as replayed:
        clinic.open(who=who)
    assert replayed.value.status == 200
    assert ContextView.model_validate_json(replayed.value.body) == known
    assert known.version == 2


@pytest.mark.parametrize("reference", ["MRN000", str(UUID(int=99)), "'--", "%"])
def test_an_unknown_record_is_not_found(clinic: Clinic, reference: str) -> None:
    with pytest.raises(NotFoundError):
        clinic.open(reference)
    with pytest.raises(NotFoundError):
        clinic.handler.patient(clinic.caller, reference, asked=None)
    with pytest.raises(NotFoundError):
        clinic.handler.claims(clinic.caller, reference, ClaimQuery())
    assert clinic.records.tables.events == []


def test_a_visit_gives_the_date_and_the_patient(clinic: Clinic) -> None:
    clinic.open("VIS-1987", "Visit ID")
    data = clinic.check().data
    assert (data["dateOfService"], data["dateOfServiceSource"], data["serviceType"]) == (
        "2026-09-22",
        "context_visit",
        "98",
    )


def test_something_else_has_no_patient_to_check(clinic: Clinic) -> None:
    opened = clinic.open("A question about parking", "Other")
    assert clinic.modes.get_summary(clinic.caller, MODE).summary == opened.summary
    with pytest.raises(ValidationFailedError):
        clinic.check()
    shown = clinic.modes.execute_quick_action(clinic.caller, MODE, QuickAction(action="view_record"))
    assert shown.data["record"]["recordId"] == "A question about parking"


def test_without_a_context_there_is_nothing_to_show(clinic: Clinic) -> None:
    for act in (clinic.modes.get_context, clinic.modes.get_summary):
        with pytest.raises(NotFoundError) as refused:
            act(clinic.caller, MODE)
        assert refused.value.code == "context_not_set"


def test_an_unknown_mode_names_the_known_ones(clinic: Clinic) -> None:
    with pytest.raises(NotFoundError) as refused:
        clinic.modes.get_mode_handler("time-travel")
    assert (refused.value.code, refused.value.extra["allowed"]) == ("mode_not_found", sorted(clinic.modes.modes))
    assert MODE in clinic.modes.modes


def test_modes_are_listed_as_far_as_the_role_works_in_them(clinic: Clinic) -> None:
    auditor = clinic.modes.list_modes(replace(clinic.caller, role=Role.AUDITOR)).modes
    lead = clinic.modes.list_modes(replace(clinic.caller, role=Role.MANAGER)).modes
    own = [next(mode for mode in modes if mode.mode == MODE) for modes in (auditor, lead)]
    actions = [[action.action for action in mode.quick_actions] for mode in own]
    looking = ["view_record", *(rule.name for rule in READING_ACTIONS if rule.name[:3] != "est")]
    rest = [rule.name for rule in (*READING_ACTIONS, *COVERAGE_ACTIONS, *AUTHORIZATION_ACTIONS) if rule.listed]
    assert actions == [looking, ["check_eligibility", "batch_check_schedule", "view_record", *rest]]


def test_every_fact_of_the_summary_has_its_source(clinic: Clinic) -> None:
    clinic.open()
    before = clinic.modes.get_summary(clinic.caller, MODE)
    assert before.status == "pending"
    clinic.check()
    after = clinic.modes.get_summary(clinic.caller, MODE)
    assert after.status == "pending"
    assert {fact.label for fact in after.facts} >= {"Coverage", "Authorization", "Copay", "Checked"}
    assert all(fact.source for fact in after.facts)


def test_a_patient_is_shown_by_mrn_and_by_uuid(clinic: Clinic) -> None:
    by_mrn = clinic.handler.patient(clinic.caller, "MRN553", asked=None)
    by_uuid = clinic.handler.patient(clinic.caller, by_mrn.patient.id, asked=None)
    assert by_mrn == by_uuid
    assert by_mrn.patient.last_name == "Vasquez"
    assert (by_mrn.verdict.date_of_service, by_mrn.verdict.eligible) == (date(2026, 11, 23), True)
    assert clinic.handler.patient(clinic.caller, "MRN553", asked=date(2024, 1, 1)).verdict.eligible is False
    with pytest.raises(NotFoundError):
        clinic.handler.patient(clinic.neighbour, by_mrn.patient.id, asked=None)


def test_an_auditor_sees_no_phone_and_no_member_id(clinic: Clinic) -> None:
    shown = clinic.handler.patient(replace(clinic.caller, role=Role.AUDITOR), "MRN553", asked=None)
    assert shown.patient.phone is None
    assert [coverage.member_id for coverage in shown.coverages] == [None]


def test_reads_of_a_patient_are_recorded_with_whose_they_were(clinic: Clinic) -> None:
    patient = clinic.handler.patient(clinic.caller, "MRN553", asked=None).patient.id
    clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery())
    assert [(seen.resource_type, seen.patient_ref) for seen in clinic.records.tables.events] == [
        ("patient", patient),
        ("claim_list", patient),
    ]


def test_claims_are_exact_to_the_cent_and_paged(clinic: Clinic) -> None:
    patient = UUID(clinic.handler.patient(clinic.caller, "MRN553", asked=None).patient.id)
    for n in range(10):
        claim = {"client_id": RIVERSIDE.id, "patient_id": patient, "claim_number": f"C-{n}", "status": "denied"}
        clinic.records.tables.add(
            "claims", claim | {"amount": Decimal("0.29") + n, "service_date": date(2026, 1, n + 1)}
        )
    first = clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(limit=7))
    rest = clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(limit=7, cursor=first.next_cursor))
    claims = [*first.claims, *rest.claims]
    assert rest.next_cursor is None
    assert len({claim.id for claim in claims}) == 12
    assert [claim.amount_cents for claim in claims if claim.status == "denied"] == [
        n * 100 + 29 for n in range(9, -1, -1)
    ]
    assert len(clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(status="paid")).claims) == 1


@pytest.mark.parametrize("cursor", ["x", "", "AAAA"])
def test_a_cursor_of_another_list_is_refused(clinic: Clinic, cursor: str) -> None:
    with pytest.raises(ValidationFailedError):
        clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(cursor=cursor))
    mine = clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(limit=1)).next_cursor
    with pytest.raises(ValidationFailedError):
        clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(limit=1, status="paid", cursor=mine))


@pytest.mark.parametrize(
    "day", [0, 86400, "86400", "2026-12-01T00:00:00", "2026-W01-1", "20261201", "2026-13-01", True]
)
def test_only_a_written_day_is_a_date_of_service(clinic: Clinic, day: Any) -> None:
    clinic.open()
    with pytest.raises(ValidationFailedError) as refused:
        clinic.check(dateOfService=day)
    assert refused.value.errors[0].field == "params.dateOfService"
    assert clinic.records.tables.events == []


def test_a_repetition_brings_the_context_up_to_date_that_the_first_try_did_not(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.open()
    keyed = replace(clinic.caller, idempotency=key())

    def unreachable(*_: Any) -> None:
        raise StoreUnavailableError

    with monkeypatch.context() as broken:
        broken.setattr(type(clinic.live.contexts), "change", unreachable)
        with pytest.raises(StoreUnavailableError):
            clinic.check(keyed)
    assert clinic.modes.get_context(clinic.caller, MODE).status == "proceed"
    with pytest.raises(Replayed):
        clinic.check(keyed)
    assert clinic.modes.get_context(clinic.caller, MODE).status == "pending"
    assert len(clinic.records.tables.events) == 1


def read_meanwhile(clinic: Clinic, context_id: str) -> None:
    """Somebody brings the context up to date from what they read after the clinic's clock, before a check is stored."""

    def already_there(context: ContextDocument) -> Change[ContextDocument]:
        changes = {"summary": "Read later", "as_of": clinic.clock() + timedelta(milliseconds=1)}
        return Change(context.model_copy(update=changes), None)

    clinic.live.contexts.change(clinic.caller.client_id, context_id, already_there)


def test_a_check_is_shown_though_somebody_read_the_records_just_before_it_was_stored(clinic: Clinic) -> None:
    opened = clinic.open()
    read_meanwhile(clinic, opened.context_id)
    clinic.step = timedelta(seconds=1)  # each look at the clock is later than the one before
    clinic.moment = NOW - timedelta(seconds=3)
    clinic.check()
    shown = clinic.live.contexts.get(clinic.caller.client_id, opened.context_id)
    assert shown is not None
    assert shown.summary.startswith("Bluestem Health Plan")
    assert shown.as_of > NOW


def test_what_was_read_earlier_never_replaces_what_was_read_later(clinic: Clinic) -> None:
    opened = clinic.open()
    read_meanwhile(clinic, opened.context_id)
    clinic.moment -= timedelta(seconds=1)  # a clock that stands still behind the other one
    with pytest.raises(StoreUnavailableError):
        clinic.check()
    assert clinic.modes.get_context(clinic.caller, MODE).summary == "Read later"


def test_the_front_desk_sees_claims_without_the_reason_of_a_denial(clinic: Clinic) -> None:
    reasons = {}
    for role in (Role.FRONT_DESK, Role.BILLER):
        who = replace(clinic.caller, role=role)
        (claim,) = clinic.handler.claims(who, "MRN554", ClaimQuery()).claims
        reasons[role] = claim.denial_reason
    assert reasons == {Role.FRONT_DESK: None, Role.BILLER: "CO-197"}


@pytest.mark.parametrize("position", [("2026-W01-1", "x"), ("2026-01-01", "a/b"), ("0", str(uuid4()))])
def test_a_cursor_with_a_forged_position_is_refused(clinic: Clinic, position: tuple[str, str]) -> None:
    forged = encode_cursor((clinic.caller.client_id, "MRN553", None), *position)
    with pytest.raises(ValidationFailedError) as refused:
        clinic.handler.claims(clinic.caller, "MRN553", ClaimQuery(cursor=forged))
    assert refused.value.errors[0].field == "cursor"


def test_a_role_is_offered_only_what_it_may_do(clinic: Clinic) -> None:
    clinic.open()
    offered = clinic.check(replace(clinic.caller, role=Role.FRONT_DESK)).guidance_actions
    assert [action.action for action in offered] == ["view_record"]
