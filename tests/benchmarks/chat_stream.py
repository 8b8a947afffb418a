"""`python -m tests.benchmarks.chat_stream`: until an answer's first part and until its end, beside a bare function.

Needs a running stack. Both are served by functions-framework in the same environment of packages. The bare function
makes the same calls of the stores and streams the same bytes, so the difference is what ours costs, assistant included:
asked is what the assistant answers without reading a record.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

from shared.catalog import ROOT
from tests.benchmarks.measuring import percentile, ratio
from tests.benchmarks.report import HEADING, WARM_BUDGET, Line
from tests.benchmarks.server import Program, Server
from tests.benchmarks.subjects import BARE, FLOOR, OURS
from tests.benchmarks.surroundings import (
    BenchmarkError,
    Surroundings,
    claims_of,
    entry_of,
    post,
    stage_and_install,
    surroundings,
)

NAME = "chat_stream"
PATH = "/api/v1/components/chat/stream"
CONTEXT = "/api/v1/modes/eligibility/context"
QUESTION = "Hello"
WARMING = 10


def main() -> int:
    """The command line; returns the exit code: 0 measured, 2 cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.chat_stream", description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="turns (5)")
    parser.add_argument("--requests", type=int, default=20, help="questions a turn (20)")
    options = parser.parse_args()
    try:
        around = surroundings()
        lines = _measured(around, turns=options.turns, per_turn=options.requests)
    except BenchmarkError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    for line in (f"{NAME} (a question that needs no record)", HEADING, *lines):
        print(line)  # noqa: T201 # a command line
    return 0


def _measured(around: Surroundings, *, turns: int, per_turn: int) -> list[Line]:
    entry = entry_of(NAME)
    bundle, python = stage_and_install(entry, around.build)
    recorded = around.build / "chat_stream.bytes"
    claims = claims_of(around.token)
    bare = {
        "PYTHONPATH": str(ROOT),
        "FLOOR_BYTES": str(recorded),
        "FLOOR_CLIENT": claims["clientId"],
        "FLOOR_USER": claims["userId"],
    }
    floor = ROOT / "tests/benchmarks/floor" / NAME / "main.py"
    programs = (
        Program(OURS, bundle.folder / "main.py", NAME, python, around.environment),
        Program(FLOOR, floor, NAME, python, {**around.environment, **bare}),
        Program(BARE, floor, NAME, python, {**around.environment, **bare, "FLOOR_BARE": "1"}),
    )
    wanted = {"recordType": "Other", "recordId": f"benchmark-{time.time_ns()}"}
    body = {"contextId": post(f"{around.gateway}{CONTEXT}", wanted, around.token)["contextId"], "content": QUESTION}
    with ExitStack() as running:
        logs = around.build / "logs" / NAME
        servers = [running.enter_context(Server(one, around.token, logs / f"{one.label}.log")) for one in programs]
        for server in servers:
            server.wait_until_listening()
        recorded.write_bytes(b"".join(chunk for _, chunk in _streamed(servers[0], around.token, body)))
        for server in servers:
            for _ in range(WARMING):
                _asked(server, around.token, body)
        return _compared(servers, around.token, body, turns=turns, per_turn=per_turn)


def _compared(servers: list[Server], token: str, body: dict[str, str], *, turns: int, per_turn: int) -> list[Line]:
    """The medians and the 95th percentiles of both times, each turn's ratios against one another."""
    labels = [server.program.label for server in servers]
    taken: dict[str, list[list[tuple[float, float]]]] = {label: [] for label in labels}
    for _ in range(turns):
        for label in labels:
            taken[label].append([])
        for _ in range(per_turn):
            for server in servers:
                taken[server.program.label][-1].append(_asked(server, token, body))
    lines = []
    for number, what in enumerate(("first part", "whole answer")):
        for percent in (50, 95):
            of = {
                label: [percentile([times[number] for times in turn], percent) for turn in taken[label]]
                for label in labels
            }
            ours, floor, bare = (statistics.median(of[label]) for label in (OURS, FLOOR, BARE))
            compared = ratio(of[OURS], of[FLOOR])
            lines.append(Line(NAME, f"{what} p{percent}", "ms", ours, floor, bare, compared, WARM_BUDGET))
    return lines


def _asked(server: Server, token: str, body: dict[str, str]) -> tuple[float, float]:
    """Milliseconds until the first part came and until the answer was whole."""
    began = time.perf_counter()
    times = [at - began for at, _ in _streamed(server, token, body)]
    return times[0] * 1000, times[-1] * 1000


def _streamed(server: Server, token: str, body: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    """The events of an answer as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", PATH, body=json.dumps(body).encode(), headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise BenchmarkError(f"{server.program.label} answered {answer.status}: {answer.read()[:300]!r}")
    event = b""
    while line := answer.readline():
        event += line
        if line == b"\n":
            yield time.perf_counter(), event
            event = b""
    connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
