"""Invitations, the end of earlier sign-ins, versions of organisations, and the outbox of changed memberships.

The relay role carries changed memberships to the accounts and the live store: it reads what these need, of every
organisation, and clears the outbox.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SERVING, RELAY = "mobius_serving", "mobius_relay"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
USER_COLUMNS = "id, client_id, firebase_uid, role, status, version, tokens_valid_after"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("users", sa.Column("tokens_valid_after", moment, nullable=True))
    op.add_column("users", sa.Column("invitation_id", sa.UUID(), nullable=True))
    op.add_column("users", sa.Column("invitation_expires_at", moment, nullable=True))
    op.create_unique_constraint("uq_users_client_id_id", "users", ["client_id", "id"])
    op.create_index("ix_users_names", "users", ["client_id", sa.text("lower(name)"), "id"])
    op.add_column("clients", sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False))
    op.add_column("clients", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "member_outbox",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("carried_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_member_outbox_client_id_clients"),
        sa.ForeignKeyConstraint(
            ["client_id", "user_id"], ["users.client_id", "users.id"], name="fk_member_outbox_client_id_user_id_users"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_outbox")),
    )
    op.create_index("ix_member_outbox_client", "member_outbox", ["client_id", "created_at"], unique=False)
    op.execute("ALTER TABLE member_outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON member_outbox TO {SERVING}")
    op.execute(
        f"CREATE POLICY tenant ON member_outbox FOR ALL TO {SERVING}"
        f" USING (client_id = {TENANT}) WITH CHECK (client_id = {TENANT})"
    )
    op.execute(f"GRANT SELECT, DELETE, UPDATE (carried_at) ON member_outbox TO {RELAY}")
    op.execute(f"CREATE POLICY waiting_members ON member_outbox FOR ALL TO {RELAY} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT ({USER_COLUMNS}) ON users TO {RELAY}")
    op.execute(f"CREATE POLICY mirrored_members ON users FOR SELECT TO {RELAY} USING (true)")
    op.execute(f"GRANT SELECT (id, time_zone, version) ON clients TO {RELAY}")
    op.execute(f"CREATE POLICY mirrored_clients ON clients FOR SELECT TO {RELAY} USING (true)")


def downgrade() -> None:
    op.execute("DROP POLICY mirrored_clients ON clients")
    op.execute(f"REVOKE SELECT (id, time_zone, version) ON clients FROM {RELAY}")  # noqa: S608 (constants)
    op.execute("DROP POLICY mirrored_members ON users")
    op.execute(f"REVOKE SELECT ({USER_COLUMNS}) ON users FROM {RELAY}")  # noqa: S608 (constants)
    op.drop_table("member_outbox")
    op.drop_column("clients", "version")
    op.drop_column("clients", "updated_at")
    op.drop_index("ix_users_names", table_name="users")
    op.drop_constraint("uq_users_client_id_id", "users")
    for column in ("invitation_expires_at", "invitation_id", "tokens_valid_after"):
        op.drop_column("users", column)
