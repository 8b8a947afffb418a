"""What was asked of PostgreSQL while a block lasted, and what each statement costs when it is carried out again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import event

from shared.db.postgres import Postgres

_EXPLAINED = re.compile(r"\s*(SELECT|WITH|UPDATE|DELETE)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a statement was carried out. `buffers` counts the 8 KB pages that it touched."""

    statement: str
    root: dict[str, Any]

    @property
    def buffers(self) -> int:
        return int(self.root["Shared Hit Blocks"]) + int(self.root["Shared Read Blocks"])

    @property
    def rows(self) -> int:
        """How many rows it gave."""
        return int(self.root["Actual Rows"])

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """Every step of the plan."""
        found, left = [], [self.root]
        while left:
            node = left.pop()
            found.append(node)
            left += node.get("Plans", [])
        return found

    @property
    def scanned(self) -> set[str]:
        """The tables that were read from end to end."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"}

    @property
    def indexes(self) -> set[str]:
        """The indexes that were used."""
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def __str__(self) -> str:
        """For messages: the statement, and its plan's steps with their rows."""
        steps = ", ".join(
            f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}"
            f" ({node['Actual Rows']:g} rows, {node['Actual Loops']:g} times)"
            for node in self.nodes
        )
        return f"{self.buffers} buffers: {' '.join(self.statement.split())}\n    {steps}"


@dataclass
class Asked:
    """The statements of one role, in their order, and the client that its transactions are bound to."""

    postgres: Postgres
    client: UUID | None
    statements: list[tuple[str, Any]] = field(default_factory=list)

    def note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        """Keep what is about to be sent."""
        if _EXPLAINED.match(statement) and "INSERT INTO" not in statement and "pg_advisory" not in statement:
            self.statements.append((statement, parameters))

    def plans(self) -> list[Plan]:
        """The plan of each statement, carried out again as the same role for the same client and undone."""
        plans = []
        opened = self.postgres.unbound() if self.client is None else self.postgres.tenant(self.client)
        with opened as connection:
            for statement, parameters in self.statements:
                with connection.begin_nested() as undone:
                    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                    answer = connection.exec_driver_sql(explain, parameters).scalar_one()
                    undone.rollback()
                (explained,) = json.loads(answer) if isinstance(answer, str) else answer
                plans.append(Plan(statement, explained["Plan"]))
        return plans


@contextmanager
def asked_of(postgres: Postgres, client: UUID | None) -> Iterator[Asked]:
    """Note every statement that `postgres` is asked while the block lasts."""
    asked = Asked(postgres, client)
    event.listen(postgres.engine, "before_cursor_execute", asked.note)
    try:
        yield asked
    finally:
        event.remove(postgres.engine, "before_cursor_execute", asked.note)
