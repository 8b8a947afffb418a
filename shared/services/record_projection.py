"""Carries changes of records from the database to the contexts that speak of them.

Outbox → topic `record-changes` → contexts. A change may travel twice, late, and in any order: each time the snapshot is
made anew from the records as they are then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from shared.db.selector import DatabaseSelector
from shared.errors import NotFoundError, PermanentEventError, StoreUnavailableError
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.outcome import Outcome
from shared.models.record_changes import RecordChanges
from shared.models.snapshot import GONE, Snapshot
from shared.modes.base import BaseModeHandler
from shared.repositories.projection_protocols import RecordChangePublisher, RecordOutbox
from shared.repositories.user_protocols import OrganisationRepository
from shared.services.clock import Clock, utc_now
from shared.services.patient_effects import PatientEffects, StoredCheckOf
from shared.services.rounds import rounds
from shared.services.snapshots import refresh
from shared.services.visit_readiness import VisitReadinessService

PAGE = 300
PAGES_A_ROUND = 200


class RecordChangeRelay:
    """Publishes what waits in the outbox of record changes. Safe to repeat and to overlap."""

    def __init__(
        self,
        outbox: RecordOutbox,
        publisher: RecordChangePublisher,
        *,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._wait = wait
        self._clock = clock

    def run(self) -> Outcome:
        """Publish what waits, oldest first, in four rounds over a minute; what is left is the next run's.

        Raises StoreUnavailableError when the last round failed; the changes stay in the outbox.
        """
        done = False
        failure: StoreUnavailableError | None = None
        for _ in rounds(self._wait, self._clock):
            failure = None
            try:
                pages = 0
                while pages < PAGES_A_ROUND and self._carry_page():
                    pages += 1
                    done = True
            except StoreUnavailableError as exc:
                failure = exc
        if failure is not None:
            raise failure
        return Outcome.DONE if done else Outcome.UNCHANGED

    def _carry_page(self) -> bool:
        """Publish a page; False when there was none. A process that dies in between publishes it again."""
        with self._outbox.taken(PAGE) as messages:
            publications = [
                self._publisher.begin_stored(str(uuid7()), message.model_dump_json(by_alias=True).encode())
                for message in messages
            ]
            for publication in publications:
                self._publisher.confirm(publication)
        return bool(messages)


class RecordProjection:
    """Brings contexts up to date with the records that they speak of, then visits' readiness, tasks and alerts.

    `handler` finds a mode's handler by its name.
    """

    def __init__(
        self,
        db_selector: DatabaseSelector,
        organisations: OrganisationRepository,
        handler: Callable[[str], BaseModeHandler],
        effects: Sequence[PatientEffects],
        *,
        now: Clock = utc_now,
    ) -> None:
        self._db = db_selector
        self._organisations = organisations
        self._handler = handler
        self._effects = effects
        self._readiness = VisitReadinessService(db_selector, now=now)
        self._now = now

    def project(self, data: bytes) -> Outcome:
        """Carry the changes of one message. Raises StoreUnavailableError: the message comes again.

        Raises PermanentEventError for a message that is none.
        """
        try:
            message = RecordChanges.model_validate_json(data)
        except ValidationError as exc:
            raise PermanentEventError("the message is no set of record changes") from exc
        organisation = self._organisations.get(message.client_id)
        if organisation is None:
            raise PermanentEventError("the organisation is unknown")
        local = ZoneInfo(organisation.time_zone)
        patients = {str(one) for change in message.changes for one in change.patient_ids}
        # A payer's own changes and its rules' matter to all who have it; a claim's only to its patient.
        payers = {
            str(one)
            for change in message.changes
            if change.record_type in {"payer", "payer_rule"}
            for one in change.payer_ids
        }
        versions: dict[str, int] = {}
        for change in message.changes:
            known = versions.get(str(change.record_id), 0)
            versions[str(change.record_id)] = max(known, change.record_version)
        done = False
        for context in self._db.firestore.contexts.about(message.client_id, patients=set(patients), payers=payers):
            done |= self._refresh(message.client_id, context, local, versions.get(context.record_uuid))
            if context.patient_uuid is not None:
                patients.add(context.patient_uuid)
        done |= self._readiness.settle(message.client_id, patients, local)
        for effects in self._effects:
            done |= effects.carry(message.client_id, patients, _checks(message), local)
        return Outcome.DONE if done else Outcome.UNCHANGED

    def _refresh(self, client_id: UUID, context: ContextDocument, local: ZoneInfo, version: int | None) -> bool:
        def make() -> Snapshot | None:
            return self._snapshot(client_id, context, local)

        try:
            return refresh(
                self._db.firestore.contexts, client_id, context.id, make, now=self._now, record_version=version
            )
        except NotFoundError:  # the context is gone in the meantime
            return False

    def _snapshot(self, client_id: UUID, context: ContextDocument, local: ZoneInfo) -> Snapshot | None:
        if self._db.postgres.records.resolve(client_id, context.record_type, context.record_uuid) is None:
            return GONE
        try:
            handler = self._handler(context.mode)
        except NotFoundError:  # a mode that this version does not have
            return None
        return handler.snapshot(client_id, context, now=self._now().astimezone(local))


def _checks(message: RecordChanges) -> list[StoredCheckOf]:
    """The checks that the message tells of, each once."""
    found = (
        StoredCheckOf(patient, change.record_id)
        for change in message.changes
        if change.record_type == "eligibility_check"
        for patient in change.patient_ids
    )
    return list(dict.fromkeys(found))
