"""Whom a provider's word lets in: proven addresses, linked identities, active members."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.models.audit import AuditAction, AuditOutcome
from shared.models.roles import Role
from tests.functions.in_memory import InMemoryProduct, account
from tests.integration.hostile_provider import HostileProvider
from tests.integration.provider_sign_in import BILLER, CALLBACK, START, begin, exchange, outcome, query_of, signed_in


def test_an_address_of_unverified_or_foreign_ownership_signs_nobody_in(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    for claims in (
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email_verified": ...},
        {"email": ...},
        {"email": 5},
        {"email": [BILLER.email]},
        {"email": f"{BILLER.email},{account(Role.ADMIN).email}"},
        {"email": BILLER.email.replace("i", "\N{LATIN SMALL LETTER DOTLESS I}", 1)},
        {"email": "\N{KELVIN SIGN}" + BILLER.email},
    ):
        provider.claims = claims
        assert outcome(product, provider)["error"] == "email_not_verified", claims


def test_a_provider_is_believed_within_its_domains_only(product: InMemoryProduct, provider: HostileProvider) -> None:
    product.providers["corp"] = provider.client(email_domains=("lakeside.example",))
    assert outcome(product, provider)["error"] == "email_not_verified"
    provider.claims = {"email": "manager@lakeside.example"}
    assert signed_in(product, provider)["email"] == "manager@lakeside.example"


def test_an_account_whose_address_is_not_its_members_is_not_let_in(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    """Somebody may change their Firebase account's address to one that they hope is looked up."""
    product.accounts.uids["victim@riverside.example"] = BILLER.uid
    provider.claims = {"email": "victim@riverside.example"}
    assert outcome(product, provider)["error"] == "not_a_member"
    (event,) = product.events
    assert (event.outcome, event.user_id) == (AuditOutcome.DENIED, BILLER.user_id)


def test_a_linked_person_keeps_their_sign_in_when_the_address_changes(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    signed_in(product, provider)
    for claims in ({"email": "new-name@elsewhere.example"}, {"email_verified": False}, {"email": ...}):
        provider.claims = claims
        assert signed_in(product, provider)["email"] == BILLER.email
    assert [event.action for event in product.events].count(AuditAction.SESSION_LINK) == 1


def test_whoever_gets_the_address_later_is_not_taken_for_its_former_owner(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    signed_in(product, provider)
    provider.claims = {"sub": "subject-2"}
    assert outcome(product, provider)["error"] == "identity_conflict"


def test_of_two_first_sign_ins_under_way_one_links(product: InMemoryProduct, provider: HostileProvider) -> None:
    mine = outcome(product, provider)["code"]
    provider.claims = {"sub": "subject-2"}
    other = outcome(product, provider)["code"]
    assert exchange(product, other).status == 200
    answer = exchange(product, mine)
    assert (answer.status, answer.json["code"]) == (409, "identity_conflict")


def test_a_person_who_was_deactivated_and_comes_back_links_anew(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    signed_in(product, provider)
    user = f"/api/v1/users/{BILLER.user_id}"
    assert product.request("DELETE", user, role=Role.ADMIN).status == 200
    assert outcome(product, provider)["error"] == "not_a_member"
    assert product.request("POST", f"{user}/reactivate", role=Role.ADMIN).status == 200
    provider.claims = {"sub": "subject-2"}
    assert "code" in outcome(product, provider)


@pytest.mark.parametrize("status", ["invited", "deactivated"])
def test_only_active_members_are_let_in(product: InMemoryProduct, provider: HostileProvider, status: str) -> None:
    member = product.members.members[BILLER.uid]
    product.members.members[BILLER.uid] = member.model_copy(update={"status": status})
    assert outcome(product, provider)["error"] == "not_a_member"
    (event,) = product.events
    assert (event.action, event.outcome) == (AuditAction.SESSION_START, AuditOutcome.DENIED)


def test_a_person_deactivated_between_the_two_steps_gets_no_tokens(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    code = outcome(product, provider)["code"]
    member = product.members.members[BILLER.uid]
    product.members.members[BILLER.uid] = member.model_copy(update={"status": "deactivated"})
    answer = exchange(product, code)
    assert (answer.status, answer.json["code"]) == (403, "not_a_member")
    assert not product.live.documents.sessions
    assert not product.people.links


def test_a_code_is_over_after_a_minute_and_a_state_after_ten(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    code, state = outcome(product, provider)["code"], begin(product, provider)["state"]
    lasting = {one.kind: one.expires_at - datetime.now(UTC) for one in product.tickets.tickets.values()}
    assert timedelta(seconds=50) < lasting["exchange_code"] <= timedelta(seconds=60)
    assert timedelta(minutes=9) < lasting["oauth_state"] <= timedelta(minutes=10)
    for ticket in product.tickets.tickets.values():
        object.__setattr__(ticket, "expires_at", datetime.now(UTC))
    assert exchange(product, code).json["code"] == "code_not_valid"
    assert product.request("GET", f"{CALLBACK}?code=c&state={state}", role=None).status == 401


def test_nothing_of_a_sign_in_stands_in_logs_or_audit_rows(
    product: InMemoryProduct, provider: HostileProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = begin(product, provider)
    answer = product.request("GET", f"{CALLBACK}?code=the-code&state={asked['state']}", role=None)
    code = query_of(answer.headers["Location"])["code"]
    tokens = exchange(product, code).json
    provider.claims = {"email": "canary@elsewhere.example", "sub": "canary"}
    outcome(product, provider)
    known = "".join(capfd.readouterr()) + "".join(event.model_dump_json() for event in product.events)
    words = [asked["state"], asked["nonce"], "the-code", code, tokens["idToken"], tokens["refreshToken"], "canary"]
    assert not [word for word in (*words, BILLER.email, "subject-1") if word in known]


def test_the_default_redirect_is_the_first_and_another_configured_one_may_be_named(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    answer = product.request("GET", f"{START}?redirect=https://other.example/", role=None)
    asked = query_of(answer.headers["Location"])
    provider.nonce = asked["nonce"]
    back = product.request("GET", f"{CALLBACK}?code=c&state={asked['state']}", role=None)
    assert back.headers["Location"].startswith("https://other.example/?code=")
