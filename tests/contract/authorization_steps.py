"""Requests and changes of authorizations, as the contract suites make them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.records import Authorization
from shared.repositories.authorization_protocols import (
    AuthorizationCase,
    AuthorizationChange,
    RequestGround,
    RequestReferences,
    VisitLink,
)
from tests.contract.conftest import Records
from tests.contract.practice import Practice
from tests.unit.factories import NOW, TODAY, USER, event, kept


def draft(practice: Practice, **members: Any) -> Authorization:
    given: dict[str, Any] = {
        "id": uuid7(),
        "auth_number": f"AUTH-{uuid7().hex[-10:]}",
        "patient_id": practice.patient,
        "payer_id": practice.payer,
        "provider_id": practice.provider,
        "coverage_id": practice.coverages[0],
        "service_type": "98",
        "procedure_codes": ("99213", "97110"),
        "diagnosis_codes": ("E11.9",),
        "status": "submitted",
        "requested_date": TODAY,
        "approved_date": None,
        "period_start": TODAY,
        "period_end": TODAY + timedelta(days=60),
        "units_requested": 2,
        "units_approved": 2,
        "units_used": 0,
        "units_reserved": 0,
        "urgency": "standard",
        "notes": "After surgery",
        "submitted_at": NOW,
        "decision_due_at": NOW + timedelta(days=7),
    }
    return Authorization(**given | members)


def request(
    records: Records,
    practice: Practice,
    *,
    asked: IdempotencyKey | None = None,
    references: RequestReferences | None = None,
    seen: list[RequestGround] | None = None,
    **members: Any,
) -> Authorization:
    def decide(ground: RequestGround) -> AuthorizationChange:
        if seen is not None:
            seen.append(ground)
        new = draft(practice, **members)
        return AuthorizationChange(new, event(records.client), kept(asked, new.auth_number, 201) if asked else None)

    made = records.store.authorizations.request(
        records.client,
        references or RequestReferences("MRN553"),
        decide,
        today=TODAY,
        changed_by=USER,
        key=asked,
    )
    assert made is not None
    return made


def change(
    records: Records,
    reference: str,
    decide: Callable[[AuthorizationCase], Authorization],
    *,
    asked: IdempotencyKey | None = None,
    visit: str | None = None,
    link: Callable[[AuthorizationCase], VisitLink] | None = None,
) -> Authorization:
    def decided(case: AuthorizationCase) -> AuthorizationChange:
        after = decide(case)
        answer = kept(asked, after.status) if asked else None
        return AuthorizationChange(after, event(records.client), answer, link(case) if link else None)

    return records.store.authorizations.change(
        records.client, reference, decided, changed_by=USER, key=asked, visit=visit
    )


def known(records: Records, reference: object) -> Authorization:
    found = records.store.authorizations.get(records.client, str(reference))
    assert found is not None
    return found


def in_parallel(attempt: Callable[[int], str], times: int = 6) -> list[str]:
    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(attempt, range(times)))
