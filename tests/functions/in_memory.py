"""Every HTTP function as functions-framework serves it, on in-memory stores: no emulator, no database, no socket."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import functions_framework
import pytest
from a2wsgi import ASGIMiddleware
from werkzeug.datastructures import Headers
from werkzeug.test import Client

from infra.gateway.openapi import load_operations
from infra.local.demo_accounts import ACCOUNTS, DEMO_PASSWORD, LAKESIDE, RIVERSIDE, Account, Organisation
from infra.local.demo_records import rows_for
from shared import bootstrap, bootstrap_chat, bootstrap_events, bootstrap_sign_in
from shared.auth.tokens import TokenVerifier
from shared.catalog import FunctionEntry, load_catalog
from shared.config import settings
from shared.errors import StoreUnavailableError
from shared.mail.memory import InMemoryMail
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import MemberDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.roles import Role
from shared.models.sign_in import Profile
from shared.models.users import Organisation as Tenant
from shared.models.users import User
from shared.repositories.memory.inbox_feed import InMemoryInboxFeed
from shared.repositories.memory.members import InMemoryAuditPublisher, InMemoryMemberRepository
from shared.repositories.memory.sign_ins import (
    InMemoryIdentityPlatform,
    InMemorySessionRepository,
    InMemorySignInAttempts,
    InMemorySignInLinks,
    InMemoryTicketRepository,
)
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.repositories.memory.users import (
    InMemoryAccounts,
    InMemoryMemberMirror,
    InMemoryMemberOutbox,
    InMemoryOrganisationRepository,
    InMemoryPeople,
    InMemoryUserRepository,
)
from shared.repositories.sign_in_protocols import IdentityProvider
from shared.services.member_sync import MemberSync
from shared.web.operations import Operation, Operations
from tests.scripted_assistant import ScriptedAssistant

PROJECT = "demo-mobius"
SIGNED_IN = int(time.time())  # one sign-in a person: a second that ticks over in a test would make it another session
ORIGIN = "https://front.example"
FUNCTIONS: tuple[FunctionEntry, ...] = tuple(entry for entry in load_catalog() if entry.kind in {"http", "stream"})
DECLARED: dict[str, Operations] = {entry.name: load_operations(entry) for entry in FUNCTIONS}
OPERATIONS: list[tuple[str, Operation]] = [
    (function.prefix, operation) for function in DECLARED.values() for operation in function.declared
]


def named(value: object) -> str | None:
    """A readable test id of an operation."""
    return f"{value.method} {value.path} {value.name}" if isinstance(value, Operation) else None


def path_of(prefix: str, operation: Operation) -> str:
    """A path that reaches the operation, with a harmless value in each place."""
    parts = ["unknown" if part.startswith("<") else part for part in (prefix + operation.path).split("/")]
    return "/".join(parts)


def account(role: Role | str, organisation: Organisation = RIVERSIDE) -> Account:
    """The demo person with `role`."""
    return next(one for one in ACCOUNTS if (one.role, one.organisation) == (Role(role), organisation))


def token(person: Account, **changes: Any) -> str:
    """An unsigned token as the Auth emulator gives it; a change to `...` leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": person.uid,
        "iat": now,
        "exp": now + 3600,
        "auth_time": SIGNED_IN,
        "email_verified": True,
        "firebase": {"sign_in_provider": "password"},
        "clientId": str(person.organisation.id),
        "role": person.role.value,
        "userId": str(person.user_id),
    } | changes
    payload = {name: value for name, value in claims.items() if value is not ...}
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, payload)
    )
    return ".".join(parts) + "."


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `json` is None when it is no JSON."""

    status: int
    headers: Headers
    content_type: str
    data: bytes
    json: Any


@dataclass
class InMemoryProduct:
    """The functions and their stores; `request` finds the function by path, as the gateway does."""

    clients: dict[str, Client]
    live: InMemoryLiveStore = field(default_factory=InMemoryLiveStore)
    records: InMemoryRecordStore = field(default_factory=InMemoryRecordStore)
    topic: InMemoryAuditPublisher = field(default_factory=InMemoryAuditPublisher)
    people: InMemoryPeople = field(default_factory=InMemoryPeople)
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    members: InMemoryMemberRepository = field(init=False)
    sessions: InMemorySessionRepository = field(init=False)
    attempts: InMemorySignInAttempts = field(default_factory=InMemorySignInAttempts)
    tickets: InMemoryTicketRepository = field(default_factory=InMemoryTicketRepository)
    providers: dict[str, IdentityProvider] = field(default_factory=dict)
    platform: InMemoryIdentityPlatform = field(init=False)
    assistant: ScriptedAssistant = field(default_factory=ScriptedAssistant)
    mail: InMemoryMail = field(default_factory=InMemoryMail)

    def __post_init__(self) -> None:
        self.members = InMemoryMemberRepository({one.uid: _member(one) for one in ACCOUNTS})
        self.sessions = InMemorySessionRepository(self.live.documents, self.members)
        by_uid = {one.uid: one for one in ACCOUNTS}
        self.accounts.uids = {one.email: one.uid for one in ACCOUNTS}
        self.platform = InMemoryIdentityPlatform(
            id_token=lambda uid: token(by_uid[uid], auth_time=int(time.time())),
            accounts=self.accounts,
            passwords={one.email: DEMO_PASSWORD for one in ACCOUNTS},
        )
        for one in ACCOUNTS:
            self.people.users[one.user_id] = _user(one)
        for organisation in (RIVERSIDE, LAKESIDE):
            now = datetime.now(UTC)
            self.live.rosters.put(_roster(organisation, now))
            self.people.organisations[organisation.id] = Tenant(
                organisation.id, organisation.name, None, organisation.time_zone, now, now
            )
            for rows in rows_for(organisation, datetime.now(UTC)):
                for row in rows.rows if rows.table not in {"clients", "users"} else []:
                    self.records.tables.add(rows.table, row)

        self.records.profiles.profiles |= {(one.organisation.id, one.user_id): _profile(one) for one in ACCOUNTS}

    def request(
        self,
        method: str,
        path: str,
        *,
        role: Role | str | None = Role.ELIGIBILITY_SPECIALIST,
        organisation: Organisation = RIVERSIDE,
        headers: dict[str, str] | None = None,
        **content: Any,
    ) -> Answer:
        """Ask; `role` None is nobody. `content` is `json`, or `data` with `content_type`."""
        given = {} if role is None else {"Authorization": f"Bearer {token(account(role, organisation))}"}
        client = self.clients[_owner(path.partition("?")[0])]
        gunicorns = {"wsgi.input_terminated": True}  # what the production server says of every body
        answer = client.open(
            path, method=method, headers=given | (headers or {}), environ_overrides=gunicorns, **content
        )
        parsed = answer.json if answer.is_json else None
        return Answer(answer.status_code, answer.headers, answer.content_type or "", answer.data, parsed)

    def open_context(self, role: Role | str = Role.ELIGIBILITY_SPECIALIST) -> dict[str, Any]:
        """MRN553 as the current context of the person with `role`."""
        body = {"recordType": "Patient ID", "recordId": "MRN553"}
        opened: dict[str, Any] = self.request("POST", "/api/v1/modes/eligibility/context", role=role, json=body).json
        return opened

    def create_task(self, **members: Any) -> dict[str, Any]:
        """A task in a fresh context."""
        body = {"contextId": self.open_context()["contextId"], "label": "Call the payer"} | members
        created: dict[str, Any] = self.request("POST", "/api/v1/components/tasks/", json=body).json
        return created

    @property
    def events(self) -> list[AuditEvent]:
        """Every audit event, wherever it was put; one that went two ways is one."""
        everywhere = [*self.live.documents.events, *self.records.tables.events, *self.people.events, *self.topic.events]
        return list({event.id: event for event in everywhere}.values())


def served() -> dict[str, Client]:
    """Each HTTP and stream function, loaded from its main.py by the real framework."""
    return {entry.name: Client(_loaded(entry)) for entry in FUNCTIONS}


def _loaded(entry: FunctionEntry) -> Any:
    """A function as a WSGI application; a stream's answer is then whole when it comes."""
    application = functions_framework.create_app(entry.entry_point, str(entry.main))  # type: ignore[no-untyped-call]  # the framework is partly typed
    return ASGIMiddleware(application) if entry.kind == "stream" else application


