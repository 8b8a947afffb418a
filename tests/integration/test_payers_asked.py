"""A check with a payer connection: the mode asks a real HTTP server, and what comes back becomes a verdict."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.clearinghouse.x12 import LIMITS, X12Clearinghouse
from shared.config import ClearinghouseSettings
from shared.http_exchange import Limits
from shared.models.replay import Replayed
from shared.models.typed_json import from_json
from shared.models.verdict import VerdictReceipt
from shared.services import payer_inquiries
from shared.x12.inquiry_reading import read_inquiries
from shared.x12.interchange import read_interchanges
from tests.integration.payer_endpoint import Endpoint, payer_endpoint
from tests.unit.clinic import Clinic
from tests.unit.factories import NOW, key
from tests.unit.x12_samples import HEADER_271, RECEIVER, interchange, published_or_skip

DAY = date(2026, 11, 24)
QUICK = Limits(connect_seconds=0.3, total_seconds=0.6, max_bytes=LIMITS.max_bytes)
PERSON = ("NM1*IL*1*VASQUEZ*ELENA****MI*BST553018842", "DMG*D8*19810403*F")
PERSONAL = ("Vasquez", "VASQUEZ", "Elena", "BST553018842", "19810403", "canary", "MRN553")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with payer_endpoint() as opened:
        yield opened


def connection_to(endpoint: Endpoint, limits: Limits = QUICK) -> X12Clearinghouse:
    """The payer connection whose other end is `endpoint`."""
    given = ClearinghouseSettings(
        url=endpoint.url,
        user="clinic-user",
        password=SecretStr("canary-password"),
        sender="CLINIC",
        receiver="PAYER",
        npi="1234567893",
        provider="BONE AND JOINT CLINIC",
        envelope="plain",
    )
    return X12Clearinghouse(given, clock=lambda: NOW, limits=limits)


@pytest.fixture
def clinic(endpoint: Endpoint) -> Clinic:
    """A clinic whose payers are asked, with a patient in hand."""
    made = Clinic()
    made.payers = connection_to(endpoint)
    made.open()
    return made


def told(*segments: str) -> str:
    """A 271 about Elena Vasquez."""
    return interchange(*HEADER_271, *RECEIVER, "HL*3*2*22*0", "TRN*2*T-1*9877281234", *PERSON, *segments)


def answers(endpoint: Endpoint, *bodies: str) -> None:
    """Answer each inquiry with the next body (the last one again and again), under the trace number asked with."""
    waiting = list(bodies)

    def respond(connection: socket.socket) -> None:
        body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        (asked,) = read_inquiries(read_interchanges(endpoint.asked)[0])
        raw = re.sub(r"TRN\*2\*[^*]+", f"TRN*2*{asked.trace_number}", body).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/EDI-X12\r\nContent-Length: {len(raw)}\r\n\r\n"
        connection.sendall(head.encode() + raw)

    endpoint.respond = respond


def change(clinic: Clinic, table: str, which: dict[str, Any], **changes: Any) -> None:
    """Change rows of the clinic."""
    for row in clinic.records.tables.rows[table]:
        if all(row[name] == value for name, value in which.items()):
            row.update(changes)


def coverage_of_elena(clinic: Clinic) -> dict[str, Any]:
    found = (one for one in clinic.records.tables.rows["coverages"] if one["member_id"] == "BST553018842")
    return next(found)


def check(clinic: Clinic, **params: Any) -> dict[str, Any]:
    return clinic.check(**{"dateOfService": DAY.isoformat()} | params).data


def stored(clinic: Clinic) -> dict[str, Any]:
    return clinic.records.tables.rows["eligibility_checks"][-1]


def sample(clinic: Clinic, path: Path) -> str:
    """A published answer; the clinic's patient becomes the one whom it is about."""
    dependent = "dependent" in path.name
    first, born = ("Mary", date(1998, 10, 14)) if dependent else ("John", date(1963, 5, 19))
    change(clinic, "patients", {"mrn": "MRN553"}, first_name=first, last_name="Smith", date_of_birth=born)
    relationship = "child" if dependent else "self"
    change(clinic, "coverages", {"member_id": "BST553018842"}, member_id="123456789", relationship=relationship)
    return path.read_text()


