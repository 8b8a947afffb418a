"""A session in the live store: what it says of a sign-in, and that its end shuts direct reads at once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.openid import AUTH, opened
from tests.e2e.person import ELIGIBILITY, MEMBERS_PASSWORD, USERS, Person, unique
from tests.stack import RunningStack


@dataclass
class SignedIn:
    """Somebody new who has signed in through the API and opened a context."""

    stack: RunningStack
    http: httpx.Client
    user_id: str
    answer: dict[str, Any]
    context_id: str = ""

    @property
    def token(self) -> str:
        return str(self.answer["idToken"])

    @property
    def session_id(self) -> str:
        payload = self.token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return f"{claims['sub']}_{claims['auth_time']}"

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, self.stack.gateway + path, json=body, headers=headers)

    @property
    def documents(self) -> str:
        """The live store's documents, over REST."""
        return f"http://{self.stack.firestore}/v1/projects/{self.stack.project}/databases/(default)/documents"

    def read(self, document: str) -> httpx.Response:
        """A direct read under the security rules, as the Firebase SDK makes it."""
        return self.http.get(f"{self.documents}/{document}", headers={"Authorization": f"Bearer {self.token}"})

    def reads(self) -> list[int]:
        """The statuses of the direct reads that a front-end makes of an open context and of its own session."""
        return [
            self.read(f"contexts/{self.context_id}").status_code,
            self.read(f"sessions/{self.session_id}").status_code,
        ]


def by_password(stack: RunningStack, http: httpx.Client, email: str) -> dict[str, Any]:
    answer = http.post(f"{stack.gateway}{AUTH}/login", json={"email": email, "password": MEMBERS_PASSWORD})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def by_provider(stack: RunningStack, http: httpx.Client, email: str) -> dict[str, Any]:
    del http
    with opened(stack) as browser:
        answer = browser.exchange(browser.outcome(email)["code"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(params=[by_password, by_provider])
def somebody(
    request: pytest.FixtureRequest, stack: RunningStack, http: httpx.Client, member: dict[str, Any]
) -> SignedIn:
    made = SignedIn(stack, http, member["id"], request.param(stack, http, member["email"]))
    opening = made.call("POST", f"{ELIGIBILITY}/context", {"recordType": "Other", "recordId": unique("REC")})
    made.context_id = opening.json()["contextId"]
    assert made.reads() == [200, 200]
    return made


def test_a_session_says_where_somebody_is_and_until_when(somebody: SignedIn) -> None:
    fields = somebody.read(f"sessions/{somebody.session_id}").json()["fields"]
    assert fields["currentMode"] == {"stringValue": "eligibility"}
    assert fields["currentContexts"]["mapValue"]["fields"] == {"eligibility": {"stringValue": somebody.context_id}}
    assert fields["openContexts"]["arrayValue"]["values"] == [{"stringValue": somebody.context_id}]
    assert fields["endedAt"] == {"nullValue": None}
    times = [fields[name]["timestampValue"] for name in ("createdAt", "lastActivityAt", "idleUntil", "expireAt")]
    assert times == sorted(times)


def test_signing_out_shuts_direct_reads_at_once(somebody: SignedIn) -> None:
    assert somebody.call("POST", f"{AUTH}/logout").status_code == 200
    assert somebody.reads() == [403, 403]


def test_deactivation_shuts_direct_reads_at_once(somebody: SignedIn, signed_in: Callable[..., Person]) -> None:
    signed_in("admin").done("DELETE", f"{USERS}/{somebody.user_id}")
    assert somebody.reads() == [403, 403]


def test_a_changed_role_shuts_direct_reads_at_once(somebody: SignedIn, signed_in: Callable[..., Person]) -> None:
    signed_in("admin").done("PUT", f"{USERS}/{somebody.user_id}", {"role": "biller"})
    assert somebody.reads() == [403, 403]


@pytest.mark.parametrize("field", ["idleUntil", "expireAt"])
def test_a_session_that_is_idle_or_expired_shuts_direct_reads(somebody: SignedIn, field: str) -> None:
    passed = {"fields": {field: {"timestampValue": "2026-01-01T00:00:00Z"}}}
    address = f"{somebody.documents}/sessions/{somebody.session_id}?updateMask.fieldPaths={field}"
    somebody.http.patch(address, json=passed, headers={"Authorization": "Bearer owner"}).raise_for_status()
    assert somebody.reads() == [403, 403]
