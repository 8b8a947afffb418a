"""A decided change of documents, and a place in a list of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.firestore.documents import Document

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer to keep with an effect, so that a repetition of the request gets it again."""

    key: IdempotencyKey
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Change(Generic[D]):
    """A decided change: the document as it shall be, who did it, the answer to keep, and what comes into being with it.

    A document of `new` that is there already is left as it is.
    """

    document: D
    event: AuditEvent | None
    kept: KeptAnswer | None = None
    new: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes(Generic[D]):
    """Decided changes of several documents in one commit, with one event; see Change."""

    documents: tuple[D, ...]
    event: AuditEvent
    kept: KeptAnswer | None = None
    new: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: its sort time and id."""

    sort_at: datetime
    id: str
