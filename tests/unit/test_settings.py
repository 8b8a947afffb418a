"""Settings: typed, read once, and never a development switch on a deployed function."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.config import settings
from shared.errors import ConfigurationError
from shared.mail.choice import mailer_for
from shared.mail.outbox import OutboxMail
from shared.mail.smtp import SmtpMail
from shared.repositories.firestore.members import CACHE_SECONDS

DEVELOPMENT = (
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "MOBIUS_FAILPOINTS",
    "FLASK_DEBUG",
)
GEMINI = ("MODEL", "API_KEY", "PROJECT", "LOCATION", "URL", "IDLE_SECONDS", "ANSWER_SECONDS")
RATES = ("MOBIUS_RATE_PER_SECOND", "MOBIUS_RATE_BURST")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    others = ("MOBIUS_PUSH", "K_SERVICE", "GCP_PROJECT", "MOBIUS_CORS_ORIGINS", "MOBIUS_CONTEXT_KEY")
    for name in (*DEVELOPMENT, *others, *RATES):
        monkeypatch.delenv(name, raising=False)
    for name in GEMINI:
        monkeypatch.delenv(f"MOBIUS_GEMINI_{name}", raising=False)
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


def test_a_stream_is_asked_about_often_enough_for_the_end_of_a_session_to_show_within_a_minute() -> None:
    assert settings().stream_check_seconds + CACHE_SECONDS <= 60


@pytest.mark.parametrize("given", ["0", "3601", "soon"])
def test_how_often_streams_are_asked_about_is_a_number_of_seconds(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_STREAM_CHECK_SECONDS", given)
    with pytest.raises(ConfigurationError, match="MOBIUS_STREAM_CHECK_SECONDS"):
        settings()


@pytest.mark.parametrize("given", ["many", "", "0", "-1", "101", "4.5", "\u0664"])
def test_a_pool_size_that_is_none_is_named(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_POOL_SIZE", given)
    with pytest.raises(ConfigurationError, match="MOBIUS_POOL_SIZE"):
        settings()


def test_a_pool_size_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_POOL_SIZE", "16")
    assert settings().pool_size == 16


CLEARINGHOUSE = {
    "URL": "https://payer.example/270",
    "USER": "u",
    "PASSWORD": "canary-word",
    "SENDER": "CLINIC",
    "RECEIVER": "PAYER",
    "NPI": "1234567893",
    "PROVIDER": "BONE AND JOINT CLINIC",
}


@pytest.fixture
def clearinghouse(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in CLEARINGHOUSE.items():
        monkeypatch.setenv(f"MOBIUS_CLEARINGHOUSE_{name}", value)
    return monkeypatch


def test_without_an_address_there_is_no_clearinghouse(clearinghouse: pytest.MonkeyPatch) -> None:
    clearinghouse.delenv("MOBIUS_CLEARINGHOUSE_URL")
    assert settings().clearinghouse is None


def test_clearinghouse_is_read_and_its_password_does_not_show(clearinghouse: pytest.MonkeyPatch) -> None:
    clearinghouse.setenv("K_SERVICE", "eligibility")
    given = settings().clearinghouse
    assert given is not None
    assert (given.url, given.sender, given.envelope, given.production) == (
        CLEARINGHOUSE["URL"],
        "CLINIC",
        "core_mime",
        False,
    )
    assert "canary" not in repr(settings())
    settings.cache_clear()
    clearinghouse.setenv("MOBIUS_CLEARINGHOUSE_PRODUCTION", "1")
    clearinghouse.setenv("MOBIUS_CLEARINGHOUSE_ENVELOPE", "plain")
    given = settings().clearinghouse
    assert given is not None
    assert (given.envelope, given.production) == ("plain", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USER", ""),
        ("PASSWORD", ""),
        ("SENDER", ""),
        ("SENDER", "X"),
        ("SENDER", "S" * 16),
        ("RECEIVER", "R" * 16),
        ("NPI", ""),
        ("NPI", "12345"),
        ("PROVIDER", ""),
        ("URL", "http://payer.example/270"),
        ("URL", "ftp://payer.example/270"),
        ("URL", "https:///270"),
        ("ENVELOPE", "soap"),
        ("SENDER_QUALIFIER", "Z"),
        ("RECEIVER_QUALIFIER", "ZZZ"),
    ],
)
def test_wrong_clearinghouse_setting_is_named(clearinghouse: pytest.MonkeyPatch, name: str, value: str) -> None:
    clearinghouse.setenv("K_SERVICE", "eligibility")
    clearinghouse.setenv(f"MOBIUS_CLEARINGHOUSE_{name}", value)
    with pytest.raises(ConfigurationError, match=f"MOBIUS_CLEARINGHOUSE_{name}") as caught:
        settings()
    assert "canary" not in str(caught.value)


def test_a_clearinghouse_may_speak_http_where_nothing_is_deployed(clearinghouse: pytest.MonkeyPatch) -> None:
    clearinghouse.setenv("MOBIUS_CLEARINGHOUSE_URL", "http://127.0.0.1:9/270")
    assert settings().clearinghouse is not None


def test_how_much_a_user_may_ask_is_generous_and_configurable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (settings().rate_per_second, settings().rate_burst) == (50, 100)
    for name, value in zip(RATES, ("5", "7"), strict=True):
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    assert (settings().rate_per_second, settings().rate_burst) == (5, 7)


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "100001"])
def test_a_rate_that_is_none_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        settings()


def _gemini(monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"MOBIUS_GEMINI_{name.upper()}", value)
    settings.cache_clear()


@pytest.mark.parametrize("given", [{}, {"model": "gemini-x"}, {"api_key": "", "project": ""}, {"location": "us-east1"}])
def test_without_a_key_or_a_project_there_is_no_model(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    _gemini(monkeypatch, **given)
    assert settings().gemini is None


def test_a_key_or_a_project_switches_the_model_on(monkeypatch: pytest.MonkeyPatch) -> None:
    _gemini(monkeypatch, model="gemini-x", api_key="canary-key")
    found = settings().gemini
    assert found is not None
    assert (found.model, found.project, found.idle_seconds, found.answer_seconds) == ("gemini-x", None, 10, 60)
    assert "canary" not in repr(settings()) + settings().model_dump_json()
    _gemini(monkeypatch, api_key="", project="practice-42", location="us-east1", answer_seconds="30")
    found = settings().gemini
    assert found is not None
    assert (found.api_key, found.location, found.answer_seconds) == (None, "us-east1", 30)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"api_key": "k"}, "MODEL"),
        ({"api_key": "k", "model": "../x"}, "MODEL"),
        ({"api_key": "k", "model": "x", "project": "practice-42", "location": "us-east1"}, "PROJECT"),
        ({"api_key": "k", "model": "x", "location": "us-east1"}, "LOCATION"),
        ({"model": "x", "project": "practice-42"}, "LOCATION"),
        ({"model": "x", "project": "../42", "location": "us-east1"}, "PROJECT"),
        ({"model": "x", "project": "practice-42", "location": "evil.example/"}, "LOCATION"),
        ({"api_key": "k", "model": "x", "url": "ftp://h"}, "URL"),
        ({"api_key": "k", "model": "x", "idle_seconds": "0"}, "IDLE_SECONDS"),
        ({"api_key": "k", "model": "x", "answer_seconds": "101"}, "ANSWER_SECONDS"),
    ],
)
def test_a_model_that_is_set_up_in_part_is_named(
    given: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _gemini(monkeypatch, **given)
    with pytest.raises(ConfigurationError, match=f"MOBIUS_GEMINI_{name}") as caught:
        settings()
    assert "'k'" not in str(caught.value)


def test_a_deployed_function_asks_its_model_over_tls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _gemini(monkeypatch, model="x", api_key="k", url="http://127.0.0.1:1")
    assert settings().gemini is not None
    monkeypatch.setenv("K_SERVICE", "chat")
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="MOBIUS_GEMINI_URL"):
        settings()


MAIL = ("FROM", "OUTBOX")
SMTP = ("HOST", "PORT", "SECURITY", "USER", "PASSWORD", "CA_FILE")


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*(f"MOBIUS_MAIL_{one}" for one in MAIL), *(f"MOBIUS_SMTP_{one}" for one in SMTP)):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_without_a_server_and_a_folder_nobody_delivers_e_mail(mail: pytest.MonkeyPatch) -> None:
    assert mailer_for(settings()) is None
    settings.cache_clear()
    mail.setenv("MOBIUS_MAIL_OUTBOX", "/var/outbox")
    assert isinstance(mailer_for(settings()), OutboxMail)


def test_a_mail_server_goes_before_the_folder_and_is_under_tls(mail: pytest.MonkeyPatch) -> None:
    given = {"HOST": "smtp.practice.example", "USER": "practice", "PASSWORD": "secret"}
    for name, value in given.items():
        mail.setenv(f"MOBIUS_SMTP_{name}", value)
    mail.setenv("MOBIUS_MAIL_OUTBOX", "/var/outbox")
    mail.setenv("MOBIUS_MAIL_FROM", "office@practice.example")
    known = settings().smtp
    assert known is not None
    assert (known.port, known.security) == (587, "starttls")
    assert "secret" not in repr(settings())
    mailer = mailer_for(settings())
    assert isinstance(mailer, SmtpMail)
    assert mailer.sender.address == "office@practice.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOBIUS_MAIL_FROM", ""),
        ("MOBIUS_MAIL_FROM", "Office <office@practice.example>"),
        ("MOBIUS_MAIL_FROM", "office@practice.example\r\nBcc: x@y.example"),
        ("MOBIUS_SMTP_PORT", "0"),
        ("MOBIUS_SMTP_SECURITY", "none"),
        ("MOBIUS_SMTP_HOST", "smtp.example/path"),
        ("MOBIUS_SMTP_PASSWORD", ""),
    ],
)
def test_a_mail_server_is_configured_whole_or_refused_by_name(mail: pytest.MonkeyPatch, name: str, value: str) -> None:
    whole = {"MOBIUS_MAIL_FROM": "office@practice.example", "MOBIUS_SMTP_HOST": "smtp.example"}
    whole |= {"MOBIUS_SMTP_USER": "u", "MOBIUS_SMTP_PASSWORD": "p"}
    for known, given in (whole | {name: value}).items():
        mail.setenv(known, given)
    with pytest.raises(ConfigurationError, match=name.rpartition("_")[0]):
        settings()