def install(patch: pytest.MonkeyPatch, product: InMemoryProduct) -> None:
    """Put the in-memory stores where the composition root makes the real ones."""
    patch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    patch.setenv("MOBIUS_CORS_ORIGINS", f"{ORIGIN},https://other.example")
    patch.setenv("MOBIUS_CONTEXT_KEY", "a secret of the tests")
    patch.setenv("MOBIUS_RATE_PER_SECOND", "100000")
    patch.setenv("MOBIUS_RATE_BURST", "100000")
    forget()
    verifier = TokenVerifier(project=PROJECT, emulator=True)
    replaced: dict[str, object] = {
        "token_verifier": verifier,
        "members": product.members,
        "session_store": product.sessions,
        "sign_in_attempts": product.attempts,
        "identity_platform": product.platform,
        "tickets": product.tickets,
        "sign_in_links": InMemorySignInLinks(product.people),
        "identity_providers": product.providers,
        "profiles": product.records.profiles,
        "audit_topic": product.topic,
        "audit_outbox": product.live.outbox,
        "live_store": product.live,
        "inbox_feed": InMemoryInboxFeed(product.live.documents),
        "record_store": product.records,
        "mailer": product.mail,
        "user_repository": InMemoryUserRepository(product.people),
        "organisation_repository": InMemoryOrganisationRepository(product.people),
        "accounts": product.accounts,
        "member_sync": MemberSync(
            InMemoryMemberOutbox(product.people),
            product.accounts,
            InMemoryMemberMirror(product.members, product.live.documents),
        ),
    }
    for name, made in replaced.items():
        root = bootstrap if hasattr(bootstrap, name) else bootstrap_sign_in
        patch.setattr(root, name, lambda made=made: made)
    patch.setattr(bootstrap, "postgres", _no_database)
    patch.setattr(bootstrap_chat, "assistant", lambda _preferences: product.assistant)


