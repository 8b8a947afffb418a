"""The permission matrix once more, thinner, through the gateway on real stores.

For each operation: somebody who may with an own, an unknown and a foreign id, and somebody who may not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from infra.gateway.openapi import load_operations
from shared.catalog import load_catalog
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.e2e.person import Person
from tests.permission_call import Cell, Sent, allowed_by_the_table, is_public
from tests.permission_cells import CELLS, UNENDING
from tests.permission_ids import AUTH, Ids, Make
from tests.stack import LAKESIDE, RIVERSIDE

SAME = {"X-Request-Id": "the-same"}
OF_TYPES = 3  # of an operation on records: so many of its cells; all of them are asked for in tests/functions
LEFT_OUT = {f"POST {AUTH}/logout"}  # it would sign out whoever the other tests are


def operations() -> dict[str, Operation]:
    """Every operation by method and path template."""
    found: dict[str, Operation] = {}
    for entry in load_catalog():
        if entry.kind in {"http", "stream"}:
            declared = load_operations(entry)
            found |= {f"{one.method} {declared.prefix}{one.path}": one for one in declared.declared}
    return found


BY_NAME = operations()
ROWS = [
    (name, cell)
    for name, cells in CELLS.items()
    for cell in cells[:OF_TYPES]
    if name in BY_NAME and name not in LEFT_OUT
]
SignedIn = Callable[..., Person]


def maker(signed_in: SignedIn, client: str, caller: Role) -> Make:
    """Make things as the admin of an organisation."""
    admin, person = signed_in("admin", client), signed_in(caller.value, client)
    return Make(admin.done, str(person.claims["userId"]), admin.done if caller is Role.AUDITOR else person.done)


def test_every_operation_has_its_cells() -> None:
    assert set(CELLS) == set(BY_NAME) - UNENDING


def ask(person: Person, operation: Operation, sent: Sent) -> httpx.Response:
    return person.call(operation.method, sent.path, sent.body, headers=SAME)


def told(answer: httpx.Response, given: str) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(given, "<id>")


@pytest.mark.parametrize(("name", "cell"), ROWS, ids=lambda one: one if isinstance(one, str) else one.note)
def test_who_may_does_it_with_own_ids_alone(signed_in: SignedIn, name: str, cell: Cell) -> None:
    operation = BY_NAME[name]
    role = next(one for one in Role if one in allowed_by_the_table(operation, cell))
    person = signed_in(role.value, RIVERSIDE)
    own, other = maker(signed_in, RIVERSIDE, role), maker(signed_in, LAKESIDE, role)
    valid = Ids(own, other)
    answer = ask(person, operation, cell.send(valid))
    # What makes a thing and finds it made (a context of a record) answers 200 instead of 201.
    assert answer.status_code in {cell.ok or operation.status, 200 if operation.status == 201 else None}, answer.text
    for place in valid.asked:
        answers = []
        for foreign in (False, True):
            ids = Ids(own, other, replaced=place, foreign=foreign)
            answers.append(told(ask(person, operation, cell.send(ids)), ids.asked[place]))
        if cell.foreign is None:
            assert answers[0] == answers[1]
            assert answers[0][0] == cell.unknown


DENIED = [
    (name, cell, role)
    for name, cell in ROWS
    for role in [next((one for one in Role if one not in allowed_by_the_table(BY_NAME[name], cell)), None)]
    if role is not None and not is_public(BY_NAME[name])
]


@pytest.mark.parametrize(
    ("name", "cell", "role"), DENIED, ids=lambda one: one.note if isinstance(one, Cell) else str(one)
)
def test_who_may_not_is_refused_with_an_own_id(signed_in: SignedIn, name: str, cell: Cell, role: Role) -> None:
    operation = BY_NAME[name]
    ids = Ids(maker(signed_in, RIVERSIDE, role), maker(signed_in, LAKESIDE, role))
    answer = ask(signed_in(role.value, RIVERSIDE), operation, cell.send(ids))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("name", [name for name in CELLS if name in BY_NAME and not is_public(BY_NAME[name])])
def test_without_a_sign_in_nothing_is_answered(signed_in: SignedIn, http: httpx.Client, name: str) -> None:
    operation, cell = BY_NAME[name], CELLS[name][0]
    ids = Ids(maker(signed_in, RIVERSIDE, Role.ADMIN), maker(signed_in, LAKESIDE, Role.ADMIN))
    sent: Sent = cell.send(ids)
    body: Any = sent.body
    answer = http.request(operation.method, signed_in().stack.gateway + sent.path, json=body)
    assert answer.status_code == 401
