"""Which function answers a path, and which operations need no sign-in: read from the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local.parts_file import Parts

DEADLINE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Target:
    """A function behind the gateway: its name, base URL, path prefix, and how long an answer may take (seconds)."""

    name: str
    url: str
    prefix: str
    deadline: float
    public: tuple[tuple[str, str], ...]
    streams: bool = False

    def is_public(self, method: str, path: str) -> bool:
        """Whether this operation needs no sign-in."""
        asked = "GET" if method == "HEAD" else method
        return any(asked == verb and _under(path, prefix) for verb, prefix in self.public)


class RouteTable:
    """The longest path prefix wins; prefixes end where a segment ends."""

    def __init__(self, parts: Parts, *, deadline: float = DEADLINE_SECONDS, streams: bool = True) -> None:
        """Read the routes. A gateway that does not stream passes every answer on when it has ended, within its time."""
        targets = [
            Target(
                name=entry.name,
                url=parts.functions[entry.name],
                prefix=path.rstrip("/"),
                deadline=entry.timeout_seconds if streams and entry.kind == "stream" else deadline,
                public=tuple((verb, place) for verb, _, place in (text.partition(" ") for text in entry.public)),
                streams=streams and entry.kind == "stream",
            )
            for entry in parts.catalog
            if entry.name in parts.functions
            for path in entry.paths
        ]
        self._targets = sorted(targets, key=lambda target: len(target.prefix), reverse=True)

    def find(self, path: str) -> Target | None:
        """The function for `path` (as sent, percent-encoded); None when the API has no such path.

        A path with `.` or `..` segments, in whatever spelling, names nothing: a proxy and a server may read it
        differently.
        """
        segments = (
            path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace("\\", "/").split("/")
        )
        if "." in segments or ".." in segments:
            return None
        return next((target for target in self._targets if _under(path, target.prefix)), None)


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
