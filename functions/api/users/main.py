"""Members of the caller's organisation: `/api/v1/users`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.users import (
    Acceptance,
    AcceptedView,
    Invitation,
    InvitedView,
    OrganisationEdit,
    OrganisationView,
    OwnEdit,
    OwnView,
    PreferencesEdit,
    RoleList,
    UserEdit,
    UserList,
    UserQuery,
    UserView,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.sign_in import Visitor
from shared.models.users import Preferences
from shared.web import Operations, Reply, function_app

operations = Operations(tag="users", prefix="/api/v1/users")

_USER = {
    "id": "01975f3c-0000-7000-8000-000000000001",
    "email": "biller@riverside.example",
    "name": "Priya Raman",
    "role": "biller",
    "status": "active",
    "version": 1,
}
_INVITED = {**_USER, "status": "invited", "invitationCode": "inv_AZdfPA…"}
_PREFERENCES = {
    "assistant": {"choice": "grounded", "mode": "Co-pilot"},
    "notifications": {"email": True, "desktop": False, "urgentOnly": False},
}
_CLIENT = {
    "id": "01975f3c-0000-7000-8000-00000000000a",
    "name": "Riverside Family Practice",
    "logoUrl": "https://riverside.example/logo.svg",
    "timeZone": "America/New_York",
    "version": 1,
}


@operations.get(
    "",
    summary="Members of the organisation, by name",
    permission=Permission.USER_READ,
    audit=AuditAction.USER_LIST,
    example={"users": [_USER], "nextCursor": None},
)
def list_users(caller: Caller, query: UserQuery) -> UserList:
    return bootstrap.user_service().find(caller, query)


@operations.post(
    "",
    summary="Invite a person; the code in the answer is shown once",
    permission=Permission.USER_WRITE,
    audit=AuditAction.USER_INVITE,
    status=201,
    request_example={"email": "biller@riverside.example", "name": "Priya Raman", "role": "biller"},
    example=_INVITED,
)
def invite(caller: Caller, body: Invitation) -> Reply[InvitedView]:
    invited = bootstrap.invitation_service().invite(caller, body)
    return Reply(invited, status=201, version=invited.version)


@operations.post(
    "/accept",
    summary="Accept an invitation: choose a password and become a member",
    permission=Permission.PUBLIC,
    audit=AuditAction.USER_ACCEPT,
    request_example={"code": "inv_AZdfPA", "password": "correct horse battery"},
    example={"userId": _USER["id"], "email": _USER["email"], "status": "active"},
)
def accept(visitor: Visitor, body: Acceptance) -> AcceptedView:
    return bootstrap.invitation_service().accept(body, request_id=visitor.request_id)


@operations.get(
    "/me",
    summary="The caller",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example={**_USER, "preferences": _PREFERENCES},
)
def get_me(caller: Caller) -> Reply[OwnView]:
    me = bootstrap.user_service().me(caller)
    return Reply(me, version=me.version)


@operations.put(
    "/me",
    summary="Change the caller's own name",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.USER_UPDATE,
    request_example={"name": "Priya Raman-Cole"},
    example={**_USER, "preferences": _PREFERENCES},
)
def update_me(caller: Caller, body: OwnEdit) -> Reply[OwnView]:
    me = bootstrap.user_service().update_me(caller, body)
    return Reply(me, version=me.version)


@operations.get(
    "/me/preferences",
    summary="The caller's own settings",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example=_PREFERENCES,
)
def get_preferences(caller: Caller) -> Preferences:
    return bootstrap.user_service().me(caller).preferences


@operations.put(
    "/me/preferences",
    summary="Change the caller's own settings; what is left out stays",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.PREFERENCES_UPDATE,
    request_example={"assistant": {"choice": "gemini", "mode": "Manual"}},
    example=_PREFERENCES,
)
def set_preferences(caller: Caller, body: PreferencesEdit) -> Preferences:
    return bootstrap.user_service().set_preferences(caller, body)


@operations.get(
    "/roles",
    summary="What each role may do",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example={"roles": [{"role": "biller", "permissions": ["task:read"], "modes": ["backend"], "actions": []}]},
)
def list_roles(caller: Caller) -> RoleList:
    del caller
    return bootstrap.user_service().roles()


@operations.get(
    "/client",
    summary="The organisation: name, logo, time zone",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example=_CLIENT,
)
def get_client(caller: Caller) -> Reply[OrganisationView]:
    client = bootstrap.organisation_service().get(caller)
    return Reply(client, version=client.version)


@operations.put(
    "/client",
    summary="Change the organisation's name, logo or time zone",
    permission=Permission.CLIENT_WRITE,
    audit=AuditAction.CLIENT_UPDATE,
    request_example={"timeZone": "America/Chicago"},
    example={**_CLIENT, "version": 2},
)
def update_client(caller: Caller, body: OrganisationEdit) -> Reply[OrganisationView]:
    client = bootstrap.organisation_service().update(caller, body)
    return Reply(client, version=client.version)


@operations.get(
    "/<user_id>",
    summary="A member",
    permission=Permission.USER_READ,
    audit=AuditAction.USER_READ,
    example=_USER,
)
def get_user(caller: Caller, user_id: str) -> Reply[UserView]:
    user = bootstrap.user_service().get(caller, user_id)
    return Reply(user, version=user.version)


@operations.put(
    "/<user_id>",
    summary="Change a member's name or role",
    permission=Permission.USER_WRITE,
    audit=AuditAction.USER_UPDATE,
    request_example={"role": "manager", "version": 1},
    example={**_USER, "role": "manager", "version": 2},
)
def update_user(caller: Caller, user_id: str, body: UserEdit) -> Reply[UserView]:
    user = bootstrap.user_service().update(caller, user_id, body)
    return Reply(user, version=user.version)


@operations.delete(
    "/<user_id>",
    summary="Deactivate a member: every sign-in of the person is over",
    permission=Permission.USER_WRITE,
    audit=AuditAction.USER_DEACTIVATE,
    example={**_USER, "status": "deactivated", "version": 2},
)
def deactivate(caller: Caller, user_id: str) -> Reply[UserView]:
    user = bootstrap.user_service().deactivate(caller, user_id)
    return Reply(user, version=user.version)


@operations.post(
    "/<user_id>/reactivate",
    summary="Take a deactivated member back",
    permission=Permission.USER_WRITE,
    audit=AuditAction.USER_REACTIVATE,
    example={**_USER, "version": 3},
)
def reactivate(caller: Caller, user_id: str) -> Reply[UserView]:
    user = bootstrap.user_service().reactivate(caller, user_id)
    return Reply(user, version=user.version)


@operations.post(
    "/<user_id>/invitation",
    summary="Make a new code for a person still invited; the one before is void",
    permission=Permission.USER_WRITE,
    audit=AuditAction.USER_INVITE,
    example=_INVITED,
)
def renew_invitation(caller: Caller, user_id: str) -> Reply[InvitedView]:
    invited = bootstrap.invitation_service().renew(caller, user_id)
    return Reply(invited, version=invited.version)


_app = function_app(operations)


@functions_framework.http
def users(request: Request) -> Response:
    return _app(request)
