"""One e-mail's life on the real stack: its file in the outbox is read by Python's parser, its rows by the auditor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from shared.mail.outbox import file_name
from tests.e2e.draft_writes import new_draft
from tests.e2e.person import Database, LiveStore, Person, unique, until
from tests.permission_draft_cells import NOT_OURS
from tests.permission_ids import DRAFTS, EMAIL_DRAFTER


def test_a_draft_is_written_approved_sent_read_again_and_comes_back(
    manager: Person, database: Database, live_store: LiveStore
) -> None:
    opened = manager.done("POST", f"{EMAIL_DRAFTER}/context", {"recordType": "Patient ID", "recordId": "MRN553"})
    body = {"contextId": opened["contextId"], "template": "appt_reminder", "followUpOn": "2099-01-05"}
    draft = manager.done("POST", DRAFTS, body | {"recipient": {"address": "elena@patients.example"}})
    path, request_id = f"{DRAFTS}/{draft['id']}", unique("send")
    assert (draft["missing"], draft["phi"]["reasons"]) == ([], [])
    manager.done("POST", f"{path}/submit", {})
    manager.done("POST", f"{path}/approve", {"contentHash": draft["contentHash"]})
    sent = manager.call("POST", f"{path}/send", {}, headers={"X-Request-Id": request_id}).json()
    assert sent["state"] == "sent", sent
    raw = (Path(manager.stack.file.parent) / "outbox" / file_name(sent["messageId"])).read_bytes()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    assert (message["Message-ID"], message["Subject"]) == (sent["messageId"], sent["subject"])
    assert message["To"].addresses[0].addr_spec == "elena@patients.example"
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").strip() == sent["body"]
    assert live_store.document(f"tasks/{sent['followUpTask']}")["state"]["stringValue"] == "scheduled"
    until(lambda: len(database.audit_rows(request_id)) == 2, seconds=30, what="both rows")
    rows = database.audit_rows(request_id)
    told = {row["action"]: row["metadata"] for row in rows}
    assert set(told) == {"draft:send", "draft:delivery"}
    assert all("patient.first_name" in one["disclosed"] for one in told.values())
    assert not any(word in str(rows) for word in ("Elena", "elena@", "Vasquez"))
    report = NOT_OURS.replace("<nobodys@practice.example>", sent["messageId"])
    bounced = manager.done("POST", f"{EMAIL_DRAFTER}/bounces", {"message": report})
    assert (bounced["outcome"], bounced["draft"]["state"]) == ("bounced", "bounced")


def test_of_two_who_send_at_once_one_does(manager: Person) -> None:
    draft = new_draft(manager, "submit", "approve")

    def send(_: int) -> int:
        return manager.call("POST", f"{DRAFTS}/{draft['id']}/send", {}).status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(send, range(4))) == [200, 409, 409, 409]
