"""What services ask of the collections whose documents are made, read, changed and listed.

Every method is bound to a client. Implementations raise StoreUnavailableError when the store does not answer in time,
and NotFoundError for an id that no document can have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.firestore.conversation import FeedbackDocument, MessageDocument, ThreadDocument
from shared.models.firestore.devices import DeviceDocument
from shared.models.firestore.documents import Document
from shared.models.firestore.drafts import DraftDocument, DraftState
from shared.models.firestore.jobs import JobDocument
from shared.models.firestore.rosters import RosterDocument
from shared.repositories.changes import Change, D, KeptAnswer, Position


class DocumentRepository(Protocol[D]):
    """One collection."""

    def get(self, client_id: UUID, document_id: str) -> D | None:
        """Return the document, None when there is none or it belongs to another client."""
        ...

    def create(
        self,
        document: D,
        event: AuditEvent | None,
        kept: KeptAnswer | None = None,
        new: tuple[Document, ...] = (),
    ) -> tuple[D, bool]:
        """Create the document, its audit event, the answer to keep and what is `new` with it in one commit.

        Returns the document as it is stored and whether it is new: an id that is there already is left as it is, and
        nothing else is stored. Raises ConflictError when it is another client's, Replayed for a repeated
        request.
        """
        ...

    def change(self, client_id: UUID, document_id: str, decide: Callable[[D], Change[D] | None]) -> D:
        """As TaskRepository.change; returns the document as it is stored."""
        ...


class MessageRepository(DocumentRepository[MessageDocument], Protocol):
    """Chat messages."""

    def of_thread(
        self, client_id: UUID, context_id: str, thread_id: str, *, before: Position | None, limit: int
    ) -> list[MessageDocument]:
        """Return at most `limit` messages of a thread, newest first by (sort_at, id), starting behind `before`."""
        ...

    def begin(
        self,
        thread: ThreadDocument,
        question: MessageDocument,
        reply: MessageDocument,
        event: AuditEvent,
        make_way: Callable[[MessageDocument], MessageDocument],
    ) -> MessageDocument | None:
        """Store a question and its reply, and the thread with that reply as its newest, in one commit with the event.

        A question that stands under its id already is returned, and nothing is stored. `make_way` is given the
        thread's newest reply so far and returns it as it shall be; it raises when no other may begin. Of several that
        begin at once in a thread, one does, and the others are asked to make way for it.
        """
        ...


class RunningReplies(Protocol):
    """The replies of all organisations that are being written."""

    def silent_since(self, moment: datetime, *, limit: int) -> list[MessageDocument]:
        """Return at most `limit` running replies whose run was not heard of after `moment`, longest silent first."""
        ...


class FeedbackRepository(DocumentRepository[FeedbackDocument], Protocol):
    """Feedback."""

    def of_message(self, client_id: UUID, message_id: str, *, after: str | None, limit: int) -> list[FeedbackDocument]:
        """Return at most `limit` people's feedback on a message by id, starting behind the id `after`."""
        ...

    def of_person(
        self, client_id: UUID, context_id: str, user_id: str, *, after: str | None, limit: int
    ) -> list[FeedbackDocument]:
        """Return at most `limit` of a person's feedback in a context by id, starting behind the id `after`."""
        ...


class AlertRepository(DocumentRepository[AlertDocument], Protocol):
    """Alerts. `updated_at` is the store's clock: what a document says is replaced when it is written."""

    def latest_with_key(self, client_id: UUID, dedupe_key: str) -> AlertDocument | None:
        """Return the alert with this key that was made last, over or not; None when there is none."""
        ...

    def active(self, client_id: UUID, *, after: Position | None, limit: int) -> list[AlertDocument]:
        """Return at most `limit` active alerts of the organisation, latest change first, starting behind `after`.

        A position's `sort_at` is `updated_at`. An alert past its `expires_at` may be among them: the reader decides.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many entries a delivery wrote, and which of them are news to their person: new, or graver than before.

    A delivery that was repeated has no news of what had arrived already.
    """

    written: int
    news: tuple[InboxEntryDocument, ...] = ()


