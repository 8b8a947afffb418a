"""Row-level security on every tenant table, and what each role may do.

The serving role sees one client, the one its transaction names in `app.client_id`; without it, none. The audit and
relay roles work across clients, each with one narrow grant. `FORCE` binds the tables' owner as well.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERVING, AUDIT, RELAY = "mobius_serving", "mobius_audit", "mobius_relay"
RECORD_TABLES = (
    "users",
    "patients",
    "providers",
    "payers",
    "payer_rules",
    "coverages",
    "authorizations",
    "eligibility_checks",
    "visits",
    "claims",
    "idempotency_keys",
    "record_terms",
)
DELETABLE = ("idempotency_keys", "record_terms")
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"


def upgrade() -> None:
    """Grant and restrict; nothing is granted to PUBLIC."""
    op.execute(f"GRANT USAGE ON SCHEMA public TO {SERVING}, {AUDIT}, {RELAY}")
    _bind("clients", column="id")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON clients TO {SERVING}")
    for table in RECORD_TABLES:
        _bind(table)
        delete = ", DELETE" if table in DELETABLE else ""
        op.execute(f"GRANT SELECT, INSERT, UPDATE{delete} ON {table} TO {SERVING}")
    _bind("audit_outbox", command="INSERT")
    op.execute(f"GRANT INSERT ON audit_outbox TO {SERVING}")
    op.execute(f"GRANT SELECT (id), DELETE ON audit_outbox TO {AUDIT}")
    op.execute(f"GRANT SELECT ON audit_outbox TO {RELAY}")
    op.execute(f"CREATE POLICY written_events ON audit_outbox FOR SELECT TO {AUDIT} USING (true)")
    op.execute(f"CREATE POLICY written_events_leave ON audit_outbox FOR DELETE TO {AUDIT} USING (true)")
    op.execute(f"CREATE POLICY waiting_events ON audit_outbox FOR SELECT TO {RELAY} USING (true)")
    op.execute(f"GRANT INSERT ON audit_quarantine TO {AUDIT}")


def downgrade() -> None:
    """Take the policies and the grants away."""
    for policy in ("written_events", "written_events_leave", "waiting_events"):
        op.execute(f"DROP POLICY {policy} ON audit_outbox")
    for table in ("clients", *RECORD_TABLES, "audit_outbox"):
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for table in ("clients", *RECORD_TABLES, "audit_outbox", "audit_quarantine"):
        op.execute(f"REVOKE ALL ON {table} FROM {SERVING}, {AUDIT}, {RELAY}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {SERVING}, {AUDIT}, {RELAY}")


def _bind(table: str, *, column: str = "client_id", command: str = "ALL") -> None:
    """Show the serving role only the rows of the client that its transaction names, and take only such rows."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    using = "" if command == "INSERT" else f"USING ({column} = {TENANT}) "
    op.execute(f"CREATE POLICY tenant ON {table} FOR {command} TO {SERVING} {using}WITH CHECK ({column} = {TENANT})")
