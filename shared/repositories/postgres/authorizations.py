"""Authorizations in PostgreSQL.

A change locks the authorization's row and reads only then: a statement that locks and counts at once would count the
linked visits as they were before it had to wait. Requests for one patient follow each other by the patient's row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.records import Authorization, PayerRule, Visit
from shared.repositories.authorization_protocols import (
    AuthorizationCase,
    AuthorizationChange,
    ClaimLine,
    RequestGround,
    RequestReferences,
    VisitLink,
)
from shared.repositories.authorization_rows import COLUMNS, changes_of, columns_of
from shared.repositories.postgres.eligibility_file import (
    AUTHORIZATION,
    PAYER_RULE,
    VISIT,
    read_authorization,
    read_file,
    read_rule,
    read_visit,
)
from shared.repositories.postgres.record_traces import add_terms, remember
from shared.repositories.postgres.transaction import add_event, as_uuid, keep, recall

_JSON = frozenset({"decision", "extension"})
_VALUES = {name: f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}" for name in COLUMNS}
_FOUND = "client_id = :client AND deleted_at IS NULL AND ({number} = :reference OR id = :uuid)"
_FIRST = "ORDER BY {number} = :reference DESC LIMIT 1"


def _by(number: str) -> str:
    return f"WHERE {_FOUND.format(number=number)} {_FIRST.format(number=number)}"


# The texts that are put into these statements are constants of this module.
_LOCK_PATIENT = text(f"SELECT id FROM patients {_by('mrn')} FOR NO KEY UPDATE")  # noqa: S608
_LOCK = text(f"SELECT id FROM authorizations {_by('auth_number')} FOR NO KEY UPDATE")  # noqa: S608
_FIND = text(f"SELECT id FROM authorizations {_by('auth_number')}")  # noqa: S608
_PAYER = text(f"SELECT id FROM payers {_by('payer_number')} FOR KEY SHARE")  # noqa: S608
_PROVIDER = text(f"SELECT id FROM providers {_by('provider_number')} FOR KEY SHARE")  # noqa: S608
_FIND_VISIT = f"SELECT {VISIT} FROM visits v {_by('visit_number')}"  # noqa: S608
_CLAIM = text(f"""
SELECT c.id, c.patient_id, c.payer_id, c.provider_id, c.service_date,
  (SELECT {VISIT} FROM visits v WHERE v.client_id = c.client_id AND v.id = c.visit_id AND v.deleted_at IS NULL)
FROM claims c {_by("claim_number")}
""")  # noqa: S608
_CASE = text(f"""
SELECT {AUTHORIZATION},
  (SELECT jsonb_agg({PAYER_RULE}) FROM payer_rules r
    WHERE r.client_id = a.client_id AND r.payer_id = a.payer_id AND r.deleted_at IS NULL),
  (SELECT c.member_id FROM coverages c WHERE c.client_id = a.client_id AND c.id = a.coverage_id),
  (SELECT p.npi FROM providers p WHERE p.client_id = a.client_id AND p.id = a.provider_id)
FROM authorizations a WHERE a.client_id = :client AND a.id = :id
""")  # noqa: S608
_RULES = text(f"""
SELECT {PAYER_RULE} FROM payer_rules r
WHERE r.client_id = :client AND r.payer_id = :payer AND r.deleted_at IS NULL
""")  # noqa: S608
_NPIS = text("SELECT id, npi FROM providers WHERE client_id = :client AND deleted_at IS NULL AND id = ANY(:ids)")
_INSERT = text(
    f"INSERT INTO authorizations (id, client_id, {', '.join(COLUMNS)})"  # noqa: S608
    f" VALUES (:id, :client, {', '.join(_VALUES.values())})"
)
_UPDATE = text(
    f"UPDATE authorizations SET {', '.join(f'{name} = {value}' for name, value in _VALUES.items())},"  # noqa: S608
    " version = :version, updated_at = now() WHERE client_id = :client AND id = :id"
)
_LINK = text("""
UPDATE visits SET authorization_id = :authorization, authorization_units = :units, version = version + 1,
  updated_at = now() WHERE client_id = :client AND id = :visit RETURNING version
