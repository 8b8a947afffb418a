"""The eligibility mode's quick actions about single coverages: who may, and with whose coverages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from tests.permission_call import ELIGIBILITY_TEAM, INTAKE, Cell, Sent, action
from tests.permission_ids import ELIGIBILITY, MAKERS, RECORDS, Ids, unique


def _acting(ids: Ids, name: str, patient: str, params: dict[str, Any]) -> Sent:
    """A quick action in a context of a patient of the organisation."""
    opened = {"recordType": "Patient ID", "recordId": patient}
    context = ids.own("POST", f"{ELIGIBILITY}/context", opened)["contextId"]
    return Sent(f"{ELIGIBILITY}/quick-action", {"action": name, "contextId": context, "params": params})


def _patient_of(ids: Ids, coverage: str, place: str) -> str:
    """Whose coverage it is; any patient of the organisation for one that is not there."""
    if ids.replaced == place:
        return MAKERS["patient"](ids.own)
    return str(ids.own("GET", f"{RECORDS}/coverage/{coverage}")["data"]["patientId"])


def _phoned(ids: Ids) -> Sent:
    coverage = ids("coverage", "params.coverageId")
    patient = _patient_of(ids, coverage, "params.coverageId")
    return _acting(ids, "record_phone_verification", patient, {"coverageId": coverage, "outcome": "active"})


def _of_a_switch(instead: Callable[[Ids, str], dict[str, Any]]) -> Callable[[Ids], Sent]:
    """A switch of a coverage; `instead` says what takes over, for the patient whose coverage it is."""

    def send(ids: Ids) -> Sent:
        coverage = ids("coverage", "params.coverageId")
        patient = _patient_of(ids, coverage, "params.coverageId")
        params = {"coverageId": coverage, "version": 1, "startDate": "2026-11-01"} | instead(ids, patient)
        return _acting(ids, "switch_payer", patient, params)

    return send


def _to_a_payer(ids: Ids, _patient: str) -> dict[str, Any]:
    return {"payerId": ids("payer", "params.payerId"), "memberId": unique("M")}


def _to_a_coverage(ids: Ids, patient: str) -> dict[str, Any]:
    """Another coverage of the patient; one of nobody's or of another organisation's patient where it is replaced."""
    if ids.replaced == "params.replacementCoverageId":
        return {"replacementCoverageId": ids("coverage", "params.replacementCoverageId")}
    data = {"patientId": patient, "payerId": MAKERS["payer"](ids.own), "memberId": unique("M")}
    made = ids.own("POST", f"{RECORDS}/", {"type": "coverage", "data": data | {"periodStart": "2026-01-01"}})
    ids.asked["params.replacementCoverageId"] = str(made["id"])
    return {"replacementCoverageId": str(made["id"])}


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
        _phoned,
        ROLES_BY_QUICK_ACTION["record_phone_verification"],
        unknown=422,
        note="record_phone_verification",
    ),
    Cell(
        ELIGIBILITY_TEAM,
        _of_a_switch(_to_a_payer),
        ROLES_BY_QUICK_ACTION["switch_payer"],
        unknown=422,
        note="switch_payer",
    ),
    Cell(
        ELIGIBILITY_TEAM,
        _of_a_switch(_to_a_coverage),
        ROLES_BY_QUICK_ACTION["switch_payer"],
        unknown=422,
        note="switch_payer to a coverage on file",
    ),
)
