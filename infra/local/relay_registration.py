"""What the relay asks of the emulators: Firestore triggers, Pub/Sub topics and subscriptions.

Everything is repeated harmlessly, so a restarted relay finds what it had.
"""

from __future__ import annotations

import asyncio
import time

import httpx

from infra.local.parts_file import Parts
from infra.local.relay_messages import LEASE_SECONDS
from shared.catalog import FunctionEntry

READY_SECONDS = 60.0
LONGEST_KEPT = "604800s"


async def register_when_ready(client: httpx.AsyncClient, parts: Parts) -> list[str]:
    """Register every event function that the stack runs, as soon as the emulators answer; returns their names.

    Raises TimeoutError when they do not answer in a minute.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return await _register(client, parts)
        except httpx.TransportError as exc:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The emulators at {parts.firestore} and {parts.pubsub} do not answer") from exc
        await asyncio.sleep(0.1)


async def _register(client: httpx.AsyncClient, parts: Parts) -> list[str]:
    registered = []
    for entry in parts.catalog:
        if entry.name not in parts.functions:
            continue
        if entry.kind == "firestore":
            await _trigger(client, parts, entry)
        elif entry.kind == "pubsub":
            await _subscription(client, parts, entry)
        else:
            continue
        registered.append(entry.name)
    return registered


async def _trigger(client: httpx.AsyncClient, parts: Parts, entry: FunctionEntry) -> None:
    answer = await client.post(
        f"http://{parts.firestore}/emulator/v1/projects/{parts.project}/eventarcTrigger",
        params={"eventarcTriggerId": entry.name},
        json={
            "eventType": entry.trigger.event_type,
            "database": "(default)",
            "namespace": "(default)",
            "document": {"value": entry.trigger.document, "matchType": "PATH_PATTERN"},
        },
    )
    answer.raise_for_status()


async def _subscription(client: httpx.AsyncClient, parts: Parts, entry: FunctionEntry) -> None:
    """The topic, its subscription, and a dead-letter topic that keeps what nobody could handle.

    A topic without a subscription forgets: the dead-letter topic has one, to be read by hand.
    """
    project = f"http://{parts.pubsub}/v1/projects/{parts.project}"
    topic = f"projects/{parts.project}/topics/{entry.trigger.topic}"
    dead = f"projects/{parts.project}/topics/{entry.dead_letter_topic}"
    await _create(client, f"{project}/topics/{entry.trigger.topic}", {})
    await _create(client, f"{project}/topics/{entry.dead_letter_topic}", {})
    await _create(
        client,
        f"{project}/subscriptions/{entry.dead_letter_topic}-kept",
        {"topic": dead, "messageRetentionDuration": LONGEST_KEPT},
    )
    await _create(
        client,
        f"{project}/subscriptions/{entry.deployed_name}",
        {
            "topic": topic,
            "ackDeadlineSeconds": LEASE_SECONDS,
            "deadLetterPolicy": {"deadLetterTopic": dead, "maxDeliveryAttempts": entry.max_delivery_attempts},
        },
    )


async def _create(client: httpx.AsyncClient, url: str, resource: dict[str, object]) -> None:
    """Create a Pub/Sub resource, unless it is there already."""
    answer = await client.put(url, json=resource)
    if answer.status_code != httpx.codes.CONFLICT:
        answer.raise_for_status()