""")


class PostgresAuthorizationRepository:
    """See AuthorizationRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def request(
        self,
        client_id: UUID,
        references: RequestReferences,
        decide: Callable[[RequestGround], AuthorizationChange],
        *,
        today: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
    ) -> Authorization | None:
        """See AuthorizationRepository.request."""
        with self._postgres.tenant(client_id) as connection:
            recall(connection, client_id, key)
            patient = _found(connection, _LOCK_PATIENT, client_id, references.patient)
            if patient is None:
                return None
            ground = _ground(connection, client_id, patient, references, today)
            change = decide(ground)
            if change.authorization not in ground.file.authorizations:
                _insert(connection, client_id, change.authorization, changed_by)
            _finish(connection, client_id, change, changed_by)
            return change.authorization

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> Authorization | None:
        """See AuthorizationRepository.get."""
        with self._postgres.tenant(client_id) as connection:
            found = _found(connection, _FIND, client_id, reference)
            if found is None:
                return None
            authorization = _case(connection, client_id, found, None).authorization
            if seen is not None:
                whose = str(authorization.patient_id)
                add_event(connection, seen.model_copy(update={"resource_id": found, "patient_ref": whose}))
            return authorization

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[AuthorizationCase], AuthorizationChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        visit: str | None = None,
    ) -> Authorization:
        """See AuthorizationRepository.change."""
        with self._postgres.tenant(client_id) as connection:
            found = _found(connection, _LOCK, client_id, reference)
            recall(connection, client_id, key)
            if found is None:
                raise NotFoundError("There is no such record")
            case = _case(connection, client_id, found, visit)
            change = decide(case)
            if change.authorization is not case.authorization:
                _update(connection, client_id, case.authorization, change.authorization, changed_by)
            _finish(connection, client_id, change, changed_by)
            return change.authorization

    def visit(self, client_id: UUID, reference: str) -> Visit | None:
        """See AuthorizationRepository.visit."""
        with self._postgres.tenant(client_id) as connection:
            return _visit(connection, client_id, reference)

    def claim(self, client_id: UUID, reference: str) -> ClaimLine | None:
        """See AuthorizationRepository.claim."""
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(_CLAIM, _named(client_id, reference)).one_or_none()
        if row is None:
            return None
        return ClaimLine(row[0], row[1], row[2], row[3], row[4], read_visit(row[5]))


def _named(client_id: UUID, reference: str) -> dict[str, Any]:
    return {"client": client_id, "reference": reference, "uuid": as_uuid(reference)}


def _found(connection: Connection, statement: Any, client_id: UUID, reference: str) -> UUID | None:
    found: UUID | None = connection.execute(statement, _named(client_id, reference)).scalar_one_or_none()
    return found


def _ground(
    connection: Connection, client_id: UUID, patient: UUID, references: RequestReferences, today: date
) -> RequestGround:
    payer = provider = visit = None
    if references.payer is not None:
        payer = _found(connection, _PAYER, client_id, references.payer)
    if references.provider is not None:
        provider = _found(connection, _PROVIDER, client_id, references.provider)
    if references.visit is not None:
        visit = _visit(connection, client_id, references.visit, lock="FOR NO KEY UPDATE")
    file = read_file(connection, client_id, str(patient), visit.id if visit else None, today)
    if file is None:  # the row is locked and was there
        raise NotFoundError("There is no such record")
    rules = list(file.payer_rules)
    if payer is not None and all(coverage.payer_id != payer for coverage in file.coverages):
        rows = connection.execute(_RULES, {"client": client_id, "payer": payer})
        rules += [read_rule(row[0]) for row in rows]
    meant = {provider, *(one.provider_id for one in (file.context_visit, file.next_visit) if one is not None)}
    return RequestGround(file, payer, provider, tuple(rules), _npis(connection, client_id, meant - {None}))


def _npis(connection: Connection, client_id: UUID, ids: set[Any]) -> dict[UUID, str | None]:
    if not ids:
        return {}
    return {row[0]: row[1] for row in connection.execute(_NPIS, {"client": client_id, "ids": list(ids)})}


def _case(connection: Connection, client_id: UUID, identity: UUID, visit: str | None) -> AuthorizationCase:
    row = connection.execute(_CASE, {"client": client_id, "id": identity}).one()
    rules: tuple[PayerRule, ...] = tuple(read_rule(values) for values in row[1] or ())
    named = None if visit is None else _visit(connection, client_id, visit, lock="FOR NO KEY UPDATE")
    return AuthorizationCase(read_authorization(row[0]), rules, row[2], row[3], named)


def _visit(connection: Connection, client_id: UUID, reference: str, *, lock: str = "") -> Visit | None:
    statement = text(f"{_FIND_VISIT} {lock}")
    return read_visit(connection.execute(statement, _named(client_id, reference)).scalar_one_or_none())


def _insert(connection: Connection, client_id: UUID, new: Authorization, changed_by: UUID) -> None:
    connection.execute(_INSERT, columns_of(new) | {"id": new.id, "client": client_id})
    remember(connection, client_id, "authorization", new.id, 1, changed_by, changes_of(None, new))
    add_terms(connection, client_id, "authorization", new.id, {"auth_number": new.auth_number})


def _update(
    connection: Connection, client_id: UUID, before: Authorization, after: Authorization, changed_by: UUID
) -> None:
    parameters = columns_of(after) | {"id": after.id, "client": client_id, "version": after.version}
    connection.execute(_UPDATE, parameters)
    remember(connection, client_id, "authorization", after.id, after.version, changed_by, changes_of(before, after))


def _finish(connection: Connection, client_id: UUID, change: AuthorizationChange, changed_by: UUID) -> None:
    if change.link is not None:
        _link(connection, client_id, change.link, changed_by)
    add_event(connection, change.event)
    keep(connection, client_id, change.kept)


def _link(connection: Connection, client_id: UUID, link: VisitLink, changed_by: UUID) -> None:
    parameters = {"client": client_id, "visit": link.visit_id, "units": link.units, "authorization": link.now}
    version = connection.execute(_LINK, parameters).scalar_one()
    remember(connection, client_id, "visit", link.visit_id, version, changed_by, link.changes)
