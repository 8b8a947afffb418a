"""How alerts and feedback are called: the part of `permission_cells.CELLS` that is theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.permission_call import EVERYBODY, LEADS, STAFF, Cell, Sent, at, in_context, plain
from tests.permission_ids import ALERTS, FEEDBACK, Ids, new_device

_RATING, _ANSWER = {"rating": "up"}, {"improvement": "Shorter"}


def _alerted(audience: dict[str, Any]) -> Callable[[Ids], Sent]:
    return lambda _: Sent(f"{ALERTS}/", {"message": "The portal is down", "audience": audience})


ALERT_CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {ALERTS}/": (
        Cell(EVERYBODY, plain(f"{ALERTS}/")),
        Cell(EVERYBODY, in_context(f"{ALERTS}/"), unknown=200, note="of a context: a filter on one's own inbox"),
    ),
    f"POST {ALERTS}/": (
        Cell(STAFF, _alerted({"roles": ["manager"]})),
        Cell(LEADS, _alerted({"clientWide": True}), LEADS, note="to everybody"),
    ),
    f"PUT {ALERTS}/<alert_id>/acknowledge": (
        Cell(EVERYBODY, at(ALERTS + "/{}/acknowledge", "alert", {"outcome": "handled"})),
    ),
    f"POST {ALERTS}/<alert_id>/snooze": (
        Cell(EVERYBODY, at(ALERTS + "/{}/snooze", "alert", {"until": "2099-01-01T09:00:00Z"})),
    ),
    f"POST {ALERTS}/<alert_id>/resolve": (Cell(STAFF, at(ALERTS + "/{}/resolve", "alert")),),
    f"POST {ALERTS}/devices": (Cell(EVERYBODY, plain(f"{ALERTS}/devices", new_device)),),
    f"DELETE {ALERTS}/devices/<device_id>": (
        Cell(EVERYBODY, plain(f"{ALERTS}/devices/device_gone"), ok=404, note="one's own alone"),
    ),
}

FEEDBACK_CELLS: dict[str, tuple[Cell, ...]] = {
    **{
        f"POST {FEEDBACK}/{what}": (
            Cell(STAFF, plain(f"{FEEDBACK}/{what}", {"messageId": "msg_gone", **given}), ok=404),
        )
        for what, given in (("", _RATING), ("rating", _RATING), ("questionnaire", {"questionnaire": _ANSWER}))
    },
    f"GET {FEEDBACK}/<message_id>": (Cell(EVERYBODY, plain(f"{FEEDBACK}/msg_gone"), ok=404),),
}
