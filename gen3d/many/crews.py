"""The choice of the crew: who is asked to make the scenes."""

from __future__ import annotations

from gen3d.errors import InputError
from gen3d.many.crew import Alone, Crew
from gen3d.many.on_ray import OnRay
from gen3d.many.pool import Pool


def crew_of(workers: int | None, threads: int | None, ray: str | None, gpus: float) -> Crew:
    """Who works; InputError for numbers that are none."""
    for name, number in (("workers", workers), ("threads", threads)):
        if number is not None and number < 1:
            raise InputError(f"{number} {name} are none.", f"Give {name} a number above 0.")
    if ray is None and gpus:
        raise InputError("Shares of cards are given to workers on Ray.", "Give ray too, or leave gpus out.")
    if ray is not None:
        return OnRay(ray, workers, threads, gpus)
    return Alone() if (workers or 1) == 1 and threads is None else Pool(workers or 1, threads)
