"""People's sign-in accounts, administered through the Identity Toolkit REST API; beside an emulator, the emulator's.

Source: https://cloud.google.com/identity-platform/docs/reference/rest/v1/projects.accounts
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from shared.auth.service_account import ServiceAccount
from shared.auth.web_call import WebAnswer, call
from shared.domain.membership import claims_of
from shared.errors import StoreUnavailableError
from shared.models.users import Membership, NewAccount

OK = 200


class IdentityToolkitAccounts:
    """See Accounts."""

    def __init__(self, *, project: str, service_account: ServiceAccount, emulator: str | None = None) -> None:
        """`emulator` is the host:port of an Auth emulator."""
        root = f"http://{emulator}/" if emulator else "https://"
        self._accounts = f"{root}identitytoolkit.googleapis.com/v1/projects/{project}/accounts"
        self._service_account = service_account

    def open(self, account: NewAccount, membership: Membership) -> None:
        """See Accounts.open."""
        found = self._done(self._ask(":lookup", {"email": [account.email], "localId": [account.uid]}))
        for known in found.get("users") or []:
            self._done(self._ask(":delete", {"localId": known["localId"]}))
        made = {
            "localId": account.uid,
            "email": account.email,
            "displayName": account.name,
            "password": account.password.get_secret_value(),
            "emailVerified": True,
        }
        self._done(self._ask("", made))
        self._done(self._ask(":update", _state(membership)))

    def apply(self, membership: Membership) -> None:
        """See Accounts.apply."""
        answer = self._ask(":update", _state(membership))
        if answer.status != OK and answer.google_reason != "USER_NOT_FOUND":
            raise _refused()

    def end_sign_ins(self, uid: str, *, before: datetime) -> None:
        """See Accounts.end_sign_ins."""
        self._done(self._ask(":update", {"localId": uid} | _ended(before)))

    def uid_of(self, email: str) -> str | None:
        """See Accounts.uid_of."""
        found = self._done(self._ask(":lookup", {"email": [email]})).get("users") or []
        if len(found) != 1 or found[0].get("emailVerified") is not True:
            return None
        return str(found[0]["localId"])

    def _ask(self, verb: str, content: dict[str, Any]) -> WebAnswer:
        token = self._service_account.access_token()
        return call(f"{self._accounts}{verb}", json_body=content, headers={"Authorization": f"Bearer {token}"})

    def _done(self, answer: WebAnswer) -> dict[str, Any]:
        if answer.status != OK:
            raise _refused()
        return answer.body


def _state(membership: Membership) -> dict[str, Any]:
    state: dict[str, Any] = {
        "localId": membership.uid,
        "customAttributes": json.dumps(claims_of(membership)),
        "disableUser": membership.status != "active",
    }
    return state if membership.tokens_valid_after is None else state | _ended(membership.tokens_valid_after)


def _ended(before: datetime) -> dict[str, str]:
    """What ends the refresh tokens of sign-ins before a moment, which Firebase counts in whole seconds."""
    return {"validSince": str(math.floor(before.timestamp()))}


def _refused() -> StoreUnavailableError:
    return StoreUnavailableError("The identity service refused us", retry_after=5)
