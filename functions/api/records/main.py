"""Records: `/api/v1/records`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.record_history import RecordHistory
from shared.models.api.record_import import ImportReport
from shared.models.api.record_writes import RecordWrite, WrittenRecord
from shared.models.api.records import NoQuery, RecordTypes, RecordView, SearchQuery, SearchResult
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

operations = Operations(tag="records", prefix="/api/v1/records")

_HITS = {
    "results": [{"type": "patient", "id": "0192…", "number": "MRN553", "label": "Ortiz, Ana", "score": 8}],
    "nextCursor": None,
}


@operations.get(
    "/types",
    summary="The types of records: labels, id patterns, JSON Schemas, searchable fields",
    permission=Permission.RECORD_READ,
    audit=AuditAction.NONE,
    example={"types": [{"type": "patient", "label": "Patient ID", "idPattern": "^.{1,100}$", "schema": {}}]},
)
def list_types(caller: Caller, query: NoQuery) -> RecordTypes:
    del query
    return bootstrap.record_service().types(caller)


@operations.get(
    "/search",
    summary="Search by names, numbers, date of birth, member id",
    permission=Permission.RECORD_READ,
    audit=AuditAction.RECORD_SEARCH,
    example=_HITS,
)
def search(caller: Caller, query: SearchQuery) -> SearchResult:
    return bootstrap.record_service().search(caller, query)


@operations.post(
    "/search",
    summary="The same search, with nothing personal in the URL",
    permission=Permission.RECORD_READ,
    audit=AuditAction.RECORD_SEARCH,
    request_example={"q": "03/04/1981 Smith", "type": "patient"},
    example=_HITS,
)
def search_by_body(caller: Caller, body: SearchQuery) -> SearchResult:
    return bootstrap.record_service().search(caller, body)


@operations.post(
    "/import",
    summary="Import a FHIR R4 bundle: everything or nothing, safe to repeat",
    permission=Permission.RECORD_IMPORT,
    audit=AuditAction.RECORD_IMPORT,
    request_example={"resourceType": "Bundle", "type": "transaction", "entry": []},
    example={"records": {"patient": {"created": 1, "updated": 0, "unchanged": 0}}, "ignored": {"Observation": 83}},
)
def import_bundle(caller: Caller, body: dict) -> ImportReport:  # type: ignore[type-arg]  # any JSON object
    return bootstrap.import_service().import_bundle(
        client_id=caller.client_id,
        user_id=caller.user_id,
        request_id=caller.request_id,
        bundle=body,
        key=caller.idempotency,
    )


@operations.get(
    "/<record_type>/<reference>",
    summary="A record by its uuid or number, with the members the caller's role needs",
    permission=Permission.RECORD_READ,
    audit=AuditAction.RECORD_READ,
    example={"type": "patient", "id": "0192…", "data": {"mrn": "MRN553"}, "version": 1},
)
def get_record(caller: Caller, record_type: str, reference: str) -> Reply[RecordView]:
    record = bootstrap.record_service().get(caller, record_type, reference)
    return Reply(record, version=record.version)


@operations.post(
    "/",
    summary="Make a record, or change the one with its number: then with the version that was read",
    permission=Permission.RECORD_WRITE,
    audit=AuditAction.RECORD_WRITE,
    status=201,
    request_example={
        "type": "patient",
        "data": {"mrn": "MRN900", "firstName": "Ana", "lastName": "Ortiz", "dateOfBirth": "1984-02-11"},
    },
    example={"type": "patient", "id": "0192…", "data": {"mrn": "MRN900"}, "version": 1, "warnings": []},
)
def write_record(caller: Caller, body: RecordWrite) -> Reply[WrittenRecord]:
    record, status = bootstrap.record_write_service().write(caller, body)
    return Reply(record, status=status, version=record.version)


@operations.delete(
    "/<record_type>/<reference>",
    summary="Delete a record softly, with its version in If-Match",
    permission=Permission.RECORD_DELETE,
    audit=AuditAction.RECORD_DELETE,
    example={"type": "patient", "id": "0192…", "data": {"mrn": "MRN900"}, "version": 2},
)
def delete_record(caller: Caller, record_type: str, reference: str) -> RecordView:
    return bootstrap.record_write_service().delete(caller, record_type, reference)


@operations.get(
    "/<record_type>/<reference>/history",
    summary="Who changed what in a record, and when; newest first",
    permission=Permission.RECORD_READ,
    audit=AuditAction.RECORD_HISTORY,
    example={
        "type": "patient",
        "id": "0192…",
        "changes": [
            {
                "version": 2,
                "changedAt": "2026-11-23T09:00:00Z",
                "changedBy": "0192…",
                "fields": [{"field": "lastName", "before": "Ortis", "now": "Ortiz", "hidden": False}],
            }
        ],
    },
)
def show_history(caller: Caller, record_type: str, reference: str) -> RecordHistory:
    return bootstrap.record_write_service().history(caller, record_type, reference)


_app = function_app(operations)


@functions_framework.http
def records(request: Request) -> Response:
    return _app(request)
