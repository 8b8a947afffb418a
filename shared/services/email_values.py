"""The values that an e-mail is merged from, and what its detector knows: read for one caller, as far as they see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.auth.permissions import hidden_fields
from shared.db.selector import DatabaseSelector
from shared.domain.email.fields import Value
from shared.domain.email.findings import Known
from shared.domain.email.sensitive_words import sensitive_words
from shared.domain.email.template import Template
from shared.models.api.drafts import RecipientKind
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.patient_records import DatedClaim, VisitOnFile
from shared.models.records import Authorization, Coverage, EligibilityFile
from shared.models.roles import Role
from shared.services.email_sources import OnFile, Sources, choose

# The service types that requests are made for most, in words a letter can hold; others are told by their code.
_SERVICES = {
    "30": "health benefit plan coverage",
    "33": "chiropractic care",
    "35": "dental care",
    "86": "emergency services",
    "88": "pharmacy",
    "98": "an office visit",
    "AL": "vision care",
    "MH": "mental health care",
    "PT": "physical therapy",
    "UC": "urgent care",
}
_TITLES = {
    Role.ADMIN: "Administrator",
    Role.MANAGER: "Practice Manager",
    Role.ELIGIBILITY_SPECIALIST: "Eligibility Specialist",
    Role.FRONT_DESK: "Front Desk",
    Role.BILLER: "Billing Specialist",
    Role.AUDITOR: "Auditor",
}
_ROWS = 50


@dataclass(frozen=True, slots=True)
class EmailFacts:
    """What an e-mail may be merged from. `known` is more: what identifies the patient, for the detector alone.

    `rests_on` has the uuid of each record that the template asks for, `states` how each record on file stands now.
    """

    values: dict[str, Value] = field(repr=False)
    known: Known = field(repr=False)
    payer_id: UUID | None = None
    provider_id: UUID | None = None
    sender_name: str = ""
    lacking: tuple[str, ...] = ()  # records that the template needs, and that there are not
    rests_on: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)

    def with_answers(self, answers: dict[str, Value]) -> EmailFacts:
        """The same with what people filled in, where the records say nothing (to them); all of it is searched for."""
        values = answers | {name: value for name, value in self.values.items() if value not in (None, "", ())}
        held = {name: value for name, value in self.known.values.items() if value not in (None, "", ())}
        known = replace(self.known, values=answers | held, answers=answers)
        return replace(self, values=values, known=known)


class EmailValues:
    """Reads them."""

    def __init__(self, db: DatabaseSelector) -> None:
        self._db = db

    def read(
        self,
        caller: Caller,
        context: ContextDocument,
        template: Template | None,
        *,
        today: date,
        rested_on: Mapping[str, str] | None = None,
    ) -> EmailFacts:
        """Everything that the template, or a person's own words, can ask for in this context.

        What the role must not see is not among it, nor a record in a state that the template does not hold for. Of the
        records that a letter was merged from, `rested_on`, no other one takes the place.
        """
        values = self._author(caller)
        sender = str(values.get("organisation.name") or "")
        needed = () if template is None else tuple(f"{name}.record" for name in template.needs)
        if context.patient_uuid is None:
            return EmailFacts(values, Known(values, sensitive=sensitive_words()), sender_name=sender, lacking=needed)
        store, client = self._db.postgres, caller.client_id
        whose = context.patient_uuid
        file = store.eligibility.file_of(client, whose, visit_id=None, today=today, seen=None)
        if file is None:
            return EmailFacts(values, Known(values, sensitive=sensitive_words()), sender_name=sender, lacking=needed)
        everything: dict[str, Any] = {"first": None, "last": None, "limit": _ROWS, "seen": None}
        claims = store.patient_records.claims(client, whose, **everything)
        visits = store.patient_records.visits(client, whose, **everything)
        held = OnFile(file, () if claims is None else claims.claims, () if visits is None else visits.visits)
        chosen = choose(context, held.only(rested_on or {}), template, today=today)
        zone = caller.time_zone
        values |= _of_patient(file) | _of_sources(chosen, zone)
        values |= self._of_payer(caller, chosen.payer_id) | self._of_provider(caller, chosen.provider_id)
        # The detector knows more than the letter may be merged from: what no template holds for now discloses as well.
        known = Known(
            values=_of_sources(choose(context, held, None, today=today), zone) | _known(values),
            mrns=(file.patient.mrn,),
            member_ids=tuple(one.member_id for one in file.coverages if one.member_id),
            phones=() if file.patient.phone is None else (file.patient.phone,),
            diagnoses=tuple({code for one in held.coded for code in one.diagnosis_codes}),
            sensitive=sensitive_words(),
        )
        shown = {name: value for name, value in values.items() if name not in fields_hidden_from(caller.role)}
        return EmailFacts(
            values=shown,
            known=known,
            payer_id=chosen.payer_id,
            provider_id=chosen.provider_id,
            sender_name=sender,
            lacking=chosen.lacking,
            rests_on=chosen.rests_on,
            states=held.states(today),
        )

    def _author(self, caller: Caller) -> dict[str, Value]:
        profile = self._db.postgres.profiles.get(caller.client_id, caller.user_id)
        if profile is None:
            return {}
        return {
            "author.name": profile.name,
            "author.title": _TITLES[caller.role],
            "organisation.name": profile.client_name,
        }

    def _of_payer(self, caller: Caller, payer_id: UUID | None) -> dict[str, Value]:
        members = self._members(caller, "payer", payer_id)
        return {"payer.phone": _text(members.get("phone"))}

    def _of_provider(self, caller: Caller, provider_id: UUID | None) -> dict[str, Value]:
        members = self._members(caller, "provider", provider_id)
        return {"provider.name": _text(members.get("name")), "provider.npi": _text(members.get("npi"))}

    def _members(self, caller: Caller, record_type: str, record_id: UUID | None) -> dict[str, Any]:
        if record_id is None:
            return {}
        found = self._db.postgres.records.get(caller.client_id, record_type, str(record_id), seen=None)
        return {} if found is None else dict(found.data)

    def recipient(self, caller: Caller, kind: RecipientKind, reference: str) -> tuple[str, str, str | None] | None:
        """The recipient's `table/uuid`, name and address as far as they are on file; None for nobody of ours."""
        if kind == "colleague":
            return self._colleague(caller, reference)
        if kind not in {"patient", "payer", "provider"}:
            return None
        found = self._db.postgres.records.get(caller.client_id, kind, reference, seen=None)
        if found is None:
            return None
        name = found.data.get("name") or f"{found.data.get('first_name')} {found.data.get('last_name')}"
        return f"{kind}s/{found.id}", str(name), None

    def _colleague(self, caller: Caller, reference: str) -> tuple[str, str, str | None] | None:
        try:
            profile = self._db.postgres.profiles.get(caller.client_id, UUID(reference))
        except ValueError:
            return None
        return None if profile is None else (f"users/{profile.user_id}", profile.name, profile.email)


