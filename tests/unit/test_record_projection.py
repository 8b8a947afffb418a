"""Changes of records reach the contexts that speak of them: whatever comes twice, late, or in another order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, demo_id
from infra.local.demo_records import rows_for
from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.models.api.modes import QuickAction, SetContext
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.outcome import Outcome
from shared.models.record_changes import RecordChange, RecordChanges
from shared.models.users import Organisation
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.repositories.memory.users import InMemoryOrganisationRepository, InMemoryPeople
from shared.repositories.protocols import Change
from shared.services.access_log import AccessLog
from shared.services.contexts import ContextService
from shared.services.eligibility_effects import EligibilityEffects
from shared.services.modes import ModeService
from shared.services.record_projection import PAGE, RecordChangeRelay, RecordProjection
from shared.services.task_rules import RuleTaskService
from tests.unit.factories import caller

KEY = RIVERSIDE.key
PATIENT, PAYER = demo_id("patient", KEY, "MRN553"), demo_id("payer", KEY, "BST-01")
COVERAGE = demo_id("coverage", KEY, "MRN553")


class Practice:
    """Both demo organisations, with their modes and the projection, on a clock that always moves."""

    def __init__(self) -> None:
        self.ticks = itertools.count()
        self.begun = datetime.now(UTC)
        self.live, self.records, people = InMemoryLiveStore(), InMemoryRecordStore(), InMemoryPeople()
        for one in (RIVERSIDE, LAKESIDE):
            made = Organisation(one.id, one.name, None, one.time_zone, self.begun, self.begun)
            people.organisations[one.id] = made
            for rows in rows_for(one, self.begun):
                for row in rows.rows if rows.table not in {"clients", "users"} else []:
                    self.records.tables.add(rows.table, row)
        log = AccessLog(InMemoryAuditPublisher, lambda: self.live.outbox)
        selector = DatabaseSelector(lambda: self.records, lambda: self.live)
        contexts = ContextService(selector, log, b"a secret", now=self.clock, limits=SessionLimits())
        self.modes = ModeService(selector, log, contexts, now=self.clock)
        effects = EligibilityEffects(selector, contexts, RuleTaskService(self.live, now=self.clock), now=self.clock)
        self.projection = RecordProjection(
            selector, InMemoryOrganisationRepository(people), self.modes.get_mode_handler, (effects,), now=self.clock
        )

    def clock(self) -> datetime:
        return self.begun + timedelta(milliseconds=next(self.ticks))

    def open(self, number: str = "MRN553", record_type: Any = "patient", *, check: bool = True) -> str:
        """Open a context of Riverside and, if wanted, let it say something."""
        who = caller(client_id=RIVERSIDE.id)
        wanted = SetContext(record_type=record_type, record_id=number)
        context = self.modes.set_context(who, "eligibility", wanted)[0].context_id
        if check:
            request = QuickAction(action="check_eligibility", params={}, context_id=context)
            self.modes.execute_quick_action(who, "eligibility", request)
        return context

    def context(self, context_id: str) -> ContextDocument:
        found = self.live.contexts.get(RIVERSIDE.id, context_id)
        assert found is not None
        return found

    def set(self, table: str, identity: UUID, **columns: Any) -> None:
        """Change a row, as a writer does."""
        row = next(row for row in self.records.tables.rows[table] if row["id"] == identity)
        row.update(columns | {"version": row["version"] + 1})

    def project(self, *changes: RecordChange, client: UUID = RIVERSIDE.id) -> Outcome:
        message = RecordChanges(client_id=client, changes=changes)
        return self.projection.project(message.model_dump_json(by_alias=True).encode())


@pytest.fixture
def practice() -> Practice:
    return Practice()


def changed(record_type: str, record_id: UUID, version: int = 2, **members: Any) -> RecordChange:
    return RecordChange(
        record_type=record_type, record_id=record_id, record_version=version, change="updated", **members
    )


OF_COVERAGE = changed("coverage", COVERAGE, patient_ids=(PATIENT,), payer_ids=(PAYER,))
OF_PATIENT = changed("patient", PATIENT, 5, patient_ids=(PATIENT,))


def test_what_a_context_says_follows_the_record(practice: Practice) -> None:
    context = practice.open()
    before = practice.context(context)
    assert before.summary.startswith("Bluestem Health Plan Bluestem Choice PPO: active")
    practice.set("coverages", COVERAGE, period_end=date(2025, 6, 30))
    assert practice.project(OF_COVERAGE) is Outcome.DONE
    after = practice.context(context)
    assert (after.status, after.facts_version) == ("error", before.facts_version + 1)
    assert "inactive for" in after.summary
    assert after.version == before.version  # that counts what people did


def test_a_change_that_comes_again_says_nothing_new(practice: Practice) -> None:
    context = practice.open()
    practice.set("coverages", COVERAGE, copay=None)
    practice.project(OF_COVERAGE)
    once = practice.context(context)
    for _ in range(3):
        practice.project(OF_COVERAGE)
    again = practice.context(context)
    assert (again.facts, again.facts_version, again.updated_at) == (once.facts, once.facts_version, once.updated_at)


def test_the_order_of_changes_does_not_matter() -> None:
    ended = []
    for order in itertools.permutations(
        (OF_COVERAGE, OF_PATIENT, changed("patient", PATIENT, 4, patient_ids=(PATIENT,)))
    ):
        other = Practice()
        context = other.open()
        other.set("coverages", COVERAGE, plan_name="Another Plan")
        for change in order:
            other.project(change)
        found = other.context(context)
        ended.append((found.summary, found.status, found.facts_version, found.record_version))
    assert len(set(ended)) == 1
    assert ended[0][3] == 5


def test_several_changes_in_one_message_are_one_look_at_the_records(practice: Practice) -> None:
    context = practice.open()
    practice.set("coverages", COVERAGE, plan_name="Another Plan")
    practice.project(OF_COVERAGE, OF_PATIENT, OF_COVERAGE)
    assert practice.context(context).facts_version == 3  # made, checked, changed


def test_a_payers_rule_reaches_every_context_that_rests_on_the_payer_and_no_other(practice: Practice) -> None:
    mine, others = practice.open("MRN553"), practice.open("MRN554")
    before = practice.context(others)
    rule = next(
        row
        for row in practice.records.tables.rows["payer_rules"]
        if (row["payer_id"], row["service_type"]) == (PAYER, "98")
    )
    practice.set("payer_rules", rule["id"], requires_auth=False)
    practice.project(changed("payer_rule", rule["id"], payer_ids=(PAYER,)))
    assert "Authorization not needed." in practice.context(mine).summary
    assert practice.context(others) == before


def test_a_context_of_a_visit_follows_its_patients_records(practice: Practice) -> None:
    context = practice.open("VIS-2041", "visit")
    practice.set("coverages", COVERAGE, status="terminated")
    practice.project(OF_COVERAGE)
    assert practice.context(context).status == "error"


def test_a_deleted_record_is_said_to_be_gone_and_stays_so(practice: Practice) -> None:
    context, visit = practice.open("VIS-2041", "visit"), demo_id("visit", KEY, "VIS-2041")
    practice.set("visits", visit, deleted_at=datetime.now(UTC))
    gone = RecordChange(
        record_type="visit", record_id=visit, record_version=2, change="deleted", patient_ids=(PATIENT,)
    )
    late = changed("visit", visit, 1, patient_ids=(PATIENT,))
    for change in (gone, late, OF_COVERAGE):
        practice.project(change)
        found = practice.context(context)
        assert (found.summary, found.status, found.facts) == ("This record was deleted.", "error", ())
    assert found.record_version == 2


def test_a_context_that_says_nothing_yet_keeps_its_first_words(practice: Practice) -> None:
    context = practice.open(check=False)
    before = practice.context(context)
    practice.project(OF_PATIENT)
    after = practice.context(context)
    assert (after.summary, after.facts_version, after.record_version) == (before.summary, 1, 5)


def test_a_change_in_another_organisation_touches_nothing_here(practice: Practice) -> None:
    context = practice.open()
    before = practice.context(context)
    practice.set("coverages", COVERAGE, status="terminated")
    assert practice.project(OF_COVERAGE, client=LAKESIDE.id) is Outcome.UNCHANGED
    assert practice.context(context) == before


def test_what_was_read_before_a_change_does_not_stay(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes, two deliveries at once: the one that read first writes last, and reads again."""
    context = practice.open()
    change = practice.live.contexts.change
    told: list[bool] = []

    def overtaken(client_id: UUID, context_id: str, decide: Any) -> Any:
        if not told:  # what was read says "terminated"; before it is written, the second change is carried
            told.append(True)
            practice.set("coverages", COVERAGE, status="active", plan_name="The Last Plan")
            practice.project(OF_COVERAGE)
        return change(client_id, context_id, decide)

    practice.set("coverages", COVERAGE, status="terminated")
    monkeypatch.setattr(practice.live.contexts, "change", overtaken)
    practice.project(OF_COVERAGE)
    assert "The Last Plan" in practice.context(context).summary


