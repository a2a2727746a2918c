"""How long a test waits for what takes a moment."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""Nothing waits so long when all is well."""


def eventually(holds: Callable[[], object]) -> None:
    """Waits until it is true; AssertionError when it does not get so."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
