"""The writes about payers' files; see `tests.e2e.writes`."""

from __future__ import annotations

from tests.e2e.person import RECORDS, Database, Person, unique
from tests.e2e.recipe import Recipe, Request, a_patient
from tests.payer_file_samples import acknowledgement_of, remittance_of
from tests.permission_remittance_cells import BACKEND, REMITTANCES


def _post(person: Person, database: Database) -> Request:
    """A file without claims: each claim in it would leave an event of its own."""
    del person, database
    return Request("POST", REMITTANCES, {"content": remittance_of(unique("T"))})


def _report(person: Person, database: Database) -> Request:
    del person, database
    return Request("POST", f"{BACKEND}/claim-status-files", {"content": acknowledgement_of(unique("CA"))})


def _match(person: Person, database: Database) -> Request:
    del database
    mrn = person.done("POST", f"{RECORDS}/", a_patient())["data"]["mrn"]
    claim = {"claimNumber": unique("CLM"), "patientId": mrn, "amount": 100, "status": "accepted"}
    made = person.done("POST", f"{RECORDS}/", {"type": "claim", "data": claim})
    line = f"CLP*{unique('NONE')}*1*100*100**12*{unique('P')}"
    posted = person.done("POST", REMITTANCES, {"content": remittance_of(unique("T"), line, amount="100")})
    return Request("POST", f"{REMITTANCES}/{posted['files'][0]['id']}/lines/1/match", {"claimId": made["id"]})


REMITTANCE_RECIPES: dict[str, Recipe] = {
    f"POST {REMITTANCES}": _post,
    f"POST {REMITTANCES}/<reference>/lines/<line>/match": _match,
    f"POST {BACKEND}/claim-status-files": _report,
}
