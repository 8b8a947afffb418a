"""The demo's shared task, made the way the product makes one: by a biller in the backend mode, through the services."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

from infra.local.demo_accounts import ACCOUNTS, RIVERSIDE
from shared import bootstrap
from shared.models.api.modes import SetContext
from shared.models.api.tasks import NewTask
from shared.models.audit import AuditAction
from shared.models.caller import Caller, IdempotencyKey
from shared.models.replay import Replayed
from shared.models.roles import Role

LABEL = "Confirm whether the payer wants an authorization before the next visit"


def seed_tasks() -> None:
    """Open MRN553 in the backend mode and share one task about it; a repetition makes no second one."""
    biller = next(account for account in ACCOUNTS if account.organisation == RIVERSIDE and account.role is Role.BILLER)
    caller = Caller(
        uid=biller.uid,
        user_id=biller.user_id,
        client_id=RIVERSIDE.id,
        role=biller.role,
        session_id=f"{biller.uid}_{int(time.time())}",
        time_zone=RIVERSIDE.time_zone,
        request_id="demo-data",
        action=AuditAction.CONTEXT_SET,
    )
    contexts = bootstrap.mode_service().contexts
    wanted = SetContext(record_type="Patient ID", record_id="MRN553")
    context, _ = contexts.open(caller, "backend", wanted, lambda number: f"Working on {number}…")
    key = hashlib.sha256(context.id.encode()).hexdigest()
    making = replace(caller, action=AuditAction.TASK_CREATE, idempotency=IdempotencyKey(id=key[:40], request=key))
    try:
        bootstrap.task_service().create_task(making, NewTask(context_id=context.id, label=LABEL, type="shared"))
    except Replayed:
        return
