"""How the operations about payers' files are called; see `tests/permission_cells.py`."""

from __future__ import annotations

from shared.models.roles import Role
from tests.payer_file_samples import acknowledgement_of, remittance_of
from tests.permission_call import BILLING, Cell, Sent, at, plain
from tests.permission_ids import API, Ids, unique

BACKEND = f"{API}/modes/backend"
BILLING_READERS = BILLING | {Role.AUDITOR}
REMITTANCES = f"{BACKEND}/remittances"


def _post(_: Ids) -> Sent:
    return Sent(REMITTANCES, {"content": remittance_of(unique("T"))})


def _report(_: Ids) -> Sent:
    return Sent(f"{BACKEND}/claim-status-files", {"content": acknowledgement_of(unique("CA"))})


def _match(ids: Ids) -> Sent:
    path = f"{REMITTANCES}/{ids('remittance')}/lines/1/match"
    return Sent(path, {"claimId": ids("accepted claim", "claimId")})


REMITTANCE_CELLS: dict[str, tuple[Cell, ...]] = {
    f"POST {REMITTANCES}": (Cell(BILLING, _post),),
    f"GET {REMITTANCES}": (Cell(BILLING_READERS, plain(REMITTANCES)),),
    f"GET {REMITTANCES}/<reference>": (Cell(BILLING_READERS, at(REMITTANCES + "/{}", "remittance")),),
    f"POST {REMITTANCES}/<reference>/lines/<line>/match": (Cell(BILLING, _match),),
    f"POST {BACKEND}/claim-status-files": (Cell(BILLING, _report),),
}
