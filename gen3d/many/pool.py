"""Processes of this machine that make scenes, each with its own engines and its share of the cores.

They are started as programs of their own, so that a script of anybody's may call `gen3d.batch` without guarding its
first lines. One that vanishes is replaced, and what it was making is given to another.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from gen3d.errors import EngineFailed, Gen3DError
from gen3d.many.ask import Ask, Job, Outcome
from gen3d.many.crew import TRIES, gave_up, limits_of_threads, same_package, threads_each

ENDING_S = 10.0
"""How long a process may take to end that nobody listens to any more."""


class Pool:
    """So many processes."""

    def __init__(self, workers: int, threads: int | None = None) -> None:
        self._workers, self._threads = workers, threads or threads_each(workers)

    def work(self, job: Job, asks: Iterator[Ask]) -> Iterator[Outcome]:
        """In the order in which they end."""
        shift = _Shift(job, asks, self._threads)
        try:
            for _ in range(self._workers):
                shift.start()
            while shift.workers:
                yield from shift.next()
        finally:
            shift.end()


class _Worker:
    """A process, and what it is making."""

    def __init__(self, job: Job, threads: int, heard: queue.Queue) -> None:
        self.making: Ask | None = None
        self.is_ready = False
        # -P: no module is taken from the folder that a person happens to call us in
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gen3d.many.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            encoding="utf-8", env=os.environ | limits_of_threads(threads) | same_package(), start_new_session=True,
        )  # fmt: skip
        self.tell(job.as_json())
        threading.Thread(target=self._hear, args=(heard,), daemon=True).start()

    def tell(self, what: dict) -> None:
        """A line; one who is gone is heard of elsewhere."""
        with suppress(OSError):
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()

    def _hear(self, heard: queue.Queue) -> None:
        with suppress(OSError, ValueError):
            for line in self.process.stdout:
                heard.put((self, Outcome.of_json(json.loads(line))))
        heard.put((self, None))

    def leave(self) -> None:
        """Tells it that nobody listens."""
        with suppress(OSError):
            self.process.stdin.close()

    def end(self) -> None:
        """Waits until it is gone."""
        try:
            self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class _Shift:
    """Who works on what, until nothing is left to do."""

    def __init__(self, job: Job, asks: Iterator[Ask], threads: int) -> None:
        self.workers: list[_Worker] = []
        self._job, self._asks, self._threads = job, asks, threads
        self._again: list[Ask] = []
        self._begun: Counter[str] = Counter()
        self._heard: queue.Queue[tuple[_Worker, Outcome | None]] = queue.Queue()
        self._idle_losses = 0

    def start(self) -> None:
        """One more worker."""
        self.workers.append(_Worker(self._job, self._threads, self._heard))

    def next(self) -> Iterator[Outcome]:
        """Waits until something is heard."""
        worker, outcome = self._heard.get()
        if outcome is None:
            yield from self._lost(worker)
        elif not worker.is_ready and outcome.ends_run:
            raise Gen3DError(outcome.what, outcome.remedy)
        else:
            if worker.is_ready:
                yield outcome
            worker.is_ready, worker.making, self._idle_losses = True, None, 0
            self._give(worker)

    def _give(self, worker: _Worker) -> None:
        """The next ask; a worker for whom there is none goes."""
        ask = self._again.pop() if self._again else next(self._asks, None)
        if ask is None:
            worker.leave()
        else:
            worker.making = ask
            self._begun[ask.name] += 1
            worker.tell(ask.as_json())

    def _lost(self, worker: _Worker) -> Iterator[Outcome]:
        """One who ended; unasked, if it was making something or had not begun."""
        worker.leave()
        worker.end()
        self.workers.remove(worker)
        ask, why = worker.making, f"it ended with {worker.process.returncode}"
        if ask is not None and self._begun[ask.name] >= TRIES:
            yield gave_up(ask, why)
        elif ask is not None:
            self._again.append(ask)
        if not worker.is_ready:
            self._idle_losses += 1
            if self._idle_losses >= TRIES:
                raise EngineFailed(f"The processes that build end before they begin ({why}).", "See what they print.")
        if ask is not None or not worker.is_ready:
            self.start()

    def end(self) -> None:
        """Everybody goes, whatever they are making."""
        for worker in self.workers:
            worker.leave()
        for worker in self.workers:
            worker.end()
