"""The front desk: since when a visit has its status, why it is not ready, what check-in found out, and the day's board.

A visit's status is told by its history; `visits.status`, `status_since` and `arrived_at` repeat the newest entry. Who
moves a visit writes the entry; whoever changes the status in any other way (records, imports) has it written by a
trigger, so that no change is without one (see decision 0026). Visits from before begin their history as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SERVING = "mobius_serving"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
READINESS = ("pending", "ready", "not_ready")
FACTS = ("identity", "demographics", "coverage", "self_pay", "form", "copay", "copay_waived", "readiness_override")
NO_START = "'9999-12-31T00:00:00Z'::timestamptz"
DAY, BOARD = "ix_visits_day", ("ix_visits_board", "ix_visits_board_status", "ix_visits_board_provider")
HISTORY = "visit_status_history"
FORCED = ("visits", HISTORY)

# Whoever tells no time of the change made it now, and never before the change that it follows.
STAMP = """
CREATE FUNCTION stamp_visit_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.status = OLD.status OR NEW.status_since <> OLD.status_since THEN
      RETURN NEW;
    END IF;
    NEW.status_since := greatest(now(), OLD.status_since + interval '1 microsecond');
  ELSE
    NEW.status_since := coalesce(NEW.status_since, now());
  END IF;
  IF NEW.status IN ('scheduled', 'confirmed', 'no_show') THEN
    NEW.arrived_at := NULL;
  ELSIF NEW.status = 'arrived' THEN
    NEW.arrived_at := NEW.status_since;
  ELSIF NEW.status NOT IN ('cancelled', 'rescheduled', 'left_without_being_seen') THEN
    NEW.arrived_at := coalesce(NEW.arrived_at, NEW.status_since);
  END IF;
  RETURN NEW;
END $$
"""
# What the newest entry says already was written by the mover. The first entry of a visit has the visit's id.
NOTE = """
CREATE FUNCTION note_visit_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE mover uuid := NULLIF(current_setting('app.changed_by', true), '')::uuid;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO visit_status_history (id, client_id, visit_id, axis, to_status, changed_by, changed_at)
    SELECT v.id, v.client_id, v.id, 'status', v.status, mover, v.status_since FROM rows_now AS v;
    INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, changed_by, changed_at)
    SELECT gen_random_uuid(), v.client_id, v.id, 'readiness', 'pending', v.readiness, mover, v.status_since
    FROM rows_now AS v WHERE v.readiness <> 'pending';
  ELSE
    INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, changed_by, changed_at)
    SELECT gen_random_uuid(), v.client_id, v.id, 'status', b.status, v.status, mover, v.status_since
    FROM rows_now AS v JOIN rows_before AS b ON b.id = v.id
    WHERE v.status <> b.status AND v.status IS DISTINCT FROM (
      SELECT h.to_status FROM visit_status_history AS h
      WHERE h.client_id = v.client_id AND h.visit_id = v.id AND h.axis = 'status'
      ORDER BY h.changed_at DESC, h.id DESC LIMIT 1);
    INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, reason, changed_by,
      changed_at)
    SELECT gen_random_uuid(), v.client_id, v.id, 'readiness', b.readiness, v.readiness,
      (SELECT string_agg(one ->> 'code', ', ') FROM jsonb_array_elements(v.readiness_reasons) AS one), mover,
      clock_timestamp()
    FROM rows_now AS v JOIN rows_before AS b ON b.id = v.id
    WHERE v.readiness <> b.readiness AND v.readiness IS DISTINCT FROM (
      SELECT h.to_status FROM visit_status_history AS h
      WHERE h.client_id = v.client_id AND h.visit_id = v.id AND h.axis = 'readiness'
      ORDER BY h.changed_at DESC, h.id DESC LIMIT 1);
  END IF;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    ("note_status_made", "INSERT", "NEW TABLE AS rows_now"),
    ("note_status_changed", "UPDATE", "OLD TABLE AS rows_before NEW TABLE AS rows_now"),
)
BEGIN = f"""
INSERT INTO {HISTORY} (id, client_id, visit_id, axis, to_status, changed_at)
SELECT gen_random_uuid(), v.client_id, v.id, 'status', v.status, v.status_since FROM visits AS v
WHERE v.status IS DISTINCT FROM (SELECT h.to_status FROM {HISTORY} AS h
  WHERE h.client_id = v.client_id AND h.visit_id = v.id AND h.axis = 'status'
  ORDER BY h.changed_at DESC, h.id DESC LIMIT 1)
"""  # noqa: S608 (a constant)
# As far as a history goes, it says since when; without one, the record was last made or changed then.
SINCE = f"""
UPDATE visits AS v SET status_since = greatest(v.updated_at, (
  SELECT max(h.changed_at) + interval '1 microsecond' FROM {HISTORY} AS h
  WHERE h.client_id = v.client_id AND h.visit_id = v.id AND h.axis = 'status'))
"""  # noqa: S608 (a constant)


