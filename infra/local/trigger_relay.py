"""The trigger relay: what Eventarc and Pub/Sub push are in production, between the emulators and the functions.

    python -m infra.local.trigger_relay --port PORT --stack FILE

It hides how the Firestore emulator differs from production: the emulator sends its protobuf as base64 text, names the
project twice in `ce-source`, does not encode header values, never tries again, and delivers events over 512 KB.
It starts to listen when everything is registered. GET /status tells what it does, POST /chaos sets faults.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.log_line import log
from infra.local.parts_file import Parts, read_parts
from infra.local.relay_delivery import Chaos, Courier, Delivery, read_chaos
from infra.local.relay_messages import MessageTaker
from infra.local.relay_registration import register_when_ready
from shared.catalog import FunctionEntry

MAX_EVENT_BYTES = 512 * 1024
ATTEMPTS = 20
_PRINTABLE = (
    "!#$&'()*+,-./:;<=>?@[]^_`{|}~"  # what a CloudEvent's header value holds as it is; space, % and \" are encoded
)


class Relay:
    """The relay of one stack; `entries` are the catalog's event functions by name."""

    def __init__(self, parts: Parts, *, attempts: int, chaos: Chaos) -> None:
        self._parts = parts
        self._chaos = chaos
        self._attempts = attempts
        self._entries: dict[str, FunctionEntry] = {entry.name: entry for entry in parts.catalog}
        self._registered: list[str] = []
        self._courier: Courier | None = None

    @property
    def courier(self) -> Courier:
        """Who delivers; there from the start of the application on."""
        if self._courier is None:
            raise RuntimeError("The relay has not started")
        return self._courier

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Register with the emulators, then serve."""
        async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=200)) as client:
            self._courier = Courier(
                client=client,
                functions=self._parts.functions,
                dead_letters=self._parts.folder / "relay-dead-letters.jsonl",
                attempts=self._attempts,
                chaos=self._chaos,
            )
            self._registered = await register_when_ready(client, self._parts)
            takers = [
                asyncio.create_task(MessageTaker(client, self._parts, entry, self.courier).run())
                for entry in self._parts.catalog
                if entry.kind == "pubsub" and entry.name in self._registered
            ]
            log("INFO", "relay ready", functions=self._registered)
            yield
            for task in (*self.courier.pending, *takers):
                task.cancel()

    async def document_changed(self, request: Request) -> Response:
        """The Firestore emulator's event: take it over and answer at once, as it never sends it again anyway."""
        entry = self._entry(request)
        headers = {name: value for name, value in _event_headers(request).items() if name != "ce-dataschema"}
        try:
            body = base64.b64decode(await request.body(), validate=True)
        except (ValueError, binascii.Error):
            entry = None
        if entry is None:
            return Response(status_code=404)
        if len(body) > MAX_EVENT_BYTES:
            self.courier.counts["oversized"] += 1
            log("ERROR", "event over 512 KB: dropped, as production drops it", function=entry.name, bytes=len(body))
            return Response(status_code=204)
        headers["ce-source"] = headers.get("ce-source", "").replace("/projects/projects/", "/projects/", 1)
        headers["content-type"] = "application/protobuf"
        self.courier.accept(Delivery(entry, headers, body))
        return Response(status_code=204)

    async def status(self, _: Request) -> Response:
        """What is registered, under way, delivered, and given up."""
        return JSONResponse({"registered": self._registered, **self.courier.status()})

    async def set_chaos(self, request: Request) -> Response:
        """Set the faults; the members of the JSON body are those of Chaos, and `{}` ends them."""
        try:
            self.courier.set_chaos(read_chaos(await request.json()))
        except (TypeError, ValueError, AttributeError):
            return JSONResponse({"allowed": list(Chaos.__dataclass_fields__)}, status_code=400)
        return JSONResponse(self.courier.status())

    def application(self) -> Starlette:
        """The relay as an ASGI application."""
        return Starlette(
            lifespan=self.lifespan,
            routes=[
                Route("/functions/projects/{project}/triggers/{name}", self.document_changed, methods=["POST"]),
                Route("/status", self.status),
                Route("/chaos", self.set_chaos, methods=["POST"]),
            ],
        )

    def _entry(self, request: Request) -> FunctionEntry | None:
        entry = self._entries.get(request.path_params["name"])
        return entry if entry and entry.kind == "firestore" and entry.name in self._parts.functions else None


def _event_headers(request: Request) -> dict[str, str]:
    """The `ce-*` headers, encoded as the HTTP binding of CloudEvents says."""
    return {
        name.decode(): quote(value.decode("utf-8", errors="replace"), safe=_PRINTABLE)
        for name, value in request.headers.raw
        if name.startswith(b"ce-")
    }


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="infra.local.trigger_relay", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stack", type=Path, required=True, help="the parts file")
    arguments = parser.parse_args()
    relay = Relay(
        read_parts(arguments.stack),
        attempts=int(os.environ.get("MOBIUS_RELAY_ATTEMPTS", str(ATTEMPTS))),
        chaos=read_chaos(json.loads(os.environ.get("MOBIUS_RELAY_CHAOS", "{}"))),
    )
    uvicorn.run(
        relay.application(), host=arguments.host, port=arguments.port, log_level="warning", access_log=False, workers=1
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
