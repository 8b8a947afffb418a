"""Google and Microsoft as they document themselves, and how providers are configured: no network."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.auth.openid_client import OpenIdClient
from shared.auth.openid_proof import proven_address
from shared.auth.web_call import WebAnswer
from shared.config import OpenIdProvider, settings
from shared.errors import ConfigurationError, StoreUnavailableError, UnauthenticatedError
from shared.models.sign_in import SignInStep

TENANT, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
MICROSOFT = "https://login.microsoftonline.com/{}/v2.0"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STEP = SignInStep("state", "nonce", "verifier", "https://api.example/callback")
VARIABLES = (
    *(f"MOBIUS_{name}_CLIENT_{what}" for name in ("GOOGLE", "MICROSOFT") for what in ("ID", "SECRET")),
    *("MOBIUS_MICROSOFT_TENANT", "MOBIUS_OPENID_PROVIDERS", "MOBIUS_PUBLIC_URL", "MOBIUS_SIGN_IN_REDIRECTS"),
    "K_SERVICE",
)
CORP = {"name": "corp", "label": "Corp", "issuer": "https://id.corp.example", "clientId": "c", "clientSecret": "s"}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    monkeypatch.setenv("MOBIUS_PUBLIC_URL", "https://api.example/")
    monkeypatch.setenv("MOBIUS_SIGN_IN_REDIRECTS", "https://app.example/a, https://app.example/b")
    settings.cache_clear()
    yield
    settings.cache_clear()


class Web:
    """The provider's answers by address; `fetched` are the addresses that were asked for."""

    def __init__(self, issuer: str, *, key_issuer: str | None = None, **claims: Any) -> None:
        self.fetched: list[str] = []
        now = int(time.time())
        sound = {"aud": "c", "sub": "s-1", "nonce": "nonce", "iat": now, "exp": now + 60} | claims
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(PRIVATE.public_key())) | {"kid": "k", "use": "sig"}
        self.key = public | ({"issuer": key_issuer} if key_issuer else {})
        self.token = jwt.encode(sound, PRIVATE, algorithm="RS256", headers={"kid": "k"})
        self.document = {
            "issuer": issuer,
            "authorization_endpoint": "https://login.example/authorize",
            "token_endpoint": "https://login.example/token",
            "jwks_uri": "https://login.example/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def __call__(self, url: str, **_: Any) -> WebAnswer:
        self.fetched.append(url)
        body: dict[str, Any] = {"token": {"id_token": self.token}, "keys": {"keys": [self.key]}}
        return WebAnswer(200, body.get(url.rpartition("/")[2], self.document))


def configured(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[OpenIdProvider, ...]:
    for name, value in variables.items():
        monkeypatch.setenv(f"MOBIUS_{name}", value)
    settings.cache_clear()
    return settings().open_id_providers


def microsoft(monkeypatch: pytest.MonkeyPatch, tenant: str | None = None) -> OpenIdProvider:
    more = {"MICROSOFT_TENANT": tenant} if tenant else {}
    (provider,) = configured(monkeypatch, MICROSOFT_CLIENT_ID="c", MICROSOFT_CLIENT_SECRET="s", **more)
    return provider


def google(monkeypatch: pytest.MonkeyPatch) -> OpenIdProvider:
    (provider,) = configured(monkeypatch, GOOGLE_CLIENT_ID="c", GOOGLE_CLIENT_SECRET="s")
    return provider


def test_google_and_microsoft_need_an_id_and_a_secret_only(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"GOOGLE_CLIENT_ID": "c", "GOOGLE_CLIENT_SECRET": "s", "MICROSOFT_CLIENT_ID": "c"}
    found = configured(monkeypatch, **names, MICROSOFT_CLIENT_SECRET="s", OPENID_PROVIDERS=json.dumps([CORP]))
    assert [(one.name, one.label) for one in found] == [
        ("google", "Google"),
        ("microsoft", "Microsoft"),
        ("corp", "Corp"),
    ]
    assert settings().public_url == "https://api.example"
    assert settings().sign_in_redirects == ("https://app.example/a", "https://app.example/b")


def test_without_any_nobody_is_offered_and_nothing_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOBIUS_PUBLIC_URL")
    monkeypatch.delenv("MOBIUS_SIGN_IN_REDIRECTS")
    assert configured(monkeypatch) == ()


def test_secrets_of_providers_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, OPENID_PROVIDERS=json.dumps([CORP | {"clientSecret": "canary"}]))
    assert "canary" not in repr(settings()) + settings().model_dump_json()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GOOGLE_CLIENT_ID": "c"}, "MOBIUS_GOOGLE_CLIENT_ID and MOBIUS_GOOGLE_CLIENT_SECRET"),
        ({"MICROSOFT_CLIENT_SECRET": "s"}, "MOBIUS_MICROSOFT_CLIENT_ID and MOBIUS_MICROSOFT_CLIENT_SECRET"),
        ({"MICROSOFT_TENANT": "evil.example/x"}, "MOBIUS_MICROSOFT_TENANT"),
        ({"MICROSOFT_TENANT": "common"}, "MOBIUS_MICROSOFT_TENANT"),
        ({"OPENID_PROVIDERS": "{"}, "MOBIUS_OPENID_PROVIDERS"),
        ({"OPENID_PROVIDERS": "[{}]"}, r"MOBIUS_OPENID_PROVIDERS: 0\.name"),
        ({"OPENID_PROVIDERS": json.dumps([CORP | {"name": "A/b"}])}, r"MOBIUS_OPENID_PROVIDERS: 0\.name"),
        ({"OPENID_PROVIDERS": json.dumps([CORP | {"secret": "x"}])}, r"MOBIUS_OPENID_PROVIDERS: 0\.secret"),
        ({"OPENID_PROVIDERS": json.dumps([CORP | {"issuer": "id.corp.example"}])}, "MOBIUS_OPENID_PROVIDERS"),
        ({"OPENID_PROVIDERS": json.dumps([CORP, CORP])}, "two providers"),
        ({"OPENID_PROVIDERS": json.dumps([CORP | {"name": "google"}])}, "two providers"),
        ({"OPENID_PROVIDERS": json.dumps([CORP]), "PUBLIC_URL": ""}, "MOBIUS_PUBLIC_URL"),
        ({"OPENID_PROVIDERS": json.dumps([CORP]), "SIGN_IN_REDIRECTS": ""}, "MOBIUS_SIGN_IN_REDIRECTS"),
        ({"SIGN_IN_REDIRECTS": "https://app.example/#x"}, "MOBIUS_SIGN_IN_REDIRECTS"),
        ({"SIGN_IN_REDIRECTS": "javascript:alert(1)"}, "MOBIUS_SIGN_IN_REDIRECTS"),
        ({"SIGN_IN_REDIRECTS": "https://user@app.example/"}, "MOBIUS_SIGN_IN_REDIRECTS"),
        ({"PUBLIC_URL": "api.example"}, "MOBIUS_PUBLIC_URL"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        configured(monkeypatch, **variables)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["PUBLIC_URL", "SIGN_IN_REDIRECTS"])
def test_a_deployed_function_refuses_addresses_without_tls(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    configured(monkeypatch, **{name: "http://app.example"})
    monkeypatch.setenv("K_SERVICE", "auth")
    with pytest.raises(ConfigurationError, match=name):
        configured(monkeypatch)


def test_a_deployed_function_refuses_an_issuer_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SERVICE", "auth")
    with pytest.raises(ConfigurationError, match="MOBIUS_OPENID_PROVIDERS"):
        configured(monkeypatch, OPENID_PROVIDERS=json.dumps([CORP | {"issuer": "http://id.corp.example"}]))


def test_people_of_any_tenant_sign_in_at_microsoft(monkeypatch: pytest.MonkeyPatch) -> None:
    template = MICROSOFT.format("{tenantid}")
    for tenant in (TENANT, OTHER):
        claims = {"iss": MICROSOFT.format(tenant), "tid": tenant, "email": "a@b.example", "xms_edov": True}
        web = Web(template, key_issuer=template, **claims)
        identity = OpenIdClient(microsoft(monkeypatch), web=web).identity(STEP, code="c", issuer=None)
        assert (identity.issuer, identity.subject, identity.email) == (MICROSOFT.format(tenant), "s-1", "a@b.example")
        assert web.fetched[0] == MICROSOFT.format("organizations") + "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("key_issuer", "claims"),
    [
        (None, {"iss": MICROSOFT.format(OTHER), "tid": TENANT}),
        (None, {"iss": MICROSOFT.format("{tenantid}"), "tid": "{tenantid}"}),
        (None, {"iss": MICROSOFT.format("x/../y"), "tid": "x/../y"}),
        (None, {"iss": MICROSOFT.format(TENANT)}),
        (None, {"iss": MICROSOFT.format(TENANT), "tid": [TENANT]}),
        (None, {"iss": "https://evil.example", "tid": TENANT}),
        (MICROSOFT.format(OTHER), {"iss": MICROSOFT.format(TENANT), "tid": TENANT}),
    ],
)
def test_a_token_of_a_tenant_must_be_of_that_tenant(
    monkeypatch: pytest.MonkeyPatch, key_issuer: str | None, claims: dict[str, Any]
) -> None:
    web = Web(MICROSOFT.format("{tenantid}"), key_issuer=key_issuer, **claims)
    with pytest.raises(UnauthenticatedError):
        OpenIdClient(microsoft(monkeypatch), web=web).identity(STEP, code="c", issuer=None)


def test_one_configured_tenant_shuts_the_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, issuer = microsoft(monkeypatch, TENANT), MICROSOFT.format(TENANT)
    sound = OpenIdClient(provider, web=Web(issuer, iss=issuer, tid=TENANT))
    assert sound.identity(STEP, code="c", issuer=None).issuer == issuer
    foreign = OpenIdClient(provider, web=Web(issuer, iss=MICROSOFT.format(OTHER), tid=OTHER))
    with pytest.raises(UnauthenticatedError):
        foreign.identity(STEP, code="c", issuer=None)
    with pytest.raises(StoreUnavailableError):
        OpenIdClient(provider, web=Web(MICROSOFT.format(OTHER))).login_address(STEP, "challenge")


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_google_spells_its_issuer_in_two_ways(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    client = OpenIdClient(google(monkeypatch), web=Web("https://accounts.google.com", iss=issuer))
    assert client.identity(STEP, code="c", issuer=None).issuer == "https://accounts.google.com"


def test_nobody_else_spells_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    (provider,) = configured(monkeypatch, OPENID_PROVIDERS=json.dumps([CORP]))
    client = OpenIdClient(provider, web=Web(provider.issuer, iss="id.corp.example"))
    with pytest.raises(UnauthenticatedError):
        client.identity(STEP, code="c", issuer=None)


@pytest.mark.parametrize(
    ("claims", "proven"),
    [
        ({"email": "A@Gmail.com", "email_verified": True}, "a@gmail.com"),
        ({"email": "a@clinic.example", "email_verified": True, "hd": "clinic.example"}, "a@clinic.example"),
        ({"email": "a@clinic.example", "email_verified": True}, None),
        ({"email": "a@clinic.example", "email_verified": False, "hd": "clinic.example"}, None),
        ({"email": "a@gmail.com", "email_verified": "true"}, None),
        ({"email": "a@gmail.com.evil.example", "email_verified": True}, None),
        ({"email": "a@gmail.com"}, None),
    ],
)
def test_google_proves_the_addresses_that_it_hosts(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], proven: str | None
) -> None:
    assert proven_address(google(monkeypatch), claims) == proven


@pytest.mark.parametrize(
    ("claims", "proven"),
    [
        ({"email": "a@clinic.example"}, None),
        ({"email": "a@clinic.example", "email_verified": True}, None),
        ({"email": "a@clinic.example", "xms_edov": False}, None),
        ({"email": "a@clinic.example", "xms_edov": "false"}, None),
        ({"email": "a@clinic.example", "xms_edov": [True]}, None),
        ({"email": "A@clinic.example", "xms_edov": True}, "a@clinic.example"),
        ({"email": "a@clinic.example", "xms_edov": "1"}, "a@clinic.example"),
        ({"preferred_username": "a@clinic.example", "xms_edov": True}, None),
        ({"verified_primary_email": ["A@clinic.example"], "email": "b@clinic.example"}, "a@clinic.example"),
        ({"verified_primary_email": [], "email": "b@clinic.example"}, None),
        ({"verified_primary_email": "a@clinic.example"}, None),
        ({"verified_primary_email": [5]}, None),
    ],
)
def test_microsofts_email_alone_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], proven: str | None
) -> None:
    assert proven_address(microsoft(monkeypatch), claims) == proven
