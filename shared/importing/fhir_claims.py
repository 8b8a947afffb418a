"""Claim, and the ExplanationOfBenefit that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.claim.answers import answered
from shared.importing import values
from shared.importing.fhir_coverage import Coverages
from shared.importing.fhir_reading import Reading, codes, identifier_value, money, number_of
from shared.importing.fhir_references import Entry
from shared.importing.json_node import Node
from shared.models.imported import ClaimRecord, RefusedRecordError, RemittanceRecord

_STATUSES: Mapping[str, str] = {"active": "submitted", "draft": "draft", "cancelled": "voided"}
_ANSWER_STATUSES = frozenset({"active", "cancelled", "draft", "entered-in-error"})
_USES = frozenset({"claim", "preauthorization", "predetermination"})
_OUTCOMES = frozenset({"queued", "complete", "error", "partial"})


@dataclass(frozen=True, slots=True)
class _Answer:
    """An explanation of benefit and when it was made; of several on one claim the newest counts."""

    created: str
    remittance: RemittanceRecord


class Claims:
    """The claims of one input and the answers to them."""

    def __init__(self, reading: Reading, coverages: Coverages) -> None:
        self._reading = reading
        self._coverages = coverages
        self._answers: dict[str, _Answer] = {}

    def read_answer(self, entry: Entry) -> None:
        """ExplanationOfBenefit: what the payer made of the claim that it names."""
        resource = entry.resource
        status = resource.choice("status", _ANSWER_STATUSES)
        _only_claims(resource)
        if status != "active":
            raise RefusedRecordError(f"status_{status.replace('-', '_')}", resource.at("status"))
        # The coverage first: it is of use even when the claim is not known.
        payer = self._payer(resource)
        claim = self._reading.references.resolve(resource.child("claim"))
        if claim is None:
            raise RefusedRecordError("claim_missing", resource.path)
        answer = _Answer(
            created=resource.text("created") or "",
            remittance=RemittanceRecord(
                path=resource.path,
                claim=claim.source_ref,
                outcome=resource.choice("outcome", _OUTCOMES),
                paid_amount=self._paid(resource),
                payer=payer,
            ),
        )
        known = self._answers.get(claim.source_ref)
        if known is not None:
            self._reading.batch.notes["claim", "older_answer_superseded"] += 1
        if known is None or known.created <= answer.created:
            self._answers[claim.source_ref] = answer

    def read(self, entry: Entry) -> None:
        """Claim, joined with its answer when the input has one."""
        resource = entry.resource
        status = resource.choice("status", frozenset(_STATUSES) | {"entered-in-error"})
        _only_claims(resource)
        if status == "entered-in-error":
            raise RefusedRecordError("entered_in_error", resource.at("status"))
        amount, currency = _amount(resource)
        answer = self._answers.pop(entry.source_ref, None)
        remittance = answer.remittance if answer is not None else None
        encounter = next((link for item in resource.children("item") for link in item.children("encounter")), None)
        visit = self._reading.references.resolve(encounter)
        self._reading.batch.claims.append(
            ClaimRecord(
                path=resource.path,
                source_ref=entry.source_ref,
                number=number_of(identifier_value(resource), entry),
                patient=self._reading.patient(resource.child("patient"), resource.at("patient")),
                amount=amount,
                status=_STATUSES[status] if remittance is None else answered(_STATUSES[status], amount, remittance),
                currency=currency,
                paid_amount=remittance.paid_amount if remittance is not None else None,
                adjudicated=remittance is not None,
                submitted_date=resource.day("created", self._reading.zone),
                service_date=_service_period(resource).day("start", self._reading.zone),
                payer=(remittance.payer if remittance is not None else None) or self._payer(resource),
                visit=visit.source_ref if visit is not None else None,
                provider=self._reading.provider(resource.child("provider")),
                claim_type=_claim_type(resource),
            )
        )

    def finish(self) -> None:
        """What is left answers claims that are not in the input: they may have been imported before."""
        self._reading.batch.remittances.extend(answer.remittance for answer in self._answers.values())

    def _payer(self, resource: Node) -> str | None:
        """The payer of the focal insurance, else the insurer; contained coverages are read on the way."""
        insurances = resource.children("insurance")
        focal = sorted(insurances, key=lambda item: item.value.get("focal") is not True)
        found: str | None = None
        for reference in (item.child("coverage") for item in focal):
            target = self._reading.references.resolve(reference, container=resource)
            if target is None or target.resource is None:
                found = found or (self._reading.payer(reference) if target is None else None)
            elif target.source_ref.startswith("#"):
                number = self._coverages.read_contained(target.resource, resource)
                found = found or number
            else:
                payors = target.resource.children("payor")
                found = found or next((n for payor in payors if (n := self._reading.payer(payor))), None)
        return found or self._reading.payer(resource.child("insurer"), container=resource)

    def _paid(self, resource: Node) -> Decimal | None:
        """What was paid, to the cent. Senders compute it (80 % of a charge): more decimals are rounded and noted."""
        payment = resource.child("payment")
        paid = money(payment, "amount") if payment is not None else None
        if paid is None:
            paid = next((money(total, "amount") for total in resource.children("total") if _is_benefit(total)), None)
        if paid is None:
            return None
        exact, _, path = paid
        reason = values.amount_fault(exact)
        if reason is not None and reason != "amount_not_exact":
            raise RefusedRecordError(reason, path)
        if exact != values.to_cents(exact):
            self._reading.batch.notes["claim", "paid_amount_rounded"] += 1
        return values.to_cents(exact)


def _only_claims(resource: Node) -> None:
    if resource.choice("use", _USES) != "claim":
        raise RefusedRecordError("use_not_held", resource.at("use"))


def _amount(resource: Node) -> tuple[Decimal, str]:
    """The total, or the sum of the items' net amounts; exact to the cent or refused."""
    total = money(resource, "total")
    if total is None:
        nets = [net for item in resource.children("item") if (net := money(item, "net")) is not None]
        if not nets:
            raise RefusedRecordError("amount_missing", resource.path)
        total = (sum((net[0] for net in nets), Decimal(0)), nets[0][1], resource.at("item"))
    exact, currency, path = total
    reason = values.amount_fault(exact)
    if reason is not None:
        raise RefusedRecordError(reason, path)
    return values.to_cents(exact), currency


def _service_period(resource: Node) -> Node:
    """Where the date of service stands, as an object with a `start`."""
    period = resource.child("billablePeriod")
    if period is not None and period.text("start"):
        return period
    for item in resource.children("item"):
        if item.text("servicedDate"):
            return Node({"start": item.value["servicedDate"]}, item.at("servicedDate"))
        serviced = item.child("servicedPeriod")
        if serviced is not None and serviced.text("start"):
            return serviced
    return Node({}, resource.path)


def _claim_type(resource: Node) -> str | None:
    kind = resource.child("type")
    return next(iter(codes(kind)), None) if kind is not None else None


def _is_benefit(total: Node) -> bool:
    category = total.child("category")
    return category is not None and "benefit" in codes(category)
