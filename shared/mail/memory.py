"""InMemoryMail: messages are kept in a list, each as it would have been written."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from shared.mail.message import write_message
from shared.models.mail import HandOver, Mailbox, OutgoingMail


@dataclass(slots=True)
class InMemoryMail:
    """See Mailer. `written` holds the messages by Message-ID; `answers` say what comes of the next ones."""

    sender: Mailbox = field(default_factory=lambda: Mailbox("no-reply@practice.example"))
    written: dict[str, bytes] = field(default_factory=dict)
    handed: list[OutgoingMail] = field(default_factory=list)
    answers: list[HandOver] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def send(self, mail: OutgoingMail) -> HandOver:
        """See Mailer.send."""
        message = write_message(mail)
        with self.lock:
            answer = self.answers.pop(0) if self.answers else HandOver("accepted", "written")
            self.handed.append(mail)
            if answer.result in {"accepted", "unknown"}:
                self.written[mail.message_id] = message
        return answer
