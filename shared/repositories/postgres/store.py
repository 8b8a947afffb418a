"""The PostgreSQL side of the selector: its repositories over one engine, made on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.db.postgres import Postgres
from shared.repositories.postgres.authorizations import PostgresAuthorizationRepository
from shared.repositories.postgres.claims import PostgresClaimRepository
from shared.repositories.postgres.eligibility import PostgresEligibilityRepository
from shared.repositories.postgres.front_desk_day import PostgresFrontDeskDayRepository
from shared.repositories.postgres.patient_records import PostgresPatientRecordRepository
from shared.repositories.postgres.payer_files import PostgresPayerFileRepository
from shared.repositories.postgres.record_writes import PostgresRecordWrites
from shared.repositories.postgres.records import PostgresRecordRepository
from shared.repositories.postgres.visit_readiness import PostgresVisitReadinessRepository
from shared.repositories.postgres.visits import PostgresVisitRepository

if TYPE_CHECKING:
    from shared.repositories.postgres.sign_ins import PostgresProfileRepository


class PostgresRecordStore:
    """See RecordStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @cached_property
    def records(self) -> PostgresRecordRepository:
        """See RecordStore.records."""
        return PostgresRecordRepository(self._postgres)

    @cached_property
    def record_writes(self) -> PostgresRecordWrites:
        """See RecordStore.record_writes."""
        return PostgresRecordWrites(self._postgres)

    @cached_property
    def eligibility(self) -> PostgresEligibilityRepository:
        """See RecordStore.eligibility."""
        return PostgresEligibilityRepository(self._postgres)

    @cached_property
    def authorizations(self) -> PostgresAuthorizationRepository:
        """See RecordStore.authorizations."""
        return PostgresAuthorizationRepository(self._postgres)

    @cached_property
    def claims(self) -> PostgresClaimRepository:
        """See RecordStore.claims."""
        return PostgresClaimRepository(self._postgres)

    @cached_property
    def payer_files(self) -> PostgresPayerFileRepository:
        """See RecordStore.payer_files."""
        return PostgresPayerFileRepository(self._postgres)

    @cached_property
    def patient_records(self) -> PostgresPatientRecordRepository:
        """See RecordStore.patient_records."""
        return PostgresPatientRecordRepository(self._postgres)

    @cached_property
    def visits(self) -> PostgresVisitRepository:
        """See RecordStore.visits."""
        return PostgresVisitRepository(self._postgres)

    @cached_property
    def visit_readiness(self) -> PostgresVisitReadinessRepository:
        """See RecordStore.visit_readiness."""
        return PostgresVisitReadinessRepository(self._postgres)

    @cached_property
    def front_desk_day(self) -> PostgresFrontDeskDayRepository:
        """See RecordStore.front_desk_day."""
        return PostgresFrontDeskDayRepository(self._postgres)

    @cached_property
    def profiles(self) -> PostgresProfileRepository:
        """See RecordStore.profiles. Few functions ask for it, so it is imported on first use."""
        from shared.repositories.postgres.sign_ins import PostgresProfileRepository

        return PostgresProfileRepository(self._postgres)
