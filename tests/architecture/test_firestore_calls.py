"""Every call of Firestore is bound to a client, checks the ids it is given, and says how long and how it tries."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

from tests.architecture.sources import python_files, tree_of

FOLDER = "shared/repositories/firestore"
# Methods of documents, queries and batches that go over the network.
SENDING = {"commit", "create", "update", "delete", "set", "get", "get_all", "stream"}
BATCHES = {"batch", "prepared.batch"}
# Where a document is named by something else than an id that `checked` has seen: what it is instead.
UNCHECKED = {
    "alerts.py:of_source": "an id that the store gave",
    "changing.py:reference": "the place that checks",
    "inboxes.py:_at": "checked there",
    "audit_outbox.py:add_event": "an event's uuid",
    "audit_outbox.py:add": "an event's uuid",
    "committing.py:_is_waiting": "an event's uuid",
    "creating.py:add_new": "an id that was made or derived here",
    "feedback_reader.py:read": "checked there: what no document can have is no feedback",
    "kept_answers.py:add_kept": "a hash",
    "kept_answers.py:recall": "a hash",
    "member_mirror.py:_copies": "the path of a reference that was checked",
    "members.py:get": "checked there: what no document can have is no member",
    "open_tasks.py:keep": "checked there: what no document can have is no context",
    "waiting_events.py:published": "an id that the store gave",
}
# Methods that are bound to no client, and to what they are bound.
UNBOUND = {
    "FirestoreMemberRepository.get": "a verified uid, of which it tells the client",
    "FirestoreContextRepository.session": "a verified sign-in",
    "FirestoreSessionRepository.get": "a verified sign-in",
    "FirestoreSessionRepository.latest": "a verified sign-in",
    "FirestoreSessionRepository.end_all": "a verified uid",
    "FirestoreAuditOutbox.add": "an event, which says whose it is",
    "FirestoreKeptAnswers.recall": "a hash that the client is part of",
    "FirestoreAlertSweep.due": "the sweep's: the alerts of every client",
    "FirestoreAlertSweep.of_source": "the waits' job: the alerts of every client",
    "FirestoreAlertSweep.over": "the sweep's: the alerts of every client",
    "FirestoreDraftsUnderWay.due": "the sweep's: the e-mails of every client",
    "FirestoreDueReminders.due": "the reminder job's: the tasks of every client",
    "FirestoreFeedbackReader.read": "the projection's: an event says which document",
    "FirestoreOpenJobs.unmoved_since": "the sweep's: the work of every client",
    "FirestoreRunningReplies.silent_since": "the sweep's: the replies of every client",
    "FirestoreWaitingEvents.older_than": "the relay's: the outbox of every client",
    "FirestoreWaitingEvents.published": "the relay's: the outbox of every client",
}
# Arguments that say the client: itself, or something that has a client_id.
BINDING = {
    "client_id",
    "document",
    "task",
    "context",
    "thread",
    "session",
    "entries",
    "device",
    "devices",
    "roster",
    "place",
    "changes",
}


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every method call with the function it stands in (the outermost one: closures belong to it)."""
    tree = tree_of(path)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for made in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        functions += [node for node in made.body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield f"{path.name}:{function.name}", node


def _is_sent(call: ast.Call) -> bool:
    """Tell a call that goes out from one of a batch that only notes it, and from a dictionary's `get`."""
    assert isinstance(call.func, ast.Attribute)
    receiver, method = ast.unparse(call.func.value), call.func.attr
    if receiver in BATCHES:
        return method == "commit"
    if method == "get" and call.args:
        return isinstance(call.args[0], ast.List)  # a document's field list; a dictionary is asked for a key
    return method in SENDING


def test_every_call_says_how_long_and_how_often_it_tries() -> None:
    """The driver's own defaults wait for minutes, and send a change again without knowing whether it has landed."""
    sent = [
        (f"{where}:{call.lineno}", {keyword.arg for keyword in call.keywords})
        for path in python_files(FOLDER)
        for where, call in _calls(path)
        if _is_sent(call)
    ]
    assert len(sent) > 25
    assert [where for where, given in sent if not {"timeout", "retry"} <= given] == []


def test_documents_are_named_by_checked_ids() -> None:
    """`collection("a").document("b/c/d")` would be a document of another collection."""
    naming = {
        where
        for path in python_files(FOLDER)
        for where, call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "document"
    }
    assert naming == set(UNCHECKED)


def _repositories() -> Iterator[type[Any]]:
    for path in python_files(FOLDER):
        module = import_module(".".join(path.with_suffix("").parts))
        for name, made in inspect.getmembers(module, inspect.isclass):
            if made.__module__ == module.__name__ and name.startswith("Firestore") and name != "FirestoreLiveStore":
                yield made


def test_nothing_is_asked_without_a_client() -> None:
    unbound = set()
    for made in _repositories():
        for name, method in inspect.getmembers(made, inspect.isfunction):
            if name.startswith("_") or name not in vars(made):
                continue
            if not BINDING & set(inspect.signature(method).parameters):
                unbound.add(f"{made.__name__}.{name}")
    assert unbound == set(UNBOUND)


def test_what_binds_has_a_client() -> None:
    """The arguments above are no names alone: their types say whose they are."""
    for made in _repositories():
        for name, method in inspect.getmembers(made, inspect.isfunction):
            if name.startswith("_") or name not in vars(made):
                continue
            hints = get_type_hints(method)
            for argument in (BINDING - {"client_id", "entries", "document", "devices"}) & set(
                inspect.signature(method).parameters
            ):
                kind = hints[argument]
                fields = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", {})
                assert "client_id" in fields, f"{made.__name__}.{name}: {argument}"