def upgrade() -> None:
    _add_columns()
    _without_force(SINCE, BEGIN)
    op.alter_column("visits", "status_since", nullable=False)
    _replace_indexes()
    op.add_column(HISTORY, sa.Column("undoes", sa.UUID()))
    op.create_unique_constraint(op.f(f"uq_{HISTORY}_client_id_id"), HISTORY, ["client_id", "id"])
    op.create_foreign_key(
        op.f(f"fk_{HISTORY}_client_id_undoes_{HISTORY}"), HISTORY, HISTORY, ["client_id", "undoes"], ["client_id", "id"]
    )
    op.create_index(f"ix_{HISTORY}_undoes", HISTORY, ["client_id", "undoes"], unique=True)
    op.execute(STAMP)
    op.execute(NOTE)
    op.execute(
        "CREATE TRIGGER stamp_status BEFORE INSERT OR UPDATE ON visits"
        " FOR EACH ROW EXECUTE FUNCTION stamp_visit_status()"
    )
    for name, command, transition in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {command} ON visits REFERENCING {transition}"
            " FOR EACH STATEMENT EXECUTE FUNCTION note_visit_status()"
        )
    _make_facts()
    op.add_column("clients", sa.Column("front_desk", postgresql.JSONB(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("clients", "front_desk")
    op.drop_table("check_in_facts")
    for name in ("stamp_status", *(name for name, _, _ in TRIGGERS)):
        op.execute(f"DROP TRIGGER {name} ON visits")
    for function in ("note_visit_status", "stamp_visit_status"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_index(f"ix_{HISTORY}_undoes", table_name=HISTORY)
    op.drop_column(HISTORY, "undoes")
    op.drop_constraint(f"uq_{HISTORY}_client_id_id", HISTORY)
    for name in (*BOARD, "ix_visits_rescheduled_from"):
        op.drop_index(name, table_name="visits")
    op.create_index(DAY, "visits", ["client_id", "visit_date"])
    _index_patients(["client_id", "patient_id", "visit_date"])
    op.drop_constraint(op.f("ck_visits_readiness"), "visits")
    for name in (
        "sort_at", "walk_in", "rescheduled_from", "readiness_source", "readiness_reasons", "arrived_at", "status_since",
    ):  # fmt: skip
        op.drop_column("visits", name)


def _add_columns() -> None:
    moment = sa.DateTime(timezone=True)
    for column in (
        sa.Column("status_since", moment, server_default=sa.func.now()),
        sa.Column("arrived_at", moment),
        sa.Column("readiness_reasons", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("readiness_source", sa.Text(), server_default="machine", nullable=False),
        sa.Column("rescheduled_from", sa.UUID()),
        sa.Column("walk_in", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sort_at", moment, sa.Computed(f"coalesce(starts_at, {NO_START})", persisted=True), nullable=False),
    ):
        op.add_column("visits", column)
    op.create_foreign_key(
        op.f("fk_visits_client_id_rescheduled_from_visits"),
        "visits",
        "visits",
        ["client_id", "rescheduled_from"],
        ["client_id", "id"],
    )
    op.create_check_constraint(op.f("ck_visits_readiness"), "visits", f"readiness IN {READINESS}")
    op.create_check_constraint(
        op.f("ck_visits_readiness_source"), "visits", "readiness_source IN ('machine', 'manual')"
    )


def _without_force(*statements: str) -> None:
    """Migrate every organisation's rows: FORCE shows the tables' owner none."""
    op.execute("ALTER TABLE visits DISABLE TRIGGER note_updated")  # nothing changes that anybody shows
    for table in FORCED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in statements:
        op.execute(statement)
    for table in FORCED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE visits ENABLE TRIGGER note_updated")


def _replace_indexes() -> None:
    op.drop_index(DAY, table_name="visits")
    behind = ["sort_at", "id"]
    for name, filtered in zip(BOARD, ([], ["status"], ["provider_id"]), strict=True):
        op.create_index(name, "visits", ["client_id", "visit_date", *filtered, *behind])
    op.create_index("ix_visits_rescheduled_from", "visits", ["client_id", "rescheduled_from"])
    _index_patients(["client_id", "patient_id", "visit_date", "id"])


def _index_patients(columns: list[str]) -> None:
    op.drop_index("ix_visits_patient", table_name="visits")
    op.create_index("ix_visits_patient", "visits", columns)


def _make_facts() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "check_in_facts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("details", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("amount", sa.Numeric(10, 2)),
        sa.Column("amount_cents", sa.Integer()),
        sa.Column("recorded_by", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("step_id", sa.UUID()),
        sa.Column("withdrawn_at", moment),
        sa.CheckConstraint(f"kind IN {FACTS}", name=op.f("ck_check_in_facts_kind")),
        sa.CheckConstraint(
            "(kind = 'copay') = (amount_cents IS NOT NULL) AND amount_cents >= 0"
            " AND (amount IS NULL) = (amount_cents IS NULL) AND amount * 100 = amount_cents",
            name=op.f("ck_check_in_facts_amount"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('copay_waived', 'readiness_override') OR reason IS NOT NULL",
            name=op.f("ck_check_in_facts_reason"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_check_in_facts_client_id_clients")),
        *(
            sa.ForeignKeyConstraint(
                ["client_id", column],
                [f"{table}.client_id", f"{table}.id"],
                name=op.f(f"fk_check_in_facts_client_id_{column}_{table}"),
            )
            for column, table in (("visit_id", "visits"), ("step_id", HISTORY))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_facts")),
    )
    op.create_index("ix_check_in_facts_visit", "check_in_facts", ["client_id", "visit_id", "recorded_at", "id"])
    op.create_index("ix_check_in_facts_step", "check_in_facts", ["client_id", "step_id"])
    op.execute("ALTER TABLE check_in_facts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (withdrawn_at) ON check_in_facts TO {SERVING}")
    op.execute(
        f"CREATE POLICY tenant ON check_in_facts FOR ALL TO {SERVING}"
        f" USING (client_id = {TENANT}) WITH CHECK (client_id = {TENANT})"
    )
