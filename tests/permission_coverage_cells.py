"""The eligibility mode's quick actions about single coverages: who may, and with whose coverages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from tests.permission_call import ELIGIBILITY_TEAM, INTAKE, Cell, Sent, action
from tests.permission_ids import ELIGIBILITY, MAKERS, RECORDS, Ids


def _of_a_coverage(name: str, **params: Any) -> Callable[[Ids], Sent]:
    """A quick action about a coverage, in a context of its patient; of any patient for one that is not there."""

    def send(ids: Ids) -> Sent:
        coverage = ids("coverage", "params.coverageId")
        if ids.replaced is None:
            patient = ids.own("GET", f"{RECORDS}/coverage/{coverage}")["data"]["patientId"]
        else:
            patient = MAKERS["patient"](ids.own)
        opened = {"recordType": "Patient ID", "recordId": patient}
        context = ids.own("POST", f"{ELIGIBILITY}/context", opened)["contextId"]
        sent = {"action": name, "contextId": context, "params": {"coverageId": coverage} | params}
        return Sent(f"{ELIGIBILITY}/quick-action", sent)

    return send


COVERAGE_ACTION_CELLS = (
    Cell(ELIGIBILITY_TEAM, action("verify_cob"), ROLES_BY_QUICK_ACTION["verify_cob"], note="verify_cob"),
    Cell(
        INTAKE,
        action("recheck_all_coverages"),
        ROLES_BY_QUICK_ACTION["recheck_all_coverages"],
        note="recheck_all_coverages",
    ),
    Cell(
        INTAKE,
        _of_a_coverage("record_phone_verification", outcome="active"),
        ROLES_BY_QUICK_ACTION["record_phone_verification"],
        unknown=422,
        note="record_phone_verification",
    ),
)
