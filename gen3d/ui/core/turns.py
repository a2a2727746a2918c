"""How long a job may have the engine while others wait for it: then it ends as if its visitor had said "Enough"."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

from gen3d.errors import Gen3DError
from gen3d.events import Event, Notice
from gen3d.ui.core.jobs import Job
from gen3d.ui.core.limits import USUAL, Limits


@dataclass(slots=True)
class Turn:
    """The turn of one job, from the moment in which this is made.

    others_wait: whether anybody else waits for the engine.
    """

    others_wait: Callable[[], bool]
    limits: Limits = USUAL
    began_s: float = field(default_factory=time.monotonic)
    told_s: float | None = None
    """When the job was told to finish."""

    def kept(self, job: Job, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """The events of a step, with a Notice where the job is told to finish; nobody is hurried while nobody waits.

        Raises Gen3DError when it has not finished after the grace.
        """
        with closing(events):
            for event in events:
                yield event
                now = time.monotonic()
                if self.told_s is None:
                    if now - self.began_s > self.limits.job_s and self.others_wait():
                        self.told_s = now
                        job.say_enough()
                        yield Notice(f"Others wait, and this took {_minutes(now - self.began_s)}: it ends early.")
                elif now - self.told_s > self.limits.job_grace_s and self.others_wait():
                    took = _minutes(now - self.began_s)
                    raise Gen3DError(
                        f"Others wait, and this scene took {took}, so it was ended.",
                        "Take the preset fast, or a smaller size.",
                    )


def unhurried(visitor: str) -> Turn:
    """The turn of whoever has the engine alone."""
    return Turn(lambda: False)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
