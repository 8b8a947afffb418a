"""X12Clearinghouse against a real HTTP server: an answer is an answer, everything else a failure of the right kind."""

from __future__ import annotations

import base64
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from shared.clearinghouse.port import Clearinghouse
from shared.clearinghouse.x12 import LIMITS, X12Clearinghouse
from shared.config import ClearinghouseSettings
from shared.http_exchange import Limits
from shared.models.eligibility_inquiry import EligibilityInquiry, InquiryFailure
from shared.models.payer_answer import PayerAnswer
from shared.x12.inquiry_reading import read_inquiries
from shared.x12.interchange import read_interchanges
from tests.integration.payer_endpoint import Endpoint, payer_endpoint
from tests.unit.x12_samples import (
    ACTIVE,
    NOW,
    answer_to,
    inquiry,
    interchange,
    mary,
    published_or_skip,
    robert,
)

QUICK = Limits(connect_seconds=0.3, total_seconds=0.6, max_bytes=LIMITS.max_bytes)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with payer_endpoint() as opened:
        yield opened


def clearinghouse(endpoint: Endpoint, **changes: Any) -> Clearinghouse:
    settings = ClearinghouseSettings(
        url=endpoint.url,
        user="clinic-user",
        password=SecretStr("canary-password"),
        sender="CLINIC",
        receiver="PAYER",
        npi="1234567893",
        provider="BONE AND JOINT CLINIC",
        envelope="plain",
    ).model_copy(update=changes)
    return X12Clearinghouse(settings, clock=lambda: NOW, limits=QUICK)


def asked(endpoint: Endpoint, about: EligibilityInquiry | None = None, **changes: Any) -> PayerAnswer | InquiryFailure:
    return clearinghouse(endpoint, **changes).check(about or inquiry())


def failure(endpoint: Endpoint, about: EligibilityInquiry | None = None, **changes: Any) -> tuple[str, str]:
    outcome = asked(endpoint, about, **changes)
    assert isinstance(outcome, InquiryFailure)
    for personal in ("SMITH", "ROBERT", "19430519", "11122333301", "canary"):
        assert personal not in f"{outcome.code} {outcome.text} {outcome.fields}"
    return outcome.kind, outcome.code


def test_limits_are_those_of_the_requirements() -> None:
    assert (LIMITS.connect_seconds, LIMITS.total_seconds) == (5.0, 20.0)


def test_active_answer_is_an_answer(endpoint: Endpoint) -> None:
    endpoint.answers(answer_to(ACTIVE))
    outcome = asked(endpoint)
    assert isinstance(outcome, PayerAnswer)
    assert [line.code for line in outcome.benefits] == ["1"]


def test_inactive_answer_is_an_answer_too(endpoint: Endpoint) -> None:
    endpoint.answers(answer_to("EB*6**30"))
    outcome = asked(endpoint)
    assert isinstance(outcome, PayerAnswer)


@pytest.mark.parametrize("path", published_or_skip("271_005010X279A1"))
def test_published_answer_comes_back_over_http(endpoint: Endpoint, path: Path) -> None:
    endpoint.answers(path.read_bytes())
    john = robert(first_name="JOHN", date_of_birth=date(1963, 5, 19), member_id="123456789")
    about = inquiry(trace_number="93175-012547", subscriber=john)
    if "dependent" in path.name:
        about = replace(about, dependent=mary())
    if "error" in path.name:
        assert failure(endpoint, about) == ("payer_setup", "aaa_50")
        return
    outcome = asked(endpoint, about)
    assert isinstance(outcome, PayerAnswer)
    assert len(outcome.benefits) == 5


def test_what_is_sent_is_the_inquiry_with_credentials(endpoint: Endpoint) -> None:
    endpoint.answers(answer_to(ACTIVE))
    asked(endpoint)
    assert read_inquiries(read_interchanges(endpoint.bodies[0])[0]) == (inquiry(),)
    head = endpoint.heads[0]
    assert "Content-Type: application/EDI-X12" in head
    given = re.search(r"Authorization: Basic (\S+)", head)
    assert given is not None
    assert base64.b64decode(given[1]) == b"clinic-user:canary-password"
    assert "SMITH" not in head


