"""Delivery reports as servers write them (RFC 3464, appendix E), and what is none."""

from __future__ import annotations

import random

import pytest

from shared.mail.reports import UnreadableReportError, read_report

OURS = "<0123456789abcdef@practice.example>"


def report(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    original: str = f"Message-ID: {OURS}\nSubject: Your appointment\n",
    head: str = "",
    part: str = "message/rfc822",
    fields: str = "",
) -> str:
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\n"
        "To: no-reply@practice.example\n"
        f"{head}"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nYour message could not be delivered.\n\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n{fields}\n"
        f"Final-Recipient: rfc822; zoe@patients.example\nAction: {action}\nStatus: {status}\n"
        "Diagnostic-Code: smtp; 550 5.1.1 unknown user\n\n"
        f"--b\nContent-Type: {part}\n\n{original}\nbody\n\n--b--\n"
    )


def test_a_failure_names_the_message_and_the_status() -> None:
    read = read_report(report())
    assert (read.action, read.status, read.message_ids) == ("failed", "5.1.1", (OURS,))


def test_headers_alone_name_the_message_too() -> None:
    assert read_report(report(part="text/rfc822-headers")).message_ids == (OURS,)


@pytest.mark.parametrize(
    "given",
    [
        {"fields": f"Original-Message-ID: {OURS}\n", "original": "Subject: x\n"},
        {"head": f"In-Reply-To: {OURS}\n", "original": "Subject: x\n"},
        {"head": f"References: <other@x.example> {OURS}\n", "original": "Subject: x\n"},
        {"head": f"X-Original-Message-ID: {OURS}\n", "original": "Subject: x\n"},
    ],
)
def test_the_message_is_found_wherever_a_server_names_it(given: dict[str, str]) -> None:
    assert OURS in read_report(report(**given)).message_ids


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.7"), ("delivered", "2.0.0"), ("relayed", "2.0.0")])
def test_other_actions_are_read_as_they_are(action: str, status: str) -> None:
    assert read_report(report(action=action, status=status)).action == action


def test_a_delay_with_a_permanent_code_is_a_failure() -> None:
    assert read_report(report(action="delayed", status="5.4.7")).action == "failed"


def test_of_several_recipients_the_gravest_counts() -> None:
    two = report(action="delivered", status="2.0.0").replace(
        "Diagnostic-Code", "Original-Recipient: rfc822; a@b.example\nDiagnostic-Code"
    )
    second = "Final-Recipient: rfc822; c@d.example\nAction: failed\nStatus: 5.0.0\n"
    two = two.replace("\n\n--b\nContent-Type: message/rfc822", f"\n\n{second}\n--b\nContent-Type: message/rfc822")
    assert read_report(two).action == "failed"


def test_line_ends_of_every_kind_are_read() -> None:
    assert read_report(report().replace("\n", "\r\n")).message_ids == (OURS,)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "hello",
        "From: a@b.example\nSubject: Out of office\n\nI am away.\n",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nx\n--b--\n",
        "Content-Type: multipart/report; report-type=delivery-status\n\nno boundary\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nx\n--b--\n",
        report(action="exploded"),
        "\x00\ud800" * 50,
    ],
)
def test_what_is_no_report_is_refused(garbage: str) -> None:
    with pytest.raises(UnreadableReportError):
        read_report(garbage)


def test_damaged_reports_are_read_or_refused_and_nothing_else_happens() -> None:
    whole = report()
    chance = random.Random(8)  # noqa: S311 (the same each time)
    for _ in range(1500):
        signs = list(whole)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(signs))
            signs[at] = chance.choice(
                ["", "\n", "\x00", ":", ";", '"', "--b", "=?utf-8?q?=", "\udcff", "é", "%", "*0*="]
            )
        try:
            read_report("".join(signs))
        except UnreadableReportError:
            continue


MULTIPART = "Content-Type: multipart/report; report-type=delivery-status; boundary=b"


@pytest.mark.parametrize(
    "long",
    [
        f"{MULTIPART}{';' * 998}\n\n--b\n\nx\n--b--\n",
        MULTIPART + "\n ;;;;;;;;" * 1000 + "\n\n--b\n\nx\n--b--\n",
        report(head="X-Many: x\n" * 2000),
        report(original=f"Content-Type: multipart/mixed{';' * 998}\nMessage-ID: {OURS}\n"),
        report(part="text/rfc822-headers", original="X: " + "y" * 998 + f"\nMessage-ID: {OURS}\n"),
    ],
)
def test_headers_longer_than_any_server_writes_are_refused(long: str) -> None:
    with pytest.raises(UnreadableReportError, match="too long"):
        read_report(long)
