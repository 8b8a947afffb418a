"""Run in a process of its own: import one main.py with sockets blocked and print what that loaded and made.

`python -m tests.architecture.import_probe FILE` prints {"modules": [...], "threads": n, "clients": [...]}.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import socket
import sys
import threading
from typing import NoReturn

CLIENTS = {"Client", "PublisherClient", "SubscriberClient", "Engine", "Connector", "App", "Channel", "Session"}
STORES = ("google.", "grpc", "sqlalchemy", "firebase_admin", "requests", "httpx", "pg8000")


def _refuse(*_: object, **__: object) -> NoReturn:
    message = "a network connection while a function is being imported"
    raise AssertionError(message)


def main(path: str) -> None:
    """Import `path` as functions-framework does and report."""
    for name in ("connect", "connect_ex", "bind", "sendto"):
        setattr(socket.socket, name, _refuse)
    socket.getaddrinfo = _refuse
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location("main", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["main"] = module
    spec.loader.exec_module(module)
    made = {
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in map(type, gc.get_objects())
        if kind.__name__ in CLIENTS and kind.__module__.startswith(STORES)
    }
    report = {
        "modules": sorted(set(sys.modules) - before),
        "threads": threading.active_count(),
        "clients": sorted(made),
    }
    print(json.dumps(report))  # noqa: T201 # the report is this program's output


if __name__ == "__main__":
    main(sys.argv[1])