def test_core_envelope_has_every_member_of_a_real_time_request(endpoint: Endpoint) -> None:
    endpoint.answers(core_answer(answer_to(ACTIVE)), content_type='multipart/form-data; boundary="b-1"')
    assert isinstance(asked(endpoint, envelope="core_mime"), PayerAnswer)
    head = endpoint.heads[0]
    kind = re.search(r"Content-Type: (multipart/form-data; [^\r\n]+)", head)
    assert kind is not None
    assert "canary" not in head
    parts: Any = message_from_bytes(f"Content-Type: {kind[1]}\r\n\r\n".encode() + endpoint.bodies[0]).get_payload()
    sent = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}
    UUID(sent.pop("PayloadID").decode())
    assert read_inquiries(read_interchanges(sent.pop("Payload"))[0]) == (inquiry(),)
    assert sent == {
        "PayloadType": b"X12_270_Request_005010X279A1",
        "ProcessingMode": b"RealTime",
        "TimeStamp": b"2026-05-04T12:30:00Z",
        "UserName": b"clinic-user",
        "Password": b"canary-password",
        "SenderID": b"CLINIC",
        "ReceiverID": b"PAYER",
        "CORERuleVersion": b"2.2.0",
    }


def core_answer(payload: str, *, error: str = "Success", line_end: str = "\r\n") -> str:
    fields = {
        "PayloadType": "X12_271_Response_005010X279A1",
        "ErrorCode": error,
        "ErrorMessage": "x",
        "Payload": payload,
    }
    parts = [
        line_end.join(("--b-1", f'Content-Disposition: form-data; name="{name}"', "", value, ""))
        for name, value in fields.items()
    ]
    return "".join(parts) + f"--b-1--{line_end}"


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
@pytest.mark.parametrize("kind", ['multipart/form-data; boundary="b-1"', "Multipart/Form-Data;boundary=b-1"])
def test_core_answer_is_unpacked(endpoint: Endpoint, line_end: str, kind: str) -> None:
    endpoint.answers(core_answer(answer_to(ACTIVE), line_end=line_end), content_type=kind)
    assert isinstance(asked(endpoint, envelope="core_mime"), PayerAnswer)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (
            core_answer("", error="UnAuthorized"),
            "multipart/form-data; boundary=b-1",
            ("payer_setup", "envelope_refused"),
        ),
        (core_answer("", error="Receiver"), "multipart/form-data; boundary=b-1", ("retryable", "envelope_refused")),
        (core_answer("", error="SMITH"), "multipart/form-data; boundary=b-1", ("payer_setup", "envelope_refused")),
        (core_answer(""), "multipart/form-data; boundary=b-1", ("retryable", "not_x12")),
        (core_answer(answer_to(ACTIVE)), "multipart/form-data", ("retryable", "not_x12")),
        (core_answer(answer_to(ACTIVE)), "multipart/form-data; boundary=other", ("retryable", "not_x12")),
        (core_answer(answer_to(ACTIVE)[:300]), "multipart/form-data; boundary=b-1", ("retryable", "answer_truncated")),
    ],
)
def test_core_refusal_is_a_failure(endpoint: Endpoint, body: str, kind: str, expected: tuple[str, str]) -> None:
    endpoint.answers(body, content_type=kind)
    assert failure(endpoint, envelope="core_mime") == expected


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream", ""])
def test_x12_is_read_whatever_it_is_called(endpoint: Endpoint, content_type: str) -> None:
    endpoint.answers("\ufeff\r\n" + answer_to(ACTIVE), content_type=content_type)
    assert isinstance(asked(endpoint), PayerAnswer)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("200 OK", ("retryable", "not_x12")),
        ("301 Moved", ("payer_setup", "http_301")),
        ("307 Temporary", ("payer_setup", "http_307")),
        ("400 Bad", ("payer_setup", "http_400")),
        ("401 Who", ("payer_setup", "http_401")),
        ("403 No", ("payer_setup", "http_403")),
        ("404 Where", ("payer_setup", "http_404")),
        ("408 Slow", ("retryable", "http_408")),
        ("415 What", ("payer_setup", "http_415")),
        ("429 Many", ("retryable", "http_429")),
        ("500 Broken", ("retryable", "http_500")),
        ("503 Later", ("retryable", "http_503")),
    ],
)
def test_page_instead_of_x12_goes_by_its_status(endpoint: Endpoint, status: str, expected: tuple[str, str]) -> None:
    page = "<html><title>VISA SMITH</title></html>"
    endpoint.answers(page, status=status, content_type="text/html", headers="Location: /elsewhere\r\n")
    assert failure(endpoint) == expected
    assert len(endpoint.heads) == 1