@pytest.mark.parametrize("path", published_or_skip("271_005010X279A1"))
def test_published_answer_becomes_a_verdict(clinic: Clinic, endpoint: Endpoint, path: Path) -> None:
    answers(endpoint, sample(clinic, path))
    data, row = check(clinic), stored(clinic)
    if "error" in path.name:
        assert (data["eligible"], row["verdict"], row["state"]) == (None, "undetermined", "failed")
        assert row["reasons"][0] == "rejected_payer_setup"
        assert (row["failure"].codes, row["next_attempt_at"]) == (("50",), None)
        return
    assert (data["eligible"], row["state"], row["source"]) == (True, "completed", "clearinghouse")
    assert row["reasons"][0] == "plan_active"
    assert row["answer"].person.last_name == "SMITH"
    assert '"271:EB[' in str(row["receipt"]).replace("'", '"')
    assert "SMITH" not in str(row["receipt"]).upper()


def test_what_is_asked_is_about_the_patient_and_the_day(clinic: Clinic, endpoint: Endpoint) -> None:
    answers(endpoint, told("EB*1**30^98"))
    check(clinic)
    check(clinic)
    first, second = (read_inquiries(read_interchanges(body)[0])[0] for body in endpoint.bodies)
    assert (first.payer_id, first.subscriber.last_name, first.subscriber.member_id, first.subscriber.gender) == (
        "00553",
        "VASQUEZ",
        "BST553018842",
        "F",
    )
    assert (first.date_of_service, first.service_types) == (DAY, ("98",))
    assert (first.provider.name, first.provider.id) == ("BONE AND JOINT CLINIC", "1234567893")
    assert first.control_number != second.control_number
    assert not any(word in endpoint.heads[0] for word in PERSONAL)


def test_an_inactive_plan_is_a_no(clinic: Clinic, endpoint: Endpoint) -> None:
    answers(endpoint, told("EB*6**30^98"))
    assert check(clinic)["eligible"] is False
    row = stored(clinic)
    assert (row["verdict"], row["state"], row["reasons"][0]) == ("not_eligible", "completed", "plan_inactive")


