"""Posting payers' files to claims: each payment once, whoever sends it, however often, and wherever it was cut off.

A file is kept first, with all its lines; then each line is posted in a transaction of its claim, which takes the line's
mark once (`source_ref`). What is said of the line afterwards follows from that: a process that is killed in between
leaves a claim that knows the line, so posting the file again finishes the rest and changes nothing else. Decision 0030.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from shared.domain.claim.posting import LineSource, NotPosted, Posted, paid_by, reported_on
from shared.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from shared.failpoints import failpoint
from shared.models.api.base import AnswerModel
from shared.models.api.remittances import (
    LineMatch,
    PayerFileUpload,
    PostedFiles,
    RemittanceList,
    RemittanceQuery,
    RemittanceView,
)
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.claim import BilledClaim, ClaimFile
from shared.models.cursor import encode_cursor
from shared.models.payer_files import (
    SETTLED,
    ClaimCandidate,
    LineOutcome,
    NewPayerFile,
    PayerFile,
    PayerFileLine,
    Settlement,
)
from shared.models.remittance import ClaimPayment
from shared.repositories.changes import KeptAnswer
from shared.repositories.claim_protocols import ClaimChange
from shared.repositories.payer_file_protocols import FileFilter
from shared.repositories.protocols import RecordStore
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.payer_file_matching import ClaimMatching, Found
from shared.services.payer_file_reading import CLAIM_STATUS, REMITTANCE, read_payer_files
from shared.services.payer_file_views import file_view, head_view
from shared.services.positions import position_of

MODE = "backend"
# Of the 13 that a request may take, reading and keeping the file included; showing a large one takes some more. What is
# left over is posted by the next request.
POSTING_SECONDS = 7.0
_WORDS = {
    "already_posted": "A claim has this line already",
    "illegal_state": "The claim is in a state that this line cannot move",
    "amount_mismatch": "The claim does not have the amounts that the line takes back",
    "unknown_status_code": "The line has a status code that is not known",
    "amount_out_of_range": "The line has an amount that a claim cannot hold",
    "about_all_claims": "The line is about all claims that were sent, not about one",
    "appeal_denied": "Whether a denied appeal goes on to the next level a person says",
    "unreadable": "The line was kept in a shape that is no longer read",
}


@dataclass(slots=True)
class _Run:
    """One request's work on a file: until when, and what became of its lines."""

    caller: Caller
    ends: float
    file: PayerFile
    outcomes: dict[int, LineOutcome] = field(default_factory=dict)
    posted_before: Mapping[str, UUID] = field(default_factory=dict)
    numbered: Mapping[str, ClaimCandidate] = field(default_factory=dict)


