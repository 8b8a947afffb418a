"""Pub/Sub messages for functions: taken from the emulator under a lease and acknowledged when the function is done.

Production pushes, and sends again what was not acknowledged. The emulator's own push sometimes forgets a message whose
receiver ends while it is on its way; a message under a lease comes back, whoever ends. The function sees the same
request either way: Eventarc's headers, and Pub/Sub's envelope.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from infra.local.log_line import log
from infra.local.parts_file import Parts
from infra.local.relay_delivery import Courier, Delivery
from shared.catalog import FunctionEntry

LEASE_SECONDS = 10
RENEW_SECONDS = 4
PULL_SECONDS = 95  # the emulator answers an idle pull after 90 s
AT_ONCE = 64
FIRST_PAUSE_SECONDS = 1
LONGEST_PAUSE_SECONDS = 60


class MessageTaker:
    """Takes the messages of one function's subscription and hands them to the courier."""

    def __init__(self, client: httpx.AsyncClient, parts: Parts, entry: FunctionEntry, courier: Courier) -> None:
        self._client = client
        self._entry = entry
        self._courier = courier
        self._project = parts.project
        self._name = f"projects/{parts.project}/subscriptions/{entry.deployed_name}"
        self._url = f"http://{parts.pubsub}/v1/{self._name}"
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take messages until cancelled; an emulator that does not answer is asked again."""
        while True:
            room = AT_ONCE - len(self._under_way)
            if room <= 0:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                continue
            try:
                answer = await self._client.post(f"{self._url}:pull", json={"maxMessages": room}, timeout=PULL_SECONDS)
                answer.raise_for_status()
            except httpx.HTTPError as exc:
                log("WARNING", "no messages to be had", function=self._entry.name, why=type(exc).__name__)
                await asyncio.sleep(FIRST_PAUSE_SECONDS)
                continue
            for received in answer.json().get("receivedMessages", ()):
                task = asyncio.create_task(self._hand_over(received))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def _hand_over(self, received: dict[str, Any]) -> None:
        """Send one message on; acknowledge it, or let it come back after a pause that grows with its attempts."""
        self._courier.counts["pushed"] += 1
        attempt = int(received.get("deliveryAttempt", 1))
        sending = asyncio.create_task(self._courier.send(self._delivery(received, attempt)))
        while not (await asyncio.wait({sending}, timeout=RENEW_SECONDS))[0]:
            await self._settle("modifyAckDeadline", received, ackDeadlineSeconds=LEASE_SECONDS)
        if httpx.codes.is_success(sending.result()):
            await self._settle("acknowledge", received)
            return
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10), LONGEST_PAUSE_SECONDS)
        await self._settle("modifyAckDeadline", received, ackDeadlineSeconds=pause)

    async def _settle(self, verb: str, received: dict[str, Any], **members: int) -> None:
        """Tell the emulator; if that fails, the lease ends by itself and the message comes again."""
        body = {"ackIds": [received["ackId"]], **members}
        try:
            (await self._client.post(f"{self._url}:{verb}", json=body)).raise_for_status()
        except httpx.HTTPError as exc:
            log("WARNING", "message not settled", function=self._entry.name, verb=verb, why=type(exc).__name__)

    def _delivery(self, received: dict[str, Any], attempt: int) -> Delivery:
        message = received["message"]
        headers = {
            "ce-specversion": "1.0",
            "ce-id": str(message["messageId"]),
            "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
            "ce-source": f"//pubsub.googleapis.com/projects/{self._project}/topics/{self._entry.trigger.topic}",
            "ce-time": str(message["publishTime"]),
            "content-type": "application/json",
        }
        envelope = {"message": message, "subscription": self._name, "deliveryAttempt": attempt}
        return Delivery(self._entry, headers, json.dumps(envelope).encode())
