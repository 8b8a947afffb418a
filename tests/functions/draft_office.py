"""E-mail drafts over the API, on the in-memory product: what the tests of their life and of bad input share."""

from __future__ import annotations

from typing import Any

from infra.local.demo_accounts import RIVERSIDE, Organisation
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct

MODE = "/api/v1/modes/email-drafter"
DRAFTS = f"{MODE}/drafts"
ADDRESS = "elena.vasquez@patients.example"


class DraftOffice:
    """One organisation's e-mail desk."""

    def __init__(self, product: InMemoryProduct, organisation: Organisation = RIVERSIDE) -> None:
        self.product = product
        self.organisation = organisation

    def ask(self, method: str, path: str, body: Any = None, *, role: Role = Role.FRONT_DESK, **headers: str) -> Answer:
        """Ask as the person with `role`."""
        content = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.product.request(
            method, path, role=role, organisation=self.organisation, headers=named or None, **content
        )

    def done(self, method: str, path: str, body: Any = None, *, role: Role = Role.FRONT_DESK, **headers: str) -> Any:
        """Ask for what is done."""
        answer = self.ask(method, path, body, role=role, **headers)
        assert answer.status in {200, 201}, f"{method} {path}: {answer.status} {answer.json}"
        return answer.json

    def open(self, *, role: Role = Role.FRONT_DESK, record: str = "MRN553", kind: str = "Patient ID") -> str:
        """Open a record in the mode; the context's id."""
        opened = self.done("POST", f"{MODE}/context", {"recordType": kind, "recordId": record}, role=role)
        return str(opened["contextId"])

    def draft(self, *, role: Role = Role.FRONT_DESK, **members: Any) -> Any:
        """An appointment reminder to the patient, unless `members` say otherwise."""
        body = {"contextId": self.open(role=role), "recipient": {"address": ADDRESS}}
        if "body" not in members:
            body["template"] = "appt_reminder"
        return self.done("POST", DRAFTS, body | members, role=role)

    def step(self, draft: Any, step: str, body: Any = None, *, role: Role = Role.FRONT_DESK) -> Any:
        """Take a step."""
        return self.done("POST", f"{DRAFTS}/{draft['id']}/{step}", body or {}, role=role)

    def refused(self, draft: Any, step: str, body: Any = None, *, role: Role = Role.FRONT_DESK) -> Answer:
        """Take a step that is refused."""
        answer = self.ask("POST", f"{DRAFTS}/{draft['id']}/{step}", body or {}, role=role)
        assert answer.status >= 400, answer.json
        return answer

    def read(self, draft: Any, *, role: Role = Role.FRONT_DESK) -> Any:
        """The draft as it is now."""
        return self.done("GET", f"{DRAFTS}/{draft['id']}", role=role)

    def approved(self, *, role: Role = Role.FRONT_DESK, **members: Any) -> Any:
        """A draft that a manager has approved."""
        reviewed = self.step(self.draft(role=role, **members), "submit", role=role)
        return self.step(reviewed, "approve", {"contentHash": reviewed["contentHash"]}, role=Role.MANAGER)

    def sent(self, *, role: Role = Role.FRONT_DESK, **members: Any) -> Any:
        """A draft that was sent."""
        return self.step(self.approved(role=role, **members), "send", role=role)
