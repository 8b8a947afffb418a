"""ClaimRepository: one contract, both implementations."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domain.claim import standing
from shared.domain.claim.moving import MoveDetails, note, step
from shared.domain.claim.states import STATUSES, ClaimMove, allowed_moves
from shared.errors import ConflictError, InvalidTransitionError, NotFoundError
from shared.models.claim import Adjustment, Appeal, BilledClaim, ClaimFile
from shared.models.identifiers import uuid7
from shared.models.replay import Replayed
from shared.repositories.claim_protocols import (
    AmountPosition,
    ClaimChange,
    ClaimFilter,
    DayPosition,
    DeadlinesAsked,
    QueueAsked,
)
from shared.repositories.protocols import KeptAnswer
from tests.contract.conftest import Records
from tests.contract.practice import Practice, claim_row, store_practice
from tests.unit.factories import NOW, TODAY, caller, key

BY = uuid4()
DENIED = MoveDetails(
    reason="No authorization",
    adjustments=(
        Adjustment("CO", "45", Decimal("100.00")),
        Adjustment("CO", "197", Decimal("82.40"), ("N54",), 1),
        Adjustment("PR", "1", Decimal("90.00")),
    ),
    appeal_due_on=TODAY + timedelta(days=10),
    corrected_due_on=TODAY + timedelta(days=40),
)


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def take(
    records: Records, reference: str, move: ClaimMove, given: MoveDetails | None = None, kept: KeptAnswer | None = None
) -> BilledClaim:
    """Make one step."""
    event = caller(client_id=records.client).changed("claim")

    def decide(file: ClaimFile) -> ClaimChange:
        after, told = step(file.claim, move, given or MoveDetails(reason="Because"), at=NOW, today=TODAY)
        return ClaimChange(after, event, kept, (told,))

    return records.store.claims.change(
        records.client, reference, decide, changed_by=BY, key=None if kept is None else kept.key
    )


def history(records: Records, reference: str) -> list[tuple[str, str | None, str | None, int]]:
    """Kind, states and number of each entry, the oldest first."""
    found = records.store.claims.events(records.client, reference, before=None, limit=500, seen=None)
    assert found is not None
    return [(one.kind, one.from_status, one.to_status, one.number) for one in reversed(found[1])]


def test_a_claim_is_read_with_everything(records: Records, practice: Practice) -> None:
    for reference in ("CLM-88", str(practice.claim)):
        file = records.store.claims.get(records.client, reference)
        assert file is not None
        assert (file.claim.id, file.claim.status, file.claim.amount) == (
            practice.claim,
            "submitted",
            Decimal("182.40"),
        )
        assert (file.patient.number, file.patient.name) == ("MRN553", "Jürgen Müller")
        assert file.payer is not None
        assert file.payer.name == "Bluestem Health Plan"
        assert file.provider is not None
        assert file.provider.number == "PRV-11"
    assert records.store.claims.get(records.other, "CLM-88") is None
    assert records.store.claims.get(records.client, "CLM-00") is None


@pytest.mark.usefixtures("practice")
def test_a_denial_keeps_its_codes_and_the_next_decision_replaces_them(records: Records) -> None:
    take(records, "CLM-88", "accept")
    after = take(records, "CLM-88", "deny", DENIED)
    file = records.store.claims.get(records.client, "CLM-88")
    assert file is not None
    assert file.claim == after
    assert (after.denial_code, after.requires_authorization, after.version) == ("CO-197", True, 3)
    assert file.adjustments == DENIED.adjustments
    take(records, "CLM-88", "reverse")
    file = records.store.claims.get(records.client, "CLM-88")
    assert file is not None
    assert (file.adjustments, file.claim.denial_code, file.claim.appeal_due_on) == ((), None, None)
    assert history(records, "CLM-88") == [
        ("recorded", None, "submitted", 1),
        ("accept", "submitted", "accepted", 2),
        ("deny", "accepted", "denied", 3),
        ("reverse", "denied", "accepted", 4),
    ]


@pytest.mark.usefixtures("practice")
def test_a_repeated_request_is_answered_from_the_first(records: Records) -> None:
    kept = KeptAnswer(key("a"), 200, "{}")
    take(records, "CLM-88", "accept", kept=kept)
    with pytest.raises(Replayed):
        take(records, "CLM-88", "accept", kept=kept)
    assert len(history(records, "CLM-88")) == 2


@pytest.mark.usefixtures("practice")
def test_what_was_posted_is_posted_once(records: Records) -> None:
    take(records, "CLM-88", "accept", MoveDetails(source_ref="277:1"))
    with pytest.raises(ConflictError) as refused:
        take(records, "CLM-88", "pend", MoveDetails(source_ref="277:1"))
    assert refused.value.code == "already_posted"
    file = records.store.claims.get(records.client, "CLM-88")
    assert file is not None
    assert (file.claim.status, file.claim.version) == ("accepted", 2)


@pytest.mark.usefixtures("practice")
def test_a_refused_step_leaves_nothing(records: Records) -> None:
    before = len(records.events())
    with pytest.raises(InvalidTransitionError) as refused:
        take(records, "CLM-88", "deny")
    assert (refused.value.extra["current"], refused.value.extra["allowed"]) == (
        "submitted",
        allowed_moves("submitted"),
    )
    with pytest.raises(NotFoundError):
        take(records, "CLM-00", "accept")
    assert (len(records.events()), len(history(records, "CLM-88"))) == (before, 1)


@pytest.mark.usefixtures("practice")
def test_of_two_who_move_a_claim_at_once_one_wins(records: Records) -> None:
    def attempt(move: ClaimMove) -> str:
        try:
            return take(records, "CLM-88", move).status
        except InvalidTransitionError as exc:
            return f"refused at {exc.extra['current']}"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(attempt, ("accept", "reject")))
    assert outcomes in (["accepted", "refused at accepted"], ["refused at rejected", "rejected"])
    assert len(history(records, "CLM-88")) == 2


def test_notes_and_appeals_and_secondary_claims_come_with_a_change(records: Records, practice: Practice) -> None:
    appeal = Appeal(uuid7(), 1, "open", TODAY, TODAY + timedelta(days=30), "Retro-authorization", "AP-1")
    event = caller(client_id=records.client).changed("claim")
    made = BilledClaim(uuid7(), "CLM-88-2", practice.patient, "draft", Decimal("12.30"), secondary_of_id=practice.claim)

    def decide(file: ClaimFile) -> ClaimChange:
        told = note(file.claim, "Called the payer", at=NOW)
        return ClaimChange(file.claim, event, None, (told,), appeal, made)

    records.store.claims.change(records.client, "CLM-88", decide, changed_by=BY, key=None)
    lost = replace(appeal, status="lost", decided_on=TODAY, amount=Decimal("7.00"))
    records.store.claims.change(
        records.client, "CLM-88", lambda file: ClaimChange(file.claim, event, None, (), lost), changed_by=BY, key=None
    )
    file = records.store.claims.get(records.client, "CLM-88")
    assert file is not None
    assert (file.appeals, file.secondary_ids, file.claim.version) == ((lost,), (made.id,), 1)
    assert history(records, "CLM-88")[-1] == ("note", "submitted", "submitted", 2)
    assert history(records, "CLM-88-2") == [("recorded", None, "draft", 1)]


def test_a_new_claim_takes_no_number_that_another_one_has(records: Records, practice: Practice) -> None:
    event = caller(client_id=records.client).changed("claim")
    made = BilledClaim(uuid7(), "CLM-88", practice.patient, "draft", Decimal("12.30"), secondary_of_id=practice.claim)

    def decide(file: ClaimFile) -> ClaimChange:
        return ClaimChange(replace(file.claim, version=2), event, None, (), None, made)

    with pytest.raises(ConflictError) as refused:
        records.store.claims.change(records.client, "CLM-88", decide, changed_by=BY, key=None)
    assert refused.value.code == "number_taken"
    file = records.store.claims.get(records.client, "CLM-88")
    assert file is not None
    assert file.claim.version == 1


# Random claims, in every state and with every column that a list or a sum goes by.
def worked(records: Records, practice: Practice, many: int, seed: int) -> list[BilledClaim]:
    """Store claims whose columns a list or a sum goes by are drawn; they are read back."""
    drawn = random.Random(seed)  # noqa: S311 (not for secrets)

    def day(spread: int = 200) -> date | None:
        return None if drawn.random() < 0.2 else TODAY + timedelta(days=drawn.randint(-spread, spread))

    def money() -> Decimal | None:
        return None if drawn.random() < 0.4 else Decimal(drawn.randint(0, 30_000)) / 100

    for place in range(many):
        row: dict[str, Any] = claim_row(f"W-{place}", str(drawn.randint(1, 300)), day(), drawn.choice(STATUSES))
        row |= {name: day(60) for name in ("filing_due_on", "corrected_due_on", "appeal_due_on")}
        row |= {name: day(60) for name in ("authorization_due_on", "noted_due_on", "pended_since", "submitted_date")}
        row |= {name: money() for name in ("paid_amount", "expected_amount", "allowed_amount", "patient_amount")}
        row |= {"written_off_amount": money() if drawn.random() < 0.2 else None}
        row |= {
            "client_id": records.client,
            "patient_id": practice.patient,
            "payer_id": drawn.choice((None, practice.payer, practice.other_payer)),
            "provider_id": drawn.choice((None, practice.provider)),
            "requires_authorization": drawn.choice((None, True, False)),
            "denial_code": drawn.choice((None, "CO-197", "CO-50")),
        }
        records.add("claims", row)
    files = [records.store.claims.get(records.client, f"W-{place}") for place in range(many)]
    return [file.claim for file in files if file is not None]


def test_lists_show_what_the_rules_say_of_each_claim(records: Records, practice: Practice) -> None:
    claims = {claim.id: claim for claim in worked(records, practice, 120, seed=7)}
    page = records.store.claims.page(records.client, ClaimFilter(), after=None, limit=500, seen=None)
    assert (page.ends, len(page.claims)) == (None, 121)
    for listed in page.claims:
        claim = claims.get(listed.id)
        if claim is not None:
            due = standing.next_deadline(claim)
            assert listed.balance == standing.balance(claim), claim
            assert listed.ar_stage == standing.ar_stage(claim)
            assert (listed.next_deadline_on, listed.deadline_kind) == ((None, None) if due is None else due)
            assert listed.authorization_gap == standing.authorization_gap(claim)


FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"status": "denied"},
    {"denial_code": "CO-197"},
    {"denial_code": "CO-50", "status": "denied"},
    {"patient": "MRN553"},
    {"patient": "MRN553", "status": "draft", "least": Decimal(100)},
    {"patient": "MRN000"},
    {"first_day": TODAY - timedelta(days=50), "last_day": TODAY},
    {"least": Decimal(50), "most": Decimal(200)},
)


@pytest.mark.parametrize("given", FILTERS)
def test_a_list_is_what_fits_page_by_page(records: Records, practice: Practice, given: dict[str, Any]) -> None:
    worked(records, practice, 90, seed=3)
    whole = records.store.claims.page(records.client, ClaimFilter(), after=None, limit=500, seen=None).claims
    wanted = ClaimFilter(**given)
    fitting = [one for one in whole if _fits(one, wanted)]
    found: list[Any] = []
    after: DayPosition | AmountPosition | None = None
    for _ in range(100):
        assert after is None or isinstance(after, DayPosition)
        page = records.store.claims.page(records.client, wanted, after=after, limit=7, seen=None)
        found += page.claims
        after = page.ends
        if after is None:
            break
    assert [one.id for one in found] == [one.id for one in fitting]


def _fits(one: Any, wanted: ClaimFilter) -> bool:
    dated = wanted.first_day is not None or wanted.last_day is not None
    day = one.service_date
    return (
        wanted.patient in (None, "MRN553")
        and wanted.status in (None, one.status)
        and wanted.denial_code in (None, one.denial_code)
        and (wanted.least is None or one.amount >= wanted.least)
        and (wanted.most is None or one.amount <= wanted.most)
        and (not dated or (day is not None and wanted.first_day <= day <= wanted.last_day))
    )


def test_queues_add_up_and_hold_what_the_rules_say(records: Records, practice: Practice) -> None:
    claims = worked(records, practice, 150, seed=11)
    totals = {one.queue: one for one in records.store.claims.queues(records.client, TODAY, seen=None)}
    assert tuple(totals) == standing.QUEUES
    for queue, total in totals.items():
        lying = [claim for claim in claims if queue in standing.queues(claim, TODAY)]
        assert lying, queue
        assert (total.total.claims, total.total.amount) == (len(lying), sum(map(standing.balance, lying))), queue
        found = items(records, QueueAsked(queue, TODAY))
        assert {one.id for one in found} == {claim.id for claim in lying}
        if queue != "pended_too_long":
            order = [(one.balance, one.id) for one in found]
            assert order == sorted(order, reverse=True)
    assert sum(one.claims for one in totals["denied"].reasons.values()) == totals["denied"].total.claims
    reason = totals["denied"].reasons["CO-197"]
    assert len(items(records, QueueAsked("denied", TODAY, "CO-197"))) == reason.claims
    waits = items(records, QueueAsked("pended_too_long", TODAY))
    assert [one.pended_since for one in waits] == sorted(one.pended_since for one in waits)


def items(records: Records, asked: QueueAsked) -> list[Any]:
    """All of a queue, page by page."""
    found: list[Any] = []
    after: DayPosition | AmountPosition | None = None
    for _ in range(100):
        page = records.store.claims.queue(records.client, asked, after=after, limit=6, seen=None)
        found += page.claims
        after = page.ends
        if after is None:
            return found
    raise AssertionError("a queue without an end")


@pytest.mark.parametrize("days", [-400, -31, -1, 0, 13, 28, 60])
@pytest.mark.parametrize("kind", [None, "appeal"])
@pytest.mark.parametrize("order", ["amount", "date"])
def test_the_ledger_holds_every_deadline_up_to_a_day_once(
    records: Records, practice: Practice, days: int, kind: Any, order: Any
) -> None:
    claims = worked(records, practice, 100, seed=5)
    until = TODAY + timedelta(days=days)
    running = {claim.id: standing.next_deadline(claim) for claim in claims}
    expected = {
        claim.id: standing.balance(claim)
        for claim in claims
        if (due := running[claim.id]) is not None and due[0] <= until and kind in (None, due[1])
    }
    asked = DeadlinesAsked(until, kind, order)
    found: list[Any] = []
    after: DayPosition | AmountPosition | None = None
    for _ in range(100):
        total, page = records.store.claims.deadlines(records.client, asked, after=after, limit=9, seen=None)
        found += page.claims
        after = page.ends
        if after is None:
            break
    assert (total.claims, total.amount) == (len(expected), sum(expected.values()))
    assert {one.id: one.balance for one in found} == expected
    assert len(found) == len(expected)
    places = [(one.balance, one.id) if order == "amount" else (one.next_deadline_on, one.id) for one in found]
    assert places == sorted(places, reverse=order == "amount")


@pytest.mark.parametrize("as_of", [TODAY, TODAY - timedelta(days=75), TODAY + timedelta(days=400), date(1800, 1, 1)])
def test_aging_is_what_is_open_by_payer_stage_and_age(records: Records, practice: Practice, as_of: date) -> None:
    claims = worked(records, practice, 150, seed=13)
    expected: dict[tuple[UUID | None, str, str], list[Decimal]] = {}
    own = records.store.claims.get(records.client, "CLM-88")
    assert own is not None
    for claim in (*claims, own.claim):
        if standing.balance(claim):
            bucket = standing.bucket(claim.service_date or claim.submitted_date, as_of)
            expected.setdefault((claim.payer_id, standing.ar_stage(claim), bucket), []).append(standing.balance(claim))
    cells = records.store.claims.aging(records.client, as_of, seen=None)
    found = {(one.payer_id, one.stage, one.bucket): (one.total.claims, one.total.amount) for one in cells}
    assert found == {place: (len(amounts), sum(amounts)) for place, amounts in expected.items()}
    assert {one.payer_name for one in cells} <= {None, "Bluestem Health Plan", "Capstone Mutual"}
    assert len(found) == len(cells)


def test_reads_are_recorded_with_what_was_read(records: Records, practice: Practice) -> None:
    who = caller(client_id=records.client)
    store = records.store.claims
    store.get(records.client, "CLM-88", seen=who.seen("claim", same="1"))
    store.events(records.client, "CLM-88", before=None, limit=1, seen=who.seen("claim", same="2"))
    wanted = ClaimFilter(patient="MRN553")
    store.page(records.client, wanted, after=None, limit=1, seen=who.seen("claim_list", same="3"))
    store.queues(records.client, TODAY, seen=who.seen("claim_list", same="4"))
    store.aging(records.client, TODAY, seen=who.seen("aging", same="5"))
    read = [(one.resource_id, one.patient_ref) for one in records.events()]
    patient = str(practice.patient)
    assert read == [(practice.claim, patient), (practice.claim, patient), (None, patient), (None, None), (None, None)]


def test_who_has_claims_is_known_of_many_at_once(records: Records) -> None:
    claims, (somebody, nobody, unknown) = records.store.claims, (uuid4(), uuid4(), uuid4())
    for number, identity in enumerate((somebody, nobody)):
        person = {"mrn": f"MANY-{number}", "first_name": "A", "last_name": "B"}
        records.add("patients", {"id": identity, "client_id": records.client} | person)
    own = {"client_id": records.client, "status": "draft", "amount": Decimal(1)}
    records.add("claims", own | {"patient_id": somebody, "claim_number": "MANY-1"})
    records.add("claims", own | {"patient_id": nobody, "claim_number": "MANY-2", "deleted_at": NOW})
    assert claims.with_claims(records.client, [somebody, nobody, unknown]) == {somebody}
    assert claims.with_claims(records.other, [somebody]) == set()
    assert claims.with_claims(records.client, []) == set()
