"""Many rows in few statements: rows travel as one JSON parameter, so money stays text and exact on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql

T = TypeVar("T")
Row = dict[str, Any]
CHUNK = 500  # keeps each statement far below the serving role's time-out
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own constructor has no annotations


class BulkTable:
    """A tenant table and those of its columns that an import writes (`source_ref` among them)."""

    def __init__(self, table: Table, columns: Sequence[str], *, found_by: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._name = table.name
        self._types = {name: table.c[name].type.compile(_DIALECT) for name in ("id", "client_id", *columns)}
        self._found_by = tuple(found_by)
        self._has_deleted = "deleted_at" in table.c

    def load(self, connection: Connection, client_id: UUID, wanted: Mapping[str, Sequence[str]]) -> list[Row]:
        """The rows that have one of the `wanted` values in one of the columns that this table is found by."""
        given = {name: sorted(set(wanted.get(name, ()))) for name in self._found_by}
        conditions = " OR ".join(f"{name} = ANY(CAST(:{name} AS text[]))" for name in given)
        chosen = ", ".join(("id", *self.columns, *(["deleted_at"] if self._has_deleted else [])))
        # Names come from the table's own definition, values as parameters.
        statement = text(
            f"SELECT {chosen} FROM {self._name} WHERE client_id = :client_id AND ({conditions})"  # noqa: S608
        )
        found = connection.execute(statement, {"client_id": client_id, **given}).mappings()
        return [dict(row) for row in found]

    def insert(self, connection: Connection, client_id: UUID, rows: Sequence[Row]) -> None:
        """Add `rows`, which have an id and the columns of this table."""
        names = ", ".join(("id", "client_id", *self.columns))
        self._write(
            connection,
            [{**row, "client_id": client_id} for row in rows],
            f"INSERT INTO {self._name} ({names}) SELECT {names} FROM {self._recordset(names.split(', '))}",  # noqa: S608
        )

    def update(self, connection: Connection, client_id: UUID, rows: Sequence[Row]) -> None:
        """Write the columns of `rows` by id; each row gets a new version and time of change."""
        assignments = ", ".join(f"{name} = given.{name}" for name in self.columns)
        self._write(
            connection,
            [{**row, "client_id": client_id} for row in rows],
            f"UPDATE {self._name} SET {assignments}, version = version + 1, updated_at = now()"  # noqa: S608
            f" FROM {self._recordset(['id', 'client_id', *self.columns])}"
            f" WHERE {self._name}.client_id = given.client_id AND {self._name}.id = given.id",
        )

    def _write(self, connection: Connection, rows: Sequence[Row], statement: str) -> None:
        # Ordered by id, so that writers that meet wait for each other instead of locking each other out.
        for chunk in chunks(sorted(rows, key=lambda row: str(row["id"])), CHUNK):
            given = [{name: row.get(name) for name in self._types} for row in chunk]
            connection.execute(text(statement), {"rows": json.dumps(given, default=str)})

    def _recordset(self, names: Sequence[str]) -> str:
        columns = ", ".join(f"{name} {self._types[name]}" for name in names)
        return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS given({columns})"


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
