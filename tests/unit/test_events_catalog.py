"""What an event function listens to is what its catalog entry says."""

from __future__ import annotations

import importlib.util

import pytest

from shared.catalog import FunctionEntry, load_catalog

EVENT_FUNCTIONS = [entry for entry in load_catalog() if entry.kind in {"firestore", "pubsub", "schedule"}]


@pytest.mark.parametrize("entry", EVENT_FUNCTIONS, ids=lambda entry: entry.name)
def test_an_event_function_listens_to_its_trigger(entry: FunctionEntry) -> None:
    spec = importlib.util.spec_from_file_location(f"event_function_{entry.name}", entry.main)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = getattr(module, entry.entry_point).event_source
    assert source == (entry.trigger.document or entry.trigger.topic or "schedule")
