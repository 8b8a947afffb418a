"""Which claim a line of a payer's file is about: by our number, else the payer's, else person, day and charge.

Never a guess: what fits two claims is ambiguous, and a claim that was named by its number is another person's or has
another charge is not posted to. Another organisation's claim is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.domain.claim.posting import REVERSED, SECONDARY, NotPosted
from shared.domain.eligibility.person import same_last_name, same_name
from shared.models.payer_answer import AnsweredPerson
from shared.models.payer_files import ClaimCandidate, LineContent
from shared.models.remittance import ClaimPayment
from shared.repositories.payer_file_protocols import PayerFileRepository, WantedPerson

Found: TypeAlias = "UUID | NotPosted"


class ClaimMatching:
    """Finds claims in `files`' store."""

    def __init__(self, files: Callable[[], PayerFileRepository]) -> None:
        self._files = files

    def numbered(self, client_id: UUID, contents: Iterable[LineContent | None]) -> Mapping[str, ClaimCandidate]:
        """The claims that the lines name by our own numbers."""
        numbers = {one.claim_number for one in contents if one is not None and one.claim_number}
        return self._files().by_numbers(client_id, numbers) if numbers else {}

    def claim_of(self, client_id: UUID, content: LineContent | None, numbered: Mapping[str, ClaimCandidate]) -> Found:
        """Return the claim that the line is to be posted to, or why there is none. `numbered` are those of its file."""
        if content is None:
            return "unreadable"
        if not isinstance(content, ClaimPayment) and content.level != "claim":
            return "about_all_claims"
        found = self._candidates(client_id, content, numbered)
        if len(found) != 1:
            return "ambiguous" if found else "unknown_claim"
        candidate = found[0]
        if content.patient is not None and not _same(candidate, content.patient):
            return "person_mismatch"
        charge = _charge(content)
        if charge is not None and charge != candidate.amount:
            return "amount_mismatch"
        return _payers_own(candidate, content)

    def _candidates(
        self, client_id: UUID, content: LineContent, numbered: Mapping[str, ClaimCandidate]
    ) -> tuple[ClaimCandidate, ...]:
        files = self._files()
        named = numbered.get(content.claim_number or "")
        if named is not None:
            return (named,)
        if content.payer_control_number:
            known = files.by_control_number(client_id, content.payer_control_number)
            if known:
                return known
        wanted = _wanted(content)
        return files.by_person(client_id, wanted) if wanted else ()


def _wanted(content: LineContent) -> WantedPerson | None:
    """The person, day and charge of a line that says all of them."""
    person, charge = content.patient, _charge(content)
    if isinstance(content, ClaimPayment):
        day = content.first_service_day
    else:
        day = content.service_period.start if content.service_period else None
    if person is None or not person.first_name or not person.last_name or day is None or charge is None:
        return None
    return WantedPerson(person.first_name, person.last_name, day, charge)


def _charge(content: LineContent) -> Decimal | None:
    if isinstance(content, ClaimPayment):
        return -content.charge if content.status_code == REVERSED else content.charge
    return content.statuses[0].charge


def _same(candidate: ClaimCandidate, person: AnsweredPerson) -> bool:
    """Whether the name is the patient's, as far as the line says one."""
    if not person.last_name:
        return True
    if not person.first_name:
        return same_last_name(candidate.last_name, person.last_name)
    return same_name((candidate.first_name, candidate.last_name), (person.first_name, person.last_name))


def _payers_own(candidate: ClaimCandidate, content: LineContent) -> Found:
    """A further payer repeats the number of the first claim: what it pays belongs to the claim that was made for it."""
    if not isinstance(content, ClaimPayment) or content.status_code not in SECONDARY or not candidate.secondaries:
        return candidate.id
    return candidate.secondaries[0] if len(candidate.secondaries) == 1 else "ambiguous"
