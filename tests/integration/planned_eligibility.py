"""What the eligibility mode reads and writes of one patient, called as the proofs of query plans call it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer, NewCoverage
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.repositories.authorization_protocols import RequestReferences
from shared.repositories.eligibility_protocols import Answered
from shared.repositories.postgres.authorizations import PostgresAuthorizationRepository
from shared.repositories.postgres.eligibility import PostgresEligibilityRepository
from tests.integration import volume
from tests.integration.planned_calls import Call, Place
from tests.unit.factories import TODAY, USER, event, key


def claims(reference: str, status: str | None = None, after: tuple[date, UUID] | None = None) -> Call:
    """A page of a patient's claims; MRN1 has a tenth of all claims."""

    def listed(at: Place) -> None:
        found = PostgresEligibilityRepository(at.serving).claims_of(
            at.client, reference, status=status, after=after, limit=26, seen=event(at.client)
        )
        assert found is not None

    return listed


def file_of(reference: str) -> Call:
    return lambda at: PostgresEligibilityRepository(at.serving).file_of(
        at.client, reference, today=TODAY, visit_id=at.id(volume.VISITS, 7)
    )


def check(at: Place) -> None:
    """Up to the decision: what it writes is one row."""

    class DecidedError(Exception):
        pass

    def decide(_file: object, _previous: object) -> Any:
        raise DecidedError

    with pytest.raises(DecidedError):
        PostgresEligibilityRepository(at.serving).check(
            at.client, "MRN711", visit_id=None, today=TODAY, key=key(), decide=decide
        )


def claimed(at: Place) -> None:
    asked, eligibility = key(), PostgresEligibilityRepository(at.serving)
    assert eligibility.claim(at.client, asked)
    eligibility.release(at.client, asked)


def change_coverages(at: Place) -> None:
    """Every coverage of a patient gets another rank, and another one takes the place of the first."""

    def decide(file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
        assert payer is not None
        first = file.coverages[0]
        begins = NewCoverage(uuid7(), first.id, payer.id, "UNKNOWN", None, first.rank, TODAY)
        return CoverageChanges(tuple(replace(one, rank=one.rank + 1) for one in file.coverages), begins)

    done = PostgresEligibilityRepository(at.serving).change_coverages(
        at.client,
        "MRN711",
        visit_id=None,
        today=TODAY,
        changed_by=USER,
        key=key(),
        decide=decide,
        conclude=lambda _file, _previous: Answered(event(at.client), None, "{}"),
        asked=AskedCoverage("PAY1", "UNKNOWN", TODAY),
    )
    assert done is not None


def checked(at: Place) -> None:
    """The newest check of the patient with a tenth of them, and an old one by its id."""
    eligibility, patient = PostgresEligibilityRepository(at.serving), at.id(volume.PEOPLE, volume.FIRST)
    newest = eligibility.check_of(at.client, patient, None, seen=event(at.client))
    assert newest is not None
    assert eligibility.check_of(at.client, patient, newest.id, seen=None) == newest


def with_checks(at: Place) -> None:
    """A patient with a tenth of all checks, and one of whom nothing is known."""
    patient = at.id(volume.PEOPLE, volume.FIRST)
    found = PostgresEligibilityRepository(at.serving).with_checks(at.client, [patient, UUID(int=5)])
    assert found == {patient}


def settled(at: Place) -> None:
    """What counts of the checks of the patient with a tenth of them."""
    found = PostgresEligibilityRepository(at.serving).settled_checks(
        at.client, at.id(volume.PEOPLE, volume.FIRST), TODAY
    )
    assert found


def authorizations(at: Place) -> None:
    """An authorization by number, and the visit and the claim that it may be compared with."""
    held = PostgresAuthorizationRepository(at.serving)
    assert held.get(at.client, "AUTH711", seen=event(at.client)) is not None
    assert held.visit(at.client, "VIS711") is not None
    assert held.claim(at.client, "CLM711") is not None


def change_authorization(at: Place) -> None:
    """Up to the decision: what it writes are rows by their keys."""

    class DecidedError(Exception):
        pass

    def decide(_: object) -> Any:
        raise DecidedError

    held, by = PostgresAuthorizationRepository(at.serving), at.id(volume.USERS, 1)
    with pytest.raises(DecidedError):
        held.change(at.client, "AUTH711", decide, changed_by=by, key=key(), visit="VIS711")
    wanted = RequestReferences(patient="MRN711", payer="PAY1", provider="PRV1", visit="VIS711")
    with pytest.raises(DecidedError):
        held.request(at.client, wanted, decide, today=TODAY, changed_by=by, key=key())


def schedule(at: Place) -> None:
    """A day's visits, of everybody and of a provider."""
    day = date(2024, 5, 6)
    for provider in (None, "PRV1"):
        found = PostgresEligibilityRepository(at.serving).visits_between(
            at.client, day, day, provider=provider, limit=20
        )
        assert found is not None


ELIGIBILITY: dict[str, dict[str, Call]] = {
    "PostgresEligibilityRepository.file_of": {"ordinary": file_of("MRN711"), "a tenth of all visits": file_of("MRN1")},
    "PostgresEligibilityRepository.check": {"before it is decided": check},
    "PostgresEligibilityRepository.change_coverages": {"ordinary": change_coverages},
    "PostgresEligibilityRepository.check_of": {"a tenth of all checks": checked},
    "PostgresEligibilityRepository.with_checks": {"a tenth of all checks": with_checks},
    "PostgresEligibilityRepository.settled_checks": {"a tenth of all checks": settled},
    "PostgresEligibilityRepository.recall": {
        "": lambda at: PostgresEligibilityRepository(at.serving).recall(at.client, key())
    },
    "PostgresEligibilityRepository.claim": {"": claimed},
    "PostgresEligibilityRepository.visits_between": {"a day": schedule},
    "PostgresAuthorizationRepository.get": {"ordinary": authorizations},
    "PostgresAuthorizationRepository.change": {"before it is decided": change_authorization},
    "PostgresEligibilityRepository.claims_of": {
        "first page": claims("MRN711"),
        "a tenth of all claims": claims("MRN1"),
        "a tenth of all claims, deep": claims("MRN1", after=(date(2020, 3, 1), UUID(int=2**127))),
        "behind the last dated one": claims("MRN1", after=(date(1, 1, 1), UUID(int=2**127))),
        "of a status": claims("MRN1", "denied"),
    },
}