@pytest.mark.parametrize(
    ("code", "kind", "minutes"), [("42", "retryable", 1), ("75", "needs_correction", None), ("41", "payer_setup", None)]
)
def test_a_rejection_is_never_a_no(
    clinic: Clinic, endpoint: Endpoint, code: str, kind: str, minutes: int | None
) -> None:
    answers(endpoint, told(f"AAA*Y**{code}*C"))
    assert check(clinic)["eligible"] is None
    row = stored(clinic)
    assert (row["verdict"], row["state"], row["failure"].kind) == ("undetermined", "failed", kind)
    assert row["reasons"][0] == f"rejected_{kind}"
    assert row["next_attempt_at"] == (None if minutes is None else NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("fault", ["silence", "500", "garbage", "reset", "cut"])
def test_no_answer_is_never_a_no_and_is_asked_again(clinic: Clinic, endpoint: Endpoint, fault: str) -> None:
    faults: dict[str, Callable[[], None]] = {
        "silence": endpoint.says_nothing,
        "500": lambda: endpoint.answers("<html>", status="500 Broken", content_type="text/html"),
        "garbage": lambda: endpoint.answers(b"\x00\xff\x17 no EDI"),
        "reset": endpoint.resets,
        "cut": lambda: endpoint.answers(told("EB*6**30")[:-40]),
    }
    faults[fault]()
    assert check(clinic)["eligible"] is None
    row = stored(clinic)
    assert (row["verdict"], row["state"], row["failure"].kind) == ("undetermined", "failed", "retryable")
    assert row["next_attempt_at"] == NOW + timedelta(minutes=1)
    assert clinic.modes.get_context(clinic.caller, "eligibility").status == "pending"


def test_an_answer_about_somebody_else_is_undetermined(clinic: Clinic, endpoint: Endpoint) -> None:
    other = told("EB*1**30^98").replace("VASQUEZ*ELENA", "MOORE*ANN").replace("19810403", "19900101")
    answers(endpoint, other.replace("BST553018842", "X1"))
    assert check(clinic)["eligible"] is None
    row = stored(clinic)
    assert (row["state"], row["reasons"][0]) == ("failed", "member_mismatch")
    assert "MOORE" not in str(row["receipt"])


@pytest.mark.parametrize(("table", "which"), [("patients", "mrn"), ("coverages", "member_id")])
def test_an_answer_from_before_an_edit_does_not_count(
    clinic: Clinic, endpoint: Endpoint, table: str, which: str
) -> None:
    answers(endpoint, told("EB*6**30^98"))
    respond = endpoint.respond
    wanted = {"mrn": "MRN553", "member_id": "BST553018842"}[which]

    def edit_and_respond(connection: socket.socket) -> None:
        change(clinic, table, {which: wanted}, version=7)
        respond(connection)

    endpoint.respond = edit_and_respond
    assert check(clinic)["eligible"] is None
    row = stored(clinic)
    assert (row["state"], row["failure"].reason, row["answer"]) == ("failed", "file_changed", None)
    assert row["next_attempt_at"] == NOW + timedelta(minutes=1)


def test_a_repetition_does_not_ask_again(clinic: Clinic, endpoint: Endpoint) -> None:
    answers(endpoint, told("EB*1**30^98"), told("EB*6**30^98"))
    who = replace(clinic.caller, idempotency=key("asked"))
    clinic.check(who, dateOfService=DAY.isoformat())
    shown = clinic.modes.get_context(clinic.caller, "eligibility")
    with pytest.raises(Replayed):
        clinic.check(who, dateOfService=DAY.isoformat())
    assert len(endpoint.bodies) == 1
    assert clinic.modes.get_context(clinic.caller, "eligibility").summary == shown.summary


@pytest.mark.parametrize(
    ("payer", "day", "reason"),
    [
        ({"real_time_supported": False}, DAY, "no_real_time_support"),
        ({"electronic_id": None}, DAY, "payer_not_enrolled"),
        ({}, date(2026, 12, 1), "date_window"),
    ],
)
def test_where_nobody_is_asked_the_file_answers_and_says_why(
    clinic: Clinic, endpoint: Endpoint, payer: dict[str, Any], day: date, reason: str
) -> None:
    change(clinic, "payers", {"electronic_id": "00553"}, **payer)
    assert check(clinic, dateOfService=day.isoformat())["eligible"] is True
    row = stored(clinic)
    assert (row["source"], row["state"], row["failure"]) == ("on_file", "completed", None)
    assert row["reasons"][:1] == ("coverage_active",)
    assert reason in row["reasons"]
    assert endpoint.bodies == []


def test_payers_are_asked_in_rank_order_until_one_says_yes(clinic: Clinic, endpoint: Endpoint) -> None:
    first = coverage_of_elena(clinic)
    for rank in (2, 3):
        clinic.records.tables.add(
            "coverages",
            {name: value for name, value in first.items() if name != "id"} | {"rank": rank, "member_id": f"M{rank}"},
        )
    answers(endpoint, told("EB*6**30^98"), told("EB*1**30^98"))
    assert check(clinic)["eligible"] is True
    asked = [read_inquiries(read_interchanges(body)[0])[0].subscriber.member_id for body in endpoint.bodies]
    assert asked == ["BST553018842", "M2"]
    (event,) = clinic.records.tables.events
    assert event.metadata["coverages_asked"] == "2"
    assert not any(word in event.model_dump_json() for word in PERSONAL)


def test_a_removed_a_finished_and_no_insurance_are_not_asked_about(clinic: Clinic, endpoint: Endpoint) -> None:
    for changes in ({"status": "removed"}, {"status": "active", "period_end": DAY - timedelta(days=1)}):
        change(clinic, "coverages", {"member_id": "BST553018842"}, **changes)
        check(clinic)
    change(clinic, "coverages", {"member_id": "BST553018842"}, period_end=None)
    change(clinic, "payers", {"electronic_id": "00553"}, kind="self_pay")
    check(clinic)
    assert endpoint.bodies == []


def test_what_does_not_fit_into_the_time_is_asked_later(
    clinic: Clinic, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.payers = connection_to(endpoint, LIMITS)
    first = coverage_of_elena(clinic)
    clinic.records.tables.add("coverages", {n: v for n, v in first.items() if n != "id"} | {"rank": 2})
    monkeypatch.setattr(payer_inquiries, "ASK_SECONDS", 1.4)
    endpoint.says_nothing()
    started = time.monotonic()
    assert check(clinic)["eligible"] is None
    assert time.monotonic() - started < 4
    assert len(endpoint.bodies) == 1
    receipt = from_json(VerdictReceipt, stored(clinic)["receipt"])
    assert receipt is not None
    failures = {one.failure.reason for one in receipt.inputs.answers if one.failure}
    assert failures == {"not_asked", "timeout"}
