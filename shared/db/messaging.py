"""Push notifications through Firebase Cloud Messaging. `firebase_admin` is imported at the first message.

A notification carries no content: it passes through other companies' servers and stands on locked screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from shared.errors import StoreUnavailableError
from shared.models.push import PushMessage

TIMEOUT_SECONDS = 5
AT_ONCE = 50  # messages in one call of the library, which starts a thread for each
TITLES = {"info": "New notice", "warning": "New warning", "critical": "New critical alert"}
_APP = "mobius-push"


class FirebasePush:
    """See PushSender."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._app: Any = None
        self._lock = Lock()

    def send(self, messages: Sequence[PushMessage]) -> frozenset[str]:
        """See PushSender.send."""
        from firebase_admin import exceptions, messaging
        from google.auth.exceptions import GoogleAuthError

        gone = (messaging.UnregisteredError, messaging.SenderIdMismatchError)
        away = (exceptions.UnavailableError, exceptions.DeadlineExceededError, exceptions.UnknownError)
        invalid: set[str] = set()
        for start in range(0, len(messages), AT_ONCE):
            some = messages[start : start + AT_ONCE]
            try:
                answers = messaging.send_each([_message(messaging, one) for one in some], app=self._ready()).responses
            except (exceptions.FirebaseError, GoogleAuthError) as exc:  # no credentials, no right to send
                raise StoreUnavailableError("The push service cannot be used", retry_after=5) from exc
            failures = [(one.token, answer.exception) for one, answer in zip(some, answers, strict=True)]
            invalid |= {token for token, error in failures if isinstance(error, gone)}
            if any(isinstance(error, away) for _, error in failures):
                break  # the rest would wait as long, in vain
        return frozenset(invalid)

    def _ready(self) -> Any:
        import firebase_admin

        with self._lock:
            if self._app is None:
                options = {"projectId": self._project, "httpTimeout": TIMEOUT_SECONDS}
                self._app = firebase_admin.initialize_app(options=options, name=_APP)
            return self._app


def _message(messaging: Any, one: PushMessage) -> Any:
    title = TITLES[one.severity]
    target = {"token": one.token} if ":" in one.token else {"fid": one.token}  # what newer clients have instead
    return messaging.Message(
        **target,
        data={"alertId": one.alert_id, "severity": one.severity},
        notification=messaging.Notification(title=title),
        android=messaging.AndroidConfig(collapse_key=one.alert_id[:64], priority="high"),
        webpush=messaging.WebpushConfig(notification=messaging.WebpushNotification(title=title, tag=one.alert_id)),
        apns=messaging.APNSConfig(headers={"apns-collapse-id": one.alert_id[:64]}),
    )
