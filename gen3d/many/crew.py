"""Who makes the scenes: this process alone, or others. All take asks one by one, as they can, and tell what became.

What is asked for next is taken only when somebody is free: nothing waits in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from gen3d.many.ask import Ask, Job, Outcome

TRIES = 3
"""So often a scene is begun whose maker vanished, before it is given up."""


@runtime_checkable
class Crew(Protocol):
    """Makes scenes."""

    def work(self, job: Job, asks: Iterator[Ask]) -> Iterator[Outcome]:
        """What became of each ask, in the order in which they end; closing it ends whoever works, and leaves nothing.

        Raises Gen3DError where nobody can work.
        """
        ...


class Alone:
    """Nobody but this process, one scene after the other."""

    def work(self, job: Job, asks: Iterator[Ask]) -> Iterator[Outcome]:
        """In the order of the asks."""
        from gen3d.many.maker import Maker

        maker = Maker(job)
        for ask in asks:
            yield maker.make(ask)


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_each(workers: int, of: int | None = None) -> int:
    """So many threads a worker, that all of them together take every core."""
    return max(1, (of or cores()) // workers)


def limits_of_threads(threads: int) -> dict[str, str]:
    """What keeps a process to so many threads, as its environment when it starts."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {name: str(threads) for name in names} | {"GEN3D_THREADS": str(threads)}


def same_package() -> dict[str, str]:
    """So that workers find this package where it is no installed one and the nodes share its folder."""
    import gen3d

    root = os.path.dirname(os.path.dirname(os.path.abspath(gen3d.__file__)))
    return {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


def gave_up(ask: Ask, why: str) -> Outcome:
    """Of an ask that whoever made it did not survive."""
    return Outcome(
        ask.name, "failed", None, f"Whoever built it vanished {TRIES} times ({why}).",
        "It may take more memory than there is: try a smaller --size or fewer --workers with --retry-failed.",
    )  # fmt: skip
