"""Settings, read once from the environment and typed. Nothing else in the product reads `os.environ`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from shared.errors import ConfigurationError

_FORBIDDEN_IN_PRODUCTION = (
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "MOBIUS_FAILPOINTS",
    "FLASK_DEBUG",
)


MAX_POOL_SIZE = 100
GOOGLE, MICROSOFT = "google", "microsoft"
ANY_TENANT = "organizations"
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,150}[A-Za-z0-9])")
MICROSOFT_TENANT = re.compile(r"^(organizations|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")


class OpenIdProvider(BaseModel):
    """Somebody who proves by OpenID Connect who a person is.

    `issuer` is the address that its discovery document must name. Of a provider with `email_domains`, addresses of
    these domains alone are believed. Two have rules of their own for what they prove, known by their `name`: google
    and microsoft (see shared/auth/openid_proof.py).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    label: Annotated[str, Field(min_length=1, max_length=60)]
    issuer: str
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    email_domains: tuple[str, ...] = ()


class ClearinghouseSettings(BaseModel):
    """The payer connection: where inquiries go, who we are there, and how they are carried (decision 0012).

    `sender` and `receiver` are the ids of ISA and GS, `npi` and `provider` the NPI and the name under which inquiries
    are made. `envelope` is `core_mime` (CAQH CORE vC2.2.0) or `plain`.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    user: str
    password: SecretStr
    sender: str = Field(min_length=2, max_length=15)
    receiver: str = Field(min_length=2, max_length=15)
    npi: str = Field(pattern=r"^[0-9]{10}$")
    provider: str = Field(min_length=1, max_length=60)
    sender_qualifier: str = Field(default="ZZ", min_length=2, max_length=2)
    receiver_qualifier: str = Field(default="ZZ", min_length=2, max_length=2)
    envelope: Literal["core_mime", "plain"] = "core_mime"
    production: bool = False


class GeminiSettings(BaseModel):
    """The model that answers who prefers it (decision 0025): by an API key, or in a project of Vertex AI.

    Which model is shown health data is said, never a default. `url` is where it is asked instead of at Google.
    Nothing may come for `idle_seconds`; the answer, with all it takes, is over after `answer_seconds`.
    """

    model_config = ConfigDict(frozen=True)

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    api_key: SecretStr | None = None
    project: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{4,29}$")
    location: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{1,29}$")
    url: str | None = None
    idle_seconds: int = 10
    answer_seconds: int = 60


class SmtpSettings(BaseModel):
    """The server that messages are handed to: under TLS from the first byte (`tls`) or from STARTTLS on.

    `ca_file` holds the certificates to trust instead of those that the machine trusts.
    """

    model_config = ConfigDict(frozen=True)

    host: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls"] = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    ca_file: str | None = None


class Settings(BaseModel):
    """What a function needs to know of its surroundings.

    `database_urls` are PostgreSQL URLs by database role (local); in production `cloud_sql_instance` names the
    instance and `database_user` the function's IAM user. Without a `clearinghouse`, what is on file answers for payers;
    without `gemini`, rules answer in the chat.
    `public_url` is where the API is reached, and `sign_in_redirects` are the front-end's addresses that a sign-in at an
    OpenID Connect provider may end at. `finite_streams` suits a gateway that passes an answer on when it has ended:
    a stream answers with what there is and its client comes back. A user may make `rate_per_second` requests to one
    instance, and `rate_burst` at once. `push` sends alerts to devices. Every `stream_check_seconds` an open stream asks
    whether its reader is still signed in. E-mails go from `mail_from` to the `smtp` server where there is one, else
    into the folder `mail_outbox`; where there is neither, none is sent.
    """

    model_config = ConfigDict(frozen=True)

    project: str
    auth_emulator: bool = False
    auth_emulator_address: str | None = None
    firebase_api_key: SecretStr | None = None
    session_idle_minutes: int = 60
    session_hours: int = 12
    public_url: str | None = None
    open_id_providers: tuple[OpenIdProvider, ...] = ()
    sign_in_redirects: tuple[str, ...] = ()
    pubsub_emulator: str | None = None
    cors_origins: tuple[str, ...] = ()
    context_key: SecretStr | None = None
    database_urls: dict[str, SecretStr] = {}
    cloud_sql_instance: str | None = None
    database_name: str = "mobius"
    database_user: str | None = None
    pool_size: int = 4
    audit_topic: str = "audit-events"
    finite_streams: bool = False
    clearinghouse: ClearinghouseSettings | None = None
    gemini: GeminiSettings | None = None
    record_topic: str = "record-changes"
    rate_per_second: int = 50
    rate_burst: int = 100
    push: bool = False
    stream_check_seconds: int = 30
    mail_from: str = "no-reply@mobius.invalid"
    mail_outbox: str | None = None
    smtp: SmtpSettings | None = None


@cache
def settings() -> Settings:
    """The settings of this process. Raises ConfigurationError naming the variable that is wrong."""
    environment = os.environ
    if "K_SERVICE" in environment:
        for name in _FORBIDDEN_IN_PRODUCTION:
            if environment.get(name):
                raise ConfigurationError(f"{name} must not be set on a deployed function")
    project = environment.get("GOOGLE_CLOUD_PROJECT") or environment.get("GCP_PROJECT")
    if not project:
        raise ConfigurationError("GOOGLE_CLOUD_PROJECT is not set: name the project this function belongs to")
    key = environment.get("MOBIUS_CONTEXT_KEY")
    return Settings(
        project=project,
        auth_emulator=bool(environment.get("FIREBASE_AUTH_EMULATOR_HOST")),
        auth_emulator_address=environment.get("FIREBASE_AUTH_EMULATOR_HOST") or None,
        firebase_api_key=_secret(environment.get("MOBIUS_FIREBASE_API_KEY")),
        session_idle_minutes=_number("MOBIUS_SESSION_IDLE_MINUTES", "60", at_most=24 * 60),
        session_hours=_number("MOBIUS_SESSION_HOURS", "12", at_most=24 * 7),
        public_url=_addresses("MOBIUS_PUBLIC_URL")[0].rstrip("/") if environment.get("MOBIUS_PUBLIC_URL") else None,
        open_id_providers=_open_id_providers(),
        sign_in_redirects=_addresses("MOBIUS_SIGN_IN_REDIRECTS"),
        pubsub_emulator=environment.get("PUBSUB_EMULATOR_HOST") or None,
        cors_origins=tuple(origin for origin in environment.get("MOBIUS_CORS_ORIGINS", "").split(",") if origin),
        context_key=SecretStr(key) if key else None,
        database_urls={
            role: SecretStr(environment[f"MOBIUS_DATABASE_URL_{role.upper()}"])
            for role in ("serving", "audit", "relay", "seal", "analytics", "retry", "desk")
            if environment.get(f"MOBIUS_DATABASE_URL_{role.upper()}")
        },
        cloud_sql_instance=environment.get("MOBIUS_CLOUD_SQL_INSTANCE"),
        database_name=environment.get("MOBIUS_DATABASE_NAME", "mobius"),
        database_user=environment.get("MOBIUS_DATABASE_USER"),
        pool_size=_pool_size(environment.get("MOBIUS_POOL_SIZE", "4")),
        audit_topic=environment.get("MOBIUS_AUDIT_TOPIC", "audit-events"),
        finite_streams=_choice("MOBIUS_STREAMS", "open", "finite") == "finite",
        clearinghouse=_clearinghouse(environment),
        gemini=_gemini(environment),
        record_topic=environment.get("MOBIUS_RECORD_TOPIC", "record-changes"),
        rate_per_second=_number("MOBIUS_RATE_PER_SECOND", "50", at_most=100_000),
        rate_burst=_number("MOBIUS_RATE_BURST", "100", at_most=100_000),
        push=_choice("MOBIUS_PUSH", "off", "on") == "on",
        stream_check_seconds=_number("MOBIUS_STREAM_CHECK_SECONDS", "30", at_most=3600),
        mail_from=_mail_from(environment),
        mail_outbox=environment.get("MOBIUS_MAIL_OUTBOX") or None,
        smtp=_smtp(environment),
    )


@cache
def failpoints() -> dict[str, int]:
    """Where a test ends this process, and at which turn: `name@turn,name`. Nowhere on a deployed function."""
    given = "" if "K_SERVICE" in os.environ else os.environ.get("MOBIUS_FAILPOINTS", "")
    named = [part.partition("@") for part in given.split(",") if part]
    return {name: int(turn) if turn.isdecimal() else 1 for name, _, turn in named}


def _clearinghouse(environment: Mapping[str, str]) -> ClearinghouseSettings | None:
    """The payer connection, all of it or none. Health data leaves a deployed function over https only."""
    prefix = "MOBIUS_CLEARINGHOUSE_"
    given = {name: environment.get(f"{prefix}{name.upper()}") for name in ClearinghouseSettings.model_fields}
    if not given["url"]:
        return None
    parts = urlsplit(given["url"])
    if parts.scheme not in ({"https"} if "K_SERVICE" in environment else {"https", "http"}) or not parts.hostname:
        raise ConfigurationError(f"{prefix}URL must be an https address")
    try:
        return ClearinghouseSettings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as exc:
        first = exc.errors(include_input=False)[0]
        name = f"{prefix}{str(first['loc'][0]).upper()}"
    raise ConfigurationError(f"{name} must be set and well-formed: {first['msg']}")


def _gemini(environment: Mapping[str, str]) -> GeminiSettings | None:
    """The model: a key or a project switches it on, not both, and then the rest must be whole."""
    prefix = "MOBIUS_GEMINI_"
    given = {name: environment.get(f"{prefix}{name.upper()}") or None for name in GeminiSettings.model_fields}
    if not (given["api_key"] or given["project"]):
        return None
    if given["api_key"] and given["project"]:
        raise ConfigurationError(f"{prefix}API_KEY and {prefix}PROJECT exclude each other")
    if bool(given["project"]) != bool(given["location"]):
        raise ConfigurationError(f"{prefix}LOCATION is set together with {prefix}PROJECT, and only then")
    if given["url"]:
        _check_address(f"{prefix}URL", given["url"])
    limits = {
        "idle_seconds": _number(f"{prefix}IDLE_SECONDS", "10", at_most=60),
        "answer_seconds": _number(f"{prefix}ANSWER_SECONDS", "60", at_most=100),
    }
    try:
        return GeminiSettings.model_validate({name: value for name, value in given.items() if value} | limits)
    except ValidationError as exc:
        first = exc.errors(include_input=False)[0]
        name = f"{prefix}{str(first['loc'][0]).upper()}"
    raise ConfigurationError(f"{name} must be set and well-formed: {first['msg']}")


def _mail_from(environment: Mapping[str, str]) -> str:
    """The address that e-mails come from; one is needed to send over SMTP."""
    given = environment.get("MOBIUS_MAIL_FROM")
    if given is None and not environment.get("MOBIUS_SMTP_HOST"):
        return Settings.model_fields["mail_from"].default  # type: ignore[no-any-return]  # a str
    if not given or not MAIL_ADDRESS.fullmatch(given):
        raise ConfigurationError("MOBIUS_MAIL_FROM must be the address that e-mails come from, and no more")
    return given


def _smtp(environment: Mapping[str, str]) -> SmtpSettings | None:
    """The mail server: a host switches it on, and then the rest must be whole."""
    prefix = "MOBIUS_SMTP_"
    given = {name: environment.get(f"{prefix}{name.upper()}") or None for name in SmtpSettings.model_fields}
    if not given["host"]:
        return None
    if bool(given["user"]) != bool(given["password"]):
        raise ConfigurationError(f"{prefix}USER and {prefix}PASSWORD are set together")
    try:
        return SmtpSettings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as exc:
        first = exc.errors(include_input=False)[0]
        name = f"{prefix}{str(first['loc'][0]).upper()}"
    raise ConfigurationError(f"{name} must be set and well-formed: {first['msg']}")


def _secret(given: str | None) -> SecretStr | None:
    return SecretStr(given) if given else None


def _open_id_providers() -> tuple[OpenIdProvider, ...]:
    """Google and Microsoft when they have a client id, and those listed in MOBIUS_OPENID_PROVIDERS (JSON)."""
    try:
        given = os.environ.get("MOBIUS_OPENID_PROVIDERS")
        listed = TypeAdapter(tuple[OpenIdProvider, ...]).validate_json(given) if given else ()
    except ValidationError as exc:
        fault = exc.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise ConfigurationError(f"MOBIUS_OPENID_PROVIDERS: {place}: {fault['msg']}") from None
    tenant = os.environ.get("MOBIUS_MICROSOFT_TENANT") or ANY_TENANT
    if not MICROSOFT_TENANT.match(tenant):
        raise ConfigurationError("MOBIUS_MICROSOFT_TENANT must be a tenant's id, or organizations for any tenant")
    issuer = "{tenantid}" if tenant == ANY_TENANT else tenant
    known = (
        _known_provider(GOOGLE, "Google", "https://accounts.google.com"),
        _known_provider(MICROSOFT, "Microsoft", f"https://login.microsoftonline.com/{issuer}/v2.0"),
    )
    providers = (*(one for one in known if one), *listed)
    if len({one.name for one in providers} | {GOOGLE, MICROSOFT}) < len(listed) + 2:
        raise ConfigurationError("MOBIUS_OPENID_PROVIDERS: two providers have one name, or that of a built-in one")
    for one in providers:
        _check_address("MOBIUS_OPENID_PROVIDERS", one.issuer)
    for needed in ("MOBIUS_PUBLIC_URL", "MOBIUS_SIGN_IN_REDIRECTS") if providers else ():
        if not os.environ.get(needed):
            raise ConfigurationError(f"{needed} is not set: a sign-in at a provider goes through it")
    return providers


def _known_provider(name: str, label: str, issuer: str) -> OpenIdProvider | None:
    variable = f"MOBIUS_{name.upper()}_CLIENT"
    client_id, secret = os.environ.get(f"{variable}_ID"), os.environ.get(f"{variable}_SECRET")
    if bool(client_id) != bool(secret):
        raise ConfigurationError(f"{variable}_ID and {variable}_SECRET are set together")
    if not client_id or not secret:
        return None
    return OpenIdProvider(name=name, label=label, issuer=issuer, client_id=client_id, client_secret=SecretStr(secret))


def _addresses(variable: str) -> tuple[str, ...]:
    """Read web addresses with commas between them. Raises ConfigurationError for what is none."""
    given = tuple(one.strip() for one in os.environ.get(variable, "").split(",") if one.strip())
    for one in given:
        _check_address(variable, one)
    return given


def _check_address(variable: str, address: str) -> None:
    """Refuse what is no plain web address; on a deployed function, one without TLS too."""
    parts = urlsplit(address)
    schemes = {"https"} if "K_SERVICE" in os.environ else {"https", "http"}
    sound = parts.scheme in schemes and parts.hostname and not parts.fragment and parts.username is None
    if not sound or not address.isascii() or not address.isprintable() or " " in address:
        raise ConfigurationError(f"{variable} must hold addresses such as https://app.example/signed-in")


def _number(name: str, default: str, *, at_most: int) -> int:
    given = os.environ.get(name, default)
    if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= at_most):
        raise ConfigurationError(f"{name} must be a number from 1 to {at_most}")
    return int(given)


def _choice(name: str, default: str, other: str) -> str:
    given = os.environ.get(name) or default
    if given not in {default, other}:
        raise ConfigurationError(f"{name} must be {default} or {other}")
    return given


def _pool_size(given: str) -> int:
    """Read the number of connections; 0 is refused, for it would mean no limit."""
    if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= MAX_POOL_SIZE):
        raise ConfigurationError(f"MOBIUS_POOL_SIZE must be a number from 1 to {MAX_POOL_SIZE}")
    return int(given)


def refuse_unsafe_start() -> None:
    """Fail a deployed function's start, not its first request, when it is configured wrongly.

    Raises ConfigurationError naming the variable. Where nothing is deployed, nothing is read.
    """
    if "K_SERVICE" in os.environ:
        settings()
