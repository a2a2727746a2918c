"""Numba as the loops of this room want it: cached on disk, free of the interpreter lock, one thread.

One thread, because several visitors may be served at once, and because sequential loops give the same bytes always.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """`njit` without what a run-time type checker may have wrapped around the function, which numba cannot compile."""
    return njit(cache=True, nogil=True)(inspect.unwrap(function))
