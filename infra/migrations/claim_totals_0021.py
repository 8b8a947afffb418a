"""The functions and triggers of migration 0021 that keep what claims add up to (decision 0028)."""

from __future__ import annotations

from collections.abc import Iterator

_TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
TRANSITIONS = {
    "created": ("INSERT", "NEW TABLE AS rows_now"),
    "updated": ("UPDATE", "OLD TABLE AS rows_before NEW TABLE AS rows_now"),
    "deleted": ("DELETE", "OLD TABLE AS rows_before"),
}
# Where a claim lies: queue, key (a reason, a stage and payer), and the day by which its queue is asked; day 0 is
# 2000-01-01. Deleted claims lie nowhere.
CELLS = """
CREATE FUNCTION claim_cells(status text, denial_code text, deadline_kind text, deadline date, pended_since date,
  gap boolean, stage text, payer_id uuid, aging_on date, cents bigint, deleted_at timestamptz)
RETURNS TABLE (queue text, key text, day integer) LANGUAGE sql IMMUTABLE AS $$
  SELECT cell.queue, cell.key, cell.day FROM (VALUES
    ('open', status, NULL::integer, status NOT IN ('finalized', 'written_off', 'voided', 'forwarded_secondary')),
    ('denied', coalesce(denial_code, ''), NULL, status = 'denied'),
    ('deadline', deadline_kind, deadline - DATE '2000-01-01', deadline IS NOT NULL),
    ('pended', '', pended_since - DATE '2000-01-01', status = 'pended' AND pended_since IS NOT NULL),
    ('authorization_gap', '', NULL, gap),
    ('aging', stage || ':' || coalesce(payer_id::text, ''), aging_on - DATE '2000-01-01', cents > 0)
  ) AS cell(queue, key, day, lies) WHERE cell.lies AND deleted_at IS NULL
$$
"""
OF_CLAIM = (
    "claim_cells(c.status, c.denial_code, c.deadline_kind, c.next_deadline_on, c.pended_since, c.authorization_gap,"
    " c.ar_stage, c.payer_id, c.aging_on, c.balance_cents, c.deleted_at)"
)
# The block of each level that holds a day: 1, 8, 64, 512 and 4096 days long. What has no day is level -1, block 0.
BLOCKS = """
CREATE FUNCTION claim_blocks(day integer) RETURNS TABLE (level smallint, block integer)
LANGUAGE sql IMMUTABLE AS $$
  SELECT size.level::smallint, CASE WHEN day IS NULL THEN 0 ELSE day >> (3 * size.level) END
  FROM generate_series(CASE WHEN day IS NULL THEN -1 ELSE 0 END, CASE WHEN day IS NULL THEN -1 ELSE 4 END)
    AS size(level)
$$
"""
NOTE_TOTALS = """
CREATE FUNCTION note_claim_totals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {note}
  IF FOUND THEN
    PERFORM fold_claim_totals();
  END IF;
  RETURN NULL;
END $$
"""
# The texts that are put together here are constants of this module.
NOW_ROWS = f"SELECT c.client_id, cell.*, 1, c.balance_cents FROM rows_now c, {OF_CLAIM} AS cell"  # noqa: S608
BEFORE_ROWS = f"SELECT c.client_id, cell.*, -1, -c.balance_cents FROM rows_before c, {OF_CLAIM} AS cell"  # noqa: S608
NOTE_ROWS = """
  INSERT INTO claim_total_changes (id, client_id, queue, key, level, block, claims, cents)
  SELECT gen_random_uuid(), moved.client_id, moved.queue, moved.key, piece.level, piece.block,
    sum(moved.claims), sum(moved.cents)
  FROM ({rows}) AS moved(client_id, queue, key, day, claims, cents), claim_blocks(moved.day) AS piece
  GROUP BY moved.client_id, moved.queue, moved.key, piece.level, piece.block
  HAVING sum(moved.claims) <> 0 OR sum(moved.cents) <> 0;
"""
# Only one transaction of an organisation folds at a time; the others leave what they added for the next one. Nobody
# waits, and the sums' rows are only ever locked by who folds.
FOLD = f"""
CREATE FUNCTION fold_claim_totals() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  folded uuid := {_TENANT};
BEGIN
  IF folded IS NULL OR NOT pg_try_advisory_xact_lock(hashtextextended('claim_totals:' || folded, 0)) THEN
    RETURN;
  END IF;
  WITH taken AS (
    DELETE FROM claim_total_changes WHERE client_id = folded RETURNING *
  ), added AS (
    SELECT client_id, queue, key, level, block, sum(claims) AS claims, sum(cents) AS cents
    FROM taken GROUP BY client_id, queue, level, block, key
  )
  INSERT INTO claim_totals AS total (client_id, queue, key, level, block, claims, cents)
  SELECT * FROM added
  ON CONFLICT (client_id, queue, level, block, key)
  DO UPDATE SET claims = total.claims + excluded.claims, cents = total.cents + excluded.cents;
END $$
"""  # noqa: S608
# For claims that were there before, and for whoever has written past the triggers.
RECOUNT = f"""
CREATE FUNCTION recount_claim_totals() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE claims IN SHARE MODE;
  DELETE FROM claim_total_changes;
  DELETE FROM claim_totals;
  INSERT INTO claim_totals (client_id, queue, key, level, block, claims, cents)
  SELECT c.client_id, cell.queue, cell.key, piece.level, piece.block, count(*), sum(c.balance_cents)
  FROM claims c, {OF_CLAIM} AS cell, claim_blocks(cell.day) AS piece
  GROUP BY c.client_id, cell.queue, cell.key, piece.level, piece.block;
END $$
"""  # noqa: S608
FUNCTIONS = (CELLS, BLOCKS, FOLD, RECOUNT)


def triggers() -> Iterator[str]:
    """The functions of the triggers, and the triggers."""
    rows = {"created": NOW_ROWS, "updated": f"{NOW_ROWS} UNION ALL {BEFORE_ROWS}", "deleted": BEFORE_ROWS}
    for name, (command, transition) in TRANSITIONS.items():
        body = NOTE_TOTALS.format(note=NOTE_ROWS.format(rows=rows[name]))
        yield body.replace("note_claim_totals", f"note_claim_totals_{name}")
        yield (
            f"CREATE TRIGGER note_totals_{name} AFTER {command} ON claims REFERENCING {transition}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION note_claim_totals_{name}()"
        )
