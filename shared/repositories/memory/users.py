"""Users, organisations, the outbox of memberships and its takers in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import RLock
from uuid import UUID

from shared.domain.membership import is_over, later, member_fields, push_choice, roster_of
from shared.errors import ConflictError, NotFoundError, StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.firestore.documents import MemberDocument
from shared.models.roles import Role
from shared.models.sign_in import SignInLink
from shared.models.users import Membership, MembershipChanges, NewAccount, Organisation, User
from shared.repositories.memory.documents import InMemoryAnswers, InMemoryDocuments
from shared.repositories.memory.members import InMemoryMemberRepository
from shared.repositories.protocols import KeptAnswer
from shared.repositories.user_protocols import UserChange, UserFilter

SETTLED = timedelta(seconds=35)


@dataclass(slots=True)
class InMemoryPeople:
    """Users and organisations by id, the SQL outboxes, and one lock: what is done while it is held is one commit."""

    users: dict[UUID, User] = field(default_factory=dict)
    organisations: dict[UUID, Organisation] = field(default_factory=dict)
    outbox: list[tuple[UUID, UUID, datetime, bool]] = field(default_factory=list)
    links: dict[str, SignInLink] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    answers: InMemoryAnswers = field(default_factory=InMemoryAnswers)
    lock: RLock = field(default_factory=RLock)

    def announce(self, user: User) -> None:
        """Note that others must learn of the user."""
        self.outbox.append((user.client_id, user.id, datetime.now(UTC), False))

    def record(self, event: AuditEvent | None) -> None:
        """Put an event into the outbox; one that is there already is the same event."""
        if event is not None and all(known.id != event.id for known in self.events):
            self.events.append(event)

    def add(self, user: User) -> None:
        """Add a user. Raises ConflictError."""
        if any(known.email == user.email for known in self.users.values()):
            raise ConflictError("This e-mail address cannot be invited", code="email_in_use")
        self.users[user.id] = user
        self.announce(user)


class InMemoryUserRepository:
    """See UserRepository."""

    def __init__(self, people: InMemoryPeople) -> None:
        self._people = people

    def find(
        self,
        client_id: UUID,
        wanted: UserFilter,
        *,
        after: tuple[str, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> list[User]:
        """See UserRepository.find."""
        with self._people.lock:
            self._people.record(seen)
            mine = [user for user in self._people.users.values() if user.client_id == client_id]
        fitting = (user for user in mine if wanted.role in (None, user.role) and wanted.status in (None, user.status))
        ordered = sorted(fitting, key=_place)
        return [user for user in ordered if after is None or _place(user) > (after[0].lower(), after[1])][:limit]

    def get(self, client_id: UUID, user_id: UUID, *, seen: AuditEvent | None = None) -> User | None:
        """See UserRepository.get."""
        with self._people.lock:
            user = self._people.users.get(user_id)
            if user is None or user.client_id != client_id:
                return None
            self._people.record(seen)
            return user

    def invite(self, user: User, event: AuditEvent, *, key: IdempotencyKey | None, kept: KeptAnswer | None) -> None:
        """See UserRepository.invite."""
        with self._people.lock:
            self._people.answers.recall(key)
            self._people.add(user)
            self._people.record(event)
            self._people.answers.keep(kept)

    def change(
        self,
        client_id: UUID,
        user_id: UUID,
        decide: Callable[[User, int], UserChange],
        *,
        key: IdempotencyKey | None = None,
    ) -> User:
        """See UserRepository.change."""
        with self._people.lock:
            self._people.answers.recall(key)
            user = self.get(client_id, user_id)
            if user is None:
                raise NotFoundError("There is no such record")
            others = [
                one
                for one in self._people.users.values()
                if (one.client_id, one.role, one.status) == (client_id, Role.ADMIN, "active") and one.id != user_id
            ]
            decided = decide(user, len(others))
            self._people.users[user_id] = decided.user
            if decided.user.status == "deactivated":
                links = self._people.links.items()
                self._people.links = {known: link for known, link in links if link.uid != decided.user.uid}
            if decided.mirrored:
                self._people.announce(decided.user)
            self._people.record(decided.event)
            self._people.answers.keep(decided.kept)
            return decided.user


class InMemoryOrganisationRepository:
    """See OrganisationRepository."""

    def __init__(self, people: InMemoryPeople) -> None:
        self._people = people

    def get(self, client_id: UUID) -> Organisation | None:
        """See OrganisationRepository.get."""
        return self._people.organisations.get(client_id)

    def create(self, organisation: Organisation, admin: User, event: AuditEvent) -> None:
        """See OrganisationRepository.create."""
        with self._people.lock:
            self._people.add(admin)
            self._people.organisations[organisation.id] = organisation
            self._people.record(event)

    def change(
        self, client_id: UUID, decide: Callable[[Organisation], tuple[Organisation, AuditEvent]]
    ) -> Organisation:
        """See OrganisationRepository.change."""
        with self._people.lock:
            before = self.get(client_id)
            if before is None:
                raise NotFoundError("There is no such record")
            after, event = decide(before)
            self._people.organisations[client_id] = after
            if after.time_zone != before.time_zone:
                for user in self._people.users.values():
                    if user.client_id == client_id and user.uid is not None:
                        self._people.announce(user)
            self._people.record(event)
            return after


class InMemoryMemberOutbox:
    """See MemberOutbox."""

    def __init__(self, people: InMemoryPeople) -> None:
        self._people = people

    def waiting(self) -> list[UUID]:
        """See MemberOutbox.waiting."""
        old = datetime.now(UTC) - SETTLED
        return list(dict.fromkeys(row[0] for row in self._people.outbox if not row[3] or row[2] < old))

    @contextmanager
    def taken(self, client_id: UUID) -> Iterator[MembershipChanges]:
        """See MemberOutbox.taken."""
        with self._people.lock:
            due = [row for row in self._people.outbox if row[0] == client_id]
            zone = self._people.organisations[client_id].time_zone
            mine = [user for user in self._people.users.values() if user.client_id == client_id]
            version = self._people.organisations[client_id].version + sum(user.version for user in mine)
            members = [_membership(user, zone) for user in mine if user.uid is not None]
            changed = {row[1] for row in due}
            yield MembershipChanges(
                client_id,
                version=version,
                time_zone=zone,
                changed=tuple(one for one in members if one.user_id in changed),
                roster=tuple(one for one in members if one.status == "active"),
            )
            old = datetime.now(UTC) - SETTLED
            others = [row for row in self._people.outbox if row not in due]
            self._people.outbox = others + [(*row[:3], True) for row in due if row[2] >= old]


class InMemoryMemberMirror:
    """See MemberMirror. Writes into the members, rosters and sessions of the in-memory live store."""

    def __init__(self, members: InMemoryMemberRepository, documents: InMemoryDocuments) -> None:
        self._members = members
        self._documents = documents
        self._versions: dict[str, int] = {}
        self.available = True

    def store(self, changes: MembershipChanges) -> None:
        """See MemberMirror.store."""
        if not self.available:
            raise StoreUnavailableError("The live store did not answer in time", retry_after=5)
        with self._documents.lock:
            roster = self._documents.rosters.get(str(changes.client_id))
            if roster is None or roster.version <= changes.version:
                self._documents.rosters[str(changes.client_id)] = roster_of(changes, at=datetime.now(UTC))
            for one in changes.changed:
                if self._versions.get(one.uid, 0) <= one.version:
                    self._copy(one)
                self._documents.end_sessions(one.uid, at=datetime.now(UTC), over=partial(is_over, membership=one))

    def _copy(self, membership: Membership) -> None:
        stored = self._members.members.get(membership.uid)
        copy = MemberDocument.model_validate(member_fields(membership))
        ended = later(membership.tokens_valid_after, stored.tokens_valid_after if stored else None)
        self._members.members[membership.uid] = copy.model_copy(update={"tokens_valid_after": ended})
        self._versions[membership.uid] = membership.version


@dataclass(slots=True)
class InMemoryAccounts:
    """See Accounts. `opened` and `applied` are by uid; `available` false is a service that does not answer.

    `uids` are the accounts by verified address, `ended` the moments at which their sign-ins were ended.
    """

    uids: dict[str, str] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    opened: dict[str, NewAccount] = field(default_factory=dict)
    applied: dict[str, Membership] = field(default_factory=dict)
    available: bool = True

    def open(self, account: NewAccount, membership: Membership) -> None:
        """See Accounts.open."""
        self._answer()
        self.opened = {uid: one for uid, one in self.opened.items() if one.email != account.email}
        self.opened[account.uid] = account
        self.uids[account.email] = account.uid
        self.applied[account.uid] = membership

    def apply(self, membership: Membership) -> None:
        """See Accounts.apply."""
        self._answer()
        self.applied[membership.uid] = replace(membership)
        if membership.tokens_valid_after is not None:
            self.ended[membership.uid] = membership.tokens_valid_after

    def end_sign_ins(self, uid: str, *, before: datetime) -> None:
        """See Accounts.end_sign_ins."""
        self._answer()
        self.ended[uid] = before

    def uid_of(self, email: str) -> str | None:
        """See Accounts.uid_of."""
        self._answer()
        return self.uids.get(email.lower())

    def _answer(self) -> None:
        if not self.available:
            raise StoreUnavailableError("The identity service did not answer in time", retry_after=5)


def _place(user: User) -> tuple[str, UUID]:
    return user.name.lower(), user.id


def _membership(user: User, time_zone: str) -> Membership:
    return Membership(
        client_id=user.client_id,
        user_id=user.id,
        uid=user.uid or "",
        role=user.role,
        status=user.status,
        time_zone=time_zone,
        version=user.version,
        tokens_valid_after=user.tokens_valid_after,
        push=push_choice(user.preferences),
    )
