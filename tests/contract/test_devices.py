"""Devices that alerts are pushed to: one contract, both implementations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.errors import NotFoundError
from shared.models.firestore.devices import DeviceDocument
from shared.models.identifiers import document_id
from shared.models.replay import Replayed
from tests.contract.conftest import Live
from tests.contract.test_documents import LATER, base
from tests.unit.factories import NOW, USER, event, kept, key


def device(client: UUID, uid: str, **members: Any) -> DeviceDocument:
    given = {"id": document_id("device"), "uid": uid, "user_id": str(USER), "token": document_id("token")}
    return DeviceDocument(**base(client, "device", **given | {"expire_at": LATER} | members))


def test_a_device_is_one_persons_at_a_time(live: Live) -> None:
    mine, yours = document_id("uid"), document_id("uid")
    first, second = device(live.client, mine), device(live.client, mine)
    for one in (first, second, device(uuid4(), mine)):
        live.store.devices.put(one, event(live.client))
    found = live.store.devices.of_people(live.client, [mine, yours, *(f"uid-{n}" for n in range(40))])
    assert sorted(one.id for one in found) == sorted((first.id, second.id))
    live.store.devices.put(second.model_copy(update={"uid": yours}), event(live.client))
    assert live.store.devices.of_people(live.client, [mine]) == [first]
    for client, uid, device_id in ((live.client, mine, second.id), (uuid4(), yours, second.id)):
        with pytest.raises(NotFoundError):
            live.store.devices.remove(client, uid, device_id, event(live.client))
    assert live.store.devices.remove(live.client, mine, first.id, event(live.client)) == first
    with pytest.raises(NotFoundError):
        live.store.devices.remove(live.client, mine, first.id, event(live.client))
    assert live.store.devices.of_people(live.client, []) == []
    assert len([one for one in live.events() if one.client_id == live.client]) == 5


def test_a_registration_that_is_repeated_gets_its_answer(live: Live) -> None:
    asked, one = key(), device(live.client, document_id("uid"))
    live.store.devices.put(one, event(live.client), kept(asked))
    with pytest.raises(Replayed):
        live.store.devices.put(one, event(live.client), kept(asked))
    assert len(live.events()) == 1


def test_a_device_that_was_registered_again_is_not_forgotten(live: Live) -> None:
    uid = document_id("uid")
    stale, renewed = device(live.client, uid), device(live.client, uid)
    for one in (stale, renewed):
        live.store.devices.put(one, event(live.client))
    again = renewed.model_copy(update={"updated_at": NOW + timedelta(minutes=1)})
    live.store.devices.put(again, event(live.client))
    live.store.devices.forget([stale, renewed, device(live.client, uid)])
    assert live.store.devices.of_people(live.client, [uid]) == [again]
