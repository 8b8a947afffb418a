"""Feedback for analytics on the real stores: the document as read, the row as kept, the day as added up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.cloud import firestore
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from infra.migrations.roles import database_url
from infra.migrations.run import role_urls
from shared.config import Settings
from shared.db.postgres import Postgres, postgres_for
from shared.errors import PermanentEventError
from shared.models.firestore.conversation import FeedbackDocument
from shared.models.outcome import Outcome
from shared.repositories.firestore.feedback_reader import FirestoreFeedbackReader
from shared.repositories.memory.feedback_facts import InMemoryFeedbackFacts
from shared.repositories.postgres.feedback_facts import PostgresFeedbackFacts
from shared.repositories.projection_protocols import FeedbackAsRead, FeedbackFacts
from shared.services.feedback_projection import FeedbackProjection
from tests.contract.test_documents import feedback

THEN = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAILY = "SELECT mode, rule, day, people, up, down, wrong_patient, unsafe FROM feedback_daily ORDER BY mode, rule, day"


class Warehouse:
    """The database as the analytics role, and organisations in it."""

    def __init__(self, url: str) -> None:
        urls = {name: SecretStr(one) for name, one in role_urls(url).items()}
        self.postgres = postgres_for(Settings(project="p", database_urls=urls), "analytics")
        self.serving = postgres_for(Settings(project="p", database_urls=urls), "serving")
        self.admin = create_engine(database_url(url))
        self.facts = PostgresFeedbackFacts(self.postgres)

    def organisation(self) -> UUID:
        made = uuid4()
        with self.admin.begin() as connection:
            connection.execute(text("INSERT INTO clients (id, name) VALUES (:id, 'A clinic')"), {"id": made})
        return made

    def daily(self, client_id: UUID, postgres: Postgres | None = None) -> list[tuple[Any, ...]]:
        with (postgres or self.serving).tenant(client_id) as connection:
            return [tuple(row) for row in connection.execute(text(DAILY))]

    def close(self) -> None:
        for one in (self.postgres.engine, self.serving.engine, self.admin):
            one.dispose()


@pytest.fixture(scope="module")
def warehouse(contract_database: str) -> Iterator[Warehouse]:
    made = Warehouse(contract_database)
    yield made
    made.close()


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> tuple[FeedbackFacts, UUID]:
    if request.param == "memory":
        return InMemoryFeedbackFacts(), uuid4()
    warehouse: Warehouse = request.getfixturevalue("warehouse")
    return warehouse.facts, warehouse.organisation()


def read(document: FeedbackDocument | None, seconds: int = 0) -> FeedbackAsRead:
    return FeedbackAsRead(document, THEN + timedelta(seconds=seconds))


def test_only_what_is_newer_is_kept(kept: tuple[FeedbackFacts, UUID]) -> None:
    facts, client = kept
    given = feedback(client)
    assert [facts.keep(client, given.id, read(given, n)) for n in (5, 5, 4, 6)] == [True, False, False, True]
    assert [facts.keep(client, given.id, read(None, n)) for n in (3, 7)] == [False, True]
    assert [facts.keep(client, given.id, read(given, n)) for n in (6, 8)] == [False, True]


def test_the_days_add_up_by_mode_and_rule(warehouse: Warehouse) -> None:
    client = warehouse.organisation()
    days = {"day": "2026-11-23"}
    many = [
        feedback(client, rating="up", rules=("E06", "E09"), **days),
        feedback(client, rating="down", rules=("E09",), reasons=("unsafe", "wrong_patient"), **days),
        feedback(client, rating="down", mode="backend", day="2026-11-24", reasons=("unclear",)),
        feedback(client, rating=None, **days),
        feedback(client, rating="up", created_at=datetime(2026, 11, 1, 23, tzinfo=UTC)),
        feedback(client, rating="up", **days),
    ]
    for one in many:
        warehouse.facts.keep(client, one.id, read(one))
    warehouse.facts.keep(client, many[-1].id, read(None, 1))

    def day(number: int) -> Any:
        return datetime(2026, 11, number, tzinfo=UTC).date()

    expected = [
        ("backend", None, day(24), 1, 0, 1, 0, 0),
        ("eligibility", "E06", day(23), 1, 1, 0, 0, 0),
        ("eligibility", "E09", day(23), 2, 1, 1, 1, 1),
        ("eligibility", None, day(1), 1, 1, 0, 0, 0),
        ("eligibility", None, day(23), 1, 0, 0, 0, 0),
    ]
    assert warehouse.daily(client) == expected
    changed = many[0].model_copy(update={"rating": "down"})
    warehouse.facts.keep(client, changed.id, read(changed, 2))
    assert warehouse.daily(client)[1] == ("eligibility", "E06", day(23), 1, 0, 1, 0, 0)


def test_each_organisation_sees_its_own_days(warehouse: Warehouse) -> None:
    mine, theirs = warehouse.organisation(), warehouse.organisation()
    for client in (mine, theirs):
        warehouse.facts.keep(client, "fb_same", read(feedback(client, id="fb_same", day="2026-11-23")))
    for postgres in (warehouse.serving, warehouse.postgres):
        assert [row[3] for row in warehouse.daily(mine, postgres)] == [1]
        with postgres.unbound() as connection:
            assert connection.execute(text("SELECT count(*) FROM feedback_facts")).scalar() == 0
            assert connection.execute(text(DAILY)).all() == []


def test_an_organisation_that_there_is_not_is_dropped_for_good(warehouse: Warehouse) -> None:
    client = uuid4()
    with pytest.raises(PermanentEventError, match="23503"):
        warehouse.facts.keep(client, "fb_1", read(feedback(client)))


def test_the_projection_follows_a_document_through_its_life(
    warehouse: Warehouse, firestore_client: firestore.Client
) -> None:
    client = warehouse.organisation()
    projection = FeedbackProjection(FirestoreFeedbackReader(firestore_client), warehouse.facts)
    given = feedback(client, day="2026-11-23", rules=("E09",))
    reference = firestore_client.collection("feedback").document(given.id)

    def happened(before: Any, after: Any) -> tuple[Outcome, list[tuple[int, int]]]:
        outcome = projection.feedback_written(given.id, before=before, after=after)
        return outcome, [(row[4], row[5]) for row in warehouse.daily(client)]

    first, second = given.fields(), given.fields() | {"rating": "down"}
    reference.set(first)
    assert happened(None, first) == (Outcome.DONE, [(1, 0)])
    reference.update({"rating": "down"})
    assert happened(first, second)[1] == [(0, 1)]
    assert happened(None, first)[1] == [(0, 1)]  # the first event once more
    reference.delete()
    assert happened(first, second)[1] == []  # the second, after the document has gone
    assert happened(second, None)[1] == []
    reference.set(first)
    assert happened(second, None)[1] == [(1, 0)]  # the deletion's event, after it was given anew
    assert happened(first, first) == (Outcome.UNCHANGED, [(1, 0)])


@pytest.mark.parametrize("feedback_id", ["a/b", "__x__", ""])
def test_an_id_that_no_feedback_has_is_dropped(firestore_client: firestore.Client, feedback_id: str) -> None:
    with pytest.raises(PermanentEventError):
        FirestoreFeedbackReader(firestore_client).read(feedback_id)


def test_a_document_that_cannot_be_read_is_dropped(firestore_client: firestore.Client) -> None:
    spoilt = firestore_client.collection("feedback").document(f"fb_{uuid4().hex}")
    spoilt.set({"clientId": "x"})
    with pytest.raises(PermanentEventError, match="cannot be read"):
        FirestoreFeedbackReader(firestore_client).read(spoilt.id)