def forget() -> None:
    """Forget what the composition root and the settings have made."""
    settings.cache_clear()
    for made in (
        one for root in (bootstrap, bootstrap_chat, bootstrap_events, bootstrap_sign_in) for one in vars(root).values()
    ):
        if hasattr(made, "cache_clear"):
            made.cache_clear()


def _owner(path: str) -> str:
    """The function with the longest prefix of `path`, as the gateway chooses; the first one for an unknown path."""
    found = [
        (len(prefix), one.name) for one in FUNCTIONS for prefix in one.paths if f"{path}/".startswith(f"{prefix}/")
    ]
    return max(found, default=(0, FUNCTIONS[0].name))[1]


def _no_database(_role: str = "serving") -> object:
    raise StoreUnavailableError("The database did not answer in time", retry_after=5)


def _user(one: Account) -> User:
    now = datetime.now(UTC)
    return User(
        id=one.user_id,
        client_id=one.organisation.id,
        email=one.email,
        name=one.name,
        role=one.role,
        status="active",
        created_at=now,
        updated_at=now,
        uid=one.uid,
    )


def _member(one: Account) -> MemberDocument:
    return MemberDocument(
        client_id=str(one.organisation.id),
        user_id=str(one.user_id),
        role=one.role.value,
        time_zone=one.organisation.time_zone,
    )


def _roster(organisation: Organisation, now: datetime) -> RosterDocument:
    own = [one for one in ACCOUNTS if one.organisation == organisation]
    return RosterDocument(
        id=str(organisation.id),
        client_id=str(organisation.id),
        created_at=now,
        updated_at=now,
        members=tuple(RosterMember(uid=one.uid, user_id=str(one.user_id), role=one.role.value) for one in own),
    )


def _profile(one: Account) -> Profile:
    return Profile(
        user_id=one.user_id,
        email=one.email,
        name=one.name,
        client_id=one.organisation.id,
        client_name=one.organisation.name,
        logo_url=None,
        time_zone=one.organisation.time_zone,
        preferences={},
    )
