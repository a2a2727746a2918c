"""Independent pieces of work side by side: kernels, numpy's loops and zlib let go of the interpreter while they run.

What is done does not depend on how many threads there are, and neither does the order in which it is handed back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from numba import config

T = TypeVar("T")


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """What each task returns, in their order; as many at a time as kernels have threads (NUMBA_NUM_THREADS).

    Raises what the first of those that fail raised, when all have ended.
    """
    if min(config.NUMBA_NUM_THREADS, len(tasks)) < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(min(config.NUMBA_NUM_THREADS, len(tasks)), "together") as pool:
        return [running.result() for running in [pool.submit(task) for task in tasks]]


@contextmanager
def aside() -> Iterator[Callable[[Callable[[], object]], None]]:
    """What is handed to it is done by another thread, one after the other, while this one goes on; one at most waits.

    What one raised is raised where the next is handed over, or at the end of the block, which waits for the last.
    """
    with ThreadPoolExecutor(1, "aside") as pool:
        under_way: list[Future] = []

        def hand_over(task: Callable[[], object]) -> None:
            while under_way:
                under_way.pop().result()
            under_way.append(pool.submit(task))

        yield hand_over
        while under_way:
            under_way.pop().result()
