"""How many there are, of an address and of all: per minute, or under way at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gen3d.ui.door.refused import Refused


@contextmanager
def counted(counts: Counter[str], name: str) -> Iterator[None]:
    """One more of a name until the block ends; a name without any is not kept."""
    counts[name] += 1
    try:
        yield
    finally:
        counts[name] -= 1
        if not counts[name]:
            del counts[name]


class PerMinute:
    """At most so many per address in each minute of the clock."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what = most, what
        self._minute, self._counts = 0, Counter[str]()

    def count(self, address: str) -> None:
        """One more. Raises Refused beyond the limit."""
        if (minute := int(time.monotonic() // 60)) != self._minute:
            self._minute, self._counts = minute, Counter()
        self._counts[address] += 1
        if self._counts[address] > self._most:
            raise Refused(429, f"Too many {self._what} from your address. Wait a minute.")


class UnderWay:
    """At most so many at once, per address and of all."""

    def __init__(self, per_address: int, in_all: int, what: str) -> None:
        self._per_address, self._in_all, self._what = per_address, in_all, what
        self._counts = Counter[str]()

    @contextmanager
    def one(self, address: str) -> Iterator[None]:
        """One more until the block ends. Raises Refused where there is no place."""
        if self._counts[address] >= self._per_address:
            raise Refused(429, f"Too many {self._what} from your address at once. Wait until one has ended.")
        if self._counts.total() >= self._in_all:
            raise Refused(503, f"Too many {self._what} at once. Try again in a minute.")
        with counted(self._counts, address):
            yield
