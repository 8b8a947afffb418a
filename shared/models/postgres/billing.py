"""What billing adds to claims, and the tables beside them: adjustments, appeals, and what queues add up to.

The generated columns say what `shared.domain.claim.standing` says: whoever writes a claim cannot forget them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from shared.models.postgres.base import identifier, metadata, of_tenant, stamps, tenant

_GAP = (
    "coalesce(requires_authorization, false) AND authorization_id IS NULL AND status IN"
    " ('draft', 'on_hold', 'missing_information', 'ready', 'rejected', 'denied', 'corrected')"
)
_FILING = "CASE WHEN status IN ('draft', 'on_hold', 'missing_information', 'ready', 'rejected') THEN filing_due_on END"
_CORRECTED = "CASE WHEN status IN ('denied', 'corrected') THEN corrected_due_on END"
_APPEAL = "CASE WHEN status IN ('denied', 'underpaid', 'partially_paid', 'appealed') THEN appeal_due_on END"
_AUTHORIZATION = f"CASE WHEN {_GAP} THEN authorization_due_on END"
_NOTED = "CASE WHEN status NOT IN ('finalized', 'written_off', 'voided', 'forwarded_secondary') THEN noted_due_on END"
_KINDS = {
    "filing": _FILING,
    "corrected_claim": _CORRECTED,
    "appeal": _APPEAL,
    "authorization": _AUTHORIZATION,
    "noted": _NOTED,
}
_NEXT = f"least({', '.join(_KINDS.values())})"
BALANCE_CENTS = """CAST(100 * greatest(CASE
  WHEN status IN ('finalized', 'written_off', 'voided', 'forwarded_secondary') THEN 0
  WHEN status = 'paid' THEN coalesce(patient_amount, 0)
  WHEN status IN ('underpaid', 'partially_paid') OR status IN ('appealed', 'denied_final') AND paid_amount > 0
    THEN coalesce(expected_amount, allowed_amount, amount) - coalesce(paid_amount, 0)
  ELSE amount - coalesce(paid_amount, 0) END
  - CASE WHEN status IN ('finalized', 'written_off', 'voided', 'forwarded_secondary') THEN 0
    ELSE coalesce(written_off_amount, 0) END, 0) AS bigint)"""
AR_STAGE = """CASE WHEN coalesce(patient_amount, 0) > 0 AND (status = 'paid' OR
  (status = 'partially_paid' OR status = 'denied_final' AND paid_amount > 0)
  AND patient_amount >= coalesce(expected_amount, allowed_amount, amount) - coalesce(paid_amount, 0)) THEN 'patient'
  ELSE 'insurance' END"""
NEXT_DEADLINE = _NEXT
_NAMED = " ".join(f"WHEN {on} THEN '{kind}'" for kind, on in _KINDS.items())
DEADLINE_KIND = f"CASE {_NEXT} {_NAMED} END"
GENERATED: dict[str, tuple[type[Any], str]] = {
    # An integer: row-level security lets no comparison of numerics use an index.
    "balance_cents": (BigInteger, BALANCE_CENTS),
    "ar_stage": (Text, AR_STAGE),
    "next_deadline_on": (Date, NEXT_DEADLINE),
    "deadline_kind": (Text, DEADLINE_KIND),
    "deadline_year": (Integer, f"CAST(extract(year FROM {_NEXT}) AS integer)"),
    "deadline_month": (Integer, f"CAST(extract(year FROM {_NEXT}) * 12 + extract(month FROM {_NEXT}) AS integer)"),
    "authorization_gap": (Boolean, _GAP),
    "aging_on": (Date, "coalesce(service_date, submitted_date)"),
}
MONEY = ("expected_amount", "allowed_amount", "patient_amount", "written_off_amount")
TEXTS = ("status_reason", "hold_reason", "denial_code", "payer_control_number")
IDS = (
    "coverage_id", "authorization_id", "secondary_of_id", "write_off_approved_by", "adjudication_event_id",
    "last_event_id",
)  # fmt: skip
DAYS = (
    "adjudicated_on", "pended_since", "filing_due_on", "corrected_due_on", "appeal_due_on", "authorization_due_on",
    "noted_due_on",
)  # fmt: skip
CODES = ("procedure_codes", "diagnosis_codes")


def billing_columns() -> list[Column[Any]]:
    """What is written of a claim beside its record, and what follows from it."""
    return [
        *(Column(name, Numeric(10, 2)) for name in MONEY),
        *(Column(name, Text) for name in TEXTS),
        *(Column(name, UUID(as_uuid=True)) for name in IDS),
        *(Column(name, Date) for name in DAYS),
        *(Column(name, ARRAY(Text), nullable=False, server_default="{}") for name in CODES),
        Column("requires_authorization", Boolean),
        Column("scrub", JSONB),
        *(Column(name, kind(), Computed(expression, persisted=True)) for name, (kind, expression) in GENERATED.items()),
    ]


# Name → columns; the condition of a partial one. Every list is walked in the order of one of them.
INDEXES: dict[str, tuple[tuple[str, ...], str | None]] = {
    "ix_claims_day": (("client_id", "sort_date", "id"), None),
    "ix_claims_status": (("client_id", "status", "sort_date", "id"), None),
    "ix_claims_payer": (("client_id", "payer_id", "sort_date", "id"), None),
    "ix_claims_provider": (("client_id", "provider_id", "sort_date", "id"), None),
    "ix_claims_denial": (("client_id", "denial_code", "sort_date", "id"), "denial_code IS NOT NULL"),
    "ix_claims_status_balance": (("client_id", "status", "balance_cents", "id"), None),
    "ix_claims_denial_balance": (("client_id", "denial_code", "balance_cents", "id"), "status = 'denied'"),
    "ix_claims_gap_balance": (("client_id", "balance_cents", "id"), "authorization_gap"),
    "ix_claims_pended": (("client_id", "pended_since", "id"), "status = 'pended'"),
    "ix_claims_deadline": (("client_id", "next_deadline_on", "id"), "next_deadline_on IS NOT NULL"),
    "ix_claims_deadline_day": (
        ("client_id", "next_deadline_on", "balance_cents", "id"),
        "next_deadline_on IS NOT NULL",
    ),
    "ix_claims_deadline_month": (
        ("client_id", "deadline_month", "balance_cents", "id"),
        "next_deadline_on IS NOT NULL",
    ),
    "ix_claims_deadline_year": (("client_id", "deadline_year", "balance_cents", "id"), "next_deadline_on IS NOT NULL"),
    "ix_claims_charge": (("client_id", "sort_date", "amount", "id"), None),
    "ix_claims_control_number": (("client_id", "payer_control_number"), "payer_control_number IS NOT NULL"),
    "ix_claims_kind_deadline": (
        ("client_id", "deadline_kind", "next_deadline_on", "id"),
        "next_deadline_on IS NOT NULL",
    ),
    "ix_claims_kind_day": (
        ("client_id", "deadline_kind", "next_deadline_on", "balance_cents", "id"),
        "next_deadline_on IS NOT NULL",
    ),
    "ix_claims_kind_month": (
        ("client_id", "deadline_kind", "deadline_month", "balance_cents", "id"),
        "next_deadline_on IS NOT NULL",
    ),
    "ix_claims_kind_year": (
        ("client_id", "deadline_kind", "deadline_year", "balance_cents", "id"),
        "next_deadline_on IS NOT NULL",
    ),
    "ix_claims_secondary": (("client_id", "secondary_of_id"), "secondary_of_id IS NOT NULL"),
    "ix_claims_authorization": (("client_id", "authorization_id"), "authorization_id IS NOT NULL"),
    "ix_claims_coverage": (("client_id", "coverage_id"), "coverage_id IS NOT NULL"),
}


def billing_indexes() -> list[Index]:
    """The indexes of the lists."""
    return [
        Index(name, *columns, postgresql_where=None if condition is None else text(condition))
        for name, (columns, condition) in INDEXES.items()
    ]


claim_adjustments = Table(
    "claim_adjustments",
    metadata,
    identifier(),
    tenant(),
    Column("claim_id", UUID(as_uuid=True), nullable=False),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("group_code", Text, nullable=False),
    Column("carc", Text, nullable=False),
    Column("remarks", ARRAY(Text), nullable=False, server_default="{}"),
    Column("amount", Numeric(10, 2), nullable=False),
    Column("line", Integer),
    *stamps(updated=False),
    of_tenant("claim_id", "claims"),
    of_tenant("event_id", "claim_events"),
    UniqueConstraint("client_id", "event_id", "place"),
    CheckConstraint("group_code IN ('CO', 'PR', 'OA', 'PI', 'CR')", name="group_code"),
    Index("ix_claim_adjustments_claim", "client_id", "claim_id"),
)

claim_appeals = Table(
    "claim_appeals",
    metadata,
    identifier(),
    tenant(),
    Column("claim_id", UUID(as_uuid=True), nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("filed_on", Date, nullable=False),
    Column("due_on", Date),
    Column("reason", Text),
    Column("reference", Text),
    Column("amount", Numeric(10, 2)),
    Column("decided_on", Date),
    *stamps(),
    of_tenant("claim_id", "claims"),
    Index("ix_claim_appeals_claim", "client_id", "claim_id"),
    CheckConstraint("level > 0", name="level"),
    CheckConstraint("status IN ('open', 'won', 'partially_won', 'lost', 'withdrawn')", name="status"),
)

# How many claims and how much money lie where: whole sums, and what was added to them since (decision 0028).
claim_totals = Table(
    "claim_totals",
    metadata,
    Column("client_id", UUID(as_uuid=True), ForeignKey("clients.id"), primary_key=True),
    Column("queue", Text, primary_key=True),
    Column("level", SmallInteger, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("claims", BigInteger, nullable=False),
    Column("cents", BigInteger, nullable=False),
)
claim_total_changes = Table(
    "claim_total_changes",
    metadata,
    identifier(),
    tenant(),
    Column("queue", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("block", Integer, nullable=False),
    Column("claims", BigInteger, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Index("ix_claim_total_changes_sum", "client_id", "queue", "level", "block"),
)
