"""What a permission test sends: one request, and who may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.models.roles import Role
from tests.permission_ids import Ids

EVERYBODY = frozenset(Role)


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
