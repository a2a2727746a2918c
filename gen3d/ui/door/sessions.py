"""Which visits there are.

Gradio keeps 2 000 of them and drops the oldest, even one whose build is running: so fewer are let in here, and
those who listen, wait or build are never the ones to go.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager

from gen3d.ui.core.limits import Limits
from gen3d.ui.door.counts import PerMinute, counted
from gen3d.ui.door.refused import Refused

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Sessions:
    """The visits, by Gradio's session hashes.

    is_busy: whether a visit waits or builds. forget: takes whatever is kept for one.
    """

    def __init__(self, limits: Limits, is_busy: Callable[[str], bool], forget: Callable[[str], None]) -> None:
        self._most = limits.sessions
        self._new = PerMinute(limits.sessions_per_minute, "new visits")
        self._is_busy, self._forget = is_busy, forget
        self._known: OrderedDict[str, None] = OrderedDict()
        self._listening = Counter[str]()

    def enter(self, name: object, address: str) -> None:
        """Lets a visit in, or knows it already. Raises Refused for an odd name, or where there is no place."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise Refused(400, "This is no session_hash. Use letters and digits, up to 80.")
        if name not in self._known:
            self._new.count(address)
            self._make_room()
        self._known[name] = None
        self._known.move_to_end(name)

    def listening(self, name: str) -> AbstractContextManager[None]:
        """Keeps the visit until the block ends."""
        return counted(self._listening, name)

    def _make_room(self) -> None:
        if len(self._known) < self._most:
            return
        oldest = next((name for name in self._known if not self._listening[name] and not self._is_busy(name)), None)
        if oldest is None:
            raise Refused(503, "This page is full. Try again in a few minutes.")
        del self._known[oldest]
        self._forget(oldest)
