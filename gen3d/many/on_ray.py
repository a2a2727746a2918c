"""A Ray cluster that makes scenes: an actor a worker holds its engines, and gets one ask at a time.

Asks and outcomes are a few hundred bytes; photos and scenes travel by path, through a folder that all nodes share or a
bucket. A worker that is lost with its node is replaced wherever there is room, and what it was making is made again;
nobody is given an ask before its engines are loaded, so nothing waits for room that may never come. Nodes may join at
any time: where no number of workers was told, there are as many as there is room for by then.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from gen3d.errors import EngineFailed, Gen3DError, InputError
from gen3d.many.ask import Ask, Job, Outcome
from gen3d.many.crew import TRIES, cores, gave_up, limits_of_threads, same_package, threads_each

PATIENCE_S = 600.0
"""How long a cluster may have no worker at all, as while it starts its first machines."""
LOOK_S = 10.0
"""So often it is looked whether nodes have come, and with them room for more workers."""
ENDING_S = 10.0
"""How long workers may take to end that nobody listens to any more."""
THREADS = 2
"""Of a worker on a cluster, unless told: an ask is not twice as fast with four."""
_LOCAL = "local"
_INSTALL = "Install it: pip install 'gen3d[batch]', on every node."


class OnRay:
    """Workers on a cluster: "auto" is the one that this machine is a node of, "local" one of this process's own."""

    def __init__(
        self, address: str, workers: int | None = None, threads: int | None = None, gpus: float = 0.0
    ) -> None:
        self._address, self._workers, self._gpus = address, workers, gpus
        of_own = threads_each(workers) if address == _LOCAL and workers else min(THREADS, cores())
        self._threads = threads or of_own

    def work(self, job: Job, asks: Iterator[Ask]) -> Iterator[Outcome]:
        """In the order in which they end."""
        ray = _ray()
        began = self._join(ray)
        try:
            shift = _Shift(ray, job, asks, self._options(ray), partial(self._count, ray))
            yield from shift.outcomes()
        finally:
            if began:
                ray.shutdown()

    def _join(self, ray: Any) -> bool:
        """Whether it was joined here. Raises InputError where it cannot be."""
        if ray.is_initialized():
            return False
        address = None if self._address == _LOCAL else self._address
        try:
            ray.init(address=address, log_to_driver=False, include_dashboard=False, **_of_own(address))
        except (ConnectionError, ValueError, RuntimeError, OSError, ray.exceptions.RayError) as error:
            raise _unreached(self._address, error) from None
        return True

    def _count(self, ray: Any) -> int:
        """So many workers as there is room for by now, unless told."""
        if self._workers:
            return self._workers
        room = ray.cluster_resources()
        by_cores = int(room.get("CPU", 1)) // self._threads
        return max(1, min(by_cores, int(room.get("GPU", 0) / self._gpus) if self._gpus else by_cores))

    def _options(self, ray: Any) -> dict[str, Any]:
        """Of each actor."""
        env = limits_of_threads(self._threads) | same_package()
        env |= {} if self._gpus else {"CUDA_VISIBLE_DEVICES": ""}  # who was given no share of a card takes none
        return {"num_cpus": self._threads, "num_gpus": self._gpus, "runtime_env": {"env_vars": env}}


def _of_own(address: str | None) -> dict[str, Any]:
    return {"num_cpus": cores()} if address is None else {}


def _unreached(address: str, error: BaseException) -> InputError:
    """Why a cluster cannot be joined."""
    if _is_for_want_of_a_token(error):
        return InputError(
            f"The Ray cluster at {address!r} asks for a token, and takes none from here.",
            "Set RAY_AUTH_MODE=token here and on every node, with the same ~/.ray/auth_token; docs/batch.md says more.",
        )
    why = " ".join(str(error).split())[:160].rstrip(".")
    return InputError(
        f"There is no Ray cluster at {address!r} ({why}).", "Start one: `ray start --head`, or use --ray local."
    )


def _is_for_want_of_a_token(error: BaseException | None) -> bool:
    """Ray tells it in the words of what was behind what was behind."""
    if error is None:
        return False
    return "AuthenticationError" in f"{type(error).__name__} {error}" or _is_for_want_of_a_token(error.__cause__)


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InputError("Ray is not installed here.", _INSTALL) from None
    return ray


