"""Write the demo organisations, sign-ins and records into a running stack: `python -m infra.local.demo`.

Idempotent: the ids are the same at every start, rows that are there stay as they are (a booked visit is moved on so
that it stays in the future), accounts and member documents are written anew because those emulators forget.
It reads the settings that functions read (shared/config.py) and the emulators' addresses beside them.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from google.cloud import firestore
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from infra.local.demo_accounts import ACCOUNTS, DEMO_PASSWORD, ORGANISATIONS, Account, Organisation
from infra.local.demo_records import TableRows, rows_for
from infra.local.demo_tasks import seed_tasks
from infra.local.parts import answers
from shared import bootstrap
from shared.config import settings
from shared.db.firestore import firestore_client
from shared.db.postgres import Postgres, postgres_for
from shared.domain.search_terms import terms_for
from shared.models.firestore.documents import MemberDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.postgres import metadata, record_terms

EMULATORS_SECONDS = 90


def seed_records(database: Postgres, now: datetime) -> None:
    """Clients, users, patients and everything they have, one transaction an organisation, as the serving role."""
    for organisation in ORGANISATIONS:
        with database.tenant(organisation.id) as connection:
            rows = rows_for(organisation, now)
            for group in rows:
                for row in group.rows:
                    connection.execute(_upsert(group, row))
            terms = _terms(rows)
            connection.execute(insert(record_terms).values(terms).on_conflict_do_nothing())


def _terms(groups: Sequence[TableRows]) -> list[dict[str, Any]]:
    """The search terms of all rows; a table's record type is its name in the singular."""
    return [
        {
            "client_id": row["client_id"],
            "record_type": group.table.removesuffix("s"),
            "record_id": row["id"],
            "term": term,
            "weight": weight,
        }
        for group in groups
        for row in group.rows
        for term, weight in terms_for(group.table.removesuffix("s"), row)
    ]


def _upsert(group: TableRows, row: dict[str, Any]) -> Any:
    table = metadata.tables[group.table]
    statement = insert(table).values(row)
    if not group.refresh:
        return statement.on_conflict_do_nothing(index_elements=[table.c.id])
    fresh = {name: statement.excluded[name] for name in group.refresh}
    over = (table.c.visit_date < func.current_date()) & (table.c.status == row["status"])
    return statement.on_conflict_do_update(index_elements=[table.c.id], set_=fresh, where=over)


def seed_accounts(host: str, project: str, accounts: Sequence[Account]) -> None:
    """Accounts with the custom claims that functions and security rules read, through the emulator's admin REST API."""
    users = [
        {
            "localId": account.uid,
            "email": account.email,
            "emailVerified": True,
            "displayName": account.name,
            "rawPassword": DEMO_PASSWORD,
            "customAttributes": json.dumps(
                {
                    "clientId": str(account.organisation.id),
                    "role": account.role.value,
                    "userId": str(account.user_id),
                }
            ),
        }
        for account in accounts
    ]
    request = urllib.request.Request(
        f"http://{host}/identitytoolkit.googleapis.com/v1/projects/{project}/accounts:batchCreate",
        data=json.dumps({"users": users, "allowOverwrite": True}).encode(),
        headers={"Authorization": "Bearer owner", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        refused = json.load(answer).get("error", [])
    if refused:
        raise RuntimeError(f"The Auth emulator refused accounts: {refused}")


def seed_members(store: firestore.Client, accounts: Sequence[Account]) -> None:
    """`members/{uid}` and `rosters/{clientId}`: who is in which organisation with which role."""
    batch = store.batch()
    for account in accounts:
        member = MemberDocument(
            client_id=str(account.organisation.id),
            user_id=str(account.user_id),
            role=account.role.value,
            time_zone=account.organisation.time_zone,
        )
        batch.set(store.collection("members").document(account.uid), member.model_dump(by_alias=True))
    batch.commit(timeout=EMULATORS_SECONDS)  # a cold emulator on a busy machine takes seconds for its first commit
    for organisation in ORGANISATIONS:
        bootstrap.live_store().rosters.put(_roster(organisation, accounts))
    store.collection("members").limit(1).get(timeout=EMULATORS_SECONDS)  # and for its first read: pay it here


def _roster(organisation: Organisation, accounts: Sequence[Account]) -> RosterDocument:
    """The organisation's first roster: whatever the database knows is newer, for it counts every change."""
    now = datetime.now(UTC)
    return RosterDocument(
        id=str(organisation.id),
        client_id=str(organisation.id),
        created_at=now,
        updated_at=now,
        time_zone=organisation.time_zone,
        members=tuple(
            RosterMember(uid=one.uid, user_id=str(one.user_id), role=one.role.value)
            for one in accounts
            if one.organisation == organisation
        ),
    )


def _wait_for(*hosts: str) -> None:
    deadline = time.monotonic() + EMULATORS_SECONDS
    waiting = [answers(f"http://{host}") for host in hosts]
    while not all(ready() for ready in waiting):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{' or '.join(hosts)} did not answer within {EMULATORS_SECONDS} s")
        time.sleep(0.1)


def main() -> int:
    """Seed everything; returns the exit code."""
    own = settings()
    # The database is there first; the emulators may still be starting.
    seed_records(postgres_for(own, "serving"), datetime.now(UTC))
    auth, store = os.environ["FIREBASE_AUTH_EMULATOR_HOST"], os.environ["FIRESTORE_EMULATOR_HOST"]
    _wait_for(auth, store)
    seed_accounts(auth, own.project, ACCOUNTS)
    seed_members(firestore_client(own.project), ACCOUNTS)
    seed_tasks()
    return 0


if __name__ == "__main__":
    sys.exit(main())
