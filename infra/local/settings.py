"""What the stack is told by the environment, and the ports it picks."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

PROJECT = "demo-mobius"
HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent.parent
FRONT_ENDS = ("http://localhost:3000", "http://localhost:5173")

# None is a port that nobody has to know beforehand: any free one.
DEFAULT_PORTS: dict[str, int | None] = {
    "gateway": 8080,
    "auth": 9099,
    "openid": 8288,
    "firestore": 8285,
    "pubsub": 8286,
    "functions": 8287,
    "database": None,
    "relay": None,
}


class StackError(Exception):
    """The stack cannot start or go on. The message is one line: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """One stack: where it keeps its files, its ports by part, and the user's own database, if any.

    `catalog_root` holds `functions/`; `pool_size` is connections per database role and process.
    """

    directory: Path
    ports: dict[str, int]
    database_url: str | None = None
    isolated: bool = False
    catalog_root: Path = ROOT
    pool_size: int = 16

    @property
    def logs(self) -> Path:
        """One file per part."""
        return self.directory / "logs"

    @property
    def stack_file(self) -> Path:
        """Where everything is, for people and programs; there only while the stack is ready."""
        return self.directory / "stack.json"

    @property
    def parts_file(self) -> Path:
        """Where everything will be, for the stack's own parts; written before they start."""
        return self.directory / "parts.json"

    @property
    def functions_file(self) -> Path:
        """The settings that functions get, for a shell that runs one by itself."""
        return self.directory / "functions.env"

    def url(self, part: str) -> str:
        """`http://127.0.0.1:PORT` of a part."""
        return f"http://{self.address(part)}"

    def address(self, part: str) -> str:
        """`127.0.0.1:PORT` of a part: the form that emulator variables have."""
        return f"{HOST}:{self.ports[part]}"


def from_environment(*, isolated: bool = False) -> StackSettings:
    """The settings of this start.

    Read are GATEWAY_PORT, AUTH_PORT … (0 = any free one), MOBIUS_LOCAL_DIR, MOBIUS_DATABASE_URL and
    MOBIUS_CATALOG_ROOT. Raises StackError for a port that is no number or in use.
    """
    environment = os.environ
    return StackSettings(
        directory=Path(environment.get("MOBIUS_LOCAL_DIR") or ROOT / ".local").resolve(),
        ports=_pick_ports(),
        database_url=environment.get("MOBIUS_DATABASE_URL") or None,
        isolated=isolated,
        catalog_root=Path(environment.get("MOBIUS_CATALOG_ROOT") or ROOT).resolve(),
    )


def variable(part: str) -> str:
    """The environment variable that sets a part's port."""
    return f"{part.upper()}_PORT"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _pick_ports() -> dict[str, int]:
    wanted = {part: _wanted(part, default) for part, default in DEFAULT_PORTS.items()}
    taken = {part: port for part, port in wanted.items() if port}
    for part, port in taken.items():
        double = next((other for other, value in taken.items() if value == port and other != part), None)
        if double:
            raise StackError(
                f"{variable(part)} and {variable(double)} are both {port}: give each part a port of its own"
            )
        _refuse_if_in_use(part, port)
    return {part: port or _free_port_beside(set(taken.values())) for part, port in wanted.items()}


def _wanted(part: str, default: int | None) -> int:
    text = os.environ.get(variable(part)) or str(default or 0)
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest TCP port
        raise StackError(f"{variable(part)} is {text!r}: give a port number from 1 to 65535, or 0 for any free one")
    return int(text)


def _refuse_if_in_use(part: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            raise StackError(
                f"Port {port} for {part} cannot be used ({exc.strerror}): "
                f"stop what listens there, or choose another with {variable(part)}=…"
            ) from exc


def _free_port_beside(taken: set[int]) -> int:
    port = free_port()
    while port in taken:
        port = free_port()
    taken.add(port)
    return port
