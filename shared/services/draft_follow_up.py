"""The task that asks for the answer to an e-mail: made when it is sent, or when that is asked for afterwards.

It is closed when an answer comes, the e-mail is void, or another day is set.
"""

from __future__ import annotations

from uuid import UUID

from shared.domain.task import auto_close
from shared.models.audit import AuditAction, own_act
from shared.models.firestore.documents import TaskDocument
from shared.models.firestore.drafts import DraftDocument
from shared.models.identifiers import derived_document_id
from shared.repositories.changes import Change
from shared.repositories.protocols import LiveStore
from shared.services.clock import Clock

SOURCE = "rule:email_follow_up"


def follow_up_task(draft: DraftDocument, *, anew: bool = False) -> TaskDocument | None:
    """The author's task for the day by which an answer is expected; None when none is expected or it is there.

    It is one for a day and a sending; `anew` it is another one, as that of the same day may have been closed meanwhile.
    """
    if draft.follow_up_at is None or draft.context_id is None or draft.answered_at is not None:
        return None
    due = draft.follow_up_at
    which = (*_sending(draft), *((str(draft.version),) if anew else ()))
    return TaskDocument(
        id=derived_document_id("task", draft.client_id, draft.id, "follow_up", due.isoformat(), *which),
        client_id=draft.client_id,
        created_at=draft.updated_at,
        updated_at=draft.updated_at,
        context_id=draft.context_id,
        mode=draft.mode,
        record_type=draft.record_type,
        record_uuid=draft.record_uuid or draft.context_id,
        patient_uuid=draft.patient_uuid,
        label="Ask for the answer to an e-mail",
        description=f"No answer to the e-mail {draft.id} was noted by {draft.follow_up_on}.",
        source=SOURCE,
        state="scheduled" if due > draft.updated_at else "open",
        assigned_to=draft.author_id,
        assigned_by=draft.author_id,
        assigned_at=draft.updated_at,
        due_at=due,
        not_before=due,
        created_by=SOURCE,
        audience=(f"ctx:{draft.context_id}",),
        sort_at=due,
    )


def _sending(draft: DraftDocument) -> tuple[str, ...]:
    """The message that is followed up: the task of one that came back is closed, and is not that of the next one."""
    return () if draft.message_id is None else (draft.message_id,)


def close_follow_up(live: LiveStore, draft: DraftDocument, *, now: Clock) -> None:
    """Close the task where it is open; safe to repeat."""
    if draft.follow_up_task is None:
        return
    client_id = UUID(draft.client_id)
    if live.tasks.get(client_id, draft.follow_up_task) is None:
        return

    def decide(task: TaskDocument) -> Change[TaskDocument] | None:
        after = auto_close(task, at=now()) if task.deleted_at is None else None
        if after is None:
            return None
        event = own_act(
            client_id,
            AuditAction.TASK_RULE,
            "task",
            cause=draft.id,
            resource_ref=task.id,
            patient_ref=task.patient_uuid,
            mode=task.mode,
            metadata={"rule": "closed", "source": task.source},
        )
        return Change(after, event)

    live.tasks.change(client_id, draft.follow_up_task, decide)