def test_a_clock_that_is_always_behind_makes_the_message_come_again(practice: Practice) -> None:
    context = practice.open()

    def ahead(stored: ContextDocument) -> Change[ContextDocument]:
        return Change(stored.model_copy(update={"as_of": practice.begun + timedelta(hours=1)}), None)

    practice.live.contexts.change(RIVERSIDE.id, context, ahead)
    with pytest.raises(StoreUnavailableError):
        practice.project(OF_COVERAGE)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"clientId":"x","changes":[]}', b"\xff"])
def test_what_is_no_message_is_never_tried_again(practice: Practice, data: bytes) -> None:
    with pytest.raises(PermanentEventError):
        practice.projection.project(data)


def test_an_organisation_that_does_not_exist_is_never_tried_again(practice: Practice) -> None:
    with pytest.raises(PermanentEventError):
        practice.project(OF_COVERAGE, client=uuid7())


class Outbox:
    """An outbox in memory: what is taken is put back when the block fails."""

    def __init__(self, *waiting: RecordChanges) -> None:
        self.waiting = list(waiting)

    @contextmanager
    def taken(self, page: int) -> Iterator[Sequence[RecordChanges]]:
        lent, kept = self.waiting[:page], self.waiting[page:]
        yield lent
        self.waiting = kept


