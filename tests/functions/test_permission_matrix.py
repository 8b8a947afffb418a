"""Every operation by every role with own, unknown and foreign ids in two organisations, and by those of none.

What is expected comes from the permission table; `tests/permission_cells.py` says how each operation is called. An
operation that is not there fails the first test: add it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, Organisation
from shared.auth.permissions import Permission
from shared.models.audit import AuditOutcome
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.functions.in_memory import OPERATIONS, Answer, InMemoryProduct, account, forget, install, token
from tests.permission_call import EVERYBODY, Cell, Sent, allowed_by_the_table, is_public
from tests.permission_cells import CELLS, UNENDING
from tests.permission_ids import RECORDS, Ids, Make

OTHER = {RIVERSIDE: LAKESIDE, LAKESIDE: RIVERSIDE}
SAME = {"X-Request-Id": "the-same"}  # answers to an unknown and a foreign id may then not differ in one byte
BY_NAME = {f"{operation.method} {prefix}{operation.path}": operation for prefix, operation in OPERATIONS}
ROWS = [(name, place) for name, cells in CELLS.items() for place in range(len(cells)) if name in BY_NAME]
# These stores are in memory: an import that is allowed gets as far as the database that is not there.
_STATUS_HERE = {f"POST {RECORDS}/import": 503}

Fresh = Callable[[], InMemoryProduct]


@pytest.fixture
def fresh(served_functions: dict[str, Client], monkeypatch: pytest.MonkeyPatch) -> Iterator[Fresh]:
    """Make the product anew, with empty stores: no cell meets what another one left."""

    def made() -> InMemoryProduct:
        product = InMemoryProduct(served_functions)
        install(monkeypatch, product)
        return product

    yield made
    forget()


def test_every_operation_has_its_cells() -> None:
    assert set(CELLS) == set(BY_NAME) - UNENDING, "tests/permission_cells.py: say how each operation is called"


def row_name(row: object) -> str | None:
    return (
        f"{row[0]}{CELLS[row[0]][row[1]].note and ' ' + CELLS[row[0]][row[1]].note}" if isinstance(row, tuple) else None
    )


@pytest.mark.parametrize("row", ROWS, ids=row_name)
def test_the_table_says_what_was_decided(row: tuple[str, int]) -> None:
    cell = CELLS[row[0]][row[1]]
    assert allowed_by_the_table(BY_NAME[row[0]], cell) == cell.who


def maker(product: InMemoryProduct, organisation: Organisation, caller: Role) -> Make:
    """Make things as an admin of `organisation`, for the person there with the role `caller`."""

    def by(role: Role) -> Callable[[str, str, Any], Any]:
        def make(method: str, path: str, body: Any) -> Any:
            answer = product.request(method, path, role=role, organisation=organisation, json=body)
            assert answer.status in {200, 201}, f"{method} {path}: {answer.status} {answer.json}"
            return answer.json

        return make

    person = str(account(caller, organisation).user_id)
    return Make(by(Role.ADMIN), person, by(Role.ADMIN if caller is Role.AUDITOR else caller))


def ids_for(
    product: InMemoryProduct, organisation: Organisation, role: Role, *, replaced: str | None, foreign: bool
) -> Ids:
    return Ids(maker(product, organisation, role), maker(product, OTHER[organisation], role), replaced, foreign)


def ask(product: InMemoryProduct, operation: Operation, sent: Sent, **who: Any) -> Answer:
    content = {} if sent.body is None else {"json": sent.body}
    return product.request(operation.method, sent.path, headers=SAME | who.pop("headers", {}), **who, **content)


def expected(name: str, cell: Cell, role: Role, replaced: str | None, *, foreign: bool) -> int:
    """What the permission table says of a cell."""
    operation = BY_NAME[name]
    if role not in allowed_by_the_table(operation, cell):
        return cell.refused if role in allowed_by_the_table(operation, _unneeding(cell)) else 403
    if replaced is not None:
        return cell.foreign or cell.unknown if foreign else cell.unknown
    return _STATUS_HERE.get(name, cell.ok or operation.status)


def _unneeding(cell: Cell) -> Cell:
    """The cell as if the operation were all that decides."""
    return Cell(cell.who, cell.send)


def places_of(fresh: Fresh, cell: Cell) -> list[str]:
    """The places of a request that hold an id."""
    ids = ids_for(fresh(), RIVERSIDE, Role.ADMIN, replaced=None, foreign=False)
    cell.send(ids)
    return list(ids.asked)


def told(answer: Answer, given: str | None) -> tuple[int, str]:
    """What a caller learns from an answer: without the id that the caller gave."""
    text = answer.data.decode()
    return answer.status, text.replace(given, "<id>") if given else text


@pytest.mark.parametrize("organisation", [RIVERSIDE, LAKESIDE], ids=lambda one: one.key)
@pytest.mark.parametrize("row", ROWS, ids=row_name)
def test_each_role_gets_what_the_table_says(fresh: Fresh, row: tuple[str, int], organisation: Organisation) -> None:
    name, operation, cell = row[0], BY_NAME[row[0]], CELLS[row[0]][row[1]]
    wrong = []
    for replaced in (None, *places_of(fresh, cell)):
        for role in Role:
            answers = {}
            for foreign in (False,) if replaced is None else (False, True):
                product = fresh()
                ids = ids_for(product, organisation, role, replaced=replaced, foreign=foreign)
                sent = cell.send(ids)
                before = len(product.events)
                answer = ask(product, operation, sent, role=role, organisation=organisation)
                answers[foreign] = told(answer, ids.asked[replaced] if replaced else None)
                want = expected(name, cell, role, replaced, foreign=foreign)
                if answer.status != want:
                    wrong.append(f"{role}, {replaced or 'own'} {foreign=}: {answer.status}, expected {want}")
                if want >= 400 and any(one.outcome is AuditOutcome.SUCCESS for one in product.events[before:]):
                    wrong.append(f"{role}, {replaced or 'own'} {foreign=}: refused, and yet something was done")
            if replaced is not None and cell.foreign is None and answers[False] != answers[True]:
                wrong.append(f"{role}: an unknown {replaced} and a foreign one are told apart: {answers}")
    assert not wrong, "\n".join(wrong)


def without_membership(product: InMemoryProduct, organisation: Organisation) -> dict[str, str]:
    person = account(Role.ADMIN, organisation)
    del product.members.members[person.uid]
    return {"Authorization": f"Bearer {token(person)}"}


def deactivated(product: InMemoryProduct, organisation: Organisation) -> dict[str, str]:
    person = account(Role.ADMIN, organisation)
    member = product.members.members[person.uid]
    product.members.members[person.uid] = member.model_copy(update={"status": "deactivated"})
    return {"Authorization": f"Bearer {token(person)}"}


def claiming_another_organisation(product: InMemoryProduct, organisation: Organisation) -> dict[str, str]:
    del product
    person = account(Role.ADMIN, OTHER[organisation])
    return {"Authorization": f"Bearer {token(person, clientId=str(organisation.id))}"}


def claiming_nothing(product: InMemoryProduct, organisation: Organisation) -> dict[str, str]:
    del product
    person = account(Role.ADMIN, organisation)
    return {"Authorization": f"Bearer {token(person, clientId=..., role=..., userId=...)}"}


def signed_out(product: InMemoryProduct, organisation: Organisation) -> dict[str, str]:
    del product, organisation
    return {}


NOBODY = {
    signed_out: 401,
    without_membership: 403,
    deactivated: 403,
    claiming_another_organisation: 401,
    claiming_nothing: 401,
}


@pytest.mark.parametrize("who", NOBODY, ids=lambda who: who.__name__)
@pytest.mark.parametrize("row", [row for row in ROWS if not is_public(BY_NAME[row[0]])], ids=row_name)
def test_whoever_is_no_member_learns_nothing(fresh: Fresh, row: tuple[str, int], who: Any) -> None:
    operation, cell = BY_NAME[row[0]], CELLS[row[0]][row[1]]
    answers = set()
    for replaced in (None, *places_of(fresh, cell)):
        for foreign in (False, True):
            product = fresh()
            ids = ids_for(product, RIVERSIDE, Role.ADMIN, replaced=replaced, foreign=foreign)
            sent = cell.send(ids)
            before = len(product.events)
            answer = ask(product, operation, sent, role=None, headers=who(product, RIVERSIDE))
            answers.add((answer.status, answer.data))
            assert all(one.outcome is not AuditOutcome.SUCCESS for one in product.events[before:])
    assert len(answers) == 1
    assert answers.pop()[0] == NOBODY[who]


@pytest.mark.parametrize("row", [row for row in ROWS if is_public(BY_NAME[row[0]])], ids=row_name)
def test_what_is_public_asks_for_nobody(fresh: Fresh, row: tuple[str, int]) -> None:
    operation, cell = BY_NAME[row[0]], CELLS[row[0]][row[1]]
    assert (operation.permission, cell.who) == (Permission.PUBLIC, EVERYBODY)
    product = fresh()
    sent = cell.send(ids_for(product, RIVERSIDE, Role.ADMIN, replaced=None, foreign=False))
    assert ask(product, operation, sent, role=None).status == (cell.ok or operation.status)
