"""Numba as all loops here want it: kept on disk, free of the interpreter lock, one thread unless asked for more.

One thread, because several visitors may be served at once, and because sequential loops give the same bytes always.
Every process runs what is kept, the first one too; where and how it is kept, and what happens where it cannot be, is
the business of `kernel_cache.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from numba import njit

from gen3d.geometry.kernel_cache import KernelCache


def compiled(function: Callable | None = None, cache: bool = True, **options):
    """`njit` without what a run-time type checker may have wrapped around the function, which numba cannot compile.

    Used bare, or with more of numba's options.
    """
    if function is None:
        return lambda f: compiled(f, cache, **options)
    plain = inspect.unwrap(function)
    kernel = njit(**{"nogil": True, **options})(plain)
    if cache:
        kernel._cache = KernelCache(plain)  # what `njit(cache=True)` does with numba's own
    return kernel