class RemittancePosting:
    """Files of payers: posted, listed, and matched by hand."""

    def __init__(
        self,
        store: Callable[[], RecordStore],
        access_log: AccessLog,
        *,
        now: Clock,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._access_log = access_log
        self._now = now
        self._ticks = ticks
        self._matching = ClaimMatching(lambda: store().payer_files)

    def post(self, caller: Caller, body: PayerFileUpload) -> tuple[PostedFiles, bool]:
        """Post every 835 in a file; whether any of them is new. Raises ValidationFailedError for what is none."""
        return self._post(caller, body.content, REMITTANCE)

    def report(self, caller: Caller, body: PayerFileUpload) -> tuple[PostedFiles, bool]:
        """The same of every 277 and 277CA."""
        return self._post(caller, body.content, CLAIM_STATUS)

    def get(self, caller: Caller, reference: str) -> RemittanceView:
        """Return a file by its uuid. Raises NotFoundError for an unknown or foreign one."""
        event = caller.seen("remittance", mode=MODE, same=reference)
        with self._access_log.in_transaction(event) as seen:
            file = self._store().payer_files.get(caller.client_id, reference, seen=seen)
            if file is None:
                raise NotFoundError("There is no such file")
        return file_view(file, {})

    def find(self, caller: Caller, query: RemittanceQuery) -> RemittanceList:
        """List files, the newest first."""
        filters = (query.kind, query.unmatched)
        position = position_of(query.cursor, filters)
        after = None if position is None else (position.sort_at, _uuid(position.id))
        wanted = FileFilter((query.kind,) if query.kind else ("remittance",), query.unmatched)
        event = caller.seen("remittance", mode=MODE, same=repr((filters, query.cursor)))
        with self._access_log.in_transaction(event) as seen:
            found = self._store().payer_files.find(
                caller.client_id, wanted, after=after, limit=query.limit + 1, seen=seen
            )
        shown = found[: query.limit]
        more = len(found) > query.limit
        cursor = encode_cursor(filters, shown[-1].received_at.isoformat(), str(shown[-1].id)) if more else None
        return RemittanceList(remittances=tuple(map(head_view, shown)), next_cursor=cursor)

    def match(self, caller: Caller, reference: str, number: str, body: LineMatch) -> RemittanceView:
        """Post a line to the claim that a person names.

        Raises NotFoundError for an unknown file, line or claim, ConflictError (`already_posted`, `not_posted`) when
        the line belongs to a claim already, or the claim cannot take it. A claim that has this line from a request
        that was killed before it could say so is the line's.
        """
        self._store().payer_files.recall(caller.client_id, caller.idempotency)
        file = self._store().payer_files.get(caller.client_id, reference, seen=None)
        line = None if file is None else next((one for one in file.lines if str(one.number) == number), None)
        if file is None or line is None:
            raise NotFoundError("There is no such line")
        if line.outcome in SETTLED:
            raise ConflictError("This line belongs to a claim already", code="already_posted")
        settlement = self._matched(caller, file, line, body.claim_id)
        if settlement.outcome == "not_posted":
            reason = settlement.reason or "unreadable"
            raise ConflictError(_WORDS[reason], code="not_posted", reason=reason)
        self._settle(caller, file, line, settlement)
        shown = self._shown(caller, file.head.id, {})
        self._answered(caller, shown, 200)
        return shown

    def _matched(self, caller: Caller, file: PayerFile, line: PayerFileLine, claim: str) -> Settlement:
        settlement = self._move(caller, file, line, claim, by_hand=True)
        taken = self._taken(caller.client_id, file, line) if settlement.outcome == "not_posted" else None
        named = None if taken is None else self._store().claims.get(caller.client_id, claim)
        return settlement if taken is None or named is None or named.claim.id != taken.claim_id else taken

    def _post(self, caller: Caller, content: str, set_id: str) -> tuple[PostedFiles, bool]:
        ends = self._ticks() + POSTING_SECONDS
        self._store().payer_files.recall(caller.client_id, caller.idempotency)
        new, shown = False, []
        for file in read_payer_files(content, set_id):
            kept, is_new = self._keep(caller, file)
            new = new or is_new
            run = _Run(caller, ends, kept)
            self._post_lines(run)
            shown.append(self._shown(caller, kept.head.id, run.outcomes))
        complete = all(one.totals.pending == 0 for one in shown)
        answer = PostedFiles(files=tuple(shown), complete=complete)
        if complete:  # what is left to do is done by the same request, sent again
            self._answered(caller, answer, 201 if new else 200)
        return answer, new

    def _answered(self, caller: Caller, answer: AnswerModel, status: int) -> None:
        key = caller.idempotency
        kept = KeptAnswer(key, status, answer.model_dump_json(by_alias=True)) if key else None
        self._store().payer_files.answered(caller.client_id, kept)

    def _keep(self, caller: Caller, file: NewPayerFile) -> tuple[PayerFile, bool]:
        event = caller.changed(
            "remittance",
            resource_id=file.id,
            mode=MODE,
            metadata={"kind": file.kind, "lines": len(file.lines), "unbalanced": len(file.imbalances)},
        )
        identity, is_new = self._store().payer_files.keep(caller.client_id, file, event)
        if is_new:
            self._access_log.hand_on(event)
        failpoint("remittance.kept")
        kept = self._store().payer_files.get(caller.client_id, str(identity), seen=None)
        if kept is None:
            raise NotFoundError("There is no such file")
        return kept, is_new

    def _post_lines(self, run: _Run) -> None:
        open_lines = [line for line in run.file.lines if line.outcome not in SETTLED]
        if open_lines:
            client_id = run.caller.client_id
            marks = [line.fingerprint for line in open_lines]
            run.posted_before = self._store().payer_files.posted_before(client_id, marks)
            run.numbered = self._matching.numbered(client_id, (line.content for line in open_lines))
        for line in run.file.lines:
            if line.outcome in SETTLED:
                run.outcomes[line.number] = "already_posted"
            elif self._ticks() < run.ends:
                settlement = self._posted(run, line)
                run.outcomes.setdefault(line.number, settlement.outcome)
                self._settle(run.caller, run.file, line, settlement)

    def _posted(self, run: _Run, line: PayerFileLine) -> Settlement:
        """Find the line's claim and post it, unless the same was posted from another file."""
        client_id = run.caller.client_id
        before = run.posted_before.get(line.fingerprint)
        if before is not None:
            return Settlement("already_posted", claim_id=before)
        settlement = self._posted_to(run, line, self._matching.claim_of(client_id, line.content, run.numbered))
        if settlement.outcome != "not_posted":
            return settlement
        # A claim may have this line already, which is why none can take it: another request was faster, or was killed
        # before it could say so.
        taken = self._taken(client_id, run.file, line)
        if taken is None:
            return settlement
        run.outcomes[line.number] = "already_posted"
        return taken

    def _taken(self, client_id: UUID, file: PayerFile, line: PayerFileLine) -> Settlement | None:
        """What is to be said of a line that a claim has already, as that claim stands now; None where none has it."""
        taker = self._store().payer_files.taken(client_id, source_of(file, line).reference)
        claim = None if taker is None else self._store().claims.get(client_id, str(taker))
        status = None if claim is None else claim.claim.status
        return None if taker is None else Settlement("posted", claim_id=taker, claim_status=status)

    def _posted_to(self, run: _Run, line: PayerFileLine, found: Found) -> Settlement:
        if not isinstance(found, UUID):
            return Settlement("not_posted", found)
        try:
            return self._move(run.caller, run.file, line, str(found))
        except NotFoundError:  # deleted since it was found
            return Settlement("not_posted", "unknown_claim")

    def _move(
        self, caller: Caller, file: PayerFile, line: PayerFileLine, claim: str, *, by_hand: bool = False
    ) -> Settlement:
        """Make the claim what the line says, in one transaction with its history and its audit event."""
        made: list[tuple[Settlement, AuditEvent | None]] = []
        source = source_of(file, line, by_hand=by_hand)

        def decide(of: ClaimFile) -> ClaimChange:
            posting = self._decided(caller, of, line, source)
            if not isinstance(posting, Posted):
                raise _NotPostedError(posting)
            event = _event(caller, of.claim, posting, source)
            outcome: LineOutcome = "noted" if posting.noted else "posted"
            made[:] = [(Settlement(outcome, None, of.claim.id, posting.claim.status), event)]
            return ClaimChange(posting.claim, event, None, posting.events, posting.appeal)

        try:
            self._store().claims.change(caller.client_id, claim, decide, changed_by=caller.user_id, key=None)
        except _NotPostedError as exc:
            return Settlement("not_posted", exc.reason)
        except ConflictError as exc:
            if exc.code != "already_posted":
                raise
            return Settlement("not_posted", "already_posted")
        failpoint("remittance.claim_posted")
        settlement, event = made[0]
        if by_hand and event is not None:  # a whole file's events go with the sweep
            self._access_log.hand_on(event)
        return settlement

    def _decided(self, caller: Caller, of: ClaimFile, line: PayerFileLine, source: LineSource) -> Posted | NotPosted:
        now = self._now()
        if line.content is None:
            return "unreadable"
        if isinstance(line.content, ClaimPayment):
            return paid_by(of, line.content, source, now=now, today=caller.today(now))
        if line.content.level != "claim":
            return "about_all_claims"
        return reported_on(of.claim, line.content, source, now=now, today=caller.today(now))

    def _settle(self, caller: Caller, file: PayerFile, line: PayerFileLine, settlement: Settlement) -> None:
        """Say what became of the line. A claim's change has its own event; what changed no claim gets one here."""
        event = None
        if settlement.outcome not in {"posted", "noted"}:
            event = caller.changed(
                "remittance",
                resource_id=file.head.id,
                mode=MODE,
                metadata={"line": line.number, "outcome": settlement.outcome, "reason": settlement.reason},
            )
        self._store().payer_files.settle(caller.client_id, file.head.id, line.number, settlement, event)

    def _shown(self, caller: Caller, file_id: UUID, outcomes: dict[int, LineOutcome]) -> RemittanceView:
        file = self._store().payer_files.get(caller.client_id, str(file_id), seen=None)
        if file is None:
            raise NotFoundError("There is no such file")
        return file_view(file, outcomes)


class _NotPostedError(Exception):
    """Ends a claim's transaction without a change."""

    def __init__(self, reason: NotPosted) -> None:
        super().__init__(reason)
        self.reason = reason


def source_of(file: PayerFile, line: PayerFileLine, *, by_hand: bool = False) -> LineSource:
    """Where a line stands, as the claim's history tells it."""
    return LineSource(
        file_id=str(file.head.id),
        trace_number=file.head.trace_number,
        number=line.number,
        fingerprint=line.fingerprint,
        dated_on=file.head.dated_on,
        by_hand=by_hand,
    )


def _event(caller: Caller, before: BilledClaim, posting: Posted, source: LineSource) -> AuditEvent:
    return caller.changed(
        "claim",
        resource_id=before.id,
        patient_ref=str(before.patient_id),
        mode=MODE,
        metadata={
            "change": posting.events[-1].kind,
            "from": before.status,
            "to": posting.claim.status,
            "version": posting.claim.version,
            "remittance": source.file_id,
            "line": source.number,
        },
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        message = "Not a cursor of this list: leave it out to start again"
        raise ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),)) from exc
