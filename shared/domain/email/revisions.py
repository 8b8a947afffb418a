"""What changed between two wordings, and the hash that an approval is bound to."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Operation = Literal["equal", "insert", "delete"]
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text that stayed, came or went. The old text is what is equal or deleted, the new one the rest."""

    op: Operation
    text: str


def difference(before: str, after: str) -> tuple[Change, ...]:
    """How `before` became `after`, word by word; what was replaced is a deletion and then an insertion."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    changes = list[Change]()
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            changes.append(Change("equal", "".join(old[old_start:old_end])))
            continue
        gone, come = "".join(old[old_start:old_end]), "".join(new[new_start:new_end])
        changes += [Change("delete", gone)] if gone else []
        changes += [Change("insert", come)] if come else []
    return tuple(changes)


def content_hash(*, address: str | None, subject: str, body: str, html: str) -> str:
    """SHA-256 (hex) over everything that the recipient gets and where it goes. Two contents never look alike in it."""
    content = json.dumps([address, subject, body, html], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()
