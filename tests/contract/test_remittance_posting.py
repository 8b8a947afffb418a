"""Posting payers' files on both implementations: to the right claim, once, by whomever, or it says why not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from shared.errors import NotFoundError, ValidationFailedError
from shared.failpoints import listening
from shared.models.api.remittances import LineMatch, PayerFileUpload, RemittanceQuery
from shared.models.audit import AuditAction
from tests.contract.conftest import Records
from tests.contract.posting import DAY, DENIED, NAME, PAID, KilledError, PostingOffice, acknowledgement, clp, file_of
from tests.unit.x12_samples import published_or_skip, remittance_file


@pytest.fixture
def office(records: Records) -> PostingOffice:
    return PostingOffice(records, records.client)


@pytest.fixture
def patient(office: PostingOffice) -> UUID:
    return office.patient()


def test_payment_is_posted_with_its_history_and_audit_event(office: PostingOffice, patient: UUID) -> None:
    claim = office.claim(patient)
    shown = office.post(file_of(PAID)).files[0]
    assert (shown.totals.posted, shown.totals.paid_cents, shown.totals.posted_cents) == (1, 8000, 8000)
    (line,) = shown.lines
    assert (line.outcome, line.claim_id, line.claim_number, line.claim_status) == (
        "posted",
        str(claim),
        "CLM-88",
        "paid",
    )
    after = office.now()
    assert (after.status, after.paid_amount, after.payer_control_number) == ("paid", Decimal("80.00"), "P-77")
    (event,) = office.history()
    assert (event.kind, event.amount, event.recorded_by) == ("pay", Decimal("80.00"), office.caller.user_id)
    assert (event.details["traceNumber"], event.details["fileId"], event.details["line"]) == ("T-900", shown.id, 1)
    told = [(one.resource_type, one.metadata) for one in office.records.events()]
    kept, moved = told
    assert kept == ("remittance", {"kind": "remittance", "lines": 1, "unbalanced": 0})
    assert moved == (
        "claim",
        {"change": "pay", "from": "accepted", "to": "paid", "version": 2, "remittance": shown.id, "line": 1},
    )


def test_denial_keeps_every_reason_and_remark(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    office.post(file_of(DENIED, amount="0"))
    file = office.records.store.claims.get(office.client, "CLM-88")
    assert file is not None
    assert (file.claim.status, file.claim.denial_code) == ("denied", "CO-197")
    rows = [(one.code, str(one.amount), one.remarks) for one in file.adjustments]
    assert rows == [("CO-45", "30.00", ("N54",)), ("CO-197", "70.00", ("N54",))]


def test_same_file_twice_changes_nothing(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    first = office.post(file_of(PAID))
    before = office.picture()
    again, new = office.posting.post(office.caller, PayerFileUpload(content=file_of(PAID)))
    assert office.picture() == before
    assert not new
    assert again.complete
    assert again.files[0].id == first.files[0].id
    assert [one.outcome for one in again.files[0].lines] == ["already_posted"]
    assert office.posting.get(office.caller, again.files[0].id).lines[0].outcome == "posted"


def test_another_file_that_repeats_a_payment_does_not_post_it_again(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    other = office.claim(patient, "CLM-89", "50.00")
    office.post(file_of(PAID))
    more = (clp("CLM-89", "50", charge="50", control="P-78"), NAME)
    second = office.lines(file_of(PAID, more, amount="130"))
    assert [(one.outcome, one.claim_number) for one in second] == [("already_posted", "CLM-88"), ("posted", "CLM-89")]
    assert len(office.history()) == 1
    assert office.now(other).status == "paid"


def test_the_same_claim_of_another_trace_is_another_payment(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    office.post(file_of(PAID))
    assert office.outcomes(file_of(PAID, trace="T-901")) == [("not_posted", "illegal_state")]


def test_two_lines_that_say_the_same_are_two(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    assert office.outcomes(file_of(PAID, PAID, amount="160")) == [("posted", None), ("not_posted", "illegal_state")]
    assert office.outcomes(file_of(PAID, PAID, amount="160")) == [
        ("already_posted", None),
        ("not_posted", "illegal_state"),
    ]


def test_reversal_and_correction_in_one_file(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    office.post(file_of(PAID))
    back = (clp(paid="-80", code="22", charge="-100"), "CAS*CO*45*-20", NAME)
    anew = (clp(paid="70"), "CAS*CO*45*30", NAME)
    assert office.outcomes(file_of(back, anew, amount="-10", trace="T-901")) == [("posted", None)] * 2
    assert [(one.kind, str(one.amount)) for one in office.history()] == [
        ("pay", "80.00"),
        ("reverse", "-80.00"),
        ("pay", "70.00"),
    ]
    assert office.now().paid_amount == Decimal("70.00")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ((clp("NONE", control="NONE"), NAME), "unknown_claim"),
        ((clp("NONE", control="NONE"),), "unknown_claim"),
        ((clp(charge="99.99"), NAME), "amount_mismatch"),
        ((clp(), "NM1*QC*1*OTHER*JURGEN"), "person_mismatch"),
        ((clp(), "NM1*QC*1*MUELLER*TOBIAS"), "person_mismatch"),
        ((clp(code="99"), NAME), "unknown_status_code"),
        ((clp("NONE", control="TWICE"), NAME), "ambiguous"),
        ((clp("DRAFT"), NAME), "illegal_state"),
        ((clp(paid="-80", code="22", charge="-100"), NAME), "illegal_state"),
        ((clp("GONE", control="NONE"), NAME), "unknown_claim"),
        (("CLP*CLM-88*1*100*80*100000000*12*P-77", NAME), "amount_out_of_range"),
        ((clp(), "CAS*PR*204*60000000**96*60000000", NAME), "amount_out_of_range"),
        ((clp(), "CAS*CO*50*1**45*-99999999.99**253*-99999999.99", NAME), "amount_out_of_range"),
    ],
)
def test_what_cannot_be_posted_says_why_and_changes_no_claim(
    office: PostingOffice, patient: UUID, line: tuple[str, ...], reason: str
) -> None:
    office.claim(patient)
    office.claim(patient, "A-1", payer_control_number="TWICE")
    office.claim(patient, "A-2", payer_control_number="TWICE")
    office.claim(patient, "DRAFT", status="draft")
    office.claim(patient, "GONE", deleted_at=office.posting._now())
    assert office.outcomes(file_of(line)) == [("not_posted", reason)]
    assert office.history() == []
    assert office.now().version == 1
    refused = office.records.events()[-1]
    assert (refused.resource_type, refused.metadata["reason"]) == ("remittance", reason)
    events = len(office.records.events())
    assert office.outcomes(file_of(line)) == [("not_posted", reason)]
    assert len(office.records.events()) == events


def test_claim_of_another_organisation_is_unknown(office: PostingOffice, records: Records) -> None:
    other = PostingOffice(records, records.other)
    whose = other.patient()
    other.claim(whose, payer_control_number="P-77")
    assert office.outcomes(file_of(PAID)) == [("not_posted", "unknown_claim")]
    shown = office.post(file_of(PAID)).files[0]
    with pytest.raises(NotFoundError):
        other.posting.get(other.caller, shown.id)
    with pytest.raises(NotFoundError):
        other.posting.match(other.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
    with pytest.raises(NotFoundError):
        office.posting.match(office.caller, shown.id, "1", LineMatch(claim_id="CLM-88"))
    assert other.outcomes(file_of(PAID)) == [("posted", None)]
    assert other.posting.find(other.caller, RemittanceQuery()).remittances[0].id != shown.id


def test_payers_number_finds_a_claim_whose_own_number_is_not_known(office: PostingOffice, patient: UUID) -> None:
    claim = office.claim(patient, payer_control_number="P-77")
    (line,) = office.lines(file_of((clp("0", "100"), NAME), amount="100"))
    assert (line.outcome, line.claim_id, line.stated_claim_number) == ("posted", str(claim), "0")


def test_person_day_and_charge_find_a_claim_when_there_is_one(office: PostingOffice, patient: UUID) -> None:
    claim = office.claim(patient)
    other = office.patient("Tobias", "Grant", "MRN554")
    office.claim(other, "CLM-90")
    unknown = (clp("0", control="X"), NAME, f"DTM*232*{DAY:%Y%m%d}")
    (line,) = office.lines(file_of(unknown))
    assert (line.outcome, line.claim_id) == ("posted", str(claim))


def test_two_claims_of_a_person_day_and_charge_are_no_guess(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    office.claim(patient, "CLM-89")
    unknown = (clp("0", control="X"), NAME, f"DTM*232*{DAY:%Y%m%d}")
    assert office.outcomes(file_of(unknown)) == [("not_posted", "ambiguous")]


def test_second_payer_that_repeats_our_first_number_pays_the_secondary_claim(
    office: PostingOffice, patient: UUID
) -> None:
    first = office.claim(patient, status="forwarded_secondary")
    second = office.claim(patient, "CLM-88-2", secondary_of_id=first)
    (line,) = office.lines(file_of((clp(paid="20", code="2"), "CAS*OA*23*80", NAME), amount="20"))
    assert (line.outcome, line.claim_id) == ("posted", str(second))
    assert office.now(first).status == "forwarded_secondary"
    assert office.now(second).paid_amount == Decimal("20.00")


def test_provider_adjustments_and_what_does_not_add_up_are_shown(office: PostingOffice, patient: UUID) -> None:
    office.claim(patient)
    shown = office.post(file_of(PAID, amount="80", after=("PLB*1234567893*20261231*WO:OLD-1*5.25*L6*-1",))).files[0]
    assert [(one.reason, one.reference, one.amount_cents) for one in shown.provider_adjustments] == [
        ("WO", "OLD-1", 525),
        ("L6", None, -100),
    ]
    assert [(one.level, one.expected_cents, one.stated_cents) for one in shown.unbalanced] == [("file", 7575, 8000)]
    assert shown.lines[0].outcome == "posted"


@pytest.mark.parametrize("place", ["remittance.kept", "remittance.claim_posted"])
@pytest.mark.parametrize("turn", [1, 2])
def test_killed_half_way_the_same_file_finishes_the_rest(
    office: PostingOffice, patient: UUID, place: str, turn: int
) -> None:
    numbers = ["CLM-88", "CLM-89", "CLM-90"]
    claims = [(clp(number, control=f"P-{number}"), "CAS*CO*45*20", NAME) for number in numbers]
    for number in numbers:
        office.claim(patient, number)
    content, passed = file_of(*claims, amount="240"), []

    def kill(name: str) -> None:
        passed.append(name)
        if passed.count(place) == turn:
            raise KilledError

    with listening(kill):
        try:
            office.post(content)
        except KilledError:
            pass
        else:
            assert place == "remittance.kept"
    again = office.post(content)
    assert again.complete
    assert {one.outcome for one in again.files[0].lines} <= {"posted", "already_posted"}
    assert [one.outcome for one in office.posting.get(office.caller, again.files[0].id).lines] == ["posted"] * 3
    for number in numbers:
        assert [one.kind for one in office.history(number)] == ["pay"]
        assert office.now(number).paid_amount == Decimal("80.00")


def test_of_two_who_post_at_once_one_wins(office: PostingOffice, patient: UUID) -> None:
    numbers = [f"CLM-{n}" for n in range(88, 96)]
    for number in numbers:
        office.claim(patient, number)
    claims = [(clp(number, control=f"P-{number}"), "CAS*CO*45*20", NAME) for number in numbers]
    content = file_of(*claims, amount="640")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(office.post, [content] * 4))
    assert len({one.files[0].id for one in answers}) == 1
    for place, number in enumerate(numbers):
        assert [one.kind for one in office.history(number)] == ["pay"]
        assert sorted(one.files[0].lines[place].outcome for one in answers) == ["already_posted"] * 3 + ["posted"]


def test_when_time_runs_out_the_next_request_goes_on(office: PostingOffice, patient: UUID) -> None:
    for number in ("CLM-88", "CLM-89"):
        office.claim(patient, number)
    claims = [(clp(number, control=f"P-{number}"), NAME) for number in ("CLM-88", "CLM-89")]
    clock = iter([0.0, 0.0, 100.0])
    office.ticks = lambda: next(clock)
    first = office.post(file_of(*claims, amount="160"))
    assert not first.complete
    assert [one.outcome for one in first.files[0].lines] == ["posted", "pending"]
    office.ticks = lambda: 0.0
    second = office.post(file_of(*claims, amount="160"))
    assert second.complete
    assert [one.outcome for one in second.files[0].lines] == ["already_posted", "posted"]


def test_files_are_listed_newest_first_page_by_page(office: PostingOffice) -> None:
    ids = [office.post(file_of(trace=f"T-{n}", amount="0")).files[0].id for n in range(5)]
    found, cursor = [], None
    while True:
        page = office.posting.find(office.caller, RemittanceQuery(limit=2, cursor=cursor))
        found += [one.id for one in page.remittances]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ids[::-1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("hello", "isa_expected"),
        (file_of(PAID)[:200], "truncated"),
        (acknowledgement(("CLM-88", "A2:20")), "other_transaction"),
        (file_of((clp(paid="80.001"), NAME)), "fraction_of_a_cent"),
        (file_of((clp("X" * 81), NAME)), "identifier_too_long"),
        (file_of(PAID).replace("SE*", "ZZZ*1~SE*"), "segment_count"),
    ],
)
def test_unreadable_file_is_refused_and_nothing_is_kept(office: PostingOffice, content: str, code: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        office.post(content)
    assert [(one.field, one.code) for one in refused.value.errors] == [("content", code)]
    assert office.posting.find(office.caller, RemittanceQuery()).remittances == ()


def test_one_unreadable_transaction_refuses_the_whole_file(office: PostingOffice) -> None:
    with pytest.raises(ValidationFailedError):
        office.post(file_of(PAID) + remittance_file("BPR*I*x*C"))
    assert office.posting.find(office.caller, RemittanceQuery()).remittances == ()


@pytest.mark.parametrize("path", published_or_skip("835_005010X221A1"))
def test_published_file_is_posted_to_claims_made_to_fit(office: PostingOffice, path: Path) -> None:
    content = path.read_text()
    unknown = office.post(content).files[0]
    assert {(one.outcome, one.reason) for one in unknown.lines} == {("not_posted", "unknown_claim")}
    for number, line in enumerate(unknown.lines):
        assert line.patient_name is not None
        first, _, last = line.patient_name.partition(" ")
        whose = office.patient(first.title(), last.title(), f"MRN-{number}")
        office.claim(whose, str(line.stated_claim_number), str(Decimal(line.charge_cents or 0) / 100))
    posted = office.post(content).files[0]
    assert [one.outcome for one in posted.lines] == ["posted"] * len(unknown.lines)
    assert posted.totals.posted_cents == posted.totals.paid_cents
    for line in posted.lines:
        after = office.now(line.claim_number)
        assert (after.status, after.paid_amount) == (line.claim_status, Decimal(line.paid_cents or 0) / 100)
    assert [one.outcome for one in office.post(content).files[0].lines] == ["already_posted"] * len(posted.lines)


def test_reading_files_is_audited_in_the_same_commit(office: PostingOffice) -> None:
    shown = office.post(file_of(amount="0")).files[0]
    before = len(office.records.events())
    reader = PostingOffice(office.records, office.client)
    reader.posting.get(reader.caller, shown.id)
    reader.posting.find(reader.caller, RemittanceQuery())
    told = office.records.events()[before:]
    assert [(one.action, one.resource_type) for one in told] == [(AuditAction.REMITTANCE_POST, "remittance")] * 2
    assert str(told[0].resource_id) == shown.id