def test_x12_under_an_error_status_is_read(endpoint: Endpoint) -> None:
    text = answer_to(ACTIVE)
    refused = f"{text[: text.index('GS*')]}TA1*000000905*260504*1230*R*006~IEA*0*000000905~"
    endpoint.answers(refused, status="400 Bad Request")
    assert failure(endpoint) == ("payer_setup", "ta1_006")


def test_refused_implementation_is_a_failure_that_says_where(endpoint: Endpoint) -> None:
    endpoint.answers(
        interchange("AK2*270*0001", "IK3*NM1*8*2010*8", "IK4*9*67*7*SMITH", "IK5*R*5", "AK9*R*1*1*0", set_id="999")
    )
    outcome = asked(endpoint)
    assert isinstance(outcome, InquiryFailure)
    assert (outcome.kind, outcome.code) == ("payer_setup", "999_R")
    assert "segment NM1 number 8: error 8" in outcome.text
    assert "SMITH" not in outcome.text


def test_no_answer_is_retryable_and_comes_in_time(endpoint: Endpoint) -> None:
    start = time.monotonic()
    endpoint.says_nothing()
    assert failure(endpoint) == ("retryable", "timeout")
    endpoint.drips(b"ISA", pause=0.05)
    assert failure(endpoint) == ("retryable", "timeout")
    assert time.monotonic() - start < 2 * QUICK.total_seconds + 1.5


def test_broken_connections_are_retryable(endpoint: Endpoint) -> None:
    endpoint.resets()
    assert failure(endpoint) == ("retryable", "broken")
    endpoint.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + answer_to(ACTIVE).encode())
    assert failure(endpoint) == ("retryable", "broken")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/"
        assert failure(endpoint, url=nobody) == ("retryable", "unreachable")


def test_huge_answer_is_not_taken_in(endpoint: Endpoint) -> None:
    endpoint.answers(answer_to(ACTIVE, *["MSG*" + "X" * 200] * 12_000))
    assert failure(endpoint) == ("retryable", "too_large")


def test_answer_cut_at_any_segment_is_a_failure(endpoint: Endpoint) -> None:
    whole = answer_to("EB*6**30", "EB*1**98")
    ends = [at + 1 for at, sign in enumerate(whole) if sign == "~"]
    for end in ends[:-1]:
        endpoint.answers(whole[:end])
        assert failure(endpoint) == ("retryable", "answer_truncated")


def test_answer_that_lost_a_segment_on_the_way_is_a_failure(endpoint: Endpoint) -> None:
    endpoint.answers(answer_to("EB*6**30", "EB*1**98").replace("EB*1**98~", ""))
    assert failure(endpoint) == ("retryable", "answer_incomplete")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"payer_id": None}, ("unsupported", "payer_not_connected")),
        ({"date_of_service": date(2026, 6, 1)}, ("date_window", "date_window")),
        ({"date_of_service": date(2025, 5, 3)}, ("date_window", "date_window")),
        ({"date_of_service_end": date(2026, 6, 1)}, ("date_window", "date_window")),
        ({"subscriber": robert(last_name="SMI*TH")}, ("needs_correction", "inquiry_character_invalid")),
        ({"subscriber": robert(first_name=None)}, ("needs_correction", "inquiry_required")),
        ({"provider": replace(inquiry().provider, id="1")}, ("payer_setup", "inquiry_npi_invalid")),
    ],
)
def test_what_no_payer_could_answer_is_not_sent(
    endpoint: Endpoint, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert failure(endpoint, inquiry(**changes)) == expected
    assert endpoint.heads == []
