"""An ASGI application served on a free port, on a thread of the test process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


def until(condition: Callable[[], Any], *, seconds: float = 20.0) -> Any:
    """What `condition` returns once it is true; fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        threading.Event().wait(0.02)
    raise AssertionError("it did not happen in time")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(application: Any, *, port: int | None = None) -> Iterator[str]:
    """Serve `application`; yields its base URL."""
    number = port or free_port()
    config = uvicorn.Config(
        application, host="127.0.0.1", port=number, log_level="warning", server_header=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{number}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        server.force_exit = True
