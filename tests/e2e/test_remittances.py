"""Payers' files over the gateway: claims rejected, denied and paid by them, each seen in the claim and the audit."""

from __future__ import annotations

from typing import Any

from tests.e2e.person import RECORDS, Database, Person, at_once, unique, until
from tests.e2e.recipe import a_patient
from tests.payer_file_samples import acknowledgement_of, remittance_of
from tests.permission_remittance_cells import BACKEND, REMITTANCES


def claim_of(person: Person, patient: dict[str, Any], status: str) -> str:
    """A claim of 100 dollars in a state; its number."""
    data = {"claimNumber": unique("CLM"), "patientId": patient["mrn"], "amount": 100, "status": status}
    person.done("POST", f"{RECORDS}/", {"type": "claim", "data": data})
    return str(data["claimNumber"])


def paid(number: str, patient: dict[str, Any], amount: str, *more: str) -> tuple[str, ...]:
    return (
        f"CLP*{number}*1*100*{amount}**12*P-{number}",
        *more,
        f"NM1*QC*1*{patient['lastName']}*{patient['firstName']}",
    )


def test_files_of_a_payer_move_claims_once_and_leave_their_trace(manager: Person, database: Database) -> None:
    patient = manager.done("POST", f"{RECORDS}/", a_patient())["data"]
    rejected = claim_of(manager, patient, "submitted")
    first, second = (claim_of(manager, patient, "accepted") for _ in range(2))
    answer = (
        "HL*2*1*PT",
        f"NM1*QC*1*{patient['lastName']}*{patient['firstName']}",
        f"TRN*2*{rejected}",
        "STC*A7:562:85**U*100",
    )
    reported = manager.done(
        "POST", f"{BACKEND}/claim-status-files", {"content": acknowledgement_of(unique("CA"), *answer)}
    )
    assert reported["files"][0]["lines"][0]["claimStatus"] == "rejected"
    content = remittance_of(
        unique("T"),
        *paid(first, patient, "80", "CAS*CO*45*20"),
        *paid(second, patient, "0", "CAS*CO*197*100"),
        *paid(unique("NONE"), patient, "5", "CAS*CO*45*95"),
        "PLB*1*20261231*L6*-1.50",
        amount="86.5",
    )
    answers = at_once(4, lambda _: manager.call("POST", REMITTANCES, {"content": content}))
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    outcomes = [sorted(one.json()["files"][0]["lines"][n]["outcome"] for one in answers) for n in range(3)]
    assert outcomes[:2] == [["already_posted"] * 3 + ["posted"]] * 2
    assert outcomes[2] == ["not_posted"] * 4
    file = answers[0].json()["files"][0]
    shown = manager.done("GET", f"{REMITTANCES}/{file['id']}")
    assert [(one["outcome"], one["claimStatus"], one["reason"]) for one in shown["lines"]] == [
        ("posted", "paid", None),
        ("posted", "denied", None),
        ("not_posted", None, "unknown_claim"),
    ]
    assert shown["unbalanced"] == []
    assert shown["providerAdjustments"][0]["amountCents"] == -150
    denied = manager.done("GET", f"{BACKEND}/claims/{second}")
    assert (denied["status"], denied["denialCode"]) == ("denied", "CO-197")
    rows = "SELECT count(*) AS posted FROM claim_events WHERE details ->> 'fileId' = :file"
    assert database.rows(rows, file=file["id"])[0]["posted"] == 2
    told = "SELECT count(*) AS told FROM audit_logs WHERE metadata ->> 'remittance' = :file"
    until(lambda: database.rows(told, file=file["id"])[0]["told"] == 2, seconds=200, what="the claims' audit rows")
    matched = manager.done("POST", f"{REMITTANCES}/{file['id']}/lines/3/match", {"claimId": other_claim(manager)})
    assert matched["lines"][2]["outcome"] == "posted"
    assert matched["totals"] | {"lines": 3, "posted": 3} == matched["totals"]


def other_claim(person: Person) -> str:
    """A claim of somebody else, which only a person may say is meant."""
    return claim_of(person, person.done("POST", f"{RECORDS}/", a_patient())["data"], "accepted")
