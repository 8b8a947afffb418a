"""The composition root: every service is put together here, on first use, and nowhere else.

The services of the event functions are put together in `shared.bootstrap_events`.

Imports stand inside the functions on purpose: a function of the product imports only what it asks for here, and the
bundle builder follows exactly the factories that a `main.py` names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from shared.config import settings
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from google.cloud import firestore

    from shared.auth.service_account import ServiceAccount
    from shared.auth.tokens import TokenVerifier
    from shared.clearinghouse.port import Clearinghouse
    from shared.db.postgres import Postgres
    from shared.db.pubsub import AuditTopic
    from shared.domain.rate_limit import RateLimit
    from shared.domain.session import SessionLimits
    from shared.mail.port import Mailer
    from shared.repositories.live_protocols import InboxFeed
    from shared.repositories.protocols import AuditOutbox, LiveStore, MemberRepository, RecordStore
    from shared.repositories.sign_in_protocols import SessionRepository
    from shared.repositories.user_protocols import Accounts, MemberMirror, OrganisationRepository, UserRepository
    from shared.services.access_log import AccessLog
    from shared.services.alerts import AlertService
    from shared.services.current_context import CurrentContextService
    from shared.services.feedback import FeedbackService
    from shared.services.guidance import GuidanceService
    from shared.services.invitations import InvitationService
    from shared.services.jobs import JobService
    from shared.services.live_alerts import LiveAlerts
    from shared.services.member_sync import MemberSync
    from shared.services.modes import ModeService
    from shared.services.organisations import OrganisationService
    from shared.services.record_import import ImportService
    from shared.services.record_writes import RecordWriteService
    from shared.services.records import RecordService
    from shared.services.sessions import SessionService
    from shared.services.tasks import TaskService
    from shared.services.users import UserService


@cache
def firestore_store() -> firestore.Client:
    """The Firestore client of this process."""
    from shared.db.firestore import firestore_client

    return firestore_client(settings().project)


@cache
def audit_topic() -> AuditTopic:
    """The Pub/Sub topic that audit events go to."""
    from shared.db.pubsub import AuditTopic

    return AuditTopic(settings().project, settings().audit_topic, emulator=settings().pubsub_emulator)


@cache
def postgres(role: str = "serving") -> Postgres:
    """PostgreSQL as `role`: serving, audit, relay, seal, analytics or retry."""
    from shared.db.postgres import postgres_for

    return postgres_for(settings(), role)


@cache
def token_verifier() -> TokenVerifier:
    """Verifies ID tokens of this project; unsigned ones only beside an Auth emulator."""
    from shared.auth.tokens import TokenVerifier

    return TokenVerifier(project=settings().project, emulator=settings().auth_emulator)


@cache
def clearinghouse() -> Clearinghouse | None:
    """The payer connection; None where none is configured and what is on file answers for payers."""
    given = settings().clearinghouse
    if given is None:
        return None
    from shared.clearinghouse.x12 import X12Clearinghouse

    return X12Clearinghouse(given)


@cache
def mailer() -> Mailer | None:
    """Who delivers e-mail; None where nobody is configured to."""
    from shared.mail.choice import mailer_for

    return mailer_for(settings())


@cache
def members() -> MemberRepository:
    """Who belongs to which organisation."""
    from shared.repositories.firestore.members import FirestoreMemberRepository

    return FirestoreMemberRepository(firestore_store())


@cache
def session_store() -> SessionRepository:
    """The sessions."""
    from shared.repositories.firestore.sessions import FirestoreSessionRepository

    return FirestoreSessionRepository(firestore_store())


@cache
def session_service() -> SessionService:
    """Starts, checks and ends sessions; every signed-in request asks it."""
    from shared.services.sessions import SessionService

    return SessionService(session_store(), _session_limits())


@cache
def rate_limit() -> RateLimit:
    """How many requests each user may make to this instance."""
    from shared.domain.rate_limit import RateLimit

    return RateLimit(per_second=settings().rate_per_second, burst=settings().rate_burst)


@cache
def audit_outbox() -> AuditOutbox:
    """The Firestore outbox, for events that belong to no change."""
    from shared.repositories.firestore.audit_outbox import FirestoreAuditOutbox

    return FirestoreAuditOutbox(firestore_store())


@cache
def access_log() -> AccessLog:
    """The audit trail of reads and refusals."""
    from shared.services.access_log import AccessLog

    return AccessLog(audit_topic, audit_outbox)


@cache
def live_store() -> LiveStore:
    """The Firestore repositories."""
    from shared.repositories.firestore.store import FirestoreLiveStore

    return FirestoreLiveStore(firestore_store())


@cache
def record_store() -> RecordStore:
    """The PostgreSQL repositories; SQL is imported here, on the first request that needs it."""
    from shared.repositories.postgres.store import PostgresRecordStore

    return PostgresRecordStore(postgres("serving"))


def _no_records() -> RecordStore:
    raise ConfigurationError("This function holds no structured records")


@cache
def task_service() -> TaskService:
    """The tasks component: live store only."""
    from shared.db.selector import DatabaseSelector
    from shared.services.tasks import TaskService

    return TaskService(DatabaseSelector(_no_records, live_store), access_log())


@cache
def alert_service() -> AlertService:
    """The alerts component: live store only."""
    from shared.db.selector import DatabaseSelector
    from shared.services.alerts import AlertService

    return AlertService(DatabaseSelector(_no_records, live_store), access_log())


@cache
def feedback_service() -> FeedbackService:
    """The feedback component: live store only."""
    from shared.db.selector import DatabaseSelector
    from shared.services.feedback import FeedbackService

    return FeedbackService(DatabaseSelector(_no_records, live_store), access_log())


@cache
def inbox_feed() -> InboxFeed:
    """The inboxes as they change."""
    from shared.repositories.firestore.inbox_feed import FirestoreInboxFeed

    return FirestoreInboxFeed(firestore_store())


@cache
def live_alerts() -> LiveAlerts:
    """The streams of alerts that this instance holds."""
    from shared.services.live_alerts import LiveAlerts, Readers

    readers = Readers(members(), session_service(), every=settings().stream_check_seconds)
    return LiveAlerts(inbox_feed(), access_log(), readers)


@cache
def mode_service() -> ModeService:
    """The modes and their handlers."""
    return modes_over(record_store, secret_key(), clearinghouse, mailer)


def _nobody() -> None:
    """Functions that never ask payers, or never send e-mail, have no connection to them."""


def modes_over(
    records: Callable[[], RecordStore],
    key: bytes = b"",
    payers: Callable[[], Clearinghouse | None] = _nobody,
    post: Callable[[], Mailer | None] = _nobody,
) -> ModeService:
    """The modes over `records`; what opens contexts needs the `key`, what asks payers `payers`, what sends `post`."""
    from shared.db.selector import DatabaseSelector
    from shared.services.clock import utc_now
    from shared.services.contexts import ContextService
    from shared.services.modes import ModeService

    selector = DatabaseSelector(records, live_store)
    contexts = ContextService(selector, access_log(), key, now=utc_now, limits=_session_limits())
    return ModeService(selector, access_log(), contexts, now=utc_now, clearinghouse=payers, mailer=post)


@cache
def current_context_service() -> CurrentContextService:
    """The context component."""
    from shared.services.current_context import CurrentContextService

    return CurrentContextService(mode_service(), access_log())


@cache
def guidance_service() -> GuidanceService:
    """The guidance component."""
    from shared.services.guidance import GuidanceService

    return GuidanceService(mode_service(), current_context_service(), task_service(), access_log())


@cache
def mode_list() -> ModeService:
    """The modes as a list: no store is ever asked."""
    return modes_over(_no_records)


@cache
def record_service() -> RecordService:
    """Records of every type: read, search."""
    from shared.services.records import RecordService

    return RecordService(record_store, access_log())


@cache
def record_write_service() -> RecordWriteService:
    """Records of every type: make, change, delete, look back."""
    from shared.services.record_writes import RecordWriteService

    return RecordWriteService(record_store, access_log())


@cache
def job_service() -> JobService:
    """Long work: beginning it and looking at it."""
    from shared.services.jobs import JobService

    return JobService(lambda: live_store().jobs)


@cache
def import_service() -> ImportService:
    """Takes FHIR bundles into the structured records."""
    from shared.repositories.postgres.record_import import PostgresRecordImport
    from shared.services.record_import import ImportService

    return ImportService(PostgresRecordImport(postgres("serving")), access_log())


@cache
def service_account() -> ServiceAccount:
    """The function's own service account; beside an Auth emulator, what the emulator takes for one."""
    from shared.auth.service_account import EmulatorServiceAccount, GoogleServiceAccount

    return EmulatorServiceAccount() if settings().auth_emulator else GoogleServiceAccount()