class Builder:
    """An actor: engines that were loaded once."""

    def __init__(self, job: dict[str, Any]) -> None:
        import cv2
        import torch

        from gen3d.many.maker import Maker

        threads = int(os.environ.get("GEN3D_THREADS", "1"))
        cv2.setNumThreads(threads)
        torch.set_num_threads(threads)
        self._why: Gen3DError | None = None
        try:
            self._maker = Maker(Job.of_json(job))
        except Gen3DError as error:
            self._why = error

    def ready(self) -> tuple[str, str] | None:
        """None when it can work; else why not, in two sentences."""
        return None if self._why is None else (self._why.what, self._why.remedy)

    def make(self, ask: dict[str, Any]) -> dict[str, Any]:
        """What became of it."""
        return self._maker.make(Ask.of_json(ask)).as_json()


@dataclass(eq=False, slots=True)
class _Worker:
    actor: Any
    making: Ask | None = None
    """None until its engines are loaded."""


class _Shift:
    """Who works on what, until nothing is left to do."""

    def __init__(
        self, ray: Any, job: Job, asks: Iterator[Ask], options: dict[str, Any], wanted: Callable[[], int]
    ) -> None:
        self._ray, self._asks, self._wanted = ray, asks, wanted
        self._actor = ray.remote(max_restarts=0, **options)(Builder)
        self._job = job.as_json()
        self._waiting: dict[Any, _Worker] = {}
        self._again: list[Ask] = []
        self._begun: Counter[str] = Counter()
        self._idle_losses, self._count, self._are_all_given = 0, 0, False
        self._looked_s = self._busy_s = time.monotonic()

    def outcomes(self) -> Iterator[Outcome]:
        """Of all asks."""
        try:
            self._grow()
            while self._waiting:
                yield from self._next()
                if time.monotonic() - self._looked_s >= LOOK_S:
                    self._grow()
        finally:
            self._end()

    def _end(self) -> None:
        """Everybody goes, whatever they are making; waits for them, so that what they leave can be swept."""
        for worker in self._waiting.values():
            self._ray.kill(worker.actor)
        if self._waiting:
            self._ray.wait(list(self._waiting), num_returns=len(self._waiting), timeout=ENDING_S)

    def _grow(self) -> None:
        """As many workers as are wanted by now, while there is something to give them."""
        self._looked_s = time.monotonic()
        if not self._are_all_given:
            self._count = max(self._count, self._wanted())
            for _ in range(self._count - len(self._waiting)):
                self._start()

    def _start(self) -> None:
        worker = _Worker(self._actor.remote(self._job))
        self._waiting[worker.actor.ready.remote()] = worker

    def _next(self) -> Iterator[Outcome]:
        """Waits a while until somebody is ready, done or lost."""
        ready, _ = self._ray.wait(list(self._waiting), num_returns=1, timeout=LOOK_S)
        if ready or any(worker.making for worker in self._waiting.values()):
            self._busy_s = time.monotonic()
        elif time.monotonic() - self._busy_s > PATIENCE_S:
            raise EngineFailed(
                f"The cluster had no room for a worker in {PATIENCE_S:.0f} s.",
                "See `ray status`; a smaller --threads asks for less.",
            )
        for ref in ready:
            worker = self._waiting.pop(ref)
            try:
                told = self._ray.get(ref)
            except self._ray.exceptions.RayError as error:
                yield from self._lost(worker, error)
                continue
            if worker.making is not None:
                yield Outcome.of_json(told)
            elif told is not None:
                raise Gen3DError(*told)
            self._idle_losses, worker.making = 0, None
            self._give(worker)

    def _give(self, worker: _Worker) -> None:
        """The next ask; a worker for whom there is none goes, and one who still waits for room with it."""
        ask = self._again.pop() if self._again else next(self._asks, None)
        if ask is None:
            self._are_all_given = True
            self._ray.kill(worker.actor)
            for ref, other in [(ref, other) for ref, other in self._waiting.items() if other.making is None]:
                self._ray.kill(other.actor)
                del self._waiting[ref]
            return
        worker.making = ask
        self._begun[ask.name] += 1
        self._waiting[worker.actor.make.remote(ask.as_json())] = worker

    def _lost(self, worker: _Worker, error: Exception) -> Iterator[Outcome]:
        ask, why = worker.making, type(error).__name__
        if ask is not None and self._begun[ask.name] >= TRIES:
            yield gave_up(ask, why)
        elif ask is not None:
            self._again.append(ask)
        else:
            self._idle_losses += 1
            if self._idle_losses >= TRIES * self._count:
                told = " ".join(str(error).split())[-200:]
                raise EngineFailed(f"Workers on the cluster end before they begin ({why}: {told}).", _INSTALL)
        self._start()
