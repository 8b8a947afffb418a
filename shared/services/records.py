"""Records: one by number or uuid, search over all of them, and what types there are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic.alias_generators import to_camel

from shared.auth.permissions import hidden_fields, may_delete, may_read, may_write
from shared.domain.search_terms import (
    DATE_FIELDS,
    DETAIL_WEIGHT,
    NAME_FIELDS,
    NUMBER_FIELDS,
    PHONE_FIELDS,
    PHONE_WEIGHT,
    query_terms,
)
from shared.errors import FieldError, NotFoundError, ValidationFailedError
from shared.models.api.members import NUMBER_PATTERN
from shared.models.api.record_writes import INPUT_MODELS
from shared.models.api.records import (
    DATA_MODELS,
    RecordTypes,
    RecordTypeView,
    RecordView,
    SearchHit,
    SearchQuery,
    SearchResult,
)
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor
from shared.models.roles import Role
from shared.repositories.protocols import FoundRecord, RecordStore, StoredRecord
from shared.services.access_log import AccessLog

_LABELS = {
    "patient": "Patient ID",
    "claim": "Claim ID",
    "visit": "Visit ID",
    "authorization": "Authorization ID",
    "payer_rule": "Payer rule",
}
# Types without a number that people use: only their uuid finds them.
_WITHOUT_NUMBER = frozenset({"coverage", "payer_rule"})
_UUID_PATTERN = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"


class RecordService:
    """Reads records; every read leaves its audit row in the same transaction."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog) -> None:
        self._store = store
        self._access_log = access_log

    def get(self, caller: Caller, record_type: str, reference: str) -> RecordView:
        """Return a record by its uuid or number, with the members that the caller's role needs.

        Raises NotFoundError for an unknown or foreign id, and for a type that the role does not see.
        """
        if not may_read(caller.role, record_type):
            raise NotFoundError("There is no such record")
        event = caller.seen(record_type, same=reference)
        with self._access_log.in_transaction(event) as seen:
            found = self._store().records.get(caller.client_id, record_type, reference, seen=seen)
            if found is None:
                raise NotFoundError("There is no such record")
        return record_view(caller.role, found)

    def types(self, caller: Caller) -> RecordTypes:
        """Describe the types of records that the caller's role sees."""
        return RecordTypes(
            types=tuple(
                RecordTypeView(
                    type=name,
                    label=_LABELS.get(name, name.capitalize()),
                    id_pattern=_UUID_PATTERN if name in _WITHOUT_NUMBER else NUMBER_PATTERN,
                    data_schema=INPUT_MODELS[name].json_schema(),
                    searchable=_searchable(caller.role, name),
                    actions=_actions(caller.role, name),
                )
                for name in DATA_MODELS
                if may_read(caller.role, name)
            )
        )

    def search(self, caller: Caller, query: SearchQuery) -> SearchResult:
        """Find records that fit every word of the query, best first; at most 200 are ever scored.

        What the caller's role does not see of a record does not find it either.
        """
        terms = query_terms(query.q)
        if not terms:
            message = "holds nothing to search for"
            raise ValidationFailedError(f"q {message}", errors=(FieldError("q", "empty", message),))
        wanted = tuple(name for name in DATA_MODELS if query.type in (None, name) and _searchable(caller.role, name))
        filters = (caller.client_id, terms, query.type)
        offset = 0
        if query.cursor is not None:
            offset = _offset(decode_cursor(query.cursor, filters, parts=1)[0])
        event = caller.seen("search", same=repr(filters))
        hits: list[FoundRecord] = []
        if wanted:
            with self._access_log.in_transaction(event) as seen:
                hits = self._store().records.search(
                    caller.client_id, terms, wanted, least_weight=_least_weight(caller.role), seen=seen
                )
        shown = hits[offset : offset + query.limit]
        more = len(hits) > offset + query.limit
        return SearchResult(
            results=tuple(_hit(hit) for hit in shown),
            next_cursor=encode_cursor(filters, str(offset + query.limit)) if more else None,
        )


def record_view(role: Role, record: StoredRecord) -> RecordView:
    """Show a record with the members that `role` needs."""
    model = DATA_MODELS[record.type]
    values: dict[str, Any] = dict(record.data)
    for column in ("amount", "paid_amount", "copay"):
        amount = values.get(column)
        if column in values:
            values[f"{column.removesuffix('_amount')}_cents"] = (
                int(amount * 100) if isinstance(amount, Decimal) else None
            )
    data = model.model_validate({name: values.get(name) for name in model.model_fields}).model_dump(
        mode="json", by_alias=True
    )
    hidden = hidden_fields(role, record.type)
    return RecordView(
        type=record.type,
        id=str(record.id),
        data={name: value for name, value in data.items() if name not in hidden},
        version=record.version,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _hit(found: FoundRecord) -> SearchHit:
    patient = None if found.patient_id is None else str(found.patient_id)
    return SearchHit(
        type=found.type,
        id=str(found.id),
        number=found.number,
        label=found.label,
        patient_id=patient,
        score=found.score,
    )


def _actions(role: Role, record_type: str) -> tuple[str, ...]:
    write = ("write",) if may_write(role, record_type) else ()
    search = ("search",) if _searchable(role, record_type) else ()
    return ("read", *search, "history", *write, *(("delete",) if may_delete(role, record_type) else ()))


def _searchable(role: Role, record_type: str) -> tuple[str, ...]:
    """The members by which `role` finds records of a type: those that it sees."""
    if not may_read(role, record_type):
        return ()
    kinds = (NUMBER_FIELDS, NAME_FIELDS, DATE_FIELDS, PHONE_FIELDS)
    members = (to_camel(column) for kind in kinds for column in kind.get(record_type, ()))
    hidden = hidden_fields(role, record_type)
    return tuple(member for member in members if member not in hidden)


def _least_weight(role: Role) -> int:
    """Phones are terms of the least weight; whoever does not see them searches among the others."""
    hidden = any(hidden_fields(role, kind) & {to_camel(name) for name in names} for kind, names in PHONE_FIELDS.items())
    return DETAIL_WEIGHT if hidden else PHONE_WEIGHT


def _offset(text: str) -> int:
    if text.isdecimal() and len(text) <= 4:  # noqa: PLR2004 (at most 200 hits)
        return int(text)
    message = "Not a cursor of this list: leave it out to start again"
    raise ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),))
