"""E-mail addresses and the subject: what may stand in a header. Nothing else of a letter reaches one.

Sources: RFC 5321 section 4.5.3.1 (lengths), RFC 5322 section 3.2.3 (dot-atom), RFC 5891 (international domains).
"""

from __future__ import annotations

import re
from typing import NoReturn

from shared.domain.email.plain_text import is_visible
from shared.errors import FieldError, ValidationFailedError

MOST_OF_ADDRESS, MOST_OF_LOCAL, MOST_OF_SUBJECT = 254, 64, 250
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Begins an encoded word (RFC 2047): what mail programs decode, and may hold line breaks or what nobody has read.
ENCODED_WORD = "=?"
_TOP = re.compile(r"(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")


def address(text: str, *, where: str = "recipient.address") -> str:
    """`text` as the one bare address that a message goes to; an international domain in its ASCII form.

    No display name, comment, quoted or non-ASCII local part, address literal or list: these have no use here and are
    how a message is made to go elsewhere than it seems. Raises ValidationFailedError naming `where`.
    """
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > MOST_OF_LOCAL:
        _refuse(where, "An e-mail address is a name, @ and a domain, and nothing around them")
    ascii_domain = _domain(domain)
    if ascii_domain is None:
        _refuse(where, "The domain of the e-mail address is none that mail can be sent to")
    whole = f"{local}@{ascii_domain}"
    if len(whole) > MOST_OF_ADDRESS:
        _refuse(where, f"An e-mail address has at most {MOST_OF_ADDRESS} characters")
    return whole


def _domain(domain: str) -> str | None:
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    domain = domain.lower()
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or not _TOP.fullmatch(labels[-1]):  # noqa: PLR2004
        return None
    return domain if all(map(_is_readable, labels)) else None


def _is_readable(label: str) -> bool:
    """Whether a label that claims to be an international one is the ASCII form of something."""
    if not label.startswith("xn--"):
        return True
    import idna

    try:
        idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return False
    return True


def subject_line(text: str, *, where: str = "subject") -> str:
    """`text` as a subject: one visible line. Raises ValidationFailedError; nothing is repaired silently."""
    if not text.strip():
        _refuse(where, "A subject is needed", "missing")
    if len(text) > MOST_OF_SUBJECT:
        _refuse(where, f"A subject has at most {MOST_OF_SUBJECT} characters", "too_long")
    if not all(map(is_visible, text)) or len(text.splitlines()) > 1:
        _refuse(where, "A subject is one line without control characters", "header_injection")
    if ENCODED_WORD in text:
        _refuse(where, f"A subject is written in plain characters, without {ENCODED_WORD}", "header_injection")
    return text.strip()


def display_name(text: str, *, where: str = "name") -> str:
    """`text` as the name before an address. Raises ValidationFailedError for a line break, or an address in it."""
    if not all(map(is_visible, text)) or len(text.splitlines()) > 1:
        _refuse(where, "A name is one line without control characters", "header_injection")
    if ENCODED_WORD in text:
        _refuse(where, f"A name is written in plain characters, without {ENCODED_WORD}", "header_injection")
    if any(sign in text for sign in "@<>"):
        _refuse(where, "A name that looks like an address could be taken for it", "looks_like_an_address")
    return " ".join(text.split())


def organisation_name(text: str) -> str:
    """An organisation's own name as it stands before its address, whatever signs it has: the message quotes them.

    Nobody chooses it for one e-mail, so it does not pretend to be an address, and none is refused for it.
    """
    return " ".join("".join(filter(is_visible, " ".join(text.split()))).split()).replace(ENCODED_WORD, "= ?")


def _refuse(where: str, message: str, code: str = "invalid_address") -> NoReturn:
    raise ValidationFailedError(message, errors=(FieldError(where, code, message),))
