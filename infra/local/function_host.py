"""All functions in one process, each under its deployed name: the default of the one-machine stack.

`python -m infra.local.function_host --port P`: `http://127.0.0.1:P/tasks/api/v1/components/tasks` reaches the function
`tasks` as `/api/v1/components/tasks`. Each function has its own threads, so a slow one does not hold up the others.
What production isolates and this does not: memory, module state, and the settings that functions-framework leaves in
`FUNCTION_TARGET` (the product never reads them). `make up ISOLATED=1` runs a process per bundle instead.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from infra.local.settings import HOST, ROOT
from shared.catalog import CatalogError, FunctionEntry, load_catalog

THREADS_AT_LEAST = 16

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class FunctionLoadError(Exception):
    """A function of the catalog cannot be loaded. The message names its file and the reason."""


class FunctionHost:
    """An ASGI application that hands `/{deployed name}/rest` to that function as `/rest`."""

    def __init__(self, functions: dict[str, AsgiApp]) -> None:
        self._functions = functions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's own start and stop."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        name, _, rest = scope["path"].removeprefix("/").partition("/")
        function = self._functions.get(name)
        if function is None:
            await self._answer(send, status=200 if not name else 404)
            return
        raw = bytes(scope.get("raw_path") or scope["path"].encode())
        raw_rest = raw.removeprefix(b"/").partition(b"/")[2]
        inner = dict(scope, path=f"/{rest}", raw_path=b"/" + raw_rest, root_path="")
        await function(inner, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, send: Send, *, status: int) -> None:
        body = json.dumps({"functions": sorted(self._functions)}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def load_functions(entries: Sequence[FunctionEntry]) -> dict[str, AsgiApp]:
    """Every entry's application by deployed name. Raises FunctionLoadError: no function is ever left out silently."""
    return {entry.deployed_name: _load(entry) for entry in entries}


def _load(entry: FunctionEntry) -> AsgiApp:
    from a2wsgi import WSGIMiddleware
    from functions_framework import create_app

    if not entry.main.is_file():
        raise FunctionLoadError(f"{entry.group}/{entry.name}: {entry.main} is missing")
    try:
        application: Any = create_app(entry.entry_point, str(entry.main))  # type: ignore[no-untyped-call] # it has no types
    except Exception as exc:
        raise FunctionLoadError(f"{entry.group}/{entry.name}: {entry.main}: {type(exc).__name__}: {exc}") from exc
    finally:
        # functions-framework registers every source file as the module `main`; the next one must not find this one.
        sys.modules.pop("main", None)
    if entry.kind == "stream":
        asgi: AsgiApp = application
        return asgi
    bridge: Any = WSGIMiddleware(_ended_input(application), workers=max(THREADS_AT_LEAST, entry.concurrency))
    served: AsgiApp = bridge  # its own types are narrower than what a server passes
    return served


def _ended_input(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Say, as gunicorn does, that the input ends by itself: a chunked body is then read and not taken for none."""

    def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input_terminated"] = True
        return application(environ, start_response)

    return wsgi


def main() -> int:
    """Load the catalog's functions and serve them until told to stop."""
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--catalog-root", type=Path, default=ROOT, help="the folder that holds functions/")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    try:
        host = FunctionHost(load_functions(load_catalog(arguments.catalog_root)))
    except (FunctionLoadError, CatalogError) as exc:
        if exc.__cause__ is not None:
            traceback.print_exception(exc.__cause__)
        print(exc, flush=True)
        return 2
    uvicorn.run(host, host=HOST, port=arguments.port, log_level="warning", access_log=False, lifespan="on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
