"""What end-to-end tests do: call the product through the gateway as somebody, and look at what it left behind."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pg8000.native

from shared.models.identifiers import uuid7
from tests.stack import RIVERSIDE, RunningStack

T = TypeVar("T")
API = "/api/v1"
TASKS = f"{API}/components/tasks"
ALERTS = f"{API}/components/alerts"
FEEDBACK = f"{API}/components/feedback"
CHAT = f"{API}/components/chat"
CONTEXT, GUIDANCE = f"{API}/components/context", f"{API}/components/guidance"
ELIGIBILITY = f"{API}/modes/eligibility"
RECORDS = f"{API}/records"
USERS = f"{API}/users"
AUTH = f"{API}/auth"
ANSWER_SECONDS = 30.0
MEMBERS_PASSWORD = "correct horse battery"


def until(condition: Callable[[], T], *, seconds: float, what: str) -> T:
    """What `condition` returns once it is true; fails with `what` and the last result when it is not in time."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what} (last: {result!r})"
        threading.Event().wait(0.05)


def at_once(calls: int, action: Callable[[int], T]) -> list[T]:
    """The results of `action(0)` to `action(calls - 1)`, all begun at the same moment."""
    barrier = threading.Barrier(calls)

    def begin(number: int) -> T:
        barrier.wait(30)
        return action(number)

    with ThreadPoolExecutor(max_workers=calls) as pool:
        return list(pool.map(begin, range(calls)))


def unique(prefix: str) -> str:
    """A name that no other test has."""
    return f"{prefix}-{uuid4().hex[:12]}"


