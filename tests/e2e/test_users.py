"""People of an organisation made for the test: invited, let in, changed and deactivated, on real parts."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.person import TASKS, USERS, Database, LiveStore, at_once, unique, until
from tests.stack import ROOT, RunningStack

PASSWORD = "correct horse battery"


@dataclass
class Office:
    """A new organisation, spoken to through the gateway."""

    stack: RunningStack
    http: httpx.Client
    client_id: str

    def call(self, token: str | None, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request; nobody is signed in without a token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.request(method, self.stack.gateway + path, json=body, headers=headers)

    def invite(self, token: str, role: str) -> dict[str, Any]:
        """An invited person."""
        body = {"email": f"{unique('person')}@office.example", "name": "A Person", "role": role}
        answer = self.call(token, "POST", USERS, body)
        assert answer.status_code == 201, answer.text
        invited: dict[str, Any] = answer.json()
        return invited

    def accept(self, code: str, password: str = PASSWORD) -> httpx.Response:
        """The answer to a code."""
        return self.call(None, "POST", f"{USERS}/accept", {"code": code, "password": password})

    def join(self, token: str, role: str) -> tuple[str, str]:
        """A person who was invited and accepted: user id and token."""
        invited = self.invite(token, role)
        assert self.accept(invited["invitationCode"]).status_code == 200
        return invited["id"], self.stack.sign_in(invited["email"], PASSWORD)


def found(stack: RunningStack, http: httpx.Client) -> tuple[Office, str]:
    """A new organisation, made as an operator makes it, and its first admin's token."""
    email = f"{unique('admin')}@office.example"
    command = [sys.executable, "-m", "infra.local.create_client", "--name", "An Office", "--admin", email]
    command += ["--time-zone", "America/Denver", "--settings", str(stack.file.with_name("functions.env"))]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert made.returncode == 0, made.stderr
    code = next(word for word in made.stdout.split() if word.startswith("inv_"))
    office = Office(stack, http, made.stdout.partition("(")[2].partition(")")[0])
    assert office.accept(code).status_code == 200
    return office, stack.sign_in(email, PASSWORD)


@pytest.fixture(scope="module")
def founded(stack: RunningStack, http: httpx.Client) -> tuple[Office, str]:
    return found(stack, http)


@pytest.fixture
def office(founded: tuple[Office, str]) -> Office:
    return founded[0]


@pytest.fixture
def admin(founded: tuple[Office, str]) -> str:
    return founded[1]


@pytest.fixture
def restored(office: Office, admin: str) -> Iterator[None]:
    yield
    office.call(admin, "PUT", f"{USERS}/client", {"timeZone": "America/Denver"})


def test_the_first_admin_of_a_new_organisation_signs_in(office: Office, admin: str) -> None:
    me = office.call(admin, "GET", f"{USERS}/me").json()
    assert (me["role"], me["status"]) == ("admin", "active")
    client = office.call(admin, "GET", f"{USERS}/client").json()
    assert (client["id"], client["timeZone"]) == (office.client_id, "America/Denver")


def test_of_many_who_redeem_one_code_one_gets_in(office: Office, admin: str) -> None:
    invited = office.invite(admin, "biller")
    passwords = [f"{PASSWORD} {number}" for number in range(6)]
    answers = at_once(6, lambda number: office.accept(invited["invitationCode"], passwords[number]).status_code)
    assert sorted(answers) == [200] + [404] * 5
    assert office.stack.sign_in(invited["email"], passwords[answers.index(200)])


def test_a_deactivated_person_is_refused_everywhere(office: Office, admin: str, database: Database) -> None:
    user_id, token = office.join(admin, "biller")
    assert office.call(token, "GET", f"{USERS}/me").status_code == 200
    email = office.call(admin, "GET", f"{USERS}/{user_id}").json()["email"]
    assert office.call(admin, "DELETE", f"{USERS}/{user_id}").status_code == 200
    until(lambda: office.call(token, "GET", TASKS + "/shared").status_code == 403, seconds=60, what="the refusal")
    with pytest.raises(OSError, match="400"):
        office.stack.sign_in(email, PASSWORD)
    rows = database.rows("SELECT carried_at FROM member_outbox WHERE user_id = :user", user=user_id)
    assert all(row["carried_at"] for row in rows)


