"""What a write of the HTTP API is tried with: a request, made on records of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.person import Database, Person, unique


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be sent, by whoever made it unless somebody else is named."""

    method: str
    path: str
    body: Any = None
    by: Person | None = None


Recipe = Callable[[Person, Database], Request]


def a_patient() -> dict[str, Any]:
    data = {"mrn": unique("MRN"), "firstName": "Test", "lastName": unique("Patient"), "dateOfBirth": "1980-05-17"}
    return {"type": "patient", "data": data}