class Topic:
    """A topic in memory that refuses the first `failures` publications."""

    def __init__(self, failures: int = 0) -> None:
        self.messages: list[RecordChanges] = []
        self._failures = failures

    def begin_stored(self, event_id: str, data: bytes) -> Future[str]:
        publication: Future[str] = Future()
        if self._failures:
            self._failures -= 1
            publication.set_exception(StoreUnavailableError("no answer"))
        else:
            self.messages.append(RecordChanges.model_validate_json(data))
            publication.set_result(event_id)
        return publication

    def confirm(self, publication: Future[str]) -> None:
        publication.result()


def relay(outbox: Outbox, topic: Topic) -> RecordChangeRelay:
    return RecordChangeRelay(outbox, topic, wait=lambda _: None, clock=lambda: 0.0)


def test_everything_that_waits_is_published_and_gone() -> None:
    waiting = [RecordChanges(client_id=RIVERSIDE.id, changes=(OF_PATIENT,)) for _ in range(PAGE + 5)]
    outbox, topic = Outbox(*waiting), Topic()
    assert relay(outbox, topic).run() is Outcome.DONE
    assert (topic.messages, outbox.waiting) == (waiting, [])
    assert relay(outbox, topic).run() is Outcome.UNCHANGED


def test_what_pub_sub_did_not_take_is_published_in_the_next_round() -> None:
    message = RecordChanges(client_id=RIVERSIDE.id, changes=(OF_PATIENT,))
    outbox, topic = Outbox(message), Topic(failures=2)
    assert relay(outbox, topic).run() is Outcome.DONE
    assert (topic.messages, outbox.waiting) == ([message], [])


def test_when_the_last_round_fails_the_run_fails_and_nothing_is_lost() -> None:
    message = RecordChanges(client_id=RIVERSIDE.id, changes=(OF_PATIENT,))
    outbox = Outbox(message)
    with pytest.raises(StoreUnavailableError):
        relay(outbox, Topic(failures=99)).run()
    assert outbox.waiting == [message]
