"""The functions and triggers of migration 0021 that keep until when a claim is to be filed (E22), whoever writes it.

The rule is `shared/domain/eligibility/filing.py`; tests/integration/test_claim_filing.py holds the two to each other. A
secondary claim's time counts from the primary's answer: who bills it says so. Neither that nor another day that
somebody entered is changed here.
"""

from __future__ import annotations

_OVER = "status IN ('paid', 'finalized', 'written_off', 'voided', 'forwarded_secondary', 'denied_final')"
FUNCTIONS = (
    """
CREATE FUNCTION claim_filing_due(served date, program text, days integer) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN program = 'medicare' AND days IS NULL THEN (served + interval '1 year')::date
    ELSE served + coalesce(days, 90) END
$$
""",
    """
CREATE FUNCTION keep_claim_filing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.secondary_of_id IS NOT NULL OR NEW.filing_due_on IS DISTINCT FROM
    (CASE WHEN TG_OP = 'UPDATE' THEN OLD.filing_due_on END) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' OR (NEW.service_date, NEW.payer_id) IS DISTINCT FROM (OLD.service_date, OLD.payer_id) THEN
    SELECT claim_filing_due(NEW.service_date, max(p.program), max(p.filing_days)) INTO NEW.filing_due_on
    FROM payers p WHERE p.client_id = NEW.client_id AND p.id = NEW.payer_id;
  END IF;
  RETURN NEW;
END $$
""",
    f"""
CREATE FUNCTION keep_payer_filing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.program, NEW.filing_days) IS DISTINCT FROM (OLD.program, OLD.filing_days) THEN
    UPDATE claims SET filing_due_on = claim_filing_due(service_date, NEW.program, NEW.filing_days)
    WHERE client_id = NEW.client_id AND payer_id = NEW.id AND secondary_of_id IS NULL AND NOT {_OVER}
      AND filing_due_on = claim_filing_due(service_date, OLD.program, OLD.filing_days);
  END IF;
  RETURN NULL;
END $$
""",  # noqa: S608 # of constants
)
TRIGGERS = (
    "CREATE TRIGGER keep_filing BEFORE INSERT OR UPDATE ON claims FOR EACH ROW EXECUTE FUNCTION keep_claim_filing()",
    "CREATE TRIGGER keep_filing AFTER UPDATE ON payers FOR EACH ROW EXECUTE FUNCTION keep_payer_filing()",
)
# Nothing changes that anybody shows, so nobody is told.
FILL = """
ALTER TABLE claims DISABLE TRIGGER note_updated;
UPDATE claims c SET filing_due_on = claim_filing_due(c.service_date, p.program, p.filing_days)
FROM claims other LEFT JOIN payers p ON p.client_id = other.client_id AND p.id = other.payer_id
WHERE other.id = c.id AND c.service_date IS NOT NULL;
ALTER TABLE claims ENABLE TRIGGER note_updated
"""
DROP = """
DROP TRIGGER keep_filing ON payers;
DROP TRIGGER keep_filing ON claims;
DROP FUNCTION keep_payer_filing();
DROP FUNCTION keep_claim_filing();
DROP FUNCTION claim_filing_due(date, text, integer)
"""