@cache
def user_repository() -> UserRepository:
    """The users of each organisation."""
    from shared.repositories.postgres.users import PostgresUserRepository

    return PostgresUserRepository(postgres("serving"))


@cache
def organisation_repository() -> OrganisationRepository:
    """The organisations."""
    from shared.repositories.postgres.users import PostgresOrganisationRepository

    return PostgresOrganisationRepository(postgres("serving"))


@cache
def accounts() -> Accounts:
    """The accounts that people sign in with."""
    from shared.auth.accounts import IdentityToolkitAccounts

    emulator = settings().auth_emulator_address
    return IdentityToolkitAccounts(project=settings().project, service_account=service_account(), emulator=emulator)


@cache
def member_mirror() -> MemberMirror:
    """The live store's copies of memberships."""
    from shared.repositories.firestore.member_mirror import FirestoreMemberMirror

    return FirestoreMemberMirror(firestore_store())


@cache
def member_sync() -> MemberSync:
    """Carries one organisation's changed memberships, right after the change."""
    from shared.repositories.postgres.member_outbox import PostgresMemberOutbox
    from shared.services.member_sync import MemberSync

    return MemberSync(PostgresMemberOutbox(postgres("serving")), accounts(), member_mirror())


@cache
def user_service() -> UserService:
    """Members of an organisation."""
    from shared.services.users import UserService

    return UserService(user_repository, member_sync, access_log())


@cache
def invitation_service() -> InvitationService:
    """Invitations into an organisation."""
    from shared.services.invitations import InvitationService

    return InvitationService(user_repository, accounts, member_sync, access_log(), secret_key())


@cache
def organisation_service() -> OrganisationService:
    """Organisations themselves."""
    from shared.services.organisations import OrganisationService

    return OrganisationService(organisation_repository, member_sync, access_log())


def _session_limits() -> SessionLimits:
    from shared.domain.session import limits_of

    return limits_of(idle_minutes=settings().session_idle_minutes, hours=settings().session_hours)


def secret_key() -> bytes:
    """The secret that addresses and ids are hashed with."""
    key = settings().context_key
    if key is None:
        raise ConfigurationError("MOBIUS_CONTEXT_KEY is not set: a secret that addresses and ids are hashed with")
    return key.get_secret_value().encode()
