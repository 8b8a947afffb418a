"""Settings: typed, read once, and never a development switch on a deployed function."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.config import settings
from shared.errors import ConfigurationError

DEVELOPMENT = (
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "MOBIUS_FAILPOINTS",
    "FLASK_DEBUG",
)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*DEVELOPMENT, "MOBIUS_PUSH", "K_SERVICE", "GCP_PROJECT", "MOBIUS_CORS_ORIGINS", "MOBIUS_CONTEXT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("name", DEVELOPMENT)
def test_a_deployed_function_refuses_to_start_with_it_and_names_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SERVICE", "tasks")
    monkeypatch.setenv(name, "localhost:1")
    with pytest.raises(ConfigurationError, match=name):
        settings()


@pytest.mark.parametrize("name", DEVELOPMENT)
def test_elsewhere_it_may_be_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "localhost:1")
    assert settings().auth_emulator == (name == "FIREBASE_AUTH_EMULATOR_HOST")


def test_a_deployed_function_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SERVICE", "tasks")
    monkeypatch.setenv("FLASK_DEBUG", "")
    assert settings().project == "p"
    assert not settings().auth_emulator


def test_without_a_project_it_says_which_setting_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    with pytest.raises(ConfigurationError, match="GOOGLE_CLOUD_PROJECT"):
        settings()


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_CONTEXT_KEY", "canary-key")
    monkeypatch.setenv("MOBIUS_DATABASE_URL_SERVING", "postgresql://u:canary-word@h/d")
    found = settings()
    assert found.context_key is not None
    assert found.context_key.get_secret_value() == "canary-key"
    assert set(found.database_urls) == {"serving"}
    assert "canary" not in repr(found) + str(found) + found.model_dump_json()


@pytest.mark.parametrize(
    ("given", "origins"),
    [("", ()), ("https://a.example", ("https://a.example",)), ("https://a,,https://b", ("https://a", "https://b"))],
)
def test_origins_are_a_list(given: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_CORS_ORIGINS", given)
    assert settings().cors_origins == origins


def test_they_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings()
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    assert settings() is first


@pytest.mark.parametrize(("given", "on"), [(None, False), ("", False), ("off", False), ("on", True)])
def test_nothing_is_pushed_unless_it_is_switched_on(
    given: str | None, monkeypatch: pytest.MonkeyPatch, *, on: bool
) -> None:
    if given is not None:
        monkeypatch.setenv("MOBIUS_PUSH", given)
    assert settings().push is on


def test_a_switch_is_on_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_PUSH", "yes")
    with pytest.raises(ConfigurationError, match="MOBIUS_PUSH"):
        settings()


@pytest.mark.parametrize("given", ["many", "", "0", "-1", "101", "4.5", "\u0664"])
def test_a_pool_size_that_is_none_is_named(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_POOL_SIZE", given)
    with pytest.raises(ConfigurationError, match="MOBIUS_POOL_SIZE"):
        settings()


def test_a_pool_size_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_POOL_SIZE", "16")
    assert settings().pool_size == 16
