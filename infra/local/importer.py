"""Import FHIR bundles and CSV folders into the running stack: `make import FILES='…'`.

FILES are files, globs, folders of FHIR JSON files, or folders of Synthea's or medscheduler's CSV export. Each file
(each CSV folder) is one transaction: a broken one is refused with the place of its fault, the others are imported all
the same.
"""

from __future__ import annotations

import argparse
import glob
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from tqdm import tqdm

from infra.local.demo_accounts import ORGANISATIONS
from infra.local.import_table import report_lines, total_of
from infra.local.settings import PROJECT, ROOT
from infra.migrations.roles import database_url, role_urls
from shared.config import Settings
from shared.db.postgres import Postgres, postgres_for
from shared.errors import MobiusError, StoreUnavailableError
from shared.importing.fhir import parse_fhir
from shared.importing.medscheduler import is_medscheduler_folder, parse_medscheduler_folder
from shared.importing.synthea_csv import is_synthea_folder, parse_synthea_folder
from shared.models.api.record_import import ImportReport
from shared.models.imported import ImportBatch
from shared.repositories.postgres.record_import import PostgresRecordImport
from shared.services.record_import import ImportService
from shared.web import strict_json

DEFAULT_CLIENT = "Riverside Family Practice"
STACK_FILE = ROOT / ".local" / "stack.json"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ImportToolError(Exception):
    """The tool cannot begin. The message is one line: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Session:
    """Into which organisation, in whose name; `plays_today` is the day of sample appointments that becomes today."""

    database: Postgres
    service: ImportService
    client_id: UUID
    user_id: UUID
    zone: ZoneInfo
    plays_today: date | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0, or 1 when anything was broken."""
    parser = argparse.ArgumentParser(prog="make import", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", metavar="FILES")
    parser.add_argument("--client", default=DEFAULT_CLIENT, help="the organisation's name or id")
    parser.add_argument("--user", help="the e-mail of the person in whose name it is done (an admin of the client)")
    parser.add_argument("--stack", type=Path, default=STACK_FILE, help="the running stack's file")
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        metavar="DAY",
        help="move sample appointments so that those of DAY are today's",
    )
    given = parser.parse_args(arguments)
    try:
        sources = find_sources(given.files)
        session = open_session(given.stack, client=given.client, user=given.user)
        session = replace(session, plays_today=given.today)
    except ImportToolError as exc:
        print(exc, file=sys.stderr)
        return 1
    try:
        reports, broken = import_all(session, sources)
    finally:
        session.database.engine.dispose()
    for line in report_lines(total_of(reports), sources=len(reports)):
        print(line)
    return 1 if broken else 0


def find_sources(names: Sequence[str]) -> list[Path]:
    """The JSON files and CSV folders that `names` mean, each once. Raises ImportToolError."""
    found: dict[Path, None] = {}
    for name in names:
        matches = [Path(match) for match in sorted(glob.glob(str(Path(name).expanduser())))]  # noqa: PTH207 - the pattern may be absolute
        if not matches:
            raise ImportToolError(f"{name}: no such file or folder")
        for path in matches:
            if not path.is_dir() or is_medscheduler_folder(path) or is_synthea_folder(path):
                found[path] = None
                continue
            inside = sorted(path.glob("*.json"))
            if not inside:
                raise ImportToolError(f"{path}: neither FHIR JSON files nor a known CSV export in this folder")
            found.update(dict.fromkeys(inside))
    return list(found)


def open_session(stack_file: Path, *, client: str, user: str | None) -> Session:
    """Connect to the running stack as the role that functions use. Raises ImportToolError."""
    try:
        admin = str(json.loads(stack_file.read_text())["database"])
    except (OSError, ValueError, KeyError) as exc:
        raise ImportToolError("The stack is not running: start it with `make up`, then import again") from exc
    database = _serving(admin)
    service = ImportService(PostgresRecordImport(database))
    try:
        client_id = _client_id(admin, client)
        return Session(database, service, client_id, _person(database, client_id, user), service.zone(client_id))
    except (InterfaceError, OperationalError, OSError, StoreUnavailableError) as exc:
        raise ImportToolError("The stack's database does not answer: restart it with `make up`") from exc
    except BaseException:
        database.engine.dispose()
        raise


