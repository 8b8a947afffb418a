"""Who delivers e-mail, by the settings: a mail server, else a folder, else nobody."""

from __future__ import annotations

from pathlib import Path

from shared.config import Settings
from shared.mail.port import Mailer
from shared.models.mail import Mailbox


def mailer_for(settings: Settings) -> Mailer | None:
    """The configured way out; None where there is none."""
    sender = Mailbox(settings.mail_from)
    if settings.smtp is not None:
        from shared.mail.smtp import SmtpMail

        return SmtpMail(settings.smtp, sender)
    if settings.mail_outbox is None:
        return None
    from shared.mail.outbox import OutboxMail

    return OutboxMail(Path(settings.mail_outbox), sender)
