"""The wrapper round every event function, served by the real framework."""

from __future__ import annotations

import json
from pathlib import Path

import functions_framework
import pytest
from flask.testing import FlaskClient

from shared.config import settings

SOURCE = """
import functions_framework
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.events.handler import message_handler, schedule_handler
from shared.models.outcome import Outcome

@functions_framework.http
@message_handler("t")
def listener(message):
    match message.data:
        case b"down":
            raise StoreUnavailableError("Jane Doe")
        case b"bug":
            raise KeyError("Jane Doe")
        case b"bad":
            raise PermanentEventError("the event is too old")
    return Outcome.DONE

@functions_framework.http
@schedule_handler
def sweeper():
    return Outcome.UNCHANGED
"""
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "event-1",
    "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    "ce-source": "//pubsub.googleapis.com/projects/p/topics/t",
}


def client(target: str, folder: Path) -> FlaskClient:
    (folder / "main.py").write_text(SOURCE)
    application: FlaskClient = functions_framework.create_app(  # type: ignore[no-untyped-call]  # it is partly typed
        target, str(folder / "main.py")
    ).test_client()
    return application


@pytest.fixture(autouse=True)
def _project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    settings.cache_clear()


@pytest.mark.parametrize(
    ("data", "status", "outcome"),
    [("b2s=", 204, "done"), ("ZG93bg==", 503, "retry"), ("YnVn", 500, "retry"), ("YmFk", 204, "dropped")],
)
def test_each_outcome_has_its_status_and_one_log_line(
    data: str, status: int, outcome: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"message": {"data": data, "messageId": "1"}}
    answer = client("listener", tmp_path).post("/", json=body, headers=HEADERS)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (answer.status_code, answer.data) == (status, b"")
    assert [line["outcome"] for line in lines] == [outcome]
    assert "Jane" not in json.dumps(lines)


def test_a_foreign_request_has_no_effect_and_is_not_echoed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = client("listener", tmp_path).post("/", data=b"canary", headers={"X-Secret": "canary"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert "canary" not in capsys.readouterr().out


def test_only_post_is_answered(tmp_path: Path) -> None:
    answer = client("listener", tmp_path).get("/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_scheduled_call_needs_no_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = client("sweeper", tmp_path).post("/", headers={"X-CloudScheduler-ScheduleTime": "2026-11-23T08:00:00Z"})
    assert answer.status_code == 204
    assert json.loads(capsys.readouterr().out)["eventId"] == "2026-11-23T08:00:00Z"