def fields_hidden_from(role: Role) -> frozenset[str]:
    """The merge fields that a role does not see the source of."""
    hidden = set[str]()
    if "phone" in hidden_fields(role, "patient"):
        hidden.add("patient.phone")
    if "memberId" in hidden_fields(role, "coverage"):
        hidden.add("coverage.member_id")
    if "denialReason" in hidden_fields(role, "claim"):
        hidden.add("claim.denial_reason")
    return frozenset(hidden)


def _known(values: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def _of_sources(chosen: Sources, time_zone: str) -> dict[str, Value]:
    values = _of_visit(chosen.visit, time_zone) | _of_claim(chosen.claim) | _of_coverage(chosen.coverage)
    return values | _of_authorization(chosen.authorization, time_zone) | {"payer.name": chosen.payer_name}


def _of_patient(file: EligibilityFile) -> dict[str, Value]:
    patient = file.patient
    return {
        "patient.first_name": patient.first_name,
        "patient.last_name": patient.last_name,
        "patient.full_name": f"{patient.first_name} {patient.last_name}",
        "patient.birth_date": patient.date_of_birth,
        "patient.mrn": patient.mrn,
        "patient.phone": patient.phone,
    }


def _of_visit(visit: VisitOnFile | None, time_zone: str) -> dict[str, Value]:
    if visit is None:
        return {}
    starts = visit.starts_at
    return {
        "visit.date": visit.visit_date,
        "visit.time": None if starts is None else starts.astimezone(ZoneInfo(time_zone)).time(),
        "visit.provider": visit.provider_name,
        "visit.type": visit.visit_type,
        "visit.number": visit.visit_number,
    }


def _of_claim(dated: DatedClaim | None) -> dict[str, Value]:
    """The claim; what a patient owes of it is not what is unpaid, so a person says that."""
    if dated is None:
        return {}
    claim, due = dated.claim, dated.filing_due_on
    return {
        "claim.number": claim.claim_number,
        "claim.service_date": claim.service_date,
        "claim.submitted_date": claim.submitted_date,
        "claim.filing_deadline": due,
        "claim.filed_in_time": due if due and claim.submitted_date and claim.submitted_date <= due else None,
        "claim.amount": claim.amount,
        "claim.paid_amount": claim.paid_amount,
        "claim.status": claim.status.replace("_", " "),
        "claim.denial_reason": claim.denial_reason,
    }


def _of_authorization(held: Authorization | None, time_zone: str) -> dict[str, Value]:
    if held is None:
        return {}
    left = None if held.units_approved is None else held.units_approved - held.units_used - held.units_reserved
    return {
        "authorization.number": held.certification_number or held.auth_number,
        "authorization.service": _SERVICES.get(held.service_type or "", held.service_type),
        "authorization.requested_date": held.requested_date,
        "authorization.decision_due": _day(held.decision_due_at, time_zone),
        "authorization.period_start": held.period_start,
        "authorization.period_end": held.period_end,
        "authorization.units_left": None if left is None else max(left, 0),
        "authorization.status": held.status.replace("_", " "),
        "authorization.decision_reason": held.status_reason,
        "authorization.procedure_codes": held.procedure_codes,
        "authorization.diagnosis_codes": held.diagnosis_codes,
    }


def _of_coverage(coverage: Coverage | None) -> dict[str, Value]:
    if coverage is None:
        return {}
    return {
        "coverage.plan_name": coverage.plan_name,
        "coverage.member_id": coverage.member_id,
        "coverage.period_end": coverage.period_end,
        "coverage.copay": coverage.copay,
    }


def _day(moment: datetime | None, time_zone: str) -> date | None:
    return None if moment is None else moment.astimezone(ZoneInfo(time_zone)).date()


def _text(value: object) -> str | None:
    return None if value is None else str(value)
