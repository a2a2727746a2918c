"""Independent pieces of work side by side: kernels, numpy's loops and zlib let go of the interpreter while they run.

What is done does not depend on how many threads there are, and neither does the order in which it is handed back.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from threading import Condition
from typing import Generic, TypeVar

import numpy as np
from numba import config

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


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
    _helped(partial(_work_on, left), threads)
    return [outcome.result() for outcome in outcomes]


def shared(kernel: Callable[..., None], *given: object) -> None:
    """Has all threads run kernel(tickets, *given) at once, so many as are free, until there is nothing left to do.

    The kernel takes pieces of its work by number, as `tickets` [1] hands them out (`machine.next_ticket`), and nothing
    that it writes may depend on who did which. Several threads may have a kernel shared at once.
    """
    _helped(partial(kernel, np.zeros(1, np.int64), *given), config.NUMBA_NUM_THREADS)


def _helped(work: Callable[[], None], threads: int) -> None:
    """Works, and has so many threads in all do the same; those that had no time to begin need not."""
    asked = [work]
    helping = [_helpers(config.NUMBA_NUM_THREADS - 1).submit(_help, asked) for _ in range(threads - 1)]
    try:
        work()
    finally:
        for helper in helping:
            if not helper.cancel():
                helper.result()
        asked.clear()  # what is cancelled stays in the queue till a thread is free, and would keep what `work` holds


def _help(asked: list[Callable[[], None]]) -> None:
    asked[0]()


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


def in_turn(tasks: Mapping[K, tuple[Callable[[], object], Sequence[K]]]) -> None:
    """Does the tasks side by side, each as soon as those that it names are done.

    Raises what the first that failed raised, when those under way have ended; the others are not begun.
    """
    turns = _Turns(tasks)
    _helped(turns.work, max(1, min(config.NUMBA_NUM_THREADS, len(tasks))))
    if turns.failed:
        raise turns.failed[0]


class _Turns(Generic[K]):
    """Which tasks may be begun, and which wait for how many others."""

    def __init__(self, tasks: Mapping[K, tuple[Callable[[], object], Sequence[K]]]) -> None:
        self._tasks, self._change, self.failed = tasks, Condition(), list[BaseException]()
        self._waits = {key: len(after) for key, (_, after) in tasks.items()}
        self._next: dict[K, list[K]] = {key: [] for key in tasks}
        for key, (_, after) in tasks.items():
            for other in after:
                self._next[other].append(key)
        self._ready = deque(key for key, waits in self._waits.items() if not waits)
        self._left = len(tasks)

    def work(self) -> None:
        """Does what is ready, and waits for it, beside others who do the same, until nothing is left."""
        while (key := self._one()) is not None:
            try:
                self._tasks[key][0]()
            except BaseException as error:
                self.failed.append(error)
            self._done(key)

    def _one(self) -> K | None:
        with self._change:
            while not self._ready and self._left and not self.failed:
                self._change.wait()
            return self._ready.popleft() if self._left and not self.failed else None

    def _done(self, key: K) -> None:
        with self._change:
            self._left -= 1
            for other in self._next[key]:
                self._waits[other] -= 1
                if not self._waits[other]:
                    self._ready.append(other)
            self._change.notify_all()


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


@contextmanager
def meanwhile(task: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Another thread does the task while the block goes on; what is handed to it waits for the outcome, or raises it.

    The end of the block waits for it, asked or not.
    """
    with ThreadPoolExecutor(1, "meanwhile") as pool:
        yield pool.submit(task).result


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


BAND = 64
"""Rows of a picture that a thread takes at a time. Changes nothing else. Chosen by eye."""


def in_bands(rows: int, kernel: Callable[..., object], *given: object) -> None:
    """Has kernel(first, end, *given) done for all rows of a picture, those from `first` to before `end` at a time."""
    together([partial(kernel, first, min(first + BAND, rows), *given) for first in range(0, rows, BAND)])
