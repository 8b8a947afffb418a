"""Days in blocks of 1, 8, 64, 512 and 4096: any range of days is a few whole blocks, however long it is.

Sums are kept by block (decision 0028), so the sum over a range is that of its blocks. Day 0 is 2000-01-01; days before
it have negative numbers, and blocks too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

LEVELS = 5
_BITS = 3
EPOCH = date(2000, 1, 1)
FIRST = -(1 << (_BITS * (LEVELS - 1))) * 200  # before the year 1: every day of the calendar is behind it
UNDATED_LEVEL = -1


def day_number(on: date) -> int:
    """How many days after 2000-01-01 a day is."""
    return (on - EPOCH).days


def blocks_between(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """The fewest runs of blocks that make up the days `first` to `last`, as (level, first block, last block)."""
    level = 0
    while first <= last:
        if level == LEVELS - 1:
            yield level, first, last
            return
        size = 1 << _BITS
        above_first, above_last = -(-first // size), (last + 1) // size - 1
        if above_first > above_last:
            yield level, first, last
            return
        if first < above_first * size:
            yield level, first, above_first * size - 1
        if last >= (above_last + 1) * size:
            yield level, (above_last + 1) * size, last
        first, last, level = above_first, above_last, level + 1
