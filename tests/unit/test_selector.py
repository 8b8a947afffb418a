"""Which store holds which kind of data, and that nothing is made or read before it is asked for."""

from __future__ import annotations

from uuid import uuid4

import pytest

from shared.db.selector import (
    FIRESTORE_COLLECTIONS,
    IN_BOTH_STORES,
    POSTGRES_TABLES,
    POSTGRES_TYPES,
    DatabaseSelector,
)
from shared.errors import NotFoundError
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from tests.unit.factories import CLIENT, context, event, session

RECORDS, LIVE = InMemoryRecordStore(), InMemoryLiveStore()


def never() -> InMemoryRecordStore:
    raise AssertionError("this store was not asked for")


def never_live() -> InMemoryLiveStore:
    raise AssertionError("this store was not asked for")


def selector() -> DatabaseSelector:
    return DatabaseSelector(lambda: RECORDS, lambda: LIVE)


@pytest.mark.parametrize("data_type", sorted(POSTGRES_TYPES))
@pytest.mark.parametrize("operation", ["read", "write"])
def test_what_is_structured_is_in_postgresql(operation: str, data_type: str) -> None:
    assert DatabaseSelector(lambda: RECORDS, never_live).select_db(operation, data_type) is RECORDS  # type: ignore[arg-type]  # a literal, given as a parameter


@pytest.mark.parametrize(
    "data_type", [*FIRESTORE_COLLECTIONS, *FIRESTORE_COLLECTIONS.values(), "new", "", "Patient", "patients "]
)
def test_everything_else_is_in_firestore(data_type: str) -> None:
    assert DatabaseSelector(never, lambda: LIVE).select_db("read", data_type) is LIVE


def test_the_owners_lists_are_where_the_owner_wants_them() -> None:
    assert {"client", "user", "patient", "claim", "authorization", "visit", "audit_log"} <= POSTGRES_TYPES
    assert {"session", "context", "task", "message", "feedback", "alert"} <= FIRESTORE_COLLECTIONS.keys()


def test_nothing_is_in_two_places_by_one_name() -> None:
    live = {*FIRESTORE_COLLECTIONS, *FIRESTORE_COLLECTIONS.values()}
    assert not live & POSTGRES_TYPES
    assert set(POSTGRES_TABLES.values()) >= IN_BOTH_STORES


def test_nothing_is_read_without_a_client() -> None:
    with pytest.raises(LookupError):
        selector().get_patient("MRN553")
    with pytest.raises(LookupError):
        selector().get_context("ctx_1")


def test_a_patient_is_found_in_its_organisation_only() -> None:
    RECORDS.tables.add("patients", {"client_id": CLIENT, "mrn": "MRN-S", "first_name": "A", "last_name": "B"})
    assert selector().bound(CLIENT).get_patient("MRN-S").mrn == "MRN-S"
    for client, reference in ((uuid4(), "MRN-S"), (CLIENT, "MRN-T")):
        with pytest.raises(NotFoundError):
            selector().bound(client).get_patient(reference)


def test_a_context_is_found_in_its_organisation_only() -> None:
    wanted = context()
    LIVE.contexts.open(wanted, session(wanted), event(), lambda _context, _new: None)
    assert selector().bound(CLIENT).get_context(wanted.id) == wanted
    for client, context_id in ((uuid4(), wanted.id), (CLIENT, "ctx_unknown"), (CLIENT, "a/b")):
        with pytest.raises(NotFoundError):
            selector().bound(client).get_context(context_id)
