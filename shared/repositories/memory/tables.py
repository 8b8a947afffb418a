"""The rows that the in-memory record repositories read, by table: the columns and defaults of the real tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import RLock
from typing import Any
from uuid import UUID

from shared.domain.eligibility.filing import filing_due
from shared.models.audit import AuditEvent
from shared.models.claim import ClaimEvent
from shared.models.front_desk import FrontDeskSettings
from shared.models.identifiers import uuid7
from shared.models.visit import CheckInFact, VisitStep
from shared.repositories.memory.documents import InMemoryAnswers

_COLUMNS = {
    "patients": "mrn first_name last_name date_of_birth sex phone deceased_on source_ref",
    "payers": (
        "payer_number name kind phone program network real_time_supported electronic_id plan_year_month filing_days"
        " appeal_days correction_days source_ref"
    ),
    "payer_rules": "payer_id service_type procedure requires_auth required_fields decision_hours decision_days",
    "coverages": (
        "patient_id payer_id plan_name member_id subscriber_name relationship rank period_start period_end status"
        " copay source_ref"
    ),
    "authorizations": (
        "auth_number patient_id payer_id service_type status requested_date approved_date period_start period_end"
        " units_approved units_used units_reserved coverage_id provider_id procedure_codes diagnosis_codes"
        " units_requested urgency notes submitted_at decision_due_at status_reason certification_number decision"
        " answer_digests extension source_ref"
    ),
    "visits": (
        "visit_number patient_id visit_date starts_at ends_at provider_id visit_type reason status readiness"
        " authorization_id authorization_units source_ref status_since arrived_at readiness_reasons readiness_source"
        " rescheduled_from walk_in"
    ),
    "claims": (
        "claim_number patient_id status amount paid_amount currency submitted_date service_date payer_id visit_id"
        " provider_id claim_type denial_reason next_deadline_at source_ref status_reason hold_reason denial_code"
        " payer_control_number expected_amount allowed_amount patient_amount written_off_amount coverage_id"
        " authorization_id secondary_of_id write_off_approved_by adjudication_event_id last_event_id adjudicated_on"
        " pended_since filing_due_on corrected_due_on appeal_due_on authorization_due_on noted_due_on"
        " procedure_codes diagnosis_codes requires_authorization scrub"
    ),
    "providers": "provider_number kind name specialty npi source_ref",
    "eligibility_checks": (
        "patient_id coverage_id date_of_service service_type verdict requires_auth status reasons receipt checked_by"
        " state source answer failure attempts next_attempt_at previous_check_id difference"
    ),
    "benefits": (
        "coverage_id check_id service_type kind network level amount percent quantity remaining_amount"
        " remaining_quantity requires_auth period_start period_end as_of source_ref"
    ),
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "payers": {"kind": "insurance", "plan_year_month": 1},
    "coverages": {"rank": 1, "status": "active"},
    "authorizations": {
        "units_used": 0,
        "units_reserved": 0,
        "procedure_codes": (),
        "diagnosis_codes": (),
        "answer_digests": (),
    },
    "payer_rules": {"required_fields": ()},
    "visits": {
        "readiness": "pending",
        "authorization_units": 1,
        "readiness_reasons": (),
        "readiness_source": "machine",
        "walk_in": False,
    },
    "claims": {"currency": "USD", "procedure_codes": (), "diagnosis_codes": ()},
    "benefits": {"network": "unknown", "level": "individual"},
    "eligibility_checks": {"state": "completed", "source": "on_file", "attempts": 0},
}
NO_DATE = date.min
# Claims whose time for filing does not matter any more.
_OVER = frozenset({"paid", "finalized", "written_off", "voided", "forwarded_secondary", "denied_final"})
# Client, patient, date of service and service type: what a check asks.
Question = tuple[UUID, UUID, date, str]


@dataclass(slots=True)
class PlannedRetry:
    """A row of `check_retries`."""

    check_id: UUID
    due_at: datetime
    leased_until: datetime | None = None


@dataclass(slots=True)
class InMemoryTables:
    """Rows as column → value (uuid, date, Decimal, text). `events` is the SQL outbox in the order of the commits."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in _COLUMNS})
    events: list[AuditEvent] = field(default_factory=list)
    answers: InMemoryAnswers = field(default_factory=InMemoryAnswers)
    retries: dict[Question, PlannedRetry] = field(default_factory=dict)
    # By visit: its history and what was confirmed; by client: how its desk is run.
    trails: dict[UUID, list[VisitStep]] = field(default_factory=dict)
    facts: dict[UUID, list[CheckInFact]] = field(default_factory=dict)
    desks: dict[UUID, FrontDeskSettings] = field(default_factory=dict)
    claim_events: dict[UUID, list[ClaimEvent]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def add(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """Add a row; what is left out gets the table's default. Raises ValueError for a column it does not have."""
        now = datetime.now(UTC)
        full: dict[str, Any] = dict.fromkeys(_COLUMNS[table].split())
        full |= {"id": uuid7(), "client_id": None, "deleted_at": None, "created_at": now, "updated_at": now}
        full |= {"version": 1} | _DEFAULTS.get(table, {})
        if unknown := row.keys() - full.keys():
            raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
        full |= row
        with self.lock:
            self.rows[table].append(full)
            if table == "claims" and full["filing_due_on"] is None:
                self.keep_filing(full)
            if table == "claims":
                self.history_of_claim(full)
        return full

    def keep_filing(self, claim: dict[str, Any]) -> None:
        """Set until when the claim is to be filed, as a trigger does it; of a secondary one it is for others."""
        if claim["secondary_of_id"] is not None:
            return
        payer = next((one for one in self.rows["payers"] if one["id"] == claim["payer_id"]), {})
        days, served = payer.get("filing_days"), claim["service_date"]
        claim["filing_due_on"] = served and filing_due(served, payer.get("program"), days)

    def keep_filing_with(self, payer: dict[str, Any], program: str | None, days: int | None) -> None:
        """The same for a payer's claims, where nobody entered another day; the program and time are those before."""
        for claim in self.rows["claims"]:
            served = claim["service_date"]
            if claim["payer_id"] != payer["id"] or served is None or claim["status"] in _OVER:
                continue
            if claim["filing_due_on"] == filing_due(served, program, days):
                self.keep_filing(claim)

    def history_of_claim(self, claim: dict[str, Any]) -> list[ClaimEvent]:
        """The claim's events. A state that its writer did not explain explains itself, as a trigger does it."""
        with self.lock:
            known = self.claim_events.setdefault(claim["id"], [])
            last = known[-1].to_status if known else None
            if last != claim["status"]:
                known.append(
                    ClaimEvent(
                        id=uuid7(),
                        number=len(known) + 1,
                        kind="recorded",
                        from_status=last,
                        to_status=claim["status"],
                        reason=None,
                        amount=None,
                        adjustments=(),
                        details={},
                        source_ref=None,
                        recorded_by=None,
                        occurred_at=claim["updated_at"],
                        claim_version=claim["version"],
                    )
                )
            return known

    def of(self, client_id: UUID, table: str) -> Iterator[dict[str, Any]]:
        """Return the client's rows that are not deleted."""
        with self.lock:
            rows = list(self.rows[table])
        return (row for row in rows if row["client_id"] == client_id and row["deleted_at"] is None)

    def one(self, client_id: UUID, table: str, number: str, reference: str) -> dict[str, Any] | None:
        """Return the row whose column `number` or whose id is `reference`; the number goes first."""
        rows = list(self.of(client_id, table))
        by_number = (row for row in rows if row.get(number) == reference)
        return next(by_number, None) or next((row for row in rows if row["id"] == as_uuid(reference)), None)

    def coverage_on(self, client_id: UUID, patient_id: UUID, day: date) -> dict[str, Any] | None:
        """Return the patient's coverage of a day that is asked first."""
        fitting = (
            one
            for one in self.of(client_id, "coverages")
            if one["patient_id"] == patient_id
            and one["status"] == "active"
            and one["period_start"] is not None
            and one["period_start"] <= day <= (one["period_end"] or date.max)
        )
        return min(fitting, key=lambda one: (one["rank"], one["id"]), default=None)

    def record(self, event: AuditEvent | None) -> None:
        """Put an event into the outbox; one that is there already is the same event."""
        with self.lock:
            if event is not None and all(known.id != event.id for known in self.events):
                self.events.append(event)


def as_uuid(reference: str) -> UUID | None:
    """Return `reference` as a UUID, None when it is not written as one."""
    try:
        return UUID(reference)
    except ValueError:
        return None