def import_all(session: Session, sources: Sequence[Path]) -> tuple[dict[str, ImportReport], int]:
    """Import one source after another; returns the reports by name and how many sources were broken."""
    reports: dict[str, ImportReport] = {}
    broken = expected = 0
    with tqdm(total=0, unit=" records", dynamic_ncols=True, disable=None) as bar:
        for number, source in enumerate(sources, start=1):
            bar.set_description(f"{number}/{len(sources)} {source.name[:32]}")
            try:
                batch = read_source(source, session.zone, plays_today=session.plays_today)
                expected += size_of(batch)
                bar.total = expected
                reports[source.name] = session.service.import_batch(
                    client_id=session.client_id,
                    user_id=session.user_id,
                    request_id=f"import-{uuid4()}",
                    batch=batch,
                    progress=lambda count: _advance(bar, count),
                )
            except (MobiusError, OSError) as exc:
                broken += 1
                tqdm.write(f"{source}: {_why(exc)}; nothing of it was imported", file=sys.stderr)
    return reports, broken


def read_source(source: Path, zone: ZoneInfo, *, plays_today: date | None = None) -> ImportBatch:
    """The records of a file or CSV folder. Raises ValidationFailedError, OSError."""
    if is_medscheduler_folder(source):
        moved = timedelta() if plays_today is None else datetime.now(zone).date() - plays_today
        return parse_medscheduler_folder(source, zone=zone, moved=moved)
    if source.is_dir():
        return parse_synthea_folder(source, zone=zone)
    document = strict_json.parse(source.read_bytes().removeprefix(_BYTE_ORDER_MARK), decimals=True)
    return parse_fhir(document, zone=zone)


def size_of(batch: ImportBatch) -> int:
    """How many records storing `batch` reports as done."""
    people = len(batch.payers) + len(batch.providers) + len(batch.patients)
    return people + len(batch.coverages) + len(batch.visits) + len(batch.claims) + len(batch.remittances)


def _advance(bar: tqdm[NoReturn], count: int) -> None:
    bar.update(count)


def _client_id(admin: str, client: str) -> UUID:
    """The organisation's id. One that is no demo organisation is looked up by an administrator who sees them all."""
    with suppress(ValueError):
        return UUID(client)
    demo = next((one.id for one in ORGANISATIONS if one.name == client), None)
    if demo is not None:
        return demo
    engine = create_engine(database_url(admin), connect_args={"timeout": 5})
    try:
        with engine.connect() as connection:
            found = {row.name: row.id for row in connection.execute(text("SELECT id, name FROM clients ORDER BY name"))}
    finally:
        engine.dispose()
    if client not in found:
        raise ImportToolError(f"No organisation {client!r}; there are: {', '.join(found) or 'none'}")
    return UUID(str(found[client]))


def _person(database: Postgres, client_id: UUID, user: str | None) -> UUID:
    """The member with that e-mail, else an admin of the organisation."""
    with database.tenant(client_id) as connection:
        people = connection.execute(text("SELECT id, email, role FROM users ORDER BY email")).all()
    for one in people:
        if one.email == user if user else one.role == "admin":
            return UUID(str(one.id))
    raise ImportToolError(f"{user or 'An admin'} is no member of that organisation: name a member with --user")


def _serving(admin: str) -> Postgres:
    urls = {role: SecretStr(url) for role, url in role_urls(admin).items()}
    return postgres_for(Settings(project=PROJECT, database_urls=urls, pool_size=1), "serving")


def _why(error: MobiusError | OSError) -> str:
    """One line; of a fault in the input its place and what is wrong there."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if error.errors:
        first = error.errors[0]
        return f"{first.field}: {first.message}" if first.field else first.message
    return error.detail


if __name__ == "__main__":
    sys.exit(main())
