"""What is known of a claim: read from the store, scrubbed, and put together for guidance, summary and tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.domain.authorization.matching import mismatches
from shared.domain.authorization.states import as_of
from shared.domain.claim.clocks import filing_of
from shared.domain.claim.effects import WorkedClaim
from shared.domain.claim.guidance import foremost
from shared.domain.claim.scrub import need_of, scrub
from shared.domain.claim.scrubbing import PrimaryAnswer, ScrubInput
from shared.domain.claim.secondary import forwarding
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.states import CLOSED, UNFILED
from shared.domain.claim.wording import (
    Desk,
    claim_facts,
    claim_status,
    claim_summary,
    desk_facts,
    desk_of,
    desk_status,
    desk_summary,
    in_words,
)
from shared.domain.claim.write_off_request import request_in
from shared.domain.eligibility.dates import service_of
from shared.domain.eligibility.verdict import decide
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.claim import BilledClaim, ClaimEvent, ClaimFile, ListedClaim
from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import ContextStatus, Fact
from shared.models.records import EligibilityFile
from shared.models.snapshot import Snapshot
from shared.models.verdict import VerdictReceipt
from shared.repositories.claim_protocols import ClaimFilter, DeadlinesAsked

# Of one patient; whoever has more has them in the lists.
MOST_CLAIMS = 200
RECENT = 50
# The payer's turn, or another claim's: nothing is wanted of these.
_WAITING = frozenset({"submitted", "accepted", "forwarded_secondary"})
_ZERO = Decimal(0)
HORIZON = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class ToldOfClaims:
    """Status, sentences and facts, and the payers whose records they rest on."""

    status: ContextStatus
    sentences: tuple[Text, ...]
    facts: tuple[Fact, ...]
    payers: tuple[str, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        """As a context keeps it."""
        return Snapshot(self.status, in_words(self.sentences), self.facts, self.payers)


class ClaimSituations:
    """Reads claims with what belongs to them."""

    def __init__(self, db: DatabaseSelector) -> None:
        self._db = db

    def file(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> ClaimFile:
        """Return a claim by number or uuid. Raises NotFoundError."""
        found = self._db.postgres.claims.get(client_id, reference, seen=seen)
        if found is None:
            raise NotFoundError("There is no such record")
        return found

    def ground(self, client_id: UUID, file: ClaimFile, today: date, *, proof: bool = False) -> ScrubInput:
        """Read everything that the scrub rules need of a claim as it is given."""
        claim = file.claim
        patient = self._db.postgres.eligibility.file_of(
            client_id, str(claim.patient_id), visit_id=claim.visit_id, today=today
        )
        if patient is None:
            raise NotFoundError("There is no such record")
        visit = patient.context_visit
        earlier = self._earlier(client_id, claim)
        own = tuple(one for one in patient.coverages if one.payer_id == claim.payer_id)
        service = service_of(visit.visit_type if visit else None)

        def verdict(of: EligibilityFile) -> VerdictReceipt | None:
            on = claim.service_date
            return None if on is None else decide(of, asked_date=on, asked_service=service, today=today)

        return ScrubInput(
            claim=claim,
            file=patient,
            today=today,
            payer=file.payer,
            self_pay=bool(own) and all(one.payer_kind == "self_pay" for one in own),
            provider_npi=None if file.provider is None else file.provider.npi,
            visit=visit,
            receipt=verdict(replace(patient, coverages=own)),
            overall=verdict(patient),
            authorization=next((one for one in patient.authorizations if one.id == claim.authorization_id), None),
            twins=self._twins(client_id, claim, {one.id for one in earlier}),
            payers_before=frozenset(one.payer_id for one in earlier if one.payer_id is not None),
            primary=PrimaryAnswer(earlier[0].status, earlier[0].adjudicated_on) if earlier else None,
            filing_proof=proof,
        )

    def situation(self, client_id: UUID, file: ClaimFile, today: date) -> ClaimSituation:
        """Put a claim together with what is on file beside it."""
        ground, claim = self.ground(client_id, file, today), file.claim
        eob = None if ground.primary is None else ground.primary.adjudicated_on
        need = need_of(ground)
        held = [as_of(one, claim.service_date or today) for one in ground.file.authorizations]
        return ClaimSituation(
            file=file,
            today=today,
            scrubbed=scrub(ground) if claim.status in UNFILED | {"corrected"} else None,
            fitting=tuple(one for one in held if not mismatches(one, need)),
            forwarding=forwarding(claim, ground.file.coverages, today=today, before=ground.payers_before),
            filing=filing_of(claim, file.payer, primary_eob=eob),
            asked=request_in(self.history(client_id, claim)),
        )

    def history(self, client_id: UUID, claim: BilledClaim) -> tuple[ClaimEvent, ...]:
        """The last events of a claim, oldest first."""
        found = self._db.postgres.claims.events(client_id, str(claim.id), before=None, limit=RECENT, seen=None)
        return () if found is None else tuple(reversed(found[1]))

    def claims_of(self, client_id: UUID, patient: str) -> tuple[ListedClaim, ...]:
        """A patient's newest claims."""
        wanted = ClaimFilter(patient=patient)
        return self._db.postgres.claims.page(client_id, wanted, after=None, limit=MOST_CLAIMS, seen=None).claims

    def worked(self, client_id: UUID, patient: str) -> list[WorkedClaim]:
        """A patient's claims of which something may be wanted, with what their tasks follow from."""
        return [
            self._worked(client_id, self.file(client_id, str(one.id)))
            for one in self.claims_of(client_id, patient)
            if one.status not in _WAITING and one.balance > 0
        ]

    def told(self, client_id: UUID, record_type: str, record: str, patient: str | None, today: date) -> ToldOfClaims:
        """What there is to say of a claim, of a patient's claims, or of the whole desk."""
        if record_type == "claim":
            situation = self.situation(client_id, self.file(client_id, record), today)
            following = foremost(situation)
            payer = situation.file.payer
            return ToldOfClaims(
                claim_status(situation),
                claim_summary(situation, following),
                claim_facts(situation),
                () if payer is None else (str(payer.id),),
            )
        desk, first = self.desk(client_id, patient, today)
        following = None
        if first is not None:
            following = foremost(self.situation(client_id, self.file(client_id, str(first)), today))
        return ToldOfClaims(desk_status(desk), desk_summary(desk, following), desk_facts(desk))

    def snapshot(self, client_id: UUID, record_type: str, record: str, patient: str | None, now: datetime) -> Snapshot:
        """The same, as a context keeps it."""
        return self.told(client_id, record_type, record, patient, now.date()).snapshot

    def desk(self, client_id: UUID, patient: str | None, today: date) -> tuple[Desk, UUID | None]:
        """Count a patient's claims, or the organisation's; and the claim to begin with."""
        if patient is not None:
            claims = [one for one in self.claims_of(client_id, patient) if one.status not in CLOSED]
            first = min(claims, key=lambda one: (one.next_deadline_on or date.max, -one.balance), default=None)
            return desk_of(claims), None if first is None else first.id
        repository = self._db.postgres.claims
        queues = {one.queue: one.total for one in repository.queues(client_id, today, seen=None)}
        cells = repository.aging(client_id, today, seen=None)
        far = DeadlinesAsked(until=today + HORIZON, order="date")
        soonest = repository.deadlines(client_id, far, after=None, limit=1, seen=None)[1].claims
        nearest = None
        if soonest and soonest[0].next_deadline_on is not None:
            on = soonest[0].next_deadline_on
            total = repository.deadlines(client_id, DeadlinesAsked(until=on), after=None, limit=1, seen=None)[0]
            nearest = (on, total.amount)
        desk = Desk(
            open=sum(one.total.claims for one in cells),
            amount=sum((one.total.amount for one in cells), start=_ZERO),
            rejected=queues["rejected"].claims,
            denied=queues["denied"].claims,
            pended=queues["pended_too_long"].claims,
            nearest=nearest,
        )
        return desk, soonest[0].id if soonest else None

    def _worked(self, client_id: UUID, file: ClaimFile) -> WorkedClaim:
        history = self.history(client_id, file.claim)
        moved = [one.occurred_at for one in history if one.from_status != one.to_status]
        earlier = self._earlier(client_id, file.claim)
        eob = earlier[0].adjudicated_on if earlier else None
        return WorkedClaim(
            file=file,
            since=moved[-1] if moved else None,
            filing=filing_of(file.claim, file.payer, primary_eob=eob),
            asked=request_in(history),
        )

    def _twins(self, client_id: UUID, claim: BilledClaim, earlier: set[UUID]) -> tuple[str, ...]:
        on = claim.service_date
        if on is None:
            return ()
        wanted = ClaimFilter(patient=str(claim.patient_id), first_day=on, last_day=on)
        page = self._db.postgres.claims.page(client_id, wanted, after=None, limit=MOST_CLAIMS, seen=None)
        own = {claim.id} | earlier
        return tuple(
            one.claim_number
            for one in page.claims
            if one.id not in own
            and one.status != "voided"
            and (one.amount, one.provider_id) == (claim.amount, claim.provider_id)
        )

    def _earlier(self, client_id: UUID, claim: BilledClaim) -> tuple[BilledClaim, ...]:
        """The claims whose rest `claim` bills: the one right before it, then the one before that, to the first."""
        chain: dict[UUID, BilledClaim] = {}
        at = claim
        while at.secondary_of_id is not None and at.secondary_of_id not in chain:
            found = self._db.postgres.claims.get(client_id, str(at.secondary_of_id))
            if found is None:
                break
            at = found.claim
            chain[at.id] = at
        return tuple(chain.values())
