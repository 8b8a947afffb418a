"""A payer's file as what is kept of it: its transactions, the claims they name, and what marks each of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.domain.remittance_balance import imbalances
from shared.errors import FieldError, ValidationFailedError
from shared.models.identifiers import uuid7
from shared.models.payer_files import LineContent, NewLine, NewPayerFile, PayerFileKind
from shared.models.remittance import ClaimPayment, ClaimStatusReport, Remittance
from shared.models.typed_json import to_json
from shared.x12.claim_status import read_claim_status
from shared.x12.errors import UnreadableInterchangeError
from shared.x12.interchange import Transaction, read_interchanges
from shared.x12.remittance import read_remittance

REMITTANCE, CLAIM_STATUS = "835", "277"
_NAMES = {REMITTANCE: "remittance (835)", CLAIM_STATUS: "claim status report (277, 277CA)"}


def read_payer_files(content: str, set_id: str) -> tuple[NewPayerFile, ...]:
    """Read every transaction `set_id` in `content`.

    Raises ValidationFailedError naming the segment for what cannot be read, for a transaction whose segments are not
    all there, and for a file without such a transaction: nothing of it is kept then.
    """
    digest = hashlib.sha256(content.encode()).hexdigest()
    try:
        transactions = [one for whole in read_interchanges(content) for one in whole.transactions]
        wanted = [_whole(one) for one in transactions if one.set_id == set_id]
        files = tuple(_file(one, digest, place) for place, one in enumerate(wanted, start=1))
    except UnreadableInterchangeError as exc:
        raise _refused(exc.reason, str(exc)) from exc
    if not files:
        raise _refused("other_transaction", f"There is no {_NAMES[set_id]} in it")
    return files


def _whole(transaction: Transaction) -> Transaction:
    """The transaction, unless some of it is missing: a part of a payment is not posted."""
    if transaction.incomplete:
        at = transaction.segments[-1].position + 1 if transaction.segments else 1
        raise UnreadableInterchangeError("segment_count", "SE01 counts other segments than there are", segment=at)
    return transaction


def _file(transaction: Transaction, digest: str, place: int) -> NewPayerFile:
    if transaction.set_id == REMITTANCE:
        return _remittance(read_remittance(transaction), digest, place)
    return _report(read_claim_status(transaction), digest, place)


def _remittance(read: Remittance, digest: str, place: int) -> NewPayerFile:
    whose = (read.payer_id or read.originator or read.payer_name or "", read.trace_number)
    return NewPayerFile(
        id=uuid7(),
        kind="remittance",
        digest=digest,
        place=place,
        trace_number=read.trace_number,
        payer_name=read.payer_name,
        payer_id=read.payer_id or read.originator,
        lines=tuple(_lines(read.claims, "remittance", *whose)),
        amount=read.amount,
        method=read.method,
        dated_on=read.paid_on,
        provider_adjustments=read.provider_adjustments,
        imbalances=imbalances(read),
        unread=(*read.unread, *read.faults),
    )


def _report(read: ClaimStatusReport, digest: str, place: int) -> NewPayerFile:
    kind: PayerFileKind = "acknowledgement" if read.acknowledgement else "claim_status"
    whose = (read.payer_id or read.payer_name or "", read.reference)
    return NewPayerFile(
        id=uuid7(),
        kind=kind,
        digest=digest,
        place=place,
        trace_number=read.reference,
        payer_name=read.payer_name,
        payer_id=read.payer_id,
        lines=tuple(_lines(read.answers, kind, *whose)),
        dated_on=read.made_on,
        unread=(*read.unread, *read.faults),
    )


def _lines(contents: Iterable[LineContent], *whose: str) -> Iterator[NewLine]:
    """The lines, each marked by what it says and whose it is, not by where it stands.

    What one transaction says twice are two: each has its own mark, and the same marks when it is sent again.
    """
    said: Counter[str] = Counter()
    for number, content in enumerate(contents, start=1):
        text = to_json(_without_places(content))
        said[text] += 1
        parts = (*whose, text, str(said[text]))
        yield NewLine(number, hashlib.sha256("\x1f".join(parts).encode()).hexdigest(), content)


def _without_places(content: LineContent) -> LineContent:
    """The same without the numbers of its segments, which are others in another file."""
    if isinstance(content, ClaimPayment):
        return replace(content, position=0, services=tuple(replace(one, position=0) for one in content.services))
    return replace(content, position=0, services=tuple(replace(one, position=0) for one in content.services))


def _refused(code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"content: {message}", errors=(FieldError("content", code, message),))
