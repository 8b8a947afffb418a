"""What the front desk says of a context, and what it offers next: its visit as it stands, and the day around it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.selector import DatabaseSelector
from shared.domain import eligibility
from shared.domain.visit import day as day_rules
from shared.domain.visit import guidance as rules
from shared.domain.visit.ground import DeskGround
from shared.domain.visit.waits import no_show_from, wait_of
from shared.models.api.modes import SummaryView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument, ContextStatus
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.snapshot import Snapshot
from shared.repositories.visit_protocols import VisitCase
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.visit_views import missing_of

MODE = "front-desk"


class FrontDeskGuidance:
    """Summary, snapshot and guidance of the front desk."""

    def __init__(self, db: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db
        self._access_log = access_log
        self._now = now

    def summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """Make the summary of the context's visit and of the day, from the records as they are now."""
        now, zone = self._now(), ZoneInfo(caller.time_zone)
        today = caller.today(now)
        event = caller.seen("visit", mode=MODE, resource_ref=context.id, patient_ref=context.patient_uuid)
        case = self.case_of(context, caller.client_id, now.astimezone(zone))
        with self._access_log.in_transaction(event) as seen:
            figures = self._db.postgres.front_desk_day.figures(caller.client_id, today, now, seen=seen)
        of_day = day_rules.sentences(figures, zone, is_today=True)
        own = () if case is None else (day_rules.visit_sentence(case.visit, zone),)
        sentences = (*of_day[:1], *own, *of_day[1:])
        status = day_rules.status_of(None if case is None else case.visit)
        return SummaryView(
            mode=MODE,
            context_id=context.id,
            summary=eligibility.in_words(sentences),
            status=status,
            facts=(*(() if case is None else day_rules.visit_facts(case.visit)), *day_rules.day_facts(figures, zone)),
            sentences=sentences,
            updated_at=now,
        )

    def status(self, caller: Caller, context: ContextDocument) -> ContextStatus:
        """What the summary says of the context as a whole."""
        case = self.case_of(context, caller.client_id, self._now().astimezone(ZoneInfo(caller.time_zone)))
        return day_rules.status_of(None if case is None else case.visit)

    def snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot | None:
        """What a context keeps: where its visit stands. Other patients' visits have no place in it."""
        case = self.case_of(context, client_id, now)
        if case is None:
            return None
        zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
        sentence = day_rules.visit_sentence(case.visit, zone)
        return Snapshot(
            status=day_rules.status_of(case.visit),
            summary=f"{sentence.text}.",
            facts=day_rules.visit_facts(case.visit),
        )

    def guidance(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...] | None:
        """Offer what is next with the context's visit; None for a context without one."""
        ground = self.ground_of(caller, context)
        return None if ground is None else rules.guidance(ground, caller.role)

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """Say what about the context's visit keeps `action` from being offered or run."""
        ground = self.ground_of(caller, context)
        if ground is None:
            return GuidanceReason(rule_id="visit", code="no_visit", text="The record has no visit today")
        return rules.why_not(ground, caller.role, action)

    def ground_of(self, caller: Caller, context: ContextDocument) -> DeskGround | None:
        """The context's visit and what is known of it now."""
        now = self._now().astimezone(ZoneInfo(caller.time_zone))
        case = self.case_of(context, caller.client_id, now)
        return None if case is None else ground_in(case, now)

    def case_of(
        self, context: ContextDocument, client_id: UUID, now: datetime, *, seen: AuditEvent | None = None
    ) -> VisitCase | None:
        """The visit that the context is about, else its patient's first one on the day of `now` (local time).

        One that is over stands behind those that are still to come.
        """
        visits = self._db.postgres.visits
        if context.record_type == "visit":
            return visits.get(client_id, context.record_uuid, seen=seen)
        if context.patient_uuid is None:
            return None
        found = visits.of_patient_on(client_id, UUID(context.patient_uuid), now.date())
        return visits.get(client_id, str(found[0]), seen=seen) if found else None


def ground_in(case: VisitCase, now: datetime) -> DeskGround:
    """What is known of a visit at `now` (local time)."""
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    return DeskGround(
        visit=case.visit,
        missing=missing_of(case),
        copay=case.copay,
        wait=wait_of(case.visit, case.settings, now),
        no_show_from=no_show_from(case.visit, case.settings, zone),
        now=now,
        owed=case.owed,
    )
