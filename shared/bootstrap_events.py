"""The composition root of the event functions: see `shared.bootstrap`, whose stores they share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared import bootstrap, bootstrap_modes
from shared.config import settings

if TYPE_CHECKING:
    from shared.services.alert_fan_out import AlertFanOut
    from shared.services.alert_push import AlertPush
    from shared.services.alert_sweep import AlertSweep
    from shared.services.audit_pipeline import AuditRelay, AuditWriter, OutboxSweep
    from shared.services.chat_sweep import MessageSweep
    from shared.services.check_retries import CheckRetries
    from shared.services.draft_sending import DraftSweep
    from shared.services.feedback_projection import FeedbackProjection
    from shared.services.jobs import JobRunner, JobSweep
    from shared.services.member_sync import MemberSync
    from shared.services.record_projection import RecordChangeRelay, RecordProjection
    from shared.services.task_effects import TaskEffects
    from shared.services.task_reminders import ReminderService
    from shared.services.waiting_alerts import WaitingAlerts


@cache
def audit_relay() -> AuditRelay:
    """Publishes the Firestore outbox's events."""
    from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
    from shared.services.audit_pipeline import AuditRelay

    return AuditRelay(bootstrap.audit_topic(), FirestoreWaitingEvents(bootstrap.firestore_store()))


@cache
def outbox_sweep() -> OutboxSweep:
    """Publishes what has stayed too long in either outbox."""
    from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
    from shared.repositories.postgres.audit import PostgresWaitingEvents
    from shared.services.audit_pipeline import OutboxSweep

    waiting = (FirestoreWaitingEvents(bootstrap.firestore_store()), PostgresWaitingEvents(bootstrap.postgres("relay")))
    return OutboxSweep(bootstrap.audit_topic(), waiting)


@cache
def audit_writer() -> AuditWriter:
    """Writes audit events into the database."""
    from shared.repositories.postgres.audit import PostgresAuditLog
    from shared.services.audit_pipeline import AuditWriter

    return AuditWriter(PostgresAuditLog(bootstrap.postgres("audit")))


@cache
def task_effects() -> TaskEffects:
    """Carries changes of tasks to counts, assignees, follow-ups and the other side of shared ones."""
    from shared.repositories.firestore.open_tasks import FirestoreOpenTasks
    from shared.services.task_effects import TaskEffects
    from shared.services.task_projection import TaskProjection

    return TaskEffects(TaskProjection(FirestoreOpenTasks(bootstrap.firestore_store())), bootstrap.live_store())


@cache
def alert_fan_out() -> AlertFanOut:
    """Delivers alerts to inboxes."""
    from shared.services.alert_fan_out import AlertFanOut

    return AlertFanOut(bootstrap.live_store(), alert_push())


@cache
def alert_push() -> AlertPush:
    """Tells people's devices of alerts; nobody's unless MOBIUS_PUSH is on."""
    from shared.services.alert_push import DevicePush, NoPush

    if not settings().push:
        return NoPush()
    from shared.db.messaging import FirebasePush

    return DevicePush(bootstrap.live_store().devices, FirebasePush(settings().project))


@cache
def alert_sweep() -> AlertSweep:
    """Escalates and expires alerts of every organisation."""
    from shared.repositories.firestore.alerts import FirestoreAlertSweep
    from shared.services.alert_sweep import AlertSweep

    return AlertSweep(FirestoreAlertSweep(bootstrap.firestore_store()), bootstrap.live_store())


@cache
def draft_sweep() -> DraftSweep:
    """Goes on with e-mails that wait to be sent, and gives up those whose sending nobody finished."""
    from shared.repositories.firestore.drafts import FirestoreDraftsUnderWay
    from shared.services.clock import utc_now
    from shared.services.draft_sending import DraftSending, DraftSweep

    sending = DraftSending(lambda: bootstrap.live_store().drafts, bootstrap.mailer, now=utc_now)
    return DraftSweep(FirestoreDraftsUnderWay(bootstrap.firestore_store()), sending, now=utc_now)


@cache
def member_sweep() -> MemberSync:
    """Carries every organisation's changed memberships that still wait."""
    from shared.repositories.postgres.member_outbox import PostgresMemberOutbox
    from shared.services.member_sync import MemberSync

    outbox = PostgresMemberOutbox(bootstrap.postgres("relay"), across_clients=True)
    return MemberSync(outbox, bootstrap.accounts(), bootstrap.member_mirror())


