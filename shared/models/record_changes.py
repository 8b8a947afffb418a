"""Changes of records on their way from the database to the live store: references and versions, no content."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class RecordChange(BaseModel):
    """One change. `patient_ids` and `payer_ids` are whose record it is, and was before."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    record_type: str
    record_id: UUID
    record_version: int
    change: Literal["created", "updated", "deleted"]
    patient_ids: tuple[UUID, ...] = ()
    payer_ids: tuple[UUID, ...] = ()


class RecordChanges(BaseModel):
    """One message of the topic `record-changes`: changes in one organisation, in no order that means anything."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    client_id: UUID
    changes: tuple[RecordChange, ...]
    schema_version: int = Field(default=1, alias="schema")
