"""Independent pieces of work side by side: kernels, numpy's loops and zlib let go of the interpreter while they run.

What is done does not depend on how many threads there are, and neither does the order in which it is handed back.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from numba import config

T = TypeVar("T")


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """What each task returns, in their order; as many at a time as kernels have threads (NUMBA_NUM_THREADS).

    Raises what the first of those that fail raised, when all have ended. A task may itself do things together: whoever
    asks works along, so that nobody waits for a thread that is not free.
    """
    threads = min(config.NUMBA_NUM_THREADS, len(tasks))
    if threads < 2:
        return [task() for task in tasks]
    outcomes: list[Future] = [Future() for _ in tasks]
    left = deque(zip(tasks, outcomes, strict=True))
    helping = [_helpers(config.NUMBA_NUM_THREADS - 1).submit(_work_on, left) for _ in range(threads - 1)]
    try:
        _work_on(left)
    finally:
        for helper in helping:
            if not helper.cancel():
                helper.result()
    return [outcome.result() for outcome in outcomes]


def _work_on(left: deque[tuple[Callable[[], object], Future]]) -> None:
    """Does what is left, task by task, beside others who do the same."""
    while True:
        try:
            task, outcome = left.popleft()
        except IndexError:
            return
        try:
            outcome.set_result(task())
        except Exception as error:
            outcome.set_exception(error)
        except BaseException:  # interrupted: nobody goes on
            left.clear()
            raise


@cache
def _helpers(count: int) -> ThreadPoolExecutor:
    """Threads that stay: to start one takes as long as a small task."""
    return ThreadPoolExecutor(count, "together")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # threads do not come along


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


def ahead(tasks: Iterable[Callable[[], T]]) -> Iterator[T]:
    """What each task returns, in their order; another thread does the next one while the caller has this one's.

    Raises what a task raised where its outcome would have come. Closing it waits for the one under way.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        under_way: deque[Future] = deque()
        for task in tasks:
            under_way.append(pool.submit(task))
            if len(under_way) > 1:
                yield under_way.popleft().result()
        if under_way:
            yield under_way.popleft().result()