class InboxRepository(Protocol):
    """The alerts of each person, by Firebase uid."""

    def get(self, client_id: UUID, uid: str, alert_id: str) -> InboxEntryDocument | None:
        """Return the entry, None when there is none or it belongs to another client."""
        ...

    def deliver(self, entries: Sequence[InboxEntryDocument], *, fresh: bool = True) -> Delivered:
        """Store what an alert says in each person's inbox; `fresh` says that most of them do not have it yet.

        An entry that has come from the same or a newer version of the alert stays, and what belongs to the person
        always does. Safe to repeat and to run in any order.
        """
        ...

    def behind(self, client_id: UUID, alert_id: str, version: int, *, limit: int) -> list[InboxEntryDocument]:
        """Return at most `limit` entries of an alert, of whomever, that know less than its `version`."""
        ...

    def is_taken(self, client_id: UUID, alert_id: str) -> bool:
        """Tell whether somebody has taken the alert: acknowledged it, and not as somebody else's."""
        ...

    def change(
        self,
        client_id: UUID,
        uid: str,
        alert_id: str,
        decide: Callable[[InboxEntryDocument], Change[InboxEntryDocument] | None],
    ) -> InboxEntryDocument:
        """As DocumentRepository.change."""
        ...

    def active(self, client_id: UUID, uid: str, *, after: Position | None, limit: int) -> list[InboxEntryDocument]:
        """Return at most `limit` active entries, latest change first, starting behind `after` (by `updated_at`)."""
        ...

    def changed_since(
        self, client_id: UUID, uid: str, *, after: Position | None, limit: int
    ) -> list[InboxEntryDocument]:
        """Return at most `limit` entries, active or not, oldest change first, starting behind `after`."""
        ...


class DeviceRepository(Protocol):
    """Devices that get push notifications, by a digest of their token: a device is one person's at a time."""

    def put(self, device: DeviceDocument, event: AuditEvent, kept: KeptAnswer | None = None) -> None:
        """Store the device as this person's, whosever it was, with its event.

        Raises Replayed for a repeated request.
        """
        ...

    def remove(self, client_id: UUID, uid: str, device_id: str, event: AuditEvent) -> DeviceDocument:
        """Forget the person's device, with its event; returns it. Raises NotFoundError when it is not theirs."""
        ...

    def of_people(self, client_id: UUID, uids: Sequence[str]) -> list[DeviceDocument]:
        """Return the devices of these people."""
        ...

    def forget(self, devices: Sequence[DeviceDocument]) -> None:
        """Delete devices whose tokens are no longer valid, unless they were registered again since."""
        ...


class AlertSweepStore(Protocol):
    """What the sweep over every organisation's alerts asks."""

    def due(self, at: datetime, *, limit: int) -> list[AlertDocument]:
        """Return at most `limit` active alerts that are to be escalated at `at`, longest due first."""
        ...

    def of_source(self, source: str, *, after: str | None, limit: int) -> list[AlertDocument]:
        """Return active alerts of one source, by id, behind the id `after`."""
        ...

    def over(self, at: datetime, *, limit: int) -> list[AlertDocument]:
        """Return at most `limit` alerts that are stored as active and have expired at `at`."""
        ...


@dataclass(frozen=True, slots=True)
class DraftFilter:
    """Which drafts: each of the given members."""

    state: DraftState | None = None
    author_id: str | None = None
    context_id: str | None = None


class DraftRepository(DocumentRepository[DraftDocument], Protocol):
    """E-mail drafts."""

    def find(self, client_id: UUID, wanted: DraftFilter, *, after: Position | None, limit: int) -> list[DraftDocument]:
        """Return at most `limit` drafts, newest first by (sort_at, id), starting behind `after`."""
        ...

    def of_message(self, client_id: UUID, message_id: str) -> DraftDocument | None:
        """Return the draft that was sent under this Message-ID, now or before; None when there is none."""
        ...


class DraftsUnderWay(Protocol):
    """The drafts of all organisations that wait to be sent, or are being sent."""

    def due(self, at: datetime, *, limit: int, after: DraftDocument | None = None) -> list[DraftDocument]:
        """Return at most `limit` drafts whose `attend_at` is not after `at`, longest due first: from `after` on."""
        ...


class JobRepository(DocumentRepository[JobDocument], Protocol):
    """Long work under way."""


class OpenJobs(Protocol):
    """The work of all organisations that is not over."""

    def unmoved_since(self, moment: datetime, *, limit: int) -> list[JobDocument]:
        """Return at most `limit` open jobs whose last change is not after `moment`, oldest first."""
        ...


class RosterRepository(Protocol):
    """Who is in each organisation."""

    def get(self, client_id: UUID) -> RosterDocument | None:
        """Return the organisation's roster."""
        ...

    def put(self, roster: RosterDocument) -> bool:
        """Store the roster unless the same or a newer version stands there; False when nothing was written."""
        ...


class DocumentStore(Protocol):
    """The collections of this module, as the live store offers them."""

    @property
    def messages(self) -> MessageRepository:
        """Chat messages."""
        ...

    @property
    def feedback(self) -> FeedbackRepository:
        """Feedback on messages."""
        ...

    @property
    def alerts(self) -> AlertRepository:
        """Alerts."""
        ...

    @property
    def inboxes(self) -> InboxRepository:
        """Each person's alerts."""
        ...

    @property
    def devices(self) -> DeviceRepository:
        """Devices that get push notifications."""
        ...

    @property
    def drafts(self) -> DraftRepository:
        """E-mail drafts."""
        ...

    @property
    def jobs(self) -> JobRepository:
        """Long work under way."""
        ...

    @property
    def rosters(self) -> RosterRepository:
        """Who is in each organisation."""
        ...
