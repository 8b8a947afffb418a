"""AuthorizationRepository: one contract, both implementations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from shared.domain.authorization.states import moved
from shared.errors import InvalidTransitionError, NotFoundError
from shared.models.authorization import DecisionReason, ExtensionRequest, PayerDecision
from shared.models.records import Authorization
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.repositories.authorization_protocols import (
    AuthorizationCase,
    AuthorizationChange,
    RequestGround,
    RequestReferences,
)
from tests.contract.authorization_steps import change, draft, in_parallel, known, request
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, store_practice
from tests.unit.factories import NOW, TODAY, USER, event, key

DECISION = PayerDecision("fhir", "A4", NOW.date(), NOW, "C-1", reasons=(DecisionReason("0V", "Medical records"),))


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def cancelled(case: AuthorizationCase) -> Authorization:
    return moved(case.authorization, "cancel", reason="Called off") or case.authorization


def test_a_request_is_read_back_whole_by_id_and_number(records: Records, practice: Practice) -> None:
    made = request(records, practice)
    assert known(records, made.id) == known(records, made.auth_number) == made
    assert made in file_of(records).authorizations
    assert records.store.authorizations.get(records.other, str(made.id)) is None
    assert records.store.authorizations.get(records.client, "nobody's") is None


def test_a_request_is_found_has_a_history_and_leaves_one_event(records: Records, practice: Practice) -> None:
    made = request(records, practice)
    found = records.store.records.search(
        records.client, (made.auth_number.lower().replace("-", ""),), ("authorization",), seen=None
    )
    assert [hit.id for hit in found] == [made.id]
    history = records.store.record_writes.history(records.client, "authorization", made.auth_number, seen=None)
    assert history is not None
    ((entry),) = history[1]
    assert (entry.version, entry.changed_by) == (1, USER)
    assert entry.changes["status"] == (None, "submitted")
    assert entry.changes["procedure_codes"] == (None, "99213, 97110")
    assert len(records.events()) == 1


def test_a_request_is_made_on_what_is_on_file(records: Records, practice: Practice) -> None:
    seen: list[RequestGround] = []
    named = RequestReferences("MRN553", payer="CAP-02", provider=str(practice.provider), visit="VIS-1")
    request(records, practice, references=named, seen=seen)
    (ground,) = seen
    assert (ground.payer_id, ground.provider_id) == (practice.other_payer, practice.provider)
    assert ground.file.context_visit is not None
    assert (ground.file.context_visit.id, ground.file.context_visit.patient_id) == (practice.visit, practice.patient)
    assert {rule.service_type for rule in ground.rules if rule.payer_id == practice.payer} == {"98", "30"}
    assert ground.npis == {practice.provider: None}


@pytest.mark.parametrize("reference", ["nobody's", str(UUID(int=7))])
def test_what_is_named_and_is_not_there_is_none(records: Records, practice: Practice, reference: str) -> None:
    seen: list[RequestGround] = []
    request(records, practice, references=RequestReferences("MRN553", reference, reference, reference), seen=seen)
    assert (seen[0].payer_id, seen[0].provider_id, seen[0].file.context_visit) == (None, None, None)


def test_another_patients_visit_is_not_there(records: Records, practice: Practice) -> None:
    seen: list[RequestGround] = []
    other = records.add("patients", {"client_id": records.client, "mrn": "MRN9", "first_name": "A", "last_name": "B"})
    row = {"visit_number": "VIS-9", "patient_id": other, "visit_date": TODAY, "status": "scheduled"}
    records.add("visits", {"client_id": records.client} | row)
    request(records, practice, references=RequestReferences("MRN553", visit="VIS-9"), seen=seen)
    assert seen[0].file.context_visit is None


def test_no_request_for_an_unknown_patient(records: Records) -> None:
    def decide(_: RequestGround) -> AuthorizationChange:
        raise AssertionError("nothing to decide")

    made = records.store.authorizations.request(
        records.client, RequestReferences("MRN553"), decide, today=TODAY, changed_by=USER, key=None
    )
    assert made is None
    assert records.events() == []


def test_an_authorization_that_is_there_already_is_not_made_again(records: Records, practice: Practice) -> None:
    made = request(records, practice)

    def decide(ground: RequestGround) -> AuthorizationChange:
        there = next(one for one in ground.file.authorizations if one.id == made.id)
        return AuthorizationChange(there, event(records.client), None)

    again = records.store.authorizations.request(
        records.client, RequestReferences("MRN553"), decide, today=TODAY, changed_by=USER, key=None
    )
    assert again == made
    assert len(file_of(records).authorizations) == 3


def test_a_change_is_stored_with_its_history_event_and_answer(records: Records, practice: Practice) -> None:
    made = request(records, practice)
    extension = ExtensionRequest(NOW, 3, TODAY + timedelta(days=99))

    def decide(case: AuthorizationCase) -> Authorization:
        assert {rule.service_type for rule in case.rules} == {"98", "30"}
        return replace(
            case.authorization,
            status="pended",
            status_reason="0V",
            decision=DECISION,
            answer_digests=("a", "b"),
            extension=extension,
            decision_due_at=None,
            version=2,
        )

    after = change(records, made.auth_number, decide)
    assert known(records, made.id) == after
    assert (after.decision, after.extension, after.answer_digests) == (DECISION, extension, ("a", "b"))
    history = records.store.record_writes.history(records.client, "authorization", str(made.id), seen=None)
    assert history is not None
    newest = history[1][0]
    assert (newest.version, newest.changes["status"]) == (2, ("submitted", "pended"))
    assert newest.changes["status_reason"] == (None, "0V")
    assert not {"decision", "answer_digests", "notes"} & set(newest.changes)
    assert len(records.events()) == 2


def test_what_is_decided_to_stay_is_not_written(records: Records, practice: Practice) -> None:
    made = request(records, practice)
    assert change(records, str(made.id), lambda case: case.authorization).version == 1
    history = records.store.record_writes.history(records.client, "authorization", str(made.id), seen=None)
    assert history is not None
    assert len(history[1]) == 1
    assert len(records.events()) == 2


def test_what_is_refused_leaves_nothing(records: Records, practice: Practice) -> None:
    made = request(records, practice, status="draft")
    with pytest.raises(InvalidTransitionError):
        change(records, str(made.id), cancelled, asked=key())
    assert known(records, made.id) == made
    assert len(records.events()) == 1


@pytest.mark.parametrize("reference", ["nobody's", str(UUID(int=7))])
def test_an_unknown_authorization_is_not_found(records: Records, reference: str) -> None:
    with pytest.raises(NotFoundError):
        change(records, reference, cancelled)


def test_another_organisations_authorization_is_not_found(records: Records, practice: Practice) -> None:
    made = request(records, practice)
    with pytest.raises(NotFoundError):
        records.store.authorizations.change(
            records.other,
            str(made.id),
            lambda case: AuthorizationChange(case.authorization, event(records.other), None),
            changed_by=USER,
            key=None,
        )


def test_repeated_requests_and_changes_are_replayed(records: Records, practice: Practice) -> None:
    asked = key("asked")
    made = request(records, practice, asked=asked)
    with pytest.raises(Replayed) as replayed:
        request(records, practice, asked=asked)
    assert (replayed.value.status, replayed.value.body) == (201, made.auth_number)
    with pytest.raises(IdempotencyMismatchError):
        request(records, practice, asked=key("another", of=asked.id))
    moving = key("moving")
    change(records, str(made.id), cancelled, asked=moving)
    with pytest.raises(Replayed):
        change(records, str(made.id), cancelled, asked=moving)
    assert len(records.events()) == 2


def test_parallel_requests_with_one_key_make_one(records: Records, practice: Practice) -> None:
    asked = key()

    def attempt(_: int) -> str:
        try:
            request(records, practice, asked=asked)
        except Replayed:
            return "replayed"
        return "made"

    assert in_parallel(attempt) == ["made", *["replayed"] * 5]
    assert len(file_of(records).authorizations) == 3


def test_parallel_requests_for_a_patient_see_each_other(records: Records, practice: Practice) -> None:
    """Without the patient's lock, several would find nothing on file."""

    def attempt(_: int) -> str:
        def decide(ground: RequestGround) -> AuthorizationChange:
            there = [one for one in ground.file.authorizations if one.status == "submitted"]
            return AuthorizationChange(there[0] if there else draft(practice), event(records.client), None)

        records.store.authorizations.request(
            records.client, RequestReferences("MRN553"), decide, today=TODAY, changed_by=USER, key=None
        )
        return ""

    in_parallel(attempt)
    assert sum(one.status == "submitted" for one in file_of(records).authorizations) == 1


def test_a_claim_is_read_with_its_visit(records: Records, practice: Practice) -> None:
    claim = records.store.authorizations.claim(records.client, "CLM-88")
    assert claim is not None
    assert (claim.payer_id, claim.provider_id, claim.visit) == (practice.payer, practice.provider, None)
    row = {"claim_number": "CLM-V", "patient_id": practice.patient, "status": "draft", "amount": 1}
    records.add("claims", {"client_id": records.client, "visit_id": practice.visit} | row)
    with_visit = records.store.authorizations.claim(records.client, "CLM-V")
    assert with_visit is not None
    assert with_visit.visit is not None
    assert with_visit.visit.id == practice.visit
    assert records.store.authorizations.claim(records.other, "CLM-88") is None


def test_a_visit_is_read_by_number_and_id(records: Records, practice: Practice) -> None:
    found = records.store.authorizations.visit(records.client, "VIS-1")
    assert found is not None
    assert records.store.authorizations.visit(records.client, str(found.id)) == found
    assert (found.id, found.patient_id, found.visit_type) == (practice.visit, practice.patient, "office")
    assert records.store.authorizations.visit(records.other, "VIS-1") is None
