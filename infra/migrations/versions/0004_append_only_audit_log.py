"""`audit_logs` takes rows and never changes or loses one.

The table is partitioned by its version 7 UUID, month by month (see `infra.migrations.partitions`, which keeps the
months ahead); the default partition takes whatever has no month, so an event always finds a place.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only INSERT is granted; triggers refuse the rest to the owner and to administrators too."""
    op.execute("ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("GRANT INSERT ON audit_logs TO mobius_audit")
    op.execute("CREATE POLICY append ON audit_logs FOR INSERT TO mobius_audit WITH CHECK (true)")
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_logs "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_logs "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def downgrade() -> None:
    """Back to a plain table."""
    op.execute("DROP TRIGGER no_truncate ON audit_logs")
    op.execute("DROP TRIGGER append_only ON audit_logs")
    op.execute(
        "DO $$ DECLARE part regclass; BEGIN "
        "FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass LOOP "
        "EXECUTE format('DROP TRIGGER no_truncate ON %s', part); END LOOP; END $$"
    )
    op.execute("DROP FUNCTION refuse_audit_change()")
    op.execute("DROP POLICY append ON audit_logs")
    op.execute("REVOKE ALL ON audit_logs FROM mobius_audit")
    op.execute("ALTER TABLE audit_logs NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
