"""RecordWriteRepository under its service: one contract, both implementations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from shared.errors import ConflictError, ForbiddenError, MobiusError, NotFoundError, PreconditionFailedError
from shared.models.api.record_writes import RecordWrite, WrittenRecord
from shared.models.caller import Caller
from shared.models.replay import Replayed
from shared.models.roles import Role
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.services.access_log import AccessLog
from shared.services.record_writes import RecordWriteService
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, store_practice
from tests.e2e.person import at_once
from tests.unit.factories import caller, key

ANA = {"mrn": "MRN900", "firstName": "Ana", "lastName": "Ortiz", "dateOfBirth": "1984-02-11"}


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


@pytest.fixture
def service(records: Records) -> RecordWriteService:
    outbox = InMemoryAuditOutbox(InMemoryDocuments())
    return RecordWriteService(lambda: records.store, AccessLog(InMemoryAuditPublisher, lambda: outbox))


@pytest.fixture
def admin(records: Records) -> Caller:
    return caller(client_id=records.client, role=Role.ADMIN)


@pytest.fixture
def write(service: RecordWriteService, admin: Caller) -> Callable[..., WrittenRecord]:
    def written(record_type: str, data: dict[str, Any], version: int | None = None) -> WrittenRecord:
        asked = RecordWrite.model_validate({"type": record_type, "data": data, "version": version})
        return service.write(admin, asked)[0]

    return written


def refusal(action: Callable[[], object]) -> tuple[int, str, list[str]]:
    """Status, code and named members of the error that `action` raises."""
    with pytest.raises(MobiusError) as caught:
        action()
    return caught.value.status, caught.value.code, [fault.field for fault in caught.value.errors]


@pytest.mark.parametrize(
    ("record_type", "data"),
    [
        ("patient", ANA),
        ("claim", {"claimNumber": "CLM-900", "patientId": "MRN553", "amount": 12.5, "paidCents": 250}),
        ("visit", {"visitNumber": "VIS-900", "patientId": "MRN553", "visitDate": "2026-12-01", "providerId": "PRV-11"}),
        (
            "authorization",
            {"authNumber": "AUTH-900", "patientId": "MRN553", "payerId": "BST-01", "providerId": "PRV-11"}
            | {"unitsRequested": 3, "urgency": "urgent", "certificationNumber": "C-1"},
        ),
        ("coverage", {"patientId": "MRN553", "payerId": "BST-01", "memberId": "M-1", "copayCents": 2500}),
        ("payer", {"payerNumber": "PAY-900", "name": "Granite"}),
        (
            "payer_rule",
            {"payerId": "BST-01", "serviceType": "MH", "requiresAuth": True}
            | {"requiredFields": ["diagnosisCodes", "notes"], "decisionDays": 3},
        ),
        ("provider", {"providerNumber": "PRV-900", "kind": "person", "name": "Doctor"}),
    ],
)
def test_every_type_is_made_changed_by_its_key_and_deleted(
    records: Records,
    practice: Practice,
    service: RecordWriteService,
    write: Any,
    record_type: str,
    data: dict[str, Any],
) -> None:
    del practice
    made = write(record_type, data)
    assert (made.version, made.type) == (1, record_type)
    assert refusal(lambda: write(record_type, data))[:2] == (409, "already_exists")
    assert refusal(lambda: write(record_type, data, 9))[:2] == (412, "precondition_failed")
    assert write(record_type, data, 1).version == 1
    gone = service.delete(caller(client_id=records.client, role=Role.ADMIN, if_match=1), record_type, made.id)
    assert gone.version == 2
    assert records.store.records.get(records.client, record_type, made.id, seen=None) is None
    events = records.events()
    assert [event.metadata["change"] for event in events] == ["created", "unchanged", "deleted"]
    assert {event.resource_id for event in events} == {UUID(made.id)}


def test_a_changed_name_is_searched_by_its_new_form_and_stands_in_the_history(
    records: Records, service: RecordWriteService, write: Any, admin: Caller
) -> None:
    made = write("patient", ANA)
    write("patient", {"mrn": "MRN900", "lastName": "Ortega"}, 1)
    search = records.store.records.search
    assert [hit.number for hit in search(records.client, ("ortega", "1984-02-11"), ("patient",), seen=None)] == [
        "MRN900"
    ]
    assert search(records.client, ("ortiz",), ("patient",), seen=None) == []
    history = service.history(admin, "patient", "MRN900")
    assert (history.id, [change.version for change in history.changes]) == (made.id, [2, 1])
    assert [(one.field, one.before, one.now) for one in history.changes[0].fields] == [("lastName", "Ortiz", "Ortega")]
    assert history.changes[0].changed_by == str(admin.user_id)


def test_history_names_hidden_members_without_their_values(
    records: Records, service: RecordWriteService, write: Any
) -> None:
    write("patient", ANA | {"phone": "555-0123"})
    auditor = caller(client_id=records.client, role=Role.AUDITOR)
    (change,) = service.history(auditor, "patient", "MRN900").changes
    phone = next(one for one in change.fields if one.field == "phone")
    assert (phone.hidden, phone.before, phone.now) == (True, None, None)


def test_who_may_be_the_same_person_is_named(practice: Practice, write: Any) -> None:
    double = write("patient", ANA | {"lastName": "MÜLLER", "dateOfBirth": "1981-04-03"})
    assert [warning.record_ids for warning in double.warnings] == [(str(practice.patient),)]
    same_card = write("patient", ANA | {"mrn": "MRN901", "memberId": "cap 7"})
    assert [warning.record_ids for warning in same_card.warnings] == [(str(practice.patient),)]
    assert write("patient", ANA | {"mrn": "MRN902", "dateOfBirth": "1990-01-01"}).warnings == ()


BAD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("patient", ANA | {"mrn": "A/1"}, ["data.mrn"]),
    ("patient", ANA | {"dateOfBirth": "2999-01-01"}, ["data.dateOfBirth"]),
    ("patient", ANA | {"dateOfBirth": "2100-01-01"}, ["data.dateOfBirth"]),
    ("patient", ANA | {"dateOfBirth": "1984-02-30"}, ["data.dateOfBirth"]),
    ("patient", ANA | {"dateOfBirth": 19840211}, ["data.dateOfBirth"]),
    ("patient", ANA | {"firstName": None}, ["data.firstName"]),
    ("patient", ANA | {"nickname": "x"}, ["data.nickname"]),
    ("patient", {"mrn": "MRN900"}, ["data.firstName", "data.lastName", "data.dateOfBirth"]),
    ("patient", {"firstName": "Ana"}, ["data.mrn"]),
    ("claim", {"claimNumber": "C", "patientId": "MRN553", "amount": -1}, ["data.amount"]),
    ("claim", {"claimNumber": "C", "patientId": "MRN553", "amount": 1.005}, ["data.amount"]),
    ("claim", {"claimNumber": "C", "patientId": "MRN553", "amount": 1e12}, ["data.amount"]),
    ("claim", {"claimNumber": "C", "patientId": "MRN553", "amount": 5, "amountCents": 501}, ["data.amountCents"]),
    ("claim", {"claimNumber": "C", "patientId": "nobody", "amount": 5}, ["data.patientId"]),
    ("claim", {"claimNumber": "C", "patientId": "MRN553", "amount": 5, "status": "lost"}, ["data.status"]),
    ("coverage", {"patientId": "MRN553", "payerId": "BST-01", "periodStart": "2026-02-01", "periodEnd": "2026-01-01"},
     ["data.periodEnd"]),
]  # fmt: skip


@pytest.mark.parametrize(("record_type", "data", "fields"), BAD)
def test_bad_input_is_refused_by_name_and_leaves_nothing(
    records: Records, practice: Practice, write: Any, record_type: str, data: dict[str, Any], fields: list[str]
) -> None:
    del practice
    assert refusal(lambda: write(record_type, data)) == (422, "validation_failed", fields)
    assert records.events() == []


def test_another_organisations_patient_is_an_unknown_one(records: Records, practice: Practice) -> None:
    outbox = InMemoryAuditOutbox(InMemoryDocuments())
    service = RecordWriteService(lambda: records.store, AccessLog(InMemoryAuditPublisher, lambda: outbox))
    theirs = caller(client_id=records.other, role=Role.ADMIN)
    claim = {"claimNumber": "C", "patientId": str(practice.patient), "amount": 5}
    asked = RecordWrite(type="claim", data=claim)
    assert refusal(lambda: service.write(theirs, asked)) == (422, "validation_failed", ["data.patientId"])
    with pytest.raises(NotFoundError):
        service.delete(theirs, "claim", "CLM-88")
    with pytest.raises(NotFoundError):
        service.history(theirs, "claim", "CLM-88")


def test_what_others_point_at_stays_and_a_deleted_number_stays_taken(
    records: Records, practice: Practice, service: RecordWriteService, admin: Caller, write: Any
) -> None:
    with pytest.raises(ConflictError, match="point at it"):
        service.delete(admin, "patient", "MRN553")
    write("patient", ANA)
    service.delete(admin, "patient", "MRN900")
    assert refusal(lambda: write("patient", ANA))[:2] == (409, "number_retired")
    service.delete(admin, "coverage", str(practice.coverages[0]))
    assert practice.coverages[0] not in {held.id for held in file_of(records).coverages}


def test_a_deleted_rule_counts_no_more_and_comes_back_as_itself(
    records: Records, practice: Practice, service: RecordWriteService, admin: Caller, write: Any
) -> None:
    del practice
    rule = next(one for one in file_of(records).payer_rules if one.service_type == "98")
    service.delete(admin, "payer_rule", str(rule.id))
    assert "98" not in {one.service_type for one in file_of(records).payer_rules}
    back = write("payer_rule", {"payerId": "BST-01", "serviceType": "98", "requiresAuth": False})
    assert (back.id, back.version, back.data["requiresAuth"]) == (str(rule.id), 3, False)


def test_a_stale_deletion_shows_the_record_as_it_is(records: Records, service: RecordWriteService, write: Any) -> None:
    write("patient", ANA)
    with pytest.raises(PreconditionFailedError) as caught:
        service.delete(caller(client_id=records.client, role=Role.ADMIN, if_match=4), "patient", "MRN900")
    assert caught.value.extra["current"]["version"] == 1


def test_a_role_writes_only_its_types(records: Records, service: RecordWriteService) -> None:
    biller = caller(client_id=records.client, role=Role.BILLER)
    with pytest.raises(ForbiddenError):
        service.write(biller, RecordWrite(type="patient", data=ANA))


def test_twenty_at_once_with_one_key_make_one_record(records: Records, service: RecordWriteService) -> None:
    asking = caller(client_id=records.client, role=Role.ADMIN, idempotency=key())

    def once(_: int) -> str:
        try:
            return f"{service.write(asking, RecordWrite(type='patient', data=ANA))[1]}"
        except Replayed as answer:
            return f"again {answer.status}"

    assert sorted(at_once(20, once)) == ["201"] + ["again 201"] * 19
    assert len(records.events()) == 1


def test_two_at_once_with_one_number_are_one_record_and_one_conflict(
    records: Records, service: RecordWriteService, admin: Caller
) -> None:
    def once(_: int) -> int:
        try:
            return service.write(admin, RecordWrite(type="patient", data=ANA))[1]
        except ConflictError as error:
            return error.status

    assert sorted(at_once(2, once)) == [201, 409]
    assert len(records.events()) == 1


def test_what_a_payer_wants_is_kept_as_a_list_with_its_history(
    records: Records, practice: Practice, service: RecordWriteService, write: Any
) -> None:
    del practice
    rule = {"payerId": "BST-01", "serviceType": "MH", "requiredFields": ["diagnosisCodes", "notes"]}
    made = write("payer_rule", rule)
    assert made.data["requiredFields"] == ["diagnosisCodes", "notes"]
    assert write("payer_rule", rule | {"requiredFields": ["notes"]}, 1).data["requiredFields"] == ["notes"]
    changes = service.history(caller(client_id=records.client, role=Role.ADMIN), "payer_rule", made.id).changes
    (field,) = changes[0].fields
    assert (field.field, field.before, field.now) == ("requiredFields", ("diagnosisCodes", "notes"), ("notes",))


def test_an_authorizations_state_is_changed_by_steps_only(practice: Practice, write: Any) -> None:
    del practice
    data = {"authNumber": "AUTH-901", "patientId": "MRN553", "status": "approved"}
    assert write("authorization", data).data["status"] == "approved"
    assert refusal(lambda: write("authorization", data | {"status": "draft"}, 1))[:2] == (409, "invalid_transition")
    assert write("authorization", data | {"status": "revoked"}, 1).data["status"] == "revoked"
