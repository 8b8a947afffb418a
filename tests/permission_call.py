"""How an operation is called, and who may: the parts of `tests/permission_cells.py` and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.auth.permissions import MODES_BY_ROLE, ROLES_BY_PERMISSION, Permission
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.permission_ids import ELIGIBILITY, Ids

ADMIN = frozenset({Role.ADMIN})
LEADS = frozenset({Role.ADMIN, Role.MANAGER})
STAFF = frozenset(Role) - {Role.AUDITOR}
EVERYBODY = frozenset(Role)
ELIGIBILITY_TEAM = LEADS | {Role.ELIGIBILITY_SPECIALIST}
INTAKE = ELIGIBILITY_TEAM | {Role.FRONT_DESK}
BILLING = LEADS | {Role.BILLER}
FRONT_DESK = LEADS | {Role.FRONT_DESK}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request."""

    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to call an operation.

    `needs` are the roles that the table allows this for besides what the operation declares; `ok` is the status of an
    allowed call when it is not the declared one, `refused` of a role that `needs` leaves out. `unknown` is the status
    for an id that is not the organisation's; `foreign` where that of another one is told from one that nobody has.
    """

    who: frozenset[Role]
    send: Callable[[Ids], Sent]
    needs: frozenset[Role] = EVERYBODY
    ok: int | None = None
    refused: int = 403
    unknown: int = 404
    foreign: int | None = None
    note: str = ""


def allowed_by_the_table(operation: Operation, cell: Cell) -> frozenset[Role]:
    """The roles that the permission table allows a cell for."""
    roles = ROLES_BY_PERMISSION[operation.permission] & cell.needs
    return frozenset(role for role in roles if operation.mode is None or operation.mode in MODES_BY_ROLE[role])


def at(path: str, kind: str, body: Any = None) -> Callable[[Ids], Sent]:
    """A request whose path holds one id, at `{}`."""
    return lambda ids: Sent(path.format(ids(kind)), body)


def plain(path: str, body: Any = None) -> Callable[[Ids], Sent]:
    """A request without ids; a function makes its body anew each time."""
    return lambda _: Sent(path, body() if callable(body) else body)


def in_context(path: str, kind: str = "context") -> Callable[[Ids], Sent]:
    """A request whose query names a context."""
    return lambda ids: Sent(f"{path}?contextId={ids(kind)}")


def action(name: str, where: str = ELIGIBILITY, kind: str = "context", **params: Any) -> Callable[[Ids], Sent]:
    """A quick action in a context."""
    return lambda ids: Sent(f"{where}/quick-action", {"action": name, "contextId": ids(kind), "params": params})


def is_public(operation: Operation) -> bool:
    """Tell whether anybody may, signed in or not."""
    return operation.permission is Permission.PUBLIC
