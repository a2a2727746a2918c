"""What the C library keeps of memory that nobody uses, for when it is asked again, and what Python searches for it.

The C library's part is of glibc only; others have no such calls, and nothing happens.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_ARENA_MAX = -8
"""The name of how many stores there may be, M_ARENA_MAX of glibc's malloc.h. By definition."""


def keep_one_store() -> None:
    """All threads take memory from one store; to be said before there are any.

    By itself glibc makes up to eight a core, and keeps in each what its threads once had. Measured: a build of the
    terrace at 300 pixels held 660 MB at most, and 863 with the others, in the same CPU seconds.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """As much as nobody uses goes back to the machine.

    It held 0.7 MB more after each small build (`python -m bench.flat`), though no object was left of it.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def search_no_more() -> None:
    """What is there by now is garbage now or never: later searches leave it out.

    To be said once everything is loaded. Python searches all that there is now and then, and no thread may do anything
    meanwhile: with torch, numba and the page loaded that held every answer of the page for 0.25 to 0.35 s.
    """
    gc.collect()
    gc.freeze()
