"""Small FHIR resources for the tests of the import."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Resource = dict[str, Any]


def patient(**changes: Any) -> Resource:
    """A patient; a change to None takes the member away."""
    return _changed(
        {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [
                {"value": "first"},
                {"value": "M-1", "type": {"coding": [{"code": "MR"}]}},
            ],
            "name": [{"use": "official", "family": "Ruiz", "given": ["Ana", "B."]}],
            "gender": "female",
            "birthDate": "1981-03-04",
        },
        changes,
    )


def coverage(**changes: Any) -> Resource:
    """A coverage of `p1` with a period."""
    return _changed(
        {
            "resourceType": "Coverage",
            "id": "c1",
            "status": "active",
            "beneficiary": {"reference": "Patient/p1"},
            "payor": [{"display": "Acme Health"}],
            "subscriberId": "S-9",
            "period": {"start": "2024-01-01", "end": "2024-12-31"},
        },
        changes,
    )


def encounter(**changes: Any) -> Resource:
    """A finished visit of `p1` that began late in the evening in New York."""
    return _changed(
        {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/p1"},
            "period": {"start": "2024-03-02T02:30:00Z", "end": "2024-03-02T03:00:00Z"},
        },
        changes,
    )


def claim(**changes: Any) -> Resource:
    """A claim of `p1`."""
    return _changed(
        {
            "resourceType": "Claim",
            "id": "k1",
            "status": "active",
            "use": "claim",
            "patient": {"reference": "Patient/p1"},
            "created": "2024-03-03",
            "billablePeriod": {"start": "2024-03-02T02:30:00Z"},
            "insurance": [{"focal": True, "coverage": {"display": "Acme Health"}}],
            "item": [{"encounter": [{"reference": "Encounter/e1"}]}],
            "total": {"value": Decimal("125.10"), "currency": "USD"},
        },
        changes,
    )


def answer(**changes: Any) -> Resource:
    """An explanation of benefit for `k1` with a contained coverage."""
    return _changed(
        {
            "resourceType": "ExplanationOfBenefit",
            "id": "b1",
            "status": "active",
            "use": "claim",
            "outcome": "complete",
            "created": "2024-03-10",
            "patient": {"reference": "Patient/p1"},
            "claim": {"reference": "Claim/k1"},
            "contained": [
                {
                    "resourceType": "Coverage",
                    "id": "cov",
                    "status": "active",
                    "beneficiary": {"reference": "Patient/p1"},
                    "payor": [{"display": "Acme Health"}],
                }
            ],
            "insurance": [{"focal": True, "coverage": {"reference": "#cov"}}],
            "payment": {"amount": {"value": Decimal("100.08"), "currency": "USD"}},
        },
        changes,
    )


def bundle(*resources: Resource, kind: str = "collection") -> Resource:
    """A bundle of `resources`."""
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": resource} for resource in resources]}


def _changed(resource: Resource, changes: dict[str, Any]) -> Resource:
    return {name: value for name, value in (resource | changes).items() if value is not None}
