"""Patients, providers, payers, coverages, authorizations, checks, visits and claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("mrn", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_patients_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_patients_client_id_id")),
        sa.UniqueConstraint("client_id", "mrn", name=op.f("uq_patients_client_id_mrn")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_patients_client_id_source_ref")),
    )

    op.create_table(
        "payers",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("payer_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="insurance", nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('insurance', 'self_pay')", name=op.f("ck_payers_kind")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_payers_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payers")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_payers_client_id_id")),
        sa.UniqueConstraint("client_id", "payer_number", name=op.f("uq_payers_client_id_payer_number")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_payers_client_id_source_ref")),
    )

    op.create_table(
        "providers",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("provider_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=True),
        sa.Column("npi", sa.Text(), nullable=True),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('person', 'organization')", name=op.f("ck_providers_kind")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_providers_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_providers_client_id_id")),
        sa.UniqueConstraint("client_id", "provider_number", name=op.f("uq_providers_client_id_provider_number")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_providers_client_id_source_ref")),
    )

    op.create_table(
        "authorizations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("auth_number", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.UUID(), nullable=False),
        sa.Column("payer_id", sa.UUID(), nullable=True),
        sa.Column("service_type", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_date", sa.Date(), nullable=True),
        sa.Column("approved_date", sa.Date(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("units_approved", sa.Integer(), nullable=True),
        sa.Column("units_used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("units_reserved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "patient_id"],
            ["patients.client_id", "patients.id"],
            name=op.f("fk_authorizations_client_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "payer_id"],
            ["payers.client_id", "payers.id"],
            name=op.f("fk_authorizations_client_id_payer_id_payers"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_authorizations_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorizations")),
        sa.UniqueConstraint("client_id", "auth_number", name=op.f("uq_authorizations_client_id_auth_number")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_authorizations_client_id_source_ref")),
    )
    op.create_index("ix_authorizations_patient", "authorizations", ["client_id", "patient_id"], unique=False)

    op.create_table(
        "coverages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("patient_id", sa.UUID(), nullable=False),
        sa.Column("payer_id", sa.UUID(), nullable=False),
        sa.Column("plan_name", sa.Text(), nullable=True),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("subscriber_name", sa.Text(), nullable=True),
        sa.Column("relationship", sa.Text(), nullable=True),
        sa.Column("rank", sa.Integer(), server_default="1", nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("copay", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "period_end IS NULL OR period_start IS NULL OR period_start <= period_end", name=op.f("ck_coverages_period")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "patient_id"],
            ["patients.client_id", "patients.id"],
            name=op.f("fk_coverages_client_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "payer_id"],
            ["payers.client_id", "payers.id"],
            name=op.f("fk_coverages_client_id_payer_id_payers"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_coverages_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverages")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_coverages_client_id_id")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_coverages_client_id_source_ref")),
    )
    op.create_index("ix_coverages_patient", "coverages", ["client_id", "patient_id", "rank"], unique=False)

    op.create_table(
        "payer_rules",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("payer_id", sa.UUID(), nullable=False),
        sa.Column("service_type", sa.Text(), nullable=False),
        sa.Column("requires_auth", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "payer_id"],
            ["payers.client_id", "payers.id"],
            name=op.f("fk_payer_rules_client_id_payer_id_payers"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_payer_rules_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_rules")),
        sa.UniqueConstraint(
            "client_id", "payer_id", "service_type", name=op.f("uq_payer_rules_client_id_payer_id_service_type")
        ),
    )

    op.create_table(
        "visits",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("visit_number", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.UUID(), nullable=False),
        sa.Column("visit_date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.UUID(), nullable=True),
        sa.Column("visit_type", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("readiness", sa.Text(), server_default="pending", nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "patient_id"],
            ["patients.client_id", "patients.id"],
            name=op.f("fk_visits_client_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "provider_id"],
            ["providers.client_id", "providers.id"],
            name=op.f("fk_visits_client_id_provider_id_providers"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_visits_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_visits_client_id_id")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_visits_client_id_source_ref")),
        sa.UniqueConstraint("client_id", "visit_number", name=op.f("uq_visits_client_id_visit_number")),
    )
    op.create_index("ix_visits_day", "visits", ["client_id", "visit_date"], unique=False)
    op.create_index("ix_visits_patient", "visits", ["client_id", "patient_id", "visit_date"], unique=False)

    op.create_table(
        "claims",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("claim_number", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("paid_amount", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), server_default="USD", nullable=False),
        sa.Column("submitted_date", sa.Date(), nullable=True),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("payer_id", sa.UUID(), nullable=True),
        sa.Column("visit_id", sa.UUID(), nullable=True),
        sa.Column("provider_id", sa.UUID(), nullable=True),
        sa.Column("claim_type", sa.Text(), nullable=True),
        sa.Column("denial_reason", sa.Text(), nullable=True),
        sa.Column("next_deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_claims_amount")),
        sa.ForeignKeyConstraint(
            ["client_id", "patient_id"],
            ["patients.client_id", "patients.id"],
            name=op.f("fk_claims_client_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "payer_id"],
            ["payers.client_id", "payers.id"],
            name=op.f("fk_claims_client_id_payer_id_payers"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "provider_id"],
            ["providers.client_id", "providers.id"],
            name=op.f("fk_claims_client_id_provider_id_providers"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"],
            ["visits.client_id", "visits.id"],
            name=op.f("fk_claims_client_id_visit_id_visits"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_claims_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("client_id", "claim_number", name=op.f("uq_claims_client_id_claim_number")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_claims_client_id_source_ref")),
    )
    op.create_index("ix_claims_patient", "claims", ["client_id", "patient_id", "service_date"], unique=False)

    op.create_table(
        "eligibility_checks",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("patient_id", sa.UUID(), nullable=False),
        sa.Column("coverage_id", sa.UUID(), nullable=True),
        sa.Column("date_of_service", sa.Date(), nullable=False),
        sa.Column("service_type", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("requires_auth", sa.Boolean(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checked_by", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('eligible', 'not_eligible', 'undetermined')", name=op.f("ck_eligibility_checks_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "coverage_id"],
            ["coverages.client_id", "coverages.id"],
            name=op.f("fk_eligibility_checks_client_id_coverage_id_coverages"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "patient_id"],
            ["patients.client_id", "patients.id"],
            name=op.f("fk_eligibility_checks_client_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_eligibility_checks_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eligibility_checks")),
    )
    op.create_index(
        "ix_eligibility_checks_patient", "eligibility_checks", ["client_id", "patient_id", "created_at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("eligibility_checks")
    op.drop_table("claims")
    op.drop_table("visits")
    op.drop_table("payer_rules")
    op.drop_table("coverages")
    op.drop_table("authorizations")
    op.drop_table("providers")
    op.drop_table("payers")
    op.drop_table("patients")
