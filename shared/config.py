"""Settings, read once from the environment and typed. Nothing else in the product reads `os.environ`."""

from __future__ import annotations

import os
from functools import cache

from pydantic import BaseModel, ConfigDict, SecretStr

from shared.errors import ConfigurationError

_FORBIDDEN_IN_PRODUCTION = (
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "MOBIUS_FAILPOINTS",
    "FLASK_DEBUG",
)


MAX_POOL_SIZE = 100


class Settings(BaseModel):
    """What a function needs to know of its surroundings.

    `database_urls` are PostgreSQL URLs by database role (local); in production `cloud_sql_instance` names the
    instance and `database_user` the function's IAM user.
    """

    model_config = ConfigDict(frozen=True)

    project: str
    auth_emulator: bool = False
    auth_emulator_address: str | None = None
    firebase_api_key: SecretStr | None = None
    session_idle_minutes: int = 60
    session_hours: int = 12
    pubsub_emulator: str | None = None
    cors_origins: tuple[str, ...] = ()
    context_key: SecretStr | None = None
    database_urls: dict[str, SecretStr] = {}
    cloud_sql_instance: str | None = None
    database_name: str = "mobius"
    database_user: str | None = None
    pool_size: int = 4
    audit_topic: str = "audit-events"


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
        pubsub_emulator=environment.get("PUBSUB_EMULATOR_HOST") or None,
        cors_origins=tuple(origin for origin in environment.get("MOBIUS_CORS_ORIGINS", "").split(",") if origin),
        context_key=SecretStr(key) if key else None,
        database_urls={
            role: SecretStr(environment[f"MOBIUS_DATABASE_URL_{role.upper()}"])
            for role in ("serving", "audit", "relay", "seal", "analytics")
            if environment.get(f"MOBIUS_DATABASE_URL_{role.upper()}")
        },
        cloud_sql_instance=environment.get("MOBIUS_CLOUD_SQL_INSTANCE"),
        database_name=environment.get("MOBIUS_DATABASE_NAME", "mobius"),
        database_user=environment.get("MOBIUS_DATABASE_USER"),
        pool_size=_pool_size(environment.get("MOBIUS_POOL_SIZE", "4")),
        audit_topic=environment.get("MOBIUS_AUDIT_TOPIC", "audit-events"),
    )


def _secret(given: str | None) -> SecretStr | None:
    return SecretStr(given) if given else None


def _number(name: str, default: str, *, at_most: int) -> int:
    given = os.environ.get(name, default)
    if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= at_most):
        raise ConfigurationError(f"{name} must be a number from 1 to {at_most}")
    return int(given)


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
