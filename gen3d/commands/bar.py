"""A bar on a terminal: what is being done, how much of it, and the seconds that are left.

What cannot be counted shows the seconds it has taken, which go on while nothing else happens.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from tqdm import tqdm

COUNTED = "{desc:>19} {bar:24} {n_fmt}/{total_fmt}{left}"
UNCOUNTED = "{desc:>19} {elapsed_s:.0f} s"
TICK_S = 1.0


class Bar(tqdm):
    """On stderr, over the line below what was printed; gone when it is closed."""

    monitor_interval = 0  # tqdm's own thread has nothing to do here

    def __init__(self, title: str) -> None:
        super().__init__(desc=title, leave=False, dynamic_ncols=True, file=sys.stderr)
        self._over = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)
        self._ticking.start()

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the line is made of: tqdm's own, and the seconds that are left at the pace so far."""
        found = super().format_dict
        elapsed, done, total = found["elapsed"], found["n"], found["total"]
        pace = found["rate"] or (done / elapsed if elapsed else 0.0)
        left = f", {(total - done) / pace:.0f} s left" if total and pace else ""
        shape = COUNTED if total else UNCOUNTED
        ncols = found["ncols"] if (found["ncols"] or 0) > 0 else None  # a terminal may not know its width
        return found | {"left": left, "elapsed_s": elapsed, "bar_format": shape, "ncols": ncols}

    def move(self, done: int, total: int) -> None:
        """So much of it is done; `total` may change."""
        self.total = total
        self.update(done - self.n)

    def close(self) -> None:
        """Takes it from the terminal."""
        self._over.set()
        self._ticking.join()
        super().close()

    def _tick(self) -> None:
        while not self._over.wait(TICK_S):
            self.refresh()
