"""Alerts of a person: `/api/v1/components/alerts`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.alerts import (
    Acknowledgement,
    AlertList,
    AlertQuery,
    AlertSnooze,
    AlertView,
    DeviceView,
    NewAlert,
    NewDevice,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

operations = Operations(tag="alerts", prefix="/api/v1/components/alerts")

_ALERT = {
    "id": "alert_9b2e",
    "severity": "critical",
    "message": "The payer's portal is down: call for authorizations",
    "code": "message",
    "params": {},
    "state": "active",
    "acknowledged": False,
    "acknowledgedAt": None,
    "outcome": None,
    "snoozedUntil": None,
    "count": 1,
    "contextId": None,
    "expiresAt": "2026-12-01T22:00:00Z",
    "version": 1,
}
_ACKNOWLEDGED = {**_ALERT, "acknowledged": True, "acknowledgedAt": "2026-12-01T09:05:00Z", "outcome": "handled"}
_DEVICE = {"id": "device_51c0", "expiresAt": "2027-02-01T09:00:00Z"}


@operations.get(
    "/",
    summary="The caller's active alerts, latest change first",
    permission=Permission.ALERT_READ,
    audit=AuditAction.ALERT_LIST,
    example={"alerts": [_ALERT], "nextCursor": None},
)
def list_alerts(caller: Caller, query: AlertQuery) -> AlertList:
    return bootstrap.alert_service().get_alerts(caller, query)


@operations.post(
    "/",
    summary="Alert people, roles or everybody; 200 when it was counted on an active alert with the same dedupeKey",
    permission=Permission.ALERT_WRITE,
    audit=AuditAction.ALERT_CREATE,
    status=201,
    request_example={
        "severity": "critical",
        "message": "The payer's portal is down: call for authorizations",
        "audience": {"roles": ["eligibility_specialist"]},
        "dedupeKey": "payer-portal",
        "expiresAt": "2026-12-01T22:00:00Z",
    },
    example=_ALERT,
)
def create_alert(caller: Caller, body: NewAlert) -> Reply[AlertView]:
    alert, is_new = bootstrap.alert_service().create_alert(caller, body)
    return Reply(alert, status=201 if is_new else 200, version=alert.version)


@operations.put(
    "/<alert_id>/acknowledge",
    summary="Acknowledge an alert for oneself",
    permission=Permission.ALERT_READ,
    audit=AuditAction.ALERT_ACKNOWLEDGE,
    request_example={"outcome": "handled"},
    example=_ACKNOWLEDGED,
)
def acknowledge_alert(caller: Caller, alert_id: str, body: Acknowledgement) -> Reply[AlertView]:
    alert = bootstrap.alert_service().acknowledge(caller, alert_id, body.outcome)
    return Reply(alert, version=alert.version)


@operations.post(
    "/<alert_id>/snooze",
    summary="Put an alert out of one's own sight until later",
    permission=Permission.ALERT_READ,
    audit=AuditAction.ALERT_SNOOZE,
    request_example={"until": "2026-12-01T12:00:00Z"},
    example={**_ALERT, "snoozedUntil": "2026-12-01T12:00:00Z"},
)
def snooze_alert(caller: Caller, alert_id: str, body: AlertSnooze) -> Reply[AlertView]:
    alert = bootstrap.alert_service().snooze(caller, alert_id, body.until)
    return Reply(alert, version=alert.version)


@operations.post(
    "/<alert_id>/resolve",
    summary="End an alert for everybody",
    permission=Permission.ALERT_WRITE,
    audit=AuditAction.ALERT_RESOLVE,
    example={**_ALERT, "state": "resolved", "version": 2},
)
def resolve_alert(caller: Caller, alert_id: str) -> Reply[AlertView]:
    alert = bootstrap.alert_service().resolve(caller, alert_id)
    return Reply(alert, version=alert.version)


@operations.post(
    "/devices",
    summary="Have one's alerts pushed to this browser or telephone, as one's notification preferences say",
    permission=Permission.ALERT_READ,
    audit=AuditAction.DEVICE_REGISTER,
    status=201,
    request_example={"token": "bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1"},
    example=_DEVICE,
)
def register_device(caller: Caller, body: NewDevice) -> Reply[DeviceView]:
    return Reply(bootstrap.alert_service().register_device(caller, body), status=201)


@operations.delete(
    "/devices/<device_id>",
    summary="Push no more to this browser or telephone",
    permission=Permission.ALERT_READ,
    audit=AuditAction.DEVICE_REMOVE,
    example=_DEVICE,
)
def remove_device(caller: Caller, device_id: str) -> DeviceView:
    return bootstrap.alert_service().remove_device(caller, device_id)


_app = function_app(operations)


@functions_framework.http
def alerts(request: Request) -> Response:
    return _app(request)
