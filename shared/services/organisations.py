"""The organisation itself: its name, logo and time zone, and its beginning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic.alias_generators import to_camel

from shared.errors import FieldError, NotFoundError, PreconditionFailedError, ValidationFailedError
from shared.models.api.users import Invitation, OrganisationEdit, OrganisationView
from shared.models.audit import AuditAction, AuditEvent
from shared.models.caller import Caller
from shared.models.identifiers import uuid7
from shared.models.users import Organisation, User
from shared.repositories.user_protocols import OrganisationRepository
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.invitations import invited_user
from shared.services.member_sync import MemberSync


class OrganisationService:
    """Reads, changes and creates organisations."""

    def __init__(
        self,
        organisations: Callable[[], OrganisationRepository],
        sync: Callable[[], MemberSync],
        access_log: AccessLog,
        *,
        now: Clock = utc_now,
    ) -> None:
        self._organisations = organisations
        self._sync = sync
        self._access_log = access_log
        self._now = now

    def get(self, caller: Caller) -> OrganisationView:
        """Return the caller's organisation."""
        organisation = self._organisations().get(caller.client_id)
        if organisation is None:
            raise NotFoundError("There is no such record")
        return OrganisationView.of(organisation)

    def update(self, caller: Caller, edit: OrganisationEdit) -> OrganisationView:
        """Change what the edit names; a new time zone reaches every member. Raises PreconditionFailedError."""
        given = {name: getattr(edit, name) for name in edit.model_fields_set - {"version"}}
        for name in ("name", "time_zone", "front_desk"):
            if name in given and given[name] is None:
                field = to_camel(name)
                raise ValidationFailedError(
                    f"{field} must not be null", errors=(FieldError(field, "null", "must not be null"),)
                )
        expected = caller.if_match if caller.if_match is not None else edit.version
        events: list[AuditEvent] = []

        def decide(before: Organisation) -> tuple[Organisation, AuditEvent]:
            if expected is not None and expected != before.version:
                current = OrganisationView.of(before).model_dump(mode="json", by_alias=True)
                raise PreconditionFailedError("The organisation has changed since you read it", current=current)
            if edit.front_desk is not None:
                sent = {name: getattr(edit.front_desk, name) for name in edit.front_desk.model_fields_set}
                given["front_desk"] = before.front_desk.model_copy(update=sent)
            after = replace(before, **given)
            if after != before:
                after = replace(after, version=before.version + 1, updated_at=self._now())
            changed = sorted(name for name in given if getattr(before, name) != getattr(after, name))
            events.append(caller.changed("client", resource_id=before.id, metadata={"changed": changed}))
            return (before if after == before else after), events[-1]

        organisation = self._organisations().change(caller.client_id, decide)
        with self._access_log.handing_on(events[-1]):
            self._sync().carry_now(caller.client_id)
        return OrganisationView.of(organisation)

    def create(self, *, name: str, time_zone: str, admin: Invitation) -> tuple[Organisation, User]:
        """Make an organisation with its first admin, who is invited. Raises ConflictError `email_in_use`."""
        now = self._now()
        organisation = Organisation(uuid7(), name, None, time_zone, now, now)
        invited = invited_user(organisation.id, admin, now=now)
        event = AuditEvent(
            id=uuid7(),
            client_id=organisation.id,
            user_id=invited.id,
            action=AuditAction.CLIENT_CREATE,
            resource_type="client",
            resource_id=organisation.id,
            request_id=f"create-client-{organisation.id}",
        )
        self._organisations().create(organisation, invited, event)
        self._access_log.hand_on(event)
        self._sync().carry_now(organisation.id)
        return organisation, invited
