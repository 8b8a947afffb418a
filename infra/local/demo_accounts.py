"""Who may sign in to the one-machine stack: two organisations, each with a person in every role."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shared.models.identifiers import uuid7_for
from shared.models.roles import Role

DEMO_PASSWORD = "demo-mobius-2026"  # noqa: S105 - it opens made-up accounts of an emulator, and stack.json prints it
_DEMO_TIME = 1_767_225_600_000  # 2026-01-01T00:00:00Z in milliseconds: ids are the same at every start

_PEOPLE: dict[str, dict[Role, str]] = {
    "riverside": {
        Role.ADMIN: "Ines Calloway",
        Role.MANAGER: "Marcus Oyelaran",
        Role.ELIGIBILITY_SPECIALIST: "Dana Whitfield",
        Role.FRONT_DESK: "Theo Lindqvist",
        Role.BILLER: "Priya Raman",
        Role.AUDITOR: "Helen Brandt",
    },
    "lakeside": {
        Role.ADMIN: "Gus Marchetti",
        Role.MANAGER: "Noor Haddad",
        Role.ELIGIBILITY_SPECIALIST: "Kevin Osei",
        Role.FRONT_DESK: "Sofia Mendes",
        Role.BILLER: "Walter Nakamura",
        Role.AUDITOR: "Ruth Abernathy",
    },
}


def demo_id(kind: str, *parts: str) -> UUID:
    """The same id for the same thing at every start: what keeps PostgreSQL, Firestore and Auth in agreement."""
    return uuid7_for(_DEMO_TIME, kind, *parts)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One client organisation. `key` is its mail domain's first part."""

    key: str
    name: str
    time_zone: str

    @property
    def id(self) -> UUID:
        """The id in `clients`."""
        return demo_id("client", self.key)


@dataclass(frozen=True, slots=True)
class Account:
    """One person who signs in."""

    organisation: Organisation
    role: Role
    name: str

    @property
    def email(self) -> str:
        """For example biller@riverside.example."""
        return f"{self.role.value.replace('_', '-')}@{self.organisation.key}.example"

    @property
    def user_id(self) -> UUID:
        """The id in `users`."""
        return demo_id("user", self.organisation.key, self.role.value)

    @property
    def uid(self) -> str:
        """The Firebase uid."""
        return f"demo-{self.organisation.key}-{self.role.value.replace('_', '-')}"


RIVERSIDE = Organisation("riverside", "Riverside Family Practice", "America/New_York")
LAKESIDE = Organisation("lakeside", "Lakeside Clinic", "America/Chicago")
ORGANISATIONS = (RIVERSIDE, LAKESIDE)
ACCOUNTS = tuple(
    Account(organisation, role, name)
    for organisation in ORGANISATIONS
    for role, name in _PEOPLE[organisation.key].items()
)
SIGN_INS = [
    {
        "email": account.email,
        "password": DEMO_PASSWORD,
        "role": account.role.value,
        "client": account.organisation.name,
    }
    for account in ACCOUNTS
]