def test_a_changed_role_needs_a_new_sign_in_and_is_in_its_claims(
    office: Office, admin: str, live_store: LiveStore
) -> None:
    user_id, token = office.join(admin, "biller")
    uid = f"user_{user_id.replace('-', '')}"
    email = office.call(admin, "GET", f"{USERS}/{user_id}").json()["email"]
    changed = office.call(admin, "PUT", f"{USERS}/{user_id}", {"role": "manager"})
    assert changed.json()["role"] == "manager"
    until(lambda: office.call(token, "GET", f"{USERS}/me").status_code == 401, seconds=60, what="the refusal")

    def listed() -> bool:
        return office.call(office.stack.sign_in(email, PASSWORD), "GET", USERS).status_code == 200

    until(listed, seconds=60, what="the new role")
    assert claims_of(office.stack.sign_in(email, PASSWORD))["role"] == "manager"
    assert live_store.document(f"members/{uid}")["role"]["stringValue"] == "manager"
    assert roster(live_store, office)[uid] == "manager"


def test_a_person_who_left_is_no_longer_in_the_roster(office: Office, admin: str, live_store: LiveStore) -> None:
    user_id, _ = office.join(admin, "front_desk")
    uid = f"user_{user_id.replace('-', '')}"
    until(lambda: roster(live_store, office).get(uid) == "front_desk", seconds=60, what="the roster")
    assert office.call(admin, "DELETE", f"{USERS}/{user_id}").status_code == 200
    until(lambda: uid not in roster(live_store, office), seconds=60, what="the shorter roster")
    assert live_store.document(f"members/{uid}")["status"]["stringValue"] == "deactivated"


def test_a_new_time_zone_is_in_the_roster(office: Office, admin: str, live_store: LiveStore, restored: None) -> None:
    del restored
    answer = office.call(admin, "PUT", f"{USERS}/client", {"timeZone": "Asia/Tokyo"})
    assert (answer.status_code, answer.json()["timeZone"]) == (200, "Asia/Tokyo")
    place = f"rosters/{office.client_id}"
    until(
        lambda: live_store.document(place)["timeZone"]["stringValue"] == "Asia/Tokyo", seconds=60, what="the time zone"
    )


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_admins_who_demote_each_other_at_once_one_stays(
    stack: RunningStack, http: httpx.Client, database: Database, attempt: int
) -> None:
    del attempt
    office, first = found(stack, http)
    second_id, second = office.join(first, "admin")
    first_id = office.call(first, "GET", f"{USERS}/me").json()["id"]
    demotions = ((first, second_id), (second, first_id))

    def demote(number: int) -> int:
        token, whom = demotions[number]
        return office.call(token, "PUT", f"{USERS}/{whom}", {"role": "manager"}).status_code

    statuses = sorted(at_once(2, demote))
    admins = "SELECT id FROM users WHERE client_id = :client AND role = 'admin' AND status = 'active'"
    assert len(database.rows(admins, client=office.client_id)) == 1
    # The loser is the last admin by then, or no admin any more, or its sign-in is over.
    assert (statuses[0], statuses[1] in {401, 403, 409}) == (200, True)


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def roster(live_store: LiveStore, office: Office) -> dict[str, str]:
    """The organisation's roster: role by uid."""
    fields = live_store.document(f"rosters/{office.client_id}")
    members = fields["members"]["arrayValue"].get("values", [])
    return {
        one["mapValue"]["fields"]["uid"]["stringValue"]: one["mapValue"]["fields"]["role"]["stringValue"]
        for one in members
    }


def test_the_only_admin_cannot_leave(office: Office, admin: str) -> None:
    mine = office.call(admin, "GET", f"{USERS}/me").json()["id"]
    answer = office.call(admin, "DELETE", f"{USERS}/{mine}")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
