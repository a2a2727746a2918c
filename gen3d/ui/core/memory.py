"""Memory that a job is done with goes back to the machine."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """As much as nobody uses; nothing where the C library has no call for it (glibc has).

    glibc keeps for each thread what that one once had, and the jobs of a page run on many: it held 0.7 MB more after
    each small build (`python -m bench.flat`), though no object was left of it.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
