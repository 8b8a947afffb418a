"""TA1, 999 and 997: whether the receiver could take in what we sent. They say nothing about a person's coverage."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.x12.interchange import Interchange, Transaction

_REFUSED = frozenset({"R", "M", "W", "X"})  # of IK5, AK5 and AK9: rejected, for whichever reason
_SYNTAX = {"IK3": "segment", "AK3": "segment", "IK4": "element", "AK4": "element"}
MAX_DETAILS = 20
_CODE = re.compile(r"[A-Z0-9:]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An interchange, group or transaction that was not taken in.

    `code` is `ta1_<TA105>` or `999_<IK501 or AK901>`; `details` name segments, elements and error codes, never values.
    """

    code: str
    details: tuple[str, ...] = ()


def read_refusal(interchanges: Iterable[Interchange]) -> Refusal | None:
    """The first refusal in `interchanges`; None when everything was accepted or nothing was acknowledged."""
    for interchange in interchanges:
        for segment in interchange.acknowledgements:
            if segment[4] == "R":
                return Refusal(f"ta1_{_code(segment[5])}")
        for transaction in interchange.transactions:
            if transaction.set_id in {"999", "997"} and (refusal := _of_transaction(transaction)):
                return refusal
    return None


def _of_transaction(transaction: Transaction) -> Refusal | None:
    codes = [one[1] for one in transaction.segments if one.id in {"IK5", "AK5", "AK9"} and one[1] in _REFUSED]
    if not codes:
        return None
    details: list[str] = []
    for segment in transaction.segments:
        kind = _SYNTAX.get(segment.id)
        if kind == "segment":
            details.append(f"segment {_code(segment[1])} number {_code(segment[2])}: error {_code(segment[4])}")
        elif kind == "element":
            details.append(f"element {_code(segment[1])}: error {_code(segment[3])}")
    return Refusal(f"{transaction.set_id}_{codes[0]}", tuple(details[:MAX_DETAILS]))


def _code(text: str) -> str:
    """A code as it is; anything else could be a value that somebody copied there."""
    return text if _CODE.fullmatch(text) else "none"