class Person:
    """Somebody signed in, at the gateway of a running stack."""

    def __init__(self, stack: RunningStack, http: httpx.Client, *, role: str, client: str = RIVERSIDE) -> None:
        self.stack = stack
        self.role = role
        self.client = client
        self.http = http

    @property
    def token(self) -> str:
        """The ID token."""
        return self.stack.token(self.role, self.client)

    @property
    def claims(self) -> dict[str, Any]:
        """What the token says (the emulator's is not signed)."""
        payload = self.token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: str
    ) -> httpx.Response:
        """One request; `path` begins with /api/v1."""
        return self.http.request(
            method,
            self.stack.gateway + path,
            json=body,
            params=query or None,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
        )

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.call(method, path, body, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def open(self, number: str | None = None, record_type: str = "Other") -> str:
        """Open a record (by default one that nobody else works on) in the eligibility mode; its context's id."""
        wanted = {"recordType": record_type, "recordId": number or unique("REC")}
        return str(self.done("POST", f"{ELIGIBILITY}/context", wanted)["contextId"])

    def new_message(self, context_id: str, **members: Any) -> str:
        """The id of an assistant's message in a context, put where chat will put it."""
        said = {"mode": "eligibility", "threadId": unique("thread"), "type": "system", "content": "Active."}
        owner = {"clientId": self.claims["clientId"], "userId": self.claims["userId"], "contextId": context_id}
        times = dict.fromkeys(("createdAt", "updatedAt", "sortAt"), datetime.now(UTC))
        return LiveStore(self.stack, self.http).put("messages", unique("msg"), said | owner | times | members)

    def new_task(self, context_id: str, **members: Any) -> dict[str, Any]:
        """A task made in a context."""
        task: dict[str, Any] = self.done(
            "POST", f"{TASKS}/", {"contextId": context_id, "label": "Call the payer"} | members
        )
        return task


class Newcomer(Person):
    """Somebody signed in with a token of their own."""

    def __init__(self, like: Person, token: str) -> None:
        super().__init__(like.stack, like.http, role="biller", client=like.client)
        self._token = token

    @property
    def token(self) -> str:
        """The ID token."""
        return self._token


class Database:
    """The stack's PostgreSQL, as its administrator: what tests put in and read back."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = pg8000.native.Connection(
            parts.username or "",
            host=parts.hostname or "",
            port=parts.port or 5432,
            password=parts.password,
            database=parts.path.lstrip("/"),
            timeout=20,
        )

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What a statement returns."""
        found = self._connection.run(statement, **values) or []
        names = [column["name"] for column in self._connection.columns or ()]
        return [dict(zip(names, row, strict=True)) for row in found]

    def audit_rows(self, request_id: str) -> list[dict[str, Any]]:
        """The rows of `audit_logs` that a request left."""
        return self.rows("SELECT * FROM audit_logs WHERE request_id = :request_id", request_id=request_id)

    def new_patient(self, client_id: str, **columns: str) -> tuple[UUID, str]:
        """A patient of an organisation that no other test works on: its uuid and MRN."""
        identifier, mrn = uuid7(), unique("MRN")
        self.rows(
            "INSERT INTO patients (id, client_id, mrn, first_name, last_name, date_of_birth) "
            "VALUES (:id, :client, :mrn, :first, :last, DATE '1980-05-17')",
            id=identifier,
            client=client_id,
            mrn=mrn,
            first=columns.get("first_name", "Test"),
            last=columns.get("last_name", "Patient"),
        )
        return identifier, mrn

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class LiveStore:
    """The stack's Firestore emulator, as its owner: past the rules, past the product."""

    def __init__(self, stack: RunningStack, http: httpx.Client) -> None:
        self._documents = f"http://{stack.firestore}/v1/projects/{stack.project}/databases/(default)/documents"
        self.http = http

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(
            method, f"{self._documents}{path}", json=body, headers={"Authorization": "Bearer owner"}
        )
        answer.raise_for_status()
        return answer.json()

    def document(self, path: str) -> Any:
        """A document's fields, in the store's own notation."""
        return self._call("GET", f"/{path}")["fields"]

    def put(self, collection: str, document_id: str, fields: Mapping[str, Any]) -> str:
        """Write a document; its id."""
        body = {"fields": {name: _value(one) for name, one in fields.items()}}
        self._call("PATCH", f"/{collection}/{document_id}", body)
        return document_id

    def with_member(self, collection: str, member: str, value: str) -> list[dict[str, Any]]:
        """The fields of the documents whose `member` (`a.b`) has this value, as plain text."""
        equal = {"field": {"fieldPath": member}, "op": "EQUAL", "value": {"stringValue": value}}
        query = {"from": [{"collectionId": collection}], "where": {"fieldFilter": equal}}
        rows = self._call("POST", ":runQuery", {"structuredQuery": query})
        found = [row["document"]["fields"] for row in rows if "document" in row]
        return [{name: next(iter(one.values())) for name, one in fields.items()} for fields in found]

    def set_time(self, path: str, field: str, moment: str) -> None:
        """Set a time in a document."""
        body = {"fields": {field: {"timestampValue": moment}}}
        self._call("PATCH", f"/{path}?updateMask.fieldPaths={field}", body)

    def forget(self, path: str) -> None:
        """Delete a document, if it is there."""
        self._call("DELETE", f"/{path}")

    def waiting_audit_events(self) -> int:
        """How many events stand in the outbox."""
        query = {"structuredQuery": {"from": [{"collectionId": "audit_outbox"}], "select": {"fields": []}}}
        return sum("document" in row for row in self._call("POST", ":runQuery", query))


def _value(value: Any) -> dict[str, Any]:
    """A value as Firestore's REST interface writes it."""
    if isinstance(value, datetime):
        return {"timestampValue": value.isoformat()}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"mapValue": {"fields": {name: _value(one) for name, one in value.items()}}}
    return {"nullValue": None} if value is None else {"stringValue": str(value)}


class Relay:
    """The stack's trigger relay: how far it is, and its faults."""

    def __init__(self, stack: RunningStack, http: httpx.Client) -> None:
        self._url = str(json.loads(stack.file.with_name("parts.json").read_text())["relay"])
        self.http = http

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        status: dict[str, Any] = self.http.get(f"{self._url}/status").json()
        return status

    @contextmanager
    def faults(self, **chaos: float) -> Iterator[None]:
        """Deliver with faults (see infra.local.relay_delivery.Chaos) while the block lasts."""
        self.http.post(f"{self._url}/chaos", json=chaos).raise_for_status()
        try:
            yield
        finally:
            self.http.post(f"{self._url}/chaos", json={}).raise_for_status()


def connection() -> httpx.Client:
    """A pool of connections for tests: no proxies, room for 64 callers at once."""
    return httpx.Client(trust_env=False, timeout=ANSWER_SECONDS, limits=httpx.Limits(max_connections=128))
