"""A long day at an office: people make, change and end tasks and alerts. The same seed is the same day."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.models.api.alerts import NewAlert
from shared.models.api.tasks import NewTask, TaskEdit
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.roles import Role
from shared.repositories.firestore.store import FirestoreLiveStore
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.alerts import AlertService
from shared.services.tasks import TaskService
from tests.unit.factories import CLIENT, caller, context, event, key, session

PEOPLE = {f"person-{number:02}": role for number, role in enumerate([*Role, *Role, Role.BILLER, Role.FRONT_DESK])}
CONTEXTS = 5
KEYS = 12


def user_id(uid: str) -> str:
    return str(UUID(int=1000 + sorted(PEOPLE).index(uid)))


class OfficeDay:
    """What people do, one thing after the other; `steps` yields after each."""

    def __init__(self, store: FirestoreLiveStore, begun: datetime, seed: int) -> None:
        self.store, self.now = store, begun
        self._chance = random.Random(seed)  # noqa: S311 - a repeatable day, no secret
        selector = DatabaseSelector(InMemoryRecordStore, lambda: store)
        topic, outbox = InMemoryAuditPublisher(), InMemoryAuditOutbox(InMemoryDocuments())
        log = AccessLog(lambda: topic, lambda: outbox)
        self.tasks = TaskService(selector, log, now=lambda: self.now)
        self.alerts = AlertService(selector, log, now=lambda: self.now)
        self.contexts = [self._context(number) for number in range(CONTEXTS)]
        self._roster()
        self._own: list[str] = []  # tasks that people change
        self._active: dict[str, set[str]] = {}  # alerts by id: whom they are for
        self._number = 0

    def steps(self, count: int) -> Iterator[None]:
        """Do `count` things that change a task or an alert, and some that concern an inbox alone."""
        done = 0
        while done < count:
            self.now += timedelta(milliseconds=250)
            step = self._chance.choices(*zip(*self._choices(), strict=True))[0]
            done += step()
            yield

    def _choices(self) -> list[tuple[Callable[[], int], int]]:
        choices: list[tuple[Callable[[], int], int]] = [(self._new_task, 4), (self._new_alert, 5)]
        if self._own:
            choices += [(self._move, 8), (self._assign, 3), (self._delete, 1)]
        if self._active:
            choices += [(self._acknowledge, 3), (self._snooze, 1), (self._resolve, 2)]
        return choices

    def _context(self, number: int) -> ContextDocument:
        wanted = context(id=f"ctx_{number}", record_uuid=str(UUID(int=number)), created_at=self.now)
        return self.store.contexts.open(wanted, session(wanted, id=f"day_{number}"), event(), lambda *_: None)[0]

    def _roster(self) -> None:
        members = tuple(RosterMember(uid=uid, user_id=user_id(uid), role=role.value) for uid, role in PEOPLE.items())
        given: dict[str, Any] = {"id": str(CLIENT), "client_id": str(CLIENT), "created_at": self.now}
        self.store.rosters.put(RosterDocument(**given, updated_at=self.now, members=members))

    def _who(self, uid: str = "person-00", **members: Any) -> Caller:
        given: dict[str, Any] = {"uid": uid, "user_id": UUID(user_id(uid)), "role": PEOPLE[uid]}
        return caller(**given | {"session_id": f"{uid}_1790000000"} | members)

    def _person(self) -> str:
        return self._chance.choice(sorted(PEOPLE))

    def _new_task(self) -> int:
        kind = self._chance.choice(["normal", "shared", "shared", "pair", "follow", "repeat"])
        members: dict[str, Any] = {"context_id": self._chance.choice(self.contexts).id, "type": "shared"}
        if kind == "normal":
            members["type"] = "normal"
        elif kind == "follow":
            members["follow_up"] = {"label": "What follows", "in_days": 2, "assigned_to": user_id(self._person())}
        elif kind == "repeat":
            members |= {"repeat": {"every": 1, "unit": "week"}, "due_at": self.now + timedelta(days=1)}
        if self._chance.random() < 0.5:
            members["assigned_to"] = user_id(self._person())
        made = self._made(**members)
        if kind != "pair":
            self._own.append(made)
            return 1
        other = self._made(context_id=members["context_id"], type="backend", linked_to=made)
        self._own.append(self._chance.choice([made, other]))  # what people do on one side, the other one follows
        return 2

    def _made(self, **members: Any) -> str:
        self._number += 1
        who = self._who(idempotency=key(str(self._number), of=f"{self._number:040x}"))
        return self.tasks.create_task(who, NewTask(label=f"Task {self._number}", **members)).id

    def _move(self) -> int:
        task_id = self._chance.choice(self._own)
        task = self.store.tasks.get(CLIENT, task_id)
        assert task is not None
        if task.is_open:
            move = self._chance.choice(["complete", "complete", "complete", "cancel", "hold"])
            if move == "complete" and task.state == "on_hold":
                move = "cancel"
            if move == "hold" and task.state == "on_hold":
                move = "reopen"
        elif task.state == "completed":
            move = "reopen"
        else:
            self._own.remove(task_id)
            return 0
        self.tasks.move(self._who(), task_id, move, "Because")  # type: ignore[arg-type]  # one of the moves
        return 1

    def _assign(self) -> int:
        task_id = self._chance.choice(self._own)
        before = self.store.tasks.get(CLIENT, task_id)
        to = self._chance.choice([None, "role:biller", user_id(self._person()), user_id(self._person())])
        if before is None or before.assigned_to == to:
            return 0
        self.tasks.update_task(self._who(), task_id, TaskEdit(assigned_to=to))
        return 1

    def _delete(self) -> int:
        task_id = self._own.pop(self._chance.randrange(len(self._own)))
        self.tasks.delete_task(self._who(), task_id)
        return 1

    def _new_alert(self) -> int:
        roles = self._chance.sample(sorted(Role), self._chance.randint(0, 2))
        people = [user_id(self._person()) for _ in range(self._chance.randint(0 if roles else 1, 3))]
        wanted = NewAlert.model_validate(
            {
                "message": f"Alert of {self.now.isoformat()}",
                "severity": self._chance.choice(["info", "info", "warning", "critical"]),
                "audience": {"roles": roles, "userIds": people},
                "dedupeKey": f"key-{self._chance.randrange(KEYS)}",
            }
        )
        view, _ = self.alerts.create_alert(self._who(), wanted)
        audience = {uid for uid, role in PEOPLE.items() if role in roles or user_id(uid) in people}
        self._active.setdefault(view.id, set()).update(audience)
        return 1

    def _personally(self, act: Callable[[Caller, str], Any]) -> int:
        alert_id = self._chance.choice(sorted(self._active))
        uid = self._chance.choice(sorted(self._active[alert_id]))
        act(self._who(uid, action=AuditAction.ALERT_ACKNOWLEDGE), alert_id)
        return 0

    def _acknowledge(self) -> int:
        outcome: Any = self._chance.choice([None, "handled", "not_mine", "false_alarm"])
        return self._personally(lambda who, alert_id: self.alerts.acknowledge(who, alert_id, outcome))

    def _snooze(self) -> int:
        until = self.now + timedelta(hours=1)
        return self._personally(lambda who, alert_id: self.alerts.snooze(who, alert_id, until))

    def _resolve(self) -> int:
        alert_id = self._chance.choice(sorted(self._active))
        del self._active[alert_id]
        self.alerts.resolve(self._who("person-01"), alert_id)
        return 1