@cache
def feedback_projection() -> FeedbackProjection:
    """Keeps feedback for analytics."""
    from shared.repositories.firestore.feedback_reader import FirestoreFeedbackReader
    from shared.repositories.postgres.feedback_facts import PostgresFeedbackFacts
    from shared.services.feedback_projection import FeedbackProjection

    return FeedbackProjection(
        FirestoreFeedbackReader(bootstrap.firestore_store()), PostgresFeedbackFacts(bootstrap.postgres("analytics"))
    )


@cache
def reminder_service() -> ReminderService:
    """Sends the reminders of tasks that are due."""
    from shared.repositories.firestore.due_reminders import FirestoreDueReminders
    from shared.services.task_reminders import ReminderService

    return ReminderService(FirestoreDueReminders(bootstrap.firestore_store()), bootstrap.live_store().tasks)


@cache
def record_change_relay() -> RecordChangeRelay:
    """Publishes the changes of records that wait in the database."""
    from shared.db.pubsub import AuditTopic
    from shared.repositories.postgres.record_outbox import PostgresRecordOutbox
    from shared.services.record_projection import RecordChangeRelay

    topic = AuditTopic(settings().project, settings().record_topic, emulator=settings().pubsub_emulator)
    return RecordChangeRelay(PostgresRecordOutbox(bootstrap.postgres("relay")), topic)


@cache
def check_retries() -> CheckRetries:
    """Makes the checks again that are due, of every client."""
    from shared.repositories.postgres.check_retries import PostgresCheckRetryQueue
    from shared.repositories.postgres.eligibility import PostgresEligibilityRepository
    from shared.services.check_retries import CheckRetries

    database = bootstrap.postgres("retry")
    return CheckRetries(
        PostgresCheckRetryQueue(database), PostgresEligibilityRepository(database), bootstrap.clearinghouse
    )


@cache
def waiting_alerts() -> WaitingAlerts:
    """Tells of waits at the front desks of every organisation."""
    from shared.repositories.firestore.alerts import FirestoreAlertSweep
    from shared.repositories.postgres.waiting_visits import PostgresWaitingVisitStore
    from shared.services.waiting_alerts import WaitingAlerts

    visits = PostgresWaitingVisitStore(bootstrap.postgres("desk"))
    return WaitingAlerts(visits, FirestoreAlertSweep(bootstrap.firestore_store()), bootstrap.live_store().alerts)


@cache
def job_runner() -> JobRunner:
    """Does the turns of long work."""
    from shared.services.jobs import JobRunner

    kinds = {"batch_check_schedule": lambda: bootstrap_modes.eligibility_mode().schedule.check_visit}
    return JobRunner(bootstrap.live_store().jobs, bootstrap.members(), kinds)


@cache
def job_sweep() -> JobSweep:
    """Takes up long work that nobody goes on with."""
    from shared.repositories.firestore.jobs import FirestoreOpenJobs
    from shared.services.jobs import JobSweep

    return JobSweep(FirestoreOpenJobs(bootstrap.firestore_store()), bootstrap.live_store().jobs)


@cache
def message_sweep() -> MessageSweep:
    """Ends the assistant's replies whose run was killed."""
    from shared.repositories.firestore.conversation import FirestoreRunningReplies
    from shared.services.chat_sweep import MessageSweep

    return MessageSweep(FirestoreRunningReplies(bootstrap.firestore_store()), bootstrap.live_store().messages)


@cache
def record_projection() -> RecordProjection:
    """Brings contexts up to date with their records, and tasks and alerts with contexts."""
    from shared.db.selector import DatabaseSelector
    from shared.services.claim_effects import ClaimEffects
    from shared.services.eligibility_effects import EligibilityEffects
    from shared.services.record_projection import RecordProjection
    from shared.services.task_rules import RuleTaskService

    selector = DatabaseSelector(bootstrap.record_store, bootstrap.live_store)
    modes = bootstrap.modes_over(bootstrap.record_store, bootstrap.secret_key())
    rules = RuleTaskService(bootstrap.live_store())
    effects = tuple(make(selector, modes.contexts, rules) for make in (EligibilityEffects, ClaimEffects))
    return RecordProjection(selector, bootstrap.organisation_repository(), modes.get_mode_handler, effects)
