"""A fair lock around the kernels: one thread at a time, in the order of arrival.

numba's `workqueue` layer aborts the process when two threads launch kernels at once. Python's own lock would do, were
it not that a thread which takes it again at once usually gets it again: others could wait for many frames.
"""

from __future__ import annotations

import os
import threading
from collections import deque


class Turns:
    """A lock that is passed on to the one who has waited longest, as a `with` block."""

    def __init__(self) -> None:
        self._free()

    def _free(self) -> None:
        self._door, self._taken, self._waiting = threading.Lock(), False, deque()

    def __enter__(self) -> None:
        turn = threading.Lock()
        turn.acquire()
        with self._door:
            if self._taken:
                self._waiting.append(turn)
            else:
                self._taken = True
                return
        try:
            turn.acquire()
        except BaseException:  # an interrupted wait must not leave a place in the queue that nobody will take
            with self._door:
                mine = turn not in self._waiting
                if not mine:
                    self._waiting.remove(turn)
            if mine:
                self.__exit__()
            raise

    def __exit__(self, *failure: object) -> None:
        with self._door:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def survive_forks(self) -> None:
        """A child starts with a free lock, forked while no kernel runs; the threads that wait are not in it."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self.__enter__, after_in_parent=self.__exit__, after_in_child=self._free)


KERNELS = Turns()
"""Held while kernels run, for a frame at most: the forward pass or the backward pass of one view."""
KERNELS.survive_forks()
