"""Which programs the stack consists of, and how each says that it is ready."""

from __future__ import annotations

import os
import secrets
import shlex
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.local import emulators, openid
from infra.local.children import Child, write_atomically
from infra.local.settings import FRONT_ENDS, HOST, PROJECT, ROOT, StackSettings, free_port
from shared.catalog import FunctionEntry

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "SSL_CERT_FILE", "MOBIUS_FAILPOINTS")


@dataclass(frozen=True, slots=True)
class Part:
    """A program, the question whether it is ready, and what its end means.

    `lasting` parts hold data in memory: their end ends the stack. The others are started again.
    """

    child: Child
    ready: Callable[[], bool]
    seconds: float
    lasting: bool = False


# What whoever starts the stack sets up for functions: a model that answers, a server that delivers e-mail.
_FOR_FUNCTIONS = ("MOBIUS_GEMINI_", "MOBIUS_SMTP_", "MOBIUS_MAIL_FROM")
_FOR_PARTS = ("MOBIUS_SCHEDULE", "MOBIUS_RELAY_", "MOBIUS_GATEWAY_", "MOBIUS_STREAM")  # switches


def base_environment() -> dict[str, str]:
    """What every part gets of the caller's environment: no cloud credentials, no proxies, no stray settings."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    kept.update({name: value for name, value in os.environ.items() if name.startswith(_FOR_PARTS)})
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}


def function_environment(settings: StackSettings, database_urls: Mapping[str, str]) -> dict[str, str]:
    """The settings of a function (see shared/config.py); `database_urls` are SQLAlchemy URLs by database role."""
    return base_environment() | {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "FIRESTORE_EMULATOR_HOST": settings.address("firestore"),
        "PUBSUB_EMULATOR_HOST": settings.address("pubsub"),
        "FIREBASE_AUTH_EMULATOR_HOST": settings.address("auth"),
        # Made once, so that ids stay the same between starts.
        "MOBIUS_CONTEXT_KEY": _kept_secret(settings.directory / "context-key"),
        "MOBIUS_FIREBASE_API_KEY": "local",
        "MOBIUS_MAIL_OUTBOX": str(settings.directory / "outbox"),
        "MOBIUS_CORS_ORIGINS": ",".join((*FRONT_ENDS, settings.url("gateway"))),
        "MOBIUS_POOL_SIZE": str(settings.pool_size),
        # One process serves every function here, and programs ask faster than people.
        "MOBIUS_RATE_PER_SECOND": "20000",
        "MOBIUS_RATE_BURST": "20000",
        **{name: value for name, value in os.environ.items() if name.startswith(_FOR_FUNCTIONS)},
        **openid.function_settings(settings, _openid_secret(settings)),
        **{f"MOBIUS_DATABASE_URL_{role.upper()}": url for role, url in database_urls.items()},
    }


def write_function_settings(file: Path, environment: Mapping[str, str]) -> None:
    """Write what a function needs as a file that a shell can read: `set -a; . .local/functions.env`."""
    own = ("GOOGLE_", "FIRESTORE_", "PUBSUB_", "FIREBASE_", "MOBIUS_", "PYTHONPATH")
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()) if name.startswith(own)]
    write_atomically(file, "".join(lines), mode=0o600)


def _openid_secret(settings: StackSettings) -> str:
    return _kept_secret(settings.directory / "openid-client-secret")


def _kept_secret(file: Path) -> str:
    """A secret of this stack, made when it is first asked for."""
    if not file.exists():
        write_atomically(file, secrets.token_hex(32), mode=0o600)
    return file.read_text()


def function_urls(settings: StackSettings, entries: tuple[FunctionEntry, ...]) -> dict[str, str]:
    """The base URL of each function: a path of the one host, or a port of its own when isolated."""
    if settings.isolated:
        return {entry.name: f"http://{HOST}:{free_port()}" for entry in entries}
    return {entry.name: f"{settings.url('functions')}/{entry.deployed_name}" for entry in entries}


def emulator_parts(settings: StackSettings) -> list[Part]:
    """Firestore, Pub/Sub and Auth. Raises StackError naming what has to be installed."""
    environment = base_environment()
    commands = {
        "firestore": emulators.firestore_command(settings),
        "pubsub": emulators.pubsub_command(settings),
        "auth": emulators.auth_command(settings),
    }
    return [
        Part(
            Child(name, command, environment, settings.logs / f"{name}.log", settings.directory),
            answers(settings.url(name)),
            seconds=90,
            lasting=True,
        )
        for name, command in commands.items()
    ]


def openid_part(settings: StackSettings) -> Part:
    """The OpenID Connect provider. Raises StackError naming what has to be installed."""
    environment = base_environment() | openid.environment(settings, _openid_secret(settings))
    child = Child("openid", openid.command(settings), environment, settings.logs / "openid.log", settings.directory)
    return Part(child, answers(settings.url("openid")), seconds=60)


def function_parts(
    settings: StackSettings,
    *,
    entries: tuple[FunctionEntry, ...],
    urls: Mapping[str, str],
    environment: Mapping[str, str],
) -> list[Part]:
    """The function host, or a functions-framework process per bundle when isolated."""
    if not settings.isolated:
        command = _module("infra.local.function_host", "--port", str(settings.ports["functions"]))
        command += ["--catalog-root", str(settings.catalog_root)]
        child = Child("functions", command, environment, settings.logs / "functions.log")
        return [Part(child, answers(settings.url("functions")), seconds=60)]
    return [_isolated(settings, entry=entry, url=urls[entry.name], environment=environment) for entry in entries]


def _isolated(settings: StackSettings, *, entry: FunctionEntry, url: str, environment: Mapping[str, str]) -> Part:
    folder = ROOT / "build/functions" / entry.name
    port = urlsplit(url).port
    # The bundle's own `shared` must be the one that is imported: nothing of the repository stands on the path.
    own = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    own |= {"PORT": str(port), "THREADS": str(entry.concurrency), "WORKERS": "1", "MOBIUS_POOL_SIZE": "4"}
    command = _module("functions_framework", "--source", str(folder / "main.py"), "--target", entry.entry_point)
    command += ["--host", HOST, "--port", str(port)]
    child = Child(entry.deployed_name, command, own, settings.logs / f"{entry.deployed_name}.log", folder)
    return Part(child, listens(HOST, int(port or 0)), seconds=60)


def traffic_parts(settings: StackSettings) -> list[Part]:
    """Gateway, trigger relay and scheduler: they read parts.json and the catalog."""
    stack = ("--stack", str(settings.parts_file))
    environment = base_environment() | {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "FIRESTORE_EMULATOR_HOST": settings.address("firestore"),
        "PUBSUB_EMULATOR_HOST": settings.address("pubsub"),
        "FIREBASE_AUTH_EMULATOR_HOST": settings.address("auth"),
    }
    gateway = _module("infra.local.gateway", "--port", str(settings.ports["gateway"]), *stack)
    relay = _module("infra.local.trigger_relay", "--port", str(settings.ports["relay"]), *stack)
    return [
        Part(
            Child("gateway", gateway, environment, settings.logs / "gateway.log"),
            listens(HOST, settings.ports["gateway"]),
            seconds=30,
        ),
        Part(
            Child("relay", relay, environment, settings.logs / "relay.log"),
            answers(f"{settings.url('relay')}/status"),
            seconds=60,
        ),
    ]


def scheduler_part(settings: StackSettings) -> Part:
    """The scheduler; it serves nothing, so it is ready when it runs."""
    command = _module("infra.local.scheduler", "--stack", str(settings.parts_file))
    child = Child("scheduler", command, base_environment(), settings.logs / "scheduler.log")
    return Part(child, lambda: child.exit_code is None, seconds=10)


def demo_child(settings: StackSettings, environment: Mapping[str, str]) -> Child:
    """The program that writes the demo data; it ends by itself."""
    return Child("demo data", _module("infra.local.demo"), environment, settings.logs / "demo.log")


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def listens(host: str, port: int) -> Callable[[], bool]:
    """The question whether somebody accepts connections there."""

    def asked() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((host, port)) == 0

    return asked


def answers(url: str) -> Callable[[], bool]:
    """The question whether `url` answers with anything below 500."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def asked() -> bool:
        try:
            with opener.open(url, timeout=2) as answer:
                return int(answer.status) < 500  # noqa: PLR2004 - the server errors begin there
        except urllib.error.HTTPError as exc:
            exc.close()
            return exc.code < 500  # noqa: PLR2004 - the server errors begin there
        except OSError:
            return False

    return asked
