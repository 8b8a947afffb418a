"""X12Clearinghouse: a 270 over HTTP to the configured endpoint, its 271 back. One attempt, at most 20 seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from shared.clearinghouse.carriage import CONTENT_TYPE, pack, unpack
from shared.clearinghouse.outcome import read_outcome
from shared.config import ClearinghouseSettings
from shared.domain.check_schedule import payer_window
from shared.http_exchange import ExchangeAnswer, ExchangeError, Limits, exchange
from shared.models.eligibility_inquiry import (
    EligibilityInquiry,
    FailureKind,
    InquiryFailure,
    InquiryOutcome,
    InquiryProvider,
)
from shared.models.identifiers import uuid7
from shared.x12.errors import UnwritableValueError
from shared.x12.inquiry import FUNCTIONAL_ID, VERSION, write_inquiry
from shared.x12.writing import Envelope

LIMITS = Limits(connect_seconds=5.0, total_seconds=20.0, max_bytes=2_000_000)
_FAULTS = {
    "timeout": "The payer connection did not answer in time",
    "unreachable": "The payer connection cannot be reached",
    "broken": "The payer connection broke off",
    "too_large": "The answer is larger than any answer about one person",
}
_OK = 200
_REFUSED_CREDENTIALS = frozenset({401, 403})
_LATER = frozenset({408, 425, 429})
_SERVER_ERRORS = 500
_INTERCHANGE = re.compile(rb"[\s\x00\xef\xbb\xbf]*ISA", re.IGNORECASE)


def _now() -> datetime:
    return datetime.now(UTC)


class X12Clearinghouse:
    """See Clearinghouse."""

    def __init__(
        self, settings: ClearinghouseSettings, *, clock: Callable[[], datetime] = _now, limits: Limits = LIMITS
    ) -> None:
        """Take the endpoint and who we are there."""
        self._settings = settings
        self._clock = clock
        self._limits = limits

    @property
    def provider(self) -> InquiryProvider:
        """See Clearinghouse.provider."""
        return InquiryProvider(self._settings.provider, self._settings.npi)

    def check(self, inquiry: EligibilityInquiry, *, within: float | None = None) -> InquiryOutcome:
        """See Clearinghouse.check."""
        if not inquiry.payer_id:
            return InquiryFailure("unsupported", "payer_not_connected", "The payer cannot be asked electronically")
        start, end = payer_window(inquiry.asked_on)
        if inquiry.date_of_service < start or (inquiry.date_of_service_end or inquiry.date_of_service) > end:
            text = "Payers answer from 12 months back to the end of this month"
            return InquiryFailure("date_window", "date_window", text, fields=("date_of_service",))
        now = self._clock()
        try:
            interchange = write_inquiry(inquiry, self._envelope(inquiry, now))
        except UnwritableValueError as exc:
            return InquiryFailure(_fault_of(exc.field), f"inquiry_{exc.reason}", exc.message, fields=(exc.field,))
        parcel = pack(interchange, self._settings, payload_id=str(uuid7()), at=now)
        headers = {
            "Content-Type": parcel.content_type,
            "Accept": f"{CONTENT_TYPE}, multipart/form-data",
            **parcel.headers,
        }
        limits = self._limits
        if within is not None:
            seconds = (min(within, limits.connect_seconds), min(within, limits.total_seconds))
            limits = replace(limits, connect_seconds=seconds[0], total_seconds=seconds[1])
        try:
            answer = exchange(self._settings.url, method="POST", body=parcel.body, headers=headers, limits=limits)
        except ExchangeError as exc:
            return InquiryFailure("retryable", exc.fault, _FAULTS[exc.fault])
        return _outcome(answer, inquiry)

    def _envelope(self, inquiry: EligibilityInquiry, now: datetime) -> Envelope:
        settings = self._settings
        return Envelope(
            sender=settings.sender,
            receiver=settings.receiver,
            control_number=inquiry.control_number,
            at=now,
            functional_id=FUNCTIONAL_ID,
            version=VERSION,
            sender_qualifier=settings.sender_qualifier,
            receiver_qualifier=settings.receiver_qualifier,
            production=settings.production,
        )


def _fault_of(field: str) -> FailureKind:
    ours = field.startswith(("provider", "payer", "sender", "receiver"))
    return "payer_setup" if ours else "needs_correction"


def _outcome(answer: ExchangeAnswer, inquiry: EligibilityInquiry) -> InquiryOutcome:
    """X12 is read under whatever status it comes (a TA1 may come with 400); anything else goes by the status."""
    unpacked = unpack(answer.content_type, answer.body)
    if unpacked.refused is not None:
        kind: FailureKind = "retryable" if unpacked.refused == "Receiver" else "payer_setup"
        return InquiryFailure(kind, "envelope_refused", "The receiver refused the envelope of the inquiry")
    if _INTERCHANGE.match(unpacked.payload):
        return read_outcome(unpacked.payload, inquiry)
    status = answer.status
    if status == _OK:
        return InquiryFailure("retryable", "not_x12", "The payer connection answered something else than X12")
    if status in _REFUSED_CREDENTIALS:
        return InquiryFailure("payer_setup", f"http_{status}", "The payer connection refused our credentials")
    if status >= _SERVER_ERRORS or status in _LATER:
        return InquiryFailure("retryable", f"http_{status}", "The payer connection is not available")
    return InquiryFailure(
        "payer_setup", f"http_{status}", "The payer connection does not take inquiries at this address"
    )
