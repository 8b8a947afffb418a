"""Push notifications by the real library, to a service on this machine that answers as Firebase's does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.auth.credentials import Credentials
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.db.messaging import TIMEOUT_SECONDS, FirebasePush
from shared.errors import StoreUnavailableError
from shared.models.push import PushMessage
from tests.integration.serving import served

# Clients of the older kind still have these.
pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated:DeprecationWarning")
TOKENS = ("good:1", "gone:1", "foreign:1", "odd:1", "better:1")
firebase_admin = pytest.importorskip("firebase_admin", reason="the group `push` is not installed: make install")


class Given(Credentials):
    """A token, as a service account would get one."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth is partly typed
        self.token = "a-token"
        self.expiry = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None)

    def refresh(self, _request: Any) -> None:
        raise AssertionError("it is valid")


@dataclass
class Service:
    """What it was asked, and how it answers by token: a status and an error code, or a number of seconds to wait."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        message = json.loads(await request.body())["message"]
        self.asked.append(message | {"path": request.url.path, "authorization": request.headers["authorization"]})
        await self._answer(message.get("token") or message["fid"])(scope, receive, send)

    def _answer(self, token: str) -> Response:
        if token not in self.answers:
            return JSONResponse({"name": f"projects/demo/messages/{len(self.asked)}"})
        status, code = self.answers[token]
        detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
        body = {"error": {"code": status, "status": "NOT_FOUND", "message": "no", "details": [detail]}}
        return JSONResponse(body, status_code=status)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    from firebase_admin import credentials, messaging

    running = Service()
    monkeypatch.setattr(credentials.ApplicationDefault, "get_credential", lambda _: Given())
    with served(running) as url:
        monkeypatch.setattr(messaging._MessagingService, "FCM_URL", url + "/v1/projects/{0}/messages:send")
        yield running


@pytest.fixture
def push() -> Iterator[FirebasePush]:
    made = FirebasePush("demo")
    yield made
    if made._app is not None:
        firebase_admin.delete_app(made._app)


def test_a_notification_says_that_there_is_something_and_not_what(service: Service, push: FirebasePush) -> None:
    assert push.send([PushMessage("token:1", "alert_1", "critical")]) == frozenset()
    (asked,) = service.asked
    assert (asked["path"], asked["authorization"]) == ("/v1/projects/demo/messages:send", "Bearer a-token")
    assert asked["data"] == {"alertId": "alert_1", "severity": "critical"}
    assert asked["notification"] == {"title": "New critical alert"}
    assert asked["webpush"]["notification"]["tag"] == asked["android"]["collapse_key"] == "alert_1"


def test_tokens_that_are_gone_are_told_and_the_others_get_theirs(service: Service, push: FirebasePush) -> None:
    service.answers = {
        "gone:1": (404, "UNREGISTERED"),
        "foreign:1": (403, "SENDER_ID_MISMATCH"),
        "odd:1": (400, "INTERNAL"),
    }
    messages = [PushMessage(token, "alert_1", "info") for token in TOKENS]
    assert push.send(messages) == {"gone:1", "foreign:1"}
    assert {one["token"] for one in service.asked} == set(TOKENS)


def test_a_newer_client_is_reached_by_its_installation(service: Service, push: FirebasePush) -> None:
    push.send(
        [PushMessage("fDGmnXyXp0KxoEKXPjlwk1", "alert_1", "info"), PushMessage("bk3:CI2k_HHwg", "alert_1", "info")]
    )
    assert {one.get("fid") or one["token"] for one in service.asked} == {"fDGmnXyXp0KxoEKXPjlwk1", "bk3:CI2k_HHwg"}
    assert [one["fid"] for one in service.asked if "fid" in one] == ["fDGmnXyXp0KxoEKXPjlwk1"]


def test_a_service_that_does_not_answer_costs_seconds(
    service: Service, push: FirebasePush, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firebase_admin import messaging

    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", "http://127.0.0.1:9/{0}")
    begun = time.monotonic()
    assert push.send([PushMessage(f"token:{number}", "alert_1", "info") for number in range(500)]) == frozenset()
    assert time.monotonic() - begun < 3 * TIMEOUT_SECONDS
    assert service.asked == []


def test_a_service_that_refuses_our_credentials_is_away(
    service: Service, push: FirebasePush, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firebase_admin import credentials
    from google.auth.exceptions import DefaultCredentialsError

    def none(_: Any) -> None:
        raise DefaultCredentialsError("none here")  # type: ignore[no-untyped-call]  # google-auth is partly typed

    monkeypatch.setattr(credentials.ApplicationDefault, "get_credential", none)
    with pytest.raises(StoreUnavailableError):
        push.send([PushMessage("token:1", "alert_1", "info")])
    assert service.asked == []
