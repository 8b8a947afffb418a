"""OutboxMail: each message becomes a file of a folder, and nothing touches the network.

A message is its Message-ID's file. It is there whole or not at all, and handing the same message over once more
replaces it by itself. In production the folder is a volume that outlives the function.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from shared.mail.message import write_message
from shared.models.mail import HandOver, Mailbox, OutgoingMail

_UNSAFE = re.compile(r"[^A-Za-z0-9-]")


class OutboxMail:
    """See Mailer."""

    def __init__(self, folder: Path, sender: Mailbox) -> None:
        self._folder = folder
        self._sender = sender

    @property
    def sender(self) -> Mailbox:
        """See Mailer.sender."""
        return self._sender

    def send(self, mail: OutgoingMail) -> HandOver:
        """See Mailer.send."""
        written = write_message(mail)
        target = self._folder / file_name(mail.message_id)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(unfinished, written)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            return HandOver("deferred", "outbox_unavailable")
        try:
            unfinished.replace(target)
            _keep_name(self._folder)
        except OSError:
            return HandOver("unknown", "outbox_broke_off")
        return HandOver("accepted", "written")


def file_name(message_id: str) -> str:
    """The file of a message: what can be read of its Message-ID, and a digest, so that two never share one."""
    readable = _UNSAFE.sub("-", message_id.strip("<>").partition("@")[0])[:64]
    return f"{readable}-{hashlib.sha256(message_id.encode()).hexdigest()[:12]}.eml"


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads, and wait until the disk has it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _keep_name(folder: Path) -> None:
    """Wait until the disk has the folder's new entry."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
