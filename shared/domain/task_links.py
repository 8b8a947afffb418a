"""What one task does to others: the follow-up that its completion opens, and the other side of a shared task.

Every function here gives the same result for the same versions, and each task remembers which version of the other it
has taken notice of: events about them may come twice, late and in any order.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.task import OPEN_STATES
from shared.models.firestore.documents import TaskDocument
from shared.models.identifiers import derived_document_id

GONE = "gone"


def is_done(task: TaskDocument | None) -> bool:
    """Tell whether the task stands completed."""
    return task is not None and task.completed and task.deleted_at is None


def outcome(task: TaskDocument) -> str:
    """`open`, `gone` when it was deleted, else the state it has ended in."""
    return GONE if task.deleted_at is not None else _by_state(task)


def _by_state(task: TaskDocument) -> str:
    return "open" if task.state in OPEN_STATES else task.state


def counterpart_id(shared_id: str) -> str:
    """The id of the back-office side of a shared task: there is one at most."""
    return derived_document_id("task", "backend", shared_id)


def successor(task: TaskDocument, *, version: int) -> TaskDocument | None:
    """The open task that follows from the completion of `task`, as of its `version`."""
    wanted = task.follow_up
    if wanted is None:
        return None
    made = task.completed_at or task.updated_at
    due = made + timedelta(days=wanted.in_days)
    return TaskDocument(
        id=derived_document_id("task", "follow-up", task.id),
        client_id=task.client_id,
        created_at=made,
        updated_at=made,
        context_id=task.context_id,
        mode=task.mode,
        record_type=task.record_type,
        record_uuid=task.record_uuid,
        patient_uuid=task.patient_uuid,
        label=wanted.label,
        type=task.type,
        source=task.source,
        assigned_to=wanted.assigned_to,
        assigned_at=None if wanted.assigned_to is None else made,
        priority=task.priority,
        due_at=due,
        created_by=task.completed_by or task.created_by,
        follows=task.id,
        follows_version=version,
        audience=task.audience,
        sort_at=due,
    )


def closed(successor: TaskDocument, *, at: datetime) -> TaskDocument:
    """`successor` after the completion that opened it was taken back."""
    reason = "The task that it follows is not completed"
    return successor.model_copy(update={"state": "auto_closed", "is_open": False, "reason": reason, "updated_at": at})


def settled(held: TaskDocument, wanted: TaskDocument) -> TaskDocument | None:
    """`held` after a newer version of the task it follows asks for `wanted`; None when nothing is to be written.

    Only what is open is closed, and only what was closed in this way is opened again: what people have ended stays.
    It becomes what the newer completion says, also when an event between the two has not come yet.
    """
    if held.follows_version >= wanted.follows_version:
        return None
    if held.deleted_at is not None or not (held.is_open or held.state == "auto_closed"):
        return held.model_copy(update={"follows_version": wanted.follows_version})
    kept = {name: getattr(held, name) for name in ("linked_to", "linked_version", "linked_outcome", "idempotency")}
    kept |= {"description": wanted.description or held.description, "version": held.version + 1}
    return wanted.model_copy(update=kept)


def mirrored(held: TaskDocument, source: TaskDocument) -> TaskDocument | None:
    """`held` after the other side of the pair has become `source`; None when nothing is to be written.

    An outcome closes an open side and takes the place of an older one that came the same way; an opening opens. Two
    sides that people have closed each in their own way stay so. The deletion of the shared task closes its back-office
    side, not the other way round.
    """
    if held.linked_version >= source.version or held.deleted_at is not None:
        return None
    noticed = held.model_copy(update={"linked_version": source.version})
    reached = outcome(source)
    if reached == GONE:  # of the back-office side there remains what it was
        reached = "auto_closed" if source.type == "shared" else _by_state(source)
    came_from_there = held.linked_outcome == outcome(held)
    if reached == outcome(held) or not (held.is_open or reached == "open" or came_from_there):
        return noticed
    return _moved(noticed, source, reached)


def _moved(held: TaskDocument, source: TaskDocument, state: str) -> TaskDocument:
    done = state == "completed"
    return held.model_copy(
        update={
            "state": state,
            "completed": done,
            "is_open": state in OPEN_STATES,
            "completed_at": source.completed_at if done else None,
            "completed_by": source.completed_by if done else None,
            "reason": None if state == "open" else source.reason,
            "linked_outcome": state,
            "updated_at": source.updated_at,
            "version": held.version + 1,
        }
    )
