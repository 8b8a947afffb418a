"""Whoever does not show one good token is not let in, and nothing of what was sent comes back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.models.identifiers import uuid7
from tests.e2e.person import RECORDS, TASKS, Person
from tests.e2e.wire import CANARY, Answer, Sent, get, post, refused, send


def userinfo(subject: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")


def _other_token(manager: Person) -> str:
    return manager.stack.token("admin")


def _changed(token: str, **claims: Any) -> str:
    header, payload, _ = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    raw = json.dumps(known | claims).encode()
    return ".".join([header, base64.urlsafe_b64encode(raw).decode().rstrip("="), ""])


READ = f"{RECORDS}/types"
Sender = Callable[[Person], Answer]


def _with(*headers: tuple[str, str], token: bool = True, path: str = READ) -> Sender:
    return lambda person: send(person.stack.gateway, get(path, *headers), person.token if token else None)


def _token(change: Callable[[Person], str]) -> Sender:
    return lambda person: send(person.stack.gateway, get(READ), change(person))


def _alone(request: Callable[[Person], Sent]) -> Sender:
    return lambda person: send(person.stack.gateway, request(person), None)


def _twice(second: Callable[[Person], str]) -> Sender:
    return lambda person: send(
        person.stack.gateway, get(READ, ("Authorization", f"Bearer {second(person)}")), person.token
    )


IDENTITIES: dict[str, tuple[int, Sender]] = {
    "nobody": (401, _with(token=False)),
    "a token in the URL": (401, _alone(lambda person: get(f"{READ}?access_token={person.token}"))),
    "a token in the URL as well": (401, _with(path=f"{READ}?access_token={CANARY}")),
    "a token in the URL under an encoded name": (401, _with(path=f"{READ}?access%5Ftoken={CANARY}")),
    "two tokens": (401, _twice(_other_token)),
    "the same token twice": (401, _twice(lambda person: person.token)),
    "two tokens with a comma": (401, _token(lambda person: f"{person.token}, Bearer {_other_token(person)}")),
    "another scheme": (401, _with(("Authorization", f"Basic {CANARY}"), token=False)),
    "no token behind the scheme": (401, _with(("Authorization", "Bearer "), token=False)),
    "a token that is none": (401, _token(lambda _: CANARY)),
    "a token of another project": (
        401,
        _token(lambda person: _changed(person.token, iss="https://securetoken.google.com/other")),
    ),
    "a token for another audience": (403, _token(lambda person: _changed(person.token, aud="other"))),
    "an expired token": (401, _token(lambda person: _changed(person.token, exp=1_600_000_000))),
    "a token without a subject": (401, _token(lambda person: _changed(person.token, sub="", user_id=""))),
    "a token whose subject is a number": (401, _token(lambda person: _changed(person.token, sub=5))),
    "a token whose time is a text": (401, _token(lambda person: _changed(person.token, auth_time="now"))),
    "a token of an unknown person": (403, _token(lambda person: _changed(person.token, sub=CANARY, user_id=CANARY))),
    "a token that names another organisation": (
        401,
        _token(lambda person: _changed(person.token, clientId=str(uuid7()))),
    ),
    "only the gateway's own header": (
        401,
        _alone(lambda person: get(READ, ("X-Forwarded-Authorization", f"Bearer {person.token}"))),
    ),
    "only the gateway's user": (
        401,
        _with(("X-Apigateway-Api-Userinfo", userinfo("demo-riverside-admin")), token=False),
    ),
}


@pytest.mark.parametrize("who", IDENTITIES)
def test_it_is_not_let_in(manager: Person, who: str) -> None:
    status, sender = IDENTITIES[who]
    answer = sender(manager)
    refused(answer, status)
    assert manager.token.encode() not in answer.body
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", ["X-Forwarded-Authorization", "X-Apigateway-Api-Userinfo"])
def test_the_gateways_headers_are_never_taken_from_a_client(
    signed_in: Callable[..., Person], manager: Person, name: str
) -> None:
    admin = signed_in("admin")
    forged = f"Bearer {admin.token}" if name.endswith("Authorization") else userinfo("demo-riverside-admin")
    auditor = signed_in("auditor")
    context = manager.open()
    request = post(f"{TASKS}/", {"contextId": context, "label": "As somebody else"}, (name, forged))
    refused(send(manager.stack.gateway, request, auditor.token), 403)
    made = json.loads(send(manager.stack.gateway, request, manager.token).body)
    assert made["createdBy"] == manager.claims["userId"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Forwarded-Authorization", "Bearer {}"), ("X-Apigateway-Api-Userinfo", "{}")],
)
def test_a_function_called_directly_refuses_two_identities(manager: Person, name: str, value: str) -> None:
    forged = _other_token(manager) if "Bearer" in value else userinfo("somebody-else")
    request = get(READ, (name, value.format(forged)))
    base = manager.stack.functions["records"]
    path = urlsplit(base).path + READ
    refused(send(base, Sent("GET", path, headers=request.headers), manager.token), 401)
